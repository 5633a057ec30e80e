"""Talks to the NNTP machine as a newsreader does: whole, octet by octet, and in odd pieces, which must not differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.fakes import NOW, FakeDesk, FakeShelf, small_forum
from zbnntp.model.errors import ZbError
from zbnntp.nntp.machine import Machine
from zbnntp.nntp.session import Session

MULTI_LINE = {100, 101, 215, 220, 221, 222, 224, 225, 230, 231, 282}
Make = Callable[[], tuple[FakeShelf, FakeDesk | None]]


@dataclass
class Response:
    """One reply; `lines` is its block with the dot-stuffing undone."""

    code: int
    text: str
    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


def forum() -> tuple[FakeShelf, FakeDesk]:
    """The small forum of tests/fakes.py, and a desk that posts into it."""
    shelf = small_forum()
    return shelf, FakeDesk(shelf)


def reading_room() -> tuple[FakeShelf, None]:
    """The same without posting."""
    return small_forum(), None


def machine_for(make: Make = forum) -> Machine:
    """A fresh machine."""
    return Machine(Session(*make(), lambda: NOW))


def drain(machine: Machine) -> bytes:
    """Everything it has to say now; uploads go to its desk."""
    said = b""
    while True:
        said += machine.take()
        if machine.upload is not None:
            post(machine)
        elif not machine.busy:
            return said


def post(machine: Machine) -> None:
    """What the server does with an upload. FakeDesk never waits, so its coroutine ends at once."""
    upload, desk = machine.upload, machine.session.desk
    assert upload is not None
    assert desk is not None
    try:
        desk.post(upload.octets, upload.offered_id).send(None)
    except StopIteration as done:
        machine.posted(done.value)
    except ZbError as error:
        machine.not_posted(error)


def feed(pieces: Iterable[bytes], make: Make = forum) -> bytes:
    """What a fresh session says to octets that arrive in these pieces, greeting included."""
    machine = machine_for(make)
    said = drain(machine)
    for piece in pieces:
        if machine.closed:
            break
        machine.receive(piece)
        said += drain(machine)
    return said


def pieces_of(octets: bytes, size: int) -> list[bytes]:
    """Cut into pieces of that many octets."""
    return [octets[at : at + size] for at in range(0, len(octets), size)]


def exchange(octets: bytes, make: Make = forum) -> bytes:
    """What a session says to these octets, in whatever pieces they come; without the greeting."""
    whole = feed([octets], make)
    for size in (1, 7):
        assert feed(pieces_of(octets, size), make) == whole
    return whole.partition(b"\r\n")[2]


def ask(*commands: str | bytes, make: Make = forum) -> list[Response]:
    """Replies to command lines (text gets its CRLF, octets are sent as they are)."""
    octets = b"".join(c if isinstance(c, bytes) else c.encode() + b"\r\n" for c in commands)
    return parse_responses(exchange(octets, make))


def ask_one(*commands: str | bytes, make: Make = forum) -> Response:
    """The reply to the last command."""
    return ask(*commands, make=make)[-1]


def parse_responses(octets: bytes) -> list[Response]:
    """Replies as a newsreader reads them; any break of the framing rules is an error here."""
    assert not octets or octets.endswith(b"\r\n")
    rest = octets.split(b"\r\n")[:-1]
    responses = []
    while rest:
        status = rest.pop(0)
        assert len(status) + 2 <= 512
        responses.append(Response(int(status[:3]), status[4:].decode()))
        assert status[3:4] == b" "
        assert status[4:]
        if responses[-1].code in MULTI_LINE or status.endswith(b"list follows"):
            end = rest.index(b".")
            responses[-1].lines = [_unstuffed(line) for line in rest[:end]]
            del rest[: end + 1]
    return responses


def _unstuffed(line: bytes) -> str:
    assert not set(line) & {0, 10, 13}
    if line.startswith(b"."):
        assert line.startswith(b"..")
        line = line[1:]
    return line.decode("utf-8", "surrogateescape")


def proto(*, group: str = "tech.linux", body: str = "hello", **headers: str) -> bytes:
    """An article as newsreaders send it, dot-stuffed and ended."""
    fields = {"From": "me@example.org", "Newsgroups": group, "Subject": "a post"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    lines = "".join(f"{'.' if line.startswith('.') else ''}{line}\r\n" for line in body.split("\n"))
    return f"{head}\r\n{lines}.\r\n".encode()
