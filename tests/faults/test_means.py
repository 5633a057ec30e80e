"""What a system may be short of: open files, names of hosts. A node goes on with what there is, and says so."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.nntp_client import Client
from tests.node_process import NodeProcess, wait_until
from tests.programs import leave_out, need, need_root

pytestmark = pytest.mark.slow
BOARD = "test.talk"
SPARE = 6  # open files
NAMES = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")


def test_out_of_open_files_a_node_goes_on_and_says_so(short_dir: Path) -> None:
    with NodeProcess(short_dir / "anna", "anna", net=short_dir / "net") as node, ExitStack() as stack:
        node.do(f"board add {BOARD}")
        honest = stack.enter_context(node.connect())
        open_files = len(os.listdir(f"/proc/{node.pid}/fd"))
        limits = resource.prlimit(node.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(node.pid, resource.RLIMIT_NOFILE, (open_files + SPARE, limits[1]))
        others: list[Client] = []
        with suppress(OSError):  # whoever finds no room waits for a greeting
            while len(others) <= 2 * SPARE:
                others.append(stack.enter_context(Client(node.host, node.port, timeout=2)))
        assert len(others) <= SPARE
        wait_until(lambda: "cannot accept a newsreader: Too many open files" in node.output, "a word about it")
        assert honest.post(BOARD, "From one who was there before", "A text").code == 240
        with socket.socket(socket.AF_UNIX) as owner:
            owner.connect(os.fspath(node.home / "admin.sock"))
            wait_until(lambda: "cannot accept a request of the owner" in node.output, "the same for the owner")
        for other in others:
            other.close()
        with node.connect() as late:
            late.group(BOARD)
            assert [row.subject for row in late.over()] == ["From one who was there before"]
        assert node.status()["boards"][BOARD] == 1
        assert node.output.count("cannot accept a newsreader") == 1
        assert node.output.count("cannot accept a request of the owner") == 1
        assert "Traceback" not in node.output


def test_a_first_post_needs_no_more_open_files(short_dir: Path) -> None:
    with NodeProcess(short_dir / "anna", "anna", net=short_dir / "net") as node:
        node.do(f"board add {BOARD}")
        node.restart()
        with node.connect() as honest:
            honest.group(BOARD)
            open_files = len(os.listdir(f"/proc/{node.pid}/fd"))
            limits = resource.prlimit(node.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(node.pid, resource.RLIMIT_NOFILE, (open_files, limits[1]))
            assert honest.post(BOARD, "With the last descriptor", "A text").code == 240
            honest.group(BOARD)
            assert [row.subject for row in honest.over()] == ["With the last descriptor"]
            resource.prlimit(node.pid, resource.RLIMIT_NOFILE, limits)
        assert "Traceback" not in node.output


class Nameless(NodeProcess):
    """A node on a system that resolves no name at all."""

    def _program(self, verb: str) -> list[str]:
        hide = "".join(f"mount --bind /dev/null {name}; " for name in NAMES if Path(name).exists())
        return ["unshare", "--mount", "sh", "-c", f'{hide}exec "$@"', "sh", *super()._program(verb)]


def test_nothing_needs_a_resolver(short_dir: Path) -> None:
    need("unshare", "util-linux")
    need_root("hiding /etc/resolv.conf from a process takes a mount of its own")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        leave_out("this system allows no mounts of one's own here")
    net = short_dir / "net"
    with Nameless(short_dir / "anna", "anna", net=net) as anna, Nameless(short_dir / "bert", "bert", net=net) as bert:
        anna.do(f"board add {BOARD}")
        bert.do(f"follow {anna.invite()} 80 list 80")
        with anna.connect() as client:
            assert client.post(BOARD, "Hello", "A text").code == 240
        with bert.connect() as client:
            wait_until(lambda: BOARD in client.groups(), "a post of a friend", 60)
            client.group(BOARD)
            assert [row.subject for row in client.over()] == ["Hello"]
