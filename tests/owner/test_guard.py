"""The guard: what it stops, in a process of its own, because it stays for good; and that every node has it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.node_process import ROOT
from zbnntp.guard import Guard, Leak

LEAKS = {
    "plain httpx": "import httpx; httpx.get('http://127.0.0.1:{port}')",
    "httpx through a proxy": "import httpx; httpx.get('http://x.example', proxy='http://127.0.0.1:{port}')",
    "urllib to an address": "import urllib.request as it; it.urlopen('http://127.0.0.1:{port}')",
    "urllib to a name": "import urllib.request as it; it.urlopen('http://canary.example:{port}')",
    "a look-up": "import socket; socket.getaddrinfo('canary.example', {port})",
    "an old look-up": "import socket; socket.gethostbyname('canary.example')",
    "a look-up of an address": "import socket; socket.gethostbyaddr('127.0.0.1')",
    "a datagram": "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
    "a datagram in parts": "import socket; "
    "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('127.0.0.1', {port}))",
    "a connection tried": "import socket; socket.socket().connect_ex(('127.0.0.1', {port}))",
    "trio's stream": "import trio; trio.run(trio.open_tcp_stream, '127.0.0.1', {port})",
    "a door to everybody": "import socket; socket.socket().bind(('0.0.0.0', 0))",
    "somebody else's socket": "import socket; socket.socket(socket.AF_UNIX).connect('/run/docker.sock')",
    "a socket without a path": "import socket; socket.socket(socket.AF_UNIX).connect(b'\\0hidden')",
    "the way out of a place": "import socket; socket.socket(socket.AF_UNIX).connect('{place}/../elsewhere')",
}
ALLOWED = {
    "its own socket": "import socket; a = socket.socket(socket.AF_UNIX); a.bind('{place}/own.sock'); a.listen(); "
    "socket.socket(socket.AF_UNIX).connect('{place}/own.sock')",
    "newsreaders' doors": "import socket; socket.socket().bind(('127.0.0.1', 0))",
    "a pair": "import socket; a, b = socket.socketpair(); a.sendmsg([b'x']); assert b.recv(1) == b'x'",
    "trio": "import trio; trio.run(trio.sleep, 0)",
}
NODE = """
import sys, time
from pathlib import Path
from zbnntp import home, node
from zbnntp.config import load_config

place = Path(sys.argv[1])
home.make_keys(place, "anna", None)

def say(text):
    if text.startswith("ready"):
        import urllib.request
        urllib.request.urlopen("http://127.0.0.1:%s" % sys.argv[2])

node.run_node(node.Plan(place, load_config(place, listen="127.0.0.1:0"), home.load_keys(place, None), place / "net",
                        say, time.time))
"""


class Canary:
    """A port of this machine that must not be reached."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.visits = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                visitor, _ = self.listener.accept()
            except OSError:
                return
            self.visits += 1
            visitor.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    canary = Canary()
    with closing(canary.listener):
        yield canary
    assert canary.visits == 0


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def guarded(code: str, place: Path, port: int) -> subprocess.CompletedProcess[str]:
    install = f"from pathlib import Path; from zbnntp.guard import Guard; Guard([Path({str(place)!r})], ['127.0.0.1'])"
    return run(f"{install}.install(); " + code.replace("{port}", str(port)).replace("{place}", str(place)))


@pytest.mark.parametrize("what", LEAKS)
def test_the_guard_stops(what: str, canary: Canary, short_dir: Path) -> None:
    done = guarded(LEAKS[what], short_dir, canary.port)
    assert done.returncode == 1
    assert "Leak" in done.stderr
    assert "was stopped" in done.stderr


@pytest.mark.parametrize("what", ALLOWED)
def test_the_guard_lets_pass(what: str, short_dir: Path) -> None:
    done = guarded(ALLOWED[what], short_dir, 0)
    assert done.returncode == 0, done.stderr


def test_every_node_is_guarded(canary: Canary, short_dir: Path) -> None:
    done = run(NODE, str(short_dir / "home"), str(canary.port))
    assert done.returncode == 1
    assert "zbnntp.guard.Leak" in done.stderr


def test_the_operators_mail_server_and_no_other() -> None:
    guard = Guard([], [], [("mail.example.org", 587)])
    with closing(socket.socket()) as internet:
        guard.watch("socket.getaddrinfo", ("mail.example.org", 587, 0, 1, 0))
        guard.watch("socket.connect", (internet, ("192.0.2.1", 587)))
        for event, arguments in (
            ("socket.getaddrinfo", ("example.org", 587, 0, 1, 0)),
            ("socket.gethostbyname", ("www.example.org",)),
            ("socket.connect", (internet, ("192.0.2.1", 443))),
            ("socket.bind", (internet, ("192.0.2.1", 587))),
            ("socket.sendto", (internet, ("192.0.2.1", 587))),
        ):
            with pytest.raises(Leak):
                guard.watch(event, arguments)


def test_places_are_files_or_directories_with_all_that_is_in_them() -> None:
    guard = Guard([Path("/run/tor/control"), Path("/home/anna")], ["127.0.0.1"])
    with closing(socket.socket(socket.AF_UNIX)) as one, closing(socket.socket()) as internet:
        for path in ("/run/tor/control", "/home/anna/admin.sock", b"/home/anna/tor/socks"):
            guard.watch("socket.connect", (one, path))
        guard.watch("socket.bind", (internet, ("127.0.0.1", 119)))
        guard.watch("open", ("/etc/passwd", "r", 0))
        for path in ("/run/tor/control2", "/run/tor", "/home/annabel/x", ""):
            with pytest.raises(Leak):
                guard.watch("socket.connect", (one, path))
        with pytest.raises(Leak):
            guard.watch("socket.connect", (internet, ("127.0.0.1", 119)))
