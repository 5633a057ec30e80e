"""A key in other hands, and a key that is lost, with real processes: what the recovery words on paper are good for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.journeys.test_recovery import Careful, say, subjects
from tests.node_process import NodeProcess, wait_until

pytestmark = pytest.mark.slow
BOARD = "test.talk"


def befriend(anna: NodeProcess, bert: NodeProcess) -> None:
    """They follow each other, and anna has read something of bert's."""
    for node, other in ((anna, bert), (bert, anna)):
        node.do(f"board add {BOARD}")
        node.do(f"follow {other.invite()}")
    say(bert, "By bert")
    wait_until(lambda: subjects(anna) == ["By bert"], "bert's post at anna's", 60)
    wait_until(lambda: bert.status()["unpublished"] == 0, "all to be published", 60)


def test_what_a_thief_publishes_does_not_count_once_the_owner_has_moved(tmp_path: Path) -> None:
    net, elsewhere = tmp_path / "net", tmp_path / "far"
    with (
        NodeProcess(tmp_path / "anna", "anna", net=net) as anna,
        Careful(tmp_path / "bert", "bert", net=net) as bert,
    ):
        befriend(anna, bert)
        bert.stop()
        thief = NodeProcess(tmp_path / "thief", "bert", net=elsewhere)
        shutil.copytree(bert.home, thief.home)
        elsewhere.mkdir()
        name = f"{anna.identity[:16]}.sock"
        (elsewhere / name).symlink_to(net / name)
        thief.start()
        try:
            say(thief, "By the thief")
            wait_until(lambda: "By the thief" in subjects(anna), "the thief's post at anna's", 90)
            bert.recover("--new", "--no-passphrase")
            bert.start()
            say(bert, "By bert again")
            wait_until(lambda: subjects(anna) == ["By bert", "By bert again"], "the thief's post to go", 120)
            with thief.connect() as client:
                refused = client.post(BOARD, "More by the thief", "x", sender=thief.sender)
            assert refused.code == 441
            assert "have ended this identity" in refused.text
        finally:
            thief.stop()


def test_with_the_words_alone_a_lost_identity_is_followed_by_a_new_one(tmp_path: Path) -> None:
    net = tmp_path / "net"
    with (
        NodeProcess(tmp_path / "anna", "anna", net=net) as anna,
        Careful(tmp_path / "bert", "bert", net=net) as bert,
    ):
        befriend(anna, bert)
        lost = bert.identity
        bert.stop()
        shutil.rmtree(bert.home)
        anew = Careful(tmp_path / "anew", "bert", net=net)
        with anew:
            anew.do(f"follow {anna.invite()} 80 list 80")
            anew.do(f"board add {BOARD}")
            wait_until(lambda: subjects(anew) == ["By bert"], "what anna has of the lost identity", 90)
            anew.stop()
            own, anew.words = anew.words, bert.words
            anew.recover("--new", "--from", lost)
            anew.words = own
            anew.start()
            say(anew, "From the new machine")
            wait_until(lambda: subjects(anna) == ["By bert", "From the new machine"], "anna to follow", 120)
            assert "moved" in anna.do(f"why {lost}")
