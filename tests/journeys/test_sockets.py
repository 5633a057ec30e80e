"""No socket but the newsreaders' and the local ones: seen from outside, in the kernel's tables."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import pytest

from tests.node_process import NodeProcess, wait_until
from tests.programs import need_root

pytestmark = pytest.mark.slow
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}
LISTENING, ESTABLISHED = "0A", "01"


def inodes(pid: int) -> set[str]:
    """The sockets that a process has open."""
    found = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):  # it was closed meanwhile
            if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{name}")):
                found.add(match[1])
    return found


def internet_sockets(pid: int) -> list[tuple[str, str, str, str]]:
    """(table, local address, remote address, state) of every TCP, UDP and raw socket of a process."""
    mine, found = inodes(pid), []
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[9] in mine:
                found.append((table, words[1], words[2], words[3]))
    return found


def test_two_nodes_that_talk_open_no_internet_socket_but_the_newsreaders(tmp_path: Path) -> None:
    need_root("a node lets no other program of its user look at what it has open")
    seen: set[tuple[str, str, str, str]] = set()
    with (
        NodeProcess(tmp_path / "anna", "anna", net=tmp_path / "net") as anna,
        NodeProcess(tmp_path / "bert", "bert", net=tmp_path / "net") as bert,
    ):
        port = f"{anna.port:04X}"

        def look() -> None:
            seen.update(internet_sockets(anna.pid))

        anna.do("board add test.talk")
        anna.do(f"follow {bert.invite()}")
        look()
        bert.do(f"follow {anna.invite()}")
        with anna.connect() as client:
            client.post("test.talk", "Hello", "x", sender=anna.sender)

            def arrived() -> bool:
                look()
                with bert.connect() as reader:
                    return "test.talk" in reader.groups()

            wait_until(arrived, "the post at bert's", seconds=60)
        look()
        assert anna.stop() == 0
    assert any(state == LISTENING for *_, state in seen)
    for table, local, remote, state in seen:
        address, local_port = local.split(":")
        assert table in ("tcp", "tcp6")
        assert address in LOOPBACK, local
        assert local_port == port, local  # newsreaders and the listening socket; nothing goes out
        assert state == LISTENING or remote.split(":")[0] in LOOPBACK
