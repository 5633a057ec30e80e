"""Two nodes that follow each other, on the computer of somebody who tells all about herself; every octet that leaves
the first is kept.

The computer's name, user, time zone, mail address and the like are what programs find in the environment.
"""

from __future__ import annotations

import ctypes
import platform
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.clients import somebody
from tests.node_process import ROOT, NodeProcess, wait_until
from tests.privacy.tap import Tap
from zbnntp.model.link import parse_link

BOARD, SUBJECT = "test.talk", "Of lighthouses"
ZONE = ZoneInfo("Asia/Kathmandu")
ABOUT = {
    "TZ": ZONE.key,
    "USER": "grete",
    "LOGNAME": "grete",
    "NAME": "Grete Musterfrau",
    "EMAIL": "grete@mail.example",
    "REPLYTO": "grete@mail.example",
    "ORGANIZATION": "Strandhafer e.V., Cottbus",
}
HOST = "grete-laptop"
TELLING = (
    *("grete", "Musterfrau", "mail.example", "Strandhafer", "Cottbus", "Kathmandu", "+0545", "+05:45"),
    *("Linux", "x86_64", "python", "httpx", "trio", "X11", "localhost", "127.0.0.1", "Accept-Language", "en-US"),
    *("slrn", "tin/", "NeoMutt", "Gnus", "Emacs", "Thunderbird", "Mozilla", "Gecko", "Pan/", "Claws", "KNode"),
    *("X-Mailer", "X-Newsreader", "Organization", "Cancel-Lock", "Reply-To", "Content-Language", "Message-ID"),
)  # fmt: skip
_CLONE_NEWUTS = 0x04000000


class Scene:
    """`anna` is tapped, `bert` gets all that she publishes; `person` is the home directory of who runs newsreaders."""

    def __init__(self, place: Path, anna: NodeProcess, bert: NodeProcess) -> None:
        self.place, self.anna, self.bert = place, anna, bert
        self.person = place / "grete"
        self.person.mkdir(exist_ok=True)
        self.began = datetime.now(UTC)
        self.taps: list[Tap] = []

    @property
    def left(self) -> bytes:
        """What anna's node has said so far: her answers, and what she asks bert, whom nobody else asks."""
        mine, his = self.taps
        return mine.answered + b"\n" + his.asked

    @property
    def telling(self) -> list[str]:
        """What nothing that leaves may hold: of computer and user, and the time of day here and in Greenwich."""
        machine = [socket.gethostname(), platform.release(), str(self.place), str(ROOT), sys.prefix, *_addresses()]
        return [*TELLING, *machine, *self._clock()]

    def _clock(self) -> Iterator[str]:
        now = self.began
        while now <= datetime.now(UTC) + timedelta(minutes=1):
            yield from (f"{now:%H:%M}", f"{now.astimezone(ZONE):%H:%M}")
            now += timedelta(minutes=1)

    def arrives(self, words: str) -> None:
        """Waits until bert can read an article that holds these words."""
        seen: set[str] = set()

        def look() -> bool:
            with self.bert.connect() as client:
                client.group(BOARD)
                new = [row.message_id for row in client.over() if row.message_id not in seen]
                seen.update(new)
                return any(words.encode() in client.raw_article(it) for it in new)

        wait_until(look, f"an article with {words!r} at bert's", 60, 0.5)


def _addresses() -> list[str]:
    """Of this machine's interfaces."""
    return [line.split()[-1] for line in Path("/proc/net/fib_trie").read_text().splitlines() if "|-- 192." in line]


@contextmanager
def renamed_computer() -> Iterator[None]:
    """This process, and those that it starts, on a computer of that name; where that is forbidden, it keeps its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/self/ns/uts").open() as before:
        if libc.unshare(_CLONE_NEWUTS) == 0:
            socket.sethostname(HOST)
        try:
            yield
        finally:
            libc.setns(before.fileno(), _CLONE_NEWUTS)


@contextmanager
def open_scene(place: Path) -> Iterator[Scene]:
    """`place` has a short path."""
    net, home = place / "net", place / "grete"
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        stack.enter_context(renamed_computer())
        for name, value in ABOUT.items():
            patch.setenv(name, value)
            patch.setitem(somebody.ABOUT, name, value)
        patch.setenv("LANG", "en_US.UTF-8")
        home.mkdir()
        anna, bert = (stack.enter_context(NodeProcess(home / it, it, net=net)) for it in ("anna", "bert"))
        scene = Scene(place, anna, bert)
        scene.taps = [stack.enter_context(Tap(net / f"{_name(it)}.sock")) for it in (anna, bert)]
        for one, other in ((anna, bert), (bert, anna)):
            one.do(f"board add {BOARD}")
            one.do(f"follow {other.invite()} 60")
        with bert.connect() as client:
            opening = client.post(BOARD, SUBJECT, "The lamp is lit at dusk.", sender=bert.sender)
        with anna.connect() as client:
            wait_until(lambda: client.group(BOARD).count == 1, "bert's thread at anna's", 60)
            client.post(BOARD, f"Re: {SUBJECT}", "At six.", sender=anna.sender, references=opening.message_id)
        scene.arrives("At six.")
        yield scene


def _name(node: NodeProcess) -> str:
    """Of its socket."""
    (url,) = parse_link(node.invite()).urls
    return url.removeprefix("local:")
