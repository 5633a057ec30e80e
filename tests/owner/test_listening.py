"""Where newsreaders connect, and what is said where they cannot."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import pytest

from zbnntp import listening
from zbnntp.listening import open_listeners
from zbnntp.model.errors import NotPermitted


@pytest.fixture
def said() -> list[str]:
    return []


class FakeNet:
    """Stands in for the system: `refused` is the error number of a host or port, `opened` what listens."""

    def __init__(self) -> None:
        self.refused: dict[object, int] = {}
        self.opened: list[tuple[str, int]] = []
        self.closed = 0

    def listen(self, host: str, port: int) -> FakeNet:
        for key in (host, port):
            if key in self.refused:
                raise OSError(self.refused[key], "no")
        self.opened.append((host, port))
        return self

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> FakeNet:
    fake = FakeNet()
    monkeypatch.setattr(listening.nntp, "listen", fake.listen)
    return fake


def test_both_loopbacks_at_119(net: FakeNet, said: list[str]) -> None:
    open_listeners("", said.append)
    assert net.opened == [("127.0.0.1", 119), ("::1", 119)]
    assert said == []


def test_where_119_is_forbidden_it_is_1119_and_said_how_to_change_that(net: FakeNet, said: list[str]) -> None:
    net.refused[119] = errno.EACCES
    open_listeners("", said.append)
    assert net.opened == [("127.0.0.1", 1119), ("::1", 1119)]
    assert len(said) == 1
    assert "1119" in said[0]


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_a_machine_without_ipv6_listens_on_ipv4(net: FakeNet, said: list[str], number: int) -> None:
    net.refused["::1"] = number
    open_listeners("", said.append)
    assert net.opened == [("127.0.0.1", 119)]


def test_a_port_that_is_half_taken_is_given_up_whole(net: FakeNet, said: list[str]) -> None:
    net.refused["::1"] = errno.EADDRINUSE
    with pytest.raises(NotPermitted, match="port 119 is taken"):
        open_listeners("", said.append)
    assert net.closed == 1


def test_a_chosen_port_that_needs_rights_is_refused(net: FakeNet, said: list[str]) -> None:
    net.refused[80] = errno.EACCES
    with pytest.raises(NotPermitted, match="choose one above 1023"):
        open_listeners("127.0.0.1:80", said.append)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:1119", ("127.0.0.1", 1119)),
        ("localhost:1119", ("127.0.0.1", 1119)),
        ("[::1]:1119", ("::1", 1119)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
    ],
)
def test_a_chosen_place(net: FakeNet, said: list[str], text: str, place: tuple[str, int]) -> None:
    open_listeners(text, said.append)
    assert net.opened == [place]


@pytest.mark.parametrize(
    "text", ["1119", ":1119", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:²"]
)
def test_what_is_no_host_and_port_is_answered_with_an_example(net: FakeNet, said: list[str], text: str) -> None:
    with pytest.raises(NotPermitted, match="for example"):
        open_listeners(text, said.append)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_taken(taken: int, said: list[str]) -> None:
    with pytest.raises(NotPermitted, match=f"port {taken} is taken .* --listen"):
        open_listeners(f"127.0.0.1:{taken}", said.append)
