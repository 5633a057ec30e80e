"""Talks to the NNTP machine as a newsreader does: whole, octet by octet, and in odd pieces, which must not differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.fakes import NOW, FakeDesk, FakeHouse, FakeShelf, FakeTrustDesk, small_forum
from zbnntp.model.errors import Refused, ZbError
from zbnntp.nntp.login import WRONG
from zbnntp.nntp.machine import Machine, Upload
from zbnntp.nntp.replies import Later, Login
from zbnntp.nntp.session import Session, Terms

MULTI_LINE = {100, 101, 215, 220, 221, 222, 224, 225, 230, 231, 282}
Make = Callable[[], tuple[FakeShelf, FakeDesk | None]]
PASSWORDS = {"anna": "correct horse", "bert": "größe ", "guest": "x"}


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


def rating_room() -> tuple[FakeShelf, FakeDesk]:
    """The same with people who can be rated."""
    shelf = small_forum()
    return shelf, FakeDesk(shelf, trust=FakeTrustDesk())


def reading_room() -> tuple[FakeShelf, None]:
    """The same without posting."""
    return small_forum(), None


class NoLayer:
    """Stands for TLS or compression where a dialogue is about what is said in it."""

    def feed(self, data: bytes) -> None:
        raise NotImplementedError

    def read(self) -> bytes:
        raise NotImplementedError

    def write(self, octets: bytes) -> bytes:
        raise NotImplementedError

    def close(self) -> bytes:
        raise NotImplementedError


def no_room() -> NoLayer:
    raise Refused("no room for that")


# What a listener may offer: everything on the loopback; a login first; a login first, on an address of the network.
ALL = Terms(offers_login=True, make_tls=NoLayer, make_deflate=NoLayer)
HOUSEHOLD = Terms(offers_login=True, demands_login=True, make_tls=NoLayer, make_deflate=NoLayer)
EXPOSED = Terms(offers_login=True, demands_login=True, private=False, make_tls=NoLayer, make_deflate=NoLayer)
IN_TLS = Terms(offers_login=True, demands_login=True, private=False, tls=True, make_tls=NoLayer, make_deflate=NoLayer)
FULL = Terms(offers_login=True, make_tls=no_room, make_deflate=no_room)
PLAIN = Terms()  # nothing but the core
LOOPBACK = Terms(make_deflate=NoLayer)  # what a server without certificate and logins offers


def machine_for(make: Make = forum, terms: Terms = PLAIN) -> Machine:
    """A fresh machine."""
    return Machine(Session(*make(), lambda: NOW, terms))


def drain(machine: Machine) -> bytes:
    """Everything it has to say now; uploads go to its desk, logins to a fake house, layers nowhere."""
    said = bytearray()
    while True:
        said += machine.take()
        if isinstance(machine.errand, Upload):
            post(machine, machine.errand)
        elif isinstance(machine.errand, Login):
            log_in(machine, machine.errand)
        elif isinstance(machine.errand, Later):
            answer_later(machine, machine.errand)
        elif machine.errand is not None:
            machine.switch()
        elif not machine.busy:
            return bytes(said)


def log_in(machine: Machine, login: Login) -> None:
    """What the server does with a login, without waiting."""
    try:
        FakeHouse(forum, PASSWORDS).login(login.user, login.password).send(None)
    except StopIteration as done:
        machine.logged_in(*done.value)
    except ZbError:
        machine.not_logged_in(WRONG)


def answer_later(machine: Machine, later: Later) -> None:
    """What the server does with an answer that takes a write; the fake desk never waits."""
    try:
        later.make().send(None)  # type: ignore[attr-defined]
    except StopIteration as done:
        machine.answered(done.value)


def post(machine: Machine, upload: Upload) -> None:
    """What the server does with an upload. FakeDesk never waits, so its coroutine ends at once."""
    desk = machine.session.desk
    assert desk is not None
    try:
        desk.post(upload.octets, upload.offered_id).send(None)
    except StopIteration as done:
        machine.posted(done.value)
    except ZbError as error:
        machine.not_posted(error)


def feed(pieces: Iterable[bytes], make: Make = forum, terms: Terms = PLAIN) -> bytes:
    """What a fresh session says to octets that arrive in these pieces, greeting included."""
    machine = machine_for(make, terms)
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


def exchange(octets: bytes, make: Make = forum, terms: Terms = PLAIN) -> bytes:
    """What a session says to these octets, in whatever pieces they come; without the greeting."""
    return exchange_in_turns([octets], make, terms)


def exchange_in_turns(turns: Sequence[bytes], make: Make = forum, terms: Terms = PLAIN) -> bytes:
    """The same for a newsreader that waits for each answer before its next turn."""
    whole = feed(turns, make, terms)
    for size in (1, 7):
        assert feed([piece for octets in turns for piece in pieces_of(octets, size)], make, terms) == whole
    return whole.partition(b"\r\n")[2]


def octets_of(command: str | bytes) -> bytes:
    """Text gets its CRLF, octets are sent as they are."""
    return command if isinstance(command, bytes) else command.encode() + b"\r\n"


def ask(*commands: str | bytes, make: Make = forum, terms: Terms = PLAIN) -> list[Response]:
    """Replies to command lines; pipelined where nothing is offered that forbids it."""
    turns = [octets_of(command) for command in commands]
    turns = [b"".join(turns)] if terms == PLAIN else turns
    return parse_responses(exchange_in_turns(turns, make, terms))


def ask_one(*commands: str | bytes, make: Make = forum, terms: Terms = PLAIN) -> Response:
    """The reply to the last command."""
    return ask(*commands, make=make, terms=terms)[-1]


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
