"""The first run of two people's nodes, as a newsreader and a terminal see it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.node_process import ROOT, NodeProcess, wait_until

pytestmark = pytest.mark.slow


def ticked(node: NodeProcess) -> int:
    """How many steps the newest follow-up to the welcome has ticked off."""
    with node.connect() as client:
        client.group("zb.control")
        told = [row for row in client.over() if row.subject.startswith("Welcome: ") and " of " in row.subject]
        return client.article(told[-1].number).get_content().count("[x]") if told else 0


def test_from_nothing_to_being_heard(tmp_path: Path) -> None:
    with (
        NodeProcess(tmp_path / "anna", "anna", net=tmp_path / "net") as anna,
        NodeProcess(tmp_path / "bert", "bert", net=tmp_path / "net") as bert,
    ):
        with anna.connect() as client:
            assert client.multiline("LIST SUBSCRIPTIONS", 215)[:2] == [b"zb.control", b"zb.help"]
            assert anna.sender in b"\n".join(client.multiline("LIST MOTD", 215)).decode()
            client.post("zb.control", "first", "board add test.talk", sender=anna.sender)
            posted = client.post("test.talk", "Hello", "Is anybody there?", sender=anna.sender).message_id
            assert client.article(posted)["X-Zb-Reach"] == "waiting"
        wait_until(lambda: ticked(anna) == 2, "speaking and posting are ticked off")
        assert "waits" in anna.do(f"why {posted}") or "Nobody has fetched it" in anna.do(f"why {posted}")
        bert.do(f"follow {anna.invite()}")
        anna.do(f"follow {bert.invite()}")

        def fetched() -> bool:
            with anna.connect() as client:
                return bool(client.article(posted)["X-Zb-Reach"] == "fetched")

        wait_until(fetched, "her post says that it was fetched")
        assert "Others have fetched it" in anna.do(f"why {posted}")
        assert "others have fetched it" in anna.call("status")
        wait_until(lambda: ticked(anna) == 5, "everything is ticked off")


def test_the_timed_first_run_gets_in_without_cloning_and_installing() -> None:
    program = Path(sys.executable).with_name("zbnntp")
    command = [sys.executable, str(ROOT / "bench/first-run"), "--program", str(program)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # what is tested, not what is installed
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the newcomer's first post is there for the friend" in done.stdout
