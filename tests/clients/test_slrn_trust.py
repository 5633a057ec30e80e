"""Rating, asking why and taking back, all from slrn; and the same from a terminal.

Bert follows anna and writes; anna rates him by replies in zb.people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, set_up
from tests.clients.slrn import Slrn
from tests.node_process import NodeProcess, wait_until
from tests.programs import need
from zbnntp.silence import SUBJECT

pytestmark = [pytest.mark.client, pytest.mark.slow]
SUBJECTS = ["Of buoys", "Of foghorns"]


@pytest.fixture
def bert(node: NodeProcess, tmp_path: Path) -> Iterator[NodeProcess]:
    """A running node of somebody who has written two threads on the board, and whom anna follows."""
    with NodeProcess(tmp_path / "bert", "bert", net=tmp_path / "net") as running:
        running.do(f"board add {BOARD}")
        with running.connect() as client:
            for subject in SUBJECTS:
                assert client.post(BOARD, subject, "They float.", sender=running.sender).code == 240
        node.do(f"follow {running.invite()} 50 list 0")
        wait_until(lambda: subjects(node) == SUBJECTS, "bert's threads at anna's", seconds=60)
        wait_until(lambda: "50 list 0" in (found := people(node)) and SUBJECT not in found, "bert alone in zb.people")
        yield running


@pytest.fixture
def slrn(node: NodeProcess, bert: NodeProcess, person: Path) -> Iterator[Slrn]:
    need("slrn")
    with Slrn(person, set_up(node, "slrn")) as running:
        running.show_all_groups()
        yield running


def subjects(node: NodeProcess) -> list[str]:
    with node.connect() as client:
        client.group(BOARD)
        return sorted(row.subject for row in client.over())


def people(node: NodeProcess) -> str:
    """The subject of the one article in zb.people."""
    with node.connect() as client:
        client.group("zb.people")
        return " ".join(row.subject for row in client.over())


def receipt(node: NodeProcess) -> str:
    """The newest answer to a command in zb.control, on one line."""
    with node.connect() as client:
        client.group("zb.control")
        answers = [row.number for row in client.over() if not row.subject.startswith("Welcome: ")]
        return " ".join(client.article(answers[-1]).get_content().split())


def answer_bert(slrn: Slrn, text: str) -> None:
    """A reply to bert's article in zb.people."""
    slrn.open_group("zb.people")
    slrn.read("zbnntp", "bert")
    outcome = slrn.reply(text)
    assert outcome == "Posting...done.", slrn.screen
    slrn.leave_group()


def test_rate_by_reply_see_the_receipt_ask_why_and_undo(slrn: Slrn, node: NodeProcess, bert: NodeProcess) -> None:
    assert sorted(row.subject for row in slrn.open_group(BOARD)) == SUBJECTS
    slrn.leave_group()

    answer_bert(slrn, "-50\n")
    headers = slrn.open_group("zb.control")
    answer = [row for row in headers if row.author == "zbnntp" and "bert" in row.subject][-1]
    shown = slrn.read("zbnntp", answer.subject)
    assert "trust was 50 list 0, is now -50" in " ".join(shown.split())
    assert "2 posts of theirs are no longer visible." in receipt(node)
    slrn.leave_group()
    assert subjects(node) == []

    wait_until(lambda: "you: -50" in people(node), "bert's new article in zb.people")
    answer_bert(slrn, "why\n")
    assert "In short: you do not see them because you rate them -50." in receipt(node)

    answer_bert(slrn, "undo\n")
    assert "trust was -50, is 50 list 0 again." in receipt(node)
    assert "2 posts of theirs are now visible." in receipt(node)
    assert sorted(row.subject for row in slrn.open_group(BOARD)) == SUBJECTS


def test_the_same_from_a_terminal(node: NodeProcess, bert: NodeProcess) -> None:
    def do(command: str) -> str:
        return " ".join(node.do(command).split())

    story: list[tuple[str, str, Callable[[], bool]]] = [
        ("mute bert", "2 posts of theirs are no longer visible.", lambda: subjects(node) == []),
        ("why bert", "you do not see them because you rate them -100.", lambda: True),
        ("undo", "trust was -100, is 50 list 0 again.", lambda: subjects(node) == SUBJECTS),
        ("trust bert -50 private", "It counts for you alone", lambda: subjects(node) == []),
        ("undo", "private trust was -50, is none again.", lambda: subjects(node) == SUBJECTS),
        ("filter foghorns", "1 post is no longer visible.", lambda: subjects(node) == SUBJECTS[:1]),
        ("unfilter 1", "1 post is now visible.", lambda: subjects(node) == SUBJECTS),
    ]
    for command, answer, holds in story:
        assert answer in do(command), command
        assert holds(), command
