"""Recovery words from paper, real nodes: somebody whose key was stolen goes on under a new one, and friends see it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys.boards import BOARD
from tests.journeys.boards import sorted_subjects as subjects
from tests.node_process import ROOT, NodeProcess, wait_until, words_in

pytestmark = pytest.mark.slow


class Careful(NodeProcess):
    """Somebody who wrote the recovery words down."""

    words = ""

    def init(self) -> None:
        self.words = words_in(self._zbnntp("init", "--nick", self.nick, "--no-passphrase"))

    def recover(self, *options: str) -> str:
        """With the words on standard input; takes down the new ones, if there are any."""
        command = [*self._program("recover"), *options, "--words-file", "-"]
        done = subprocess.run(command, cwd=ROOT, input=self.words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        self.words = words_in(done.stdout) or self.words
        return done.stdout


def say(node: NodeProcess, subject: str) -> None:
    with node.connect() as client:
        assert client.post(BOARD, subject, "x", sender=node.sender).code == 240


def test_friends_follow_somebody_to_a_new_identity(tmp_path: Path) -> None:
    net = tmp_path / "net"
    with (
        NodeProcess(tmp_path / "anna", "anna", net=net) as anna,
        Careful(tmp_path / "bert", "bert", net=net) as bert,
    ):
        anna.do(f"board add {BOARD}")
        anna.do(f"follow {bert.invite()}")
        bert.do(f"follow {anna.invite()}")
        bert.do(f"board add {BOARD}")
        say(bert, "From the old key")
        say(anna, "From anna")
        wait_until(lambda: len(subjects(anna)) == len(subjects(bert)) == 2, "each other's posts", 60)
        old = bert.identity
        bert.stop()
        assert re.search(r"You are bert with a new identity", bert.recover("--new", "--no-passphrase"))
        bert.start()
        assert bert.identity != old
        assert subjects(bert) == ["From anna", "From the old key"], "all as it was, anna followed without a word"
        say(bert, "From the new key")
        wait_until(lambda: "From the new key" in subjects(anna), "bert's new identity at anna's", 90)
        assert "From the old key" in subjects(anna)
        say(anna, "Welcome back")
        wait_until(lambda: "Welcome back" in subjects(bert), "anna's answer at bert's", 60)
        assert "moved" in anna.do(f"why {old}")
        bert.stop()
        bert.recover("--revoke")
        bert.start()
        wait_until(lambda: "ended" in anna.do(f"why {bert.identity}"), "the end to be known at anna's", 90)


def test_a_rival_with_the_same_words_is_told_of_to_friends(tmp_path: Path) -> None:
    """Two who follow one identity are both known, and friends' ratings wait for the owner's word."""
    net = tmp_path / "net"
    with (
        NodeProcess(tmp_path / "anna", "anna", net=net) as anna,
        Careful(tmp_path / "bert", "bert", net=net) as bert,
    ):
        anna.do(f"follow {bert.invite()}")
        bert.do(f"follow {anna.invite()}")
        wait_until(lambda: "you see them" in bert.do(f"why {anna.identity}"), "anna at bert's", 60)
        old = bert.identity
        bert.stop()
        shutil.copytree(bert.home, tmp_path / "rival")
        rival = Careful(tmp_path / "rival", "bert", net=net)
        rival.words = bert.words
        bert.recover("--new", "--no-passphrase")
        bert.start()
        wait_until(lambda: "moved to" in anna.do(f"why {old}"), "bert's move at anna's", 120)
        rival.recover("--new", "--no-passphrase")
        rival.start()
        try:
            wait_until(lambda: "rate the right one" in " ".join(anna.do(f"why {old}").split()), "both claims", 150)
        finally:
            rival.stop()
        anna.do(f"trust {bert.identity} 50")
        assert "count for that one" in " ".join(anna.do(f"why {old}").split())
