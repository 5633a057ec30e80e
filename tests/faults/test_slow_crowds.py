"""A thousand newsreaders, a thousand peers that drip: memory is bounded, and the honest are served."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.crowds import crowd, memory_octets
from tests.node_process import NodeProcess, wait_until

pytestmark = pytest.mark.slow
BOARD = "test.talk"
MANY = 1100
ROUNDS = 3
READERS_OCTETS = 64 << 20  # that a thousand newsreaders may take: 64 kB each
VISITORS_OCTETS = 32 << 20  # that those may take whom the peer's door lets in at once
READERS = [
    b"",
    b"GROUP ",
    b"MODE READER\r\nLIST\r\nHDR Subject ",
    b"POST\r\nFrom: somebody <a@b.invalid>\r\nSubject: ",
    b"GROUP test.talk\r\n" + b"OVER 1-\r\n" * 200,  # and reads no answer
]
VISITORS = [
    b"",
    b"GET /v1/changes HTTP/1.1\r\nX-Slow: ",
    b"POST /v1/push HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
    b"POST /v1/push HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n",
]


class Usual(NodeProcess):
    """A node that was given as few open files as systems usually give."""

    def _program(self, verb: str) -> list[str]:
        return ["bash", "-c", 'ulimit -Sn 1024; exec "$@"', "bash", *super()._program(verb)]


@pytest.fixture
def node(short_dir: Path) -> Iterator[NodeProcess]:
    with Usual(short_dir / "anna", "anna", net=short_dir / "net") as node:
        node.do(f"board add {BOARD}")
        post(node, "First")
        yield node


def post(node: NodeProcess, subject: str) -> None:
    with node.connect() as client:
        assert client.post(BOARD, subject, "A text\n" * 50).code == 240


def subjects(node: NodeProcess) -> list[str]:
    with node.connect() as client:
        if BOARD not in client.groups():
            return []
        client.group(BOARD)
        return [row.subject for row in client.over()]


def test_a_thousand_slow_newsreaders(node: NodeProcess) -> None:
    before = memory_octets(node.pid)
    with crowd(MANY, lambda: socket.create_connection((node.host, node.port)), READERS) as readers:
        for turn in range(ROUNDS):
            readers.drip()
            post(node, f"Turn {turn}")
            assert f"Turn {turn}" in subjects(node)
        assert readers.left == 0
        assert memory_octets(node.pid) - before < READERS_OCTETS
    assert node.status()["boards"][BOARD] == 1 + ROUNDS


def test_a_thousand_slow_peers(node: NodeProcess, short_dir: Path) -> None:
    before = memory_octets(node.pid)
    (door,) = (short_dir / "net").glob("*.sock")

    def connect() -> socket.socket:
        visitor = socket.socket(socket.AF_UNIX)
        visitor.connect(str(door))
        return visitor

    with NodeProcess(short_dir / "bert", "bert", net=short_dir / "net") as bert:
        bert.do(f"follow {node.invite()} 80 list 80")
        wait_until(lambda: subjects(bert) == ["First"], "a post without anybody else", 60)
        with crowd(MANY, connect, VISITORS) as visitors:
            for turn in range(ROUNDS):
                visitors.drip()
                post(node, f"Turn {turn}")
                wait_until(lambda turn=turn: f"Turn {turn}" in subjects(bert), "a post past the slow", 90)
            assert memory_octets(node.pid) - before < VISITORS_OCTETS
