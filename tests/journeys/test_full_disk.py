"""A disk that takes no more: posts are refused with a sentence, reading goes on, what was answered 240 is kept."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest

from tests.node_process import NodeProcess

pytestmark = pytest.mark.slow
BOARD = "test.talk"
FILE_KIB = 2500  # the kernel lets no file of the node grow beyond this


class Confined(NodeProcess):
    """A node whose files cannot grow: what a full disk is to SQLite."""

    def _program(self, verb: str) -> list[str]:
        command = super()._program(verb)
        return ["bash", "-c", f'ulimit -f {FILE_KIB}; exec "$@"', "bash", *command] if verb == "run" else command


def test_a_full_disk_refuses_posts_and_goes_on_reading(tmp_path: Path) -> None:
    body = "\n".join("a line of words that fills the disk" for _ in range(1000))
    kept: list[str] = []
    with Confined(tmp_path / "home", "anna", net=tmp_path / "net") as node:
        node.do(f"board add {BOARD}")
        with node.connect() as client:
            for number in range(200):
                answer = client.post(BOARD, f"Post {number}", f"{number}\n{body}", sender=node.sender)
                if answer.code != 240:
                    break
                kept.append(answer.message_id)
            assert answer.code == 441
            assert "disk" in answer.text
            assert len(kept) > 5
            client.group(BOARD)
            assert [row.message_id for row in client.over()] == kept
        assert node.status()["boards"][BOARD] == len(kept)
        assert node.stop() == 0
    roomy = NodeProcess(tmp_path / "home", "anna", net=tmp_path / "net")
    roomy.start()
    try:
        with roomy.connect() as client:
            client.group(BOARD)
            assert [row.message_id for row in client.over()] == kept
            assert client.post(BOARD, "Room again", "x", sender=roomy.sender).code == 240
        assert roomy.status()["trouble"] == ""
    finally:
        roomy.stop()


def test_a_node_that_cannot_make_its_store_says_so(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "home", "anna", net=tmp_path / "net")
    node.init()
    command = ["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", *node._program("run"), "--tor", "off"]
    done = subprocess.run([*command, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "make room" in done.stderr


def test_a_node_whose_disk_is_full_says_so_and_takes_posts_again_when_there_is_room(tmp_path: Path) -> None:
    with NodeProcess(tmp_path / "home", "anna", net=tmp_path / "net") as node:
        node.do(f"board add {BOARD}")
        with node.connect() as client:
            kept = client.post(BOARD, "Hello", "x", sender=node.sender).message_id
        no_growth(node, 0)
        with node.connect() as client:
            client.group(BOARD)
            assert [row.message_id for row in client.over()] == [kept]
            refused = client.post(BOARD, "More", "x", sender=node.sender)
            assert (refused.code, "disk" in refused.text) == (441, True)
            assert "only reading is possible" in node.call("status")
            no_growth(node, resource.RLIM_INFINITY)
            assert client.post(BOARD, "More", "x", sender=node.sender).code == 240
        assert "only reading" not in node.call("status")


def no_growth(node: NodeProcess, octets: int) -> None:
    """From now on no file of a running node can grow beyond so much."""
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (octets, resource.RLIM_INFINITY))
