"""Three node processes on the local transport, in a chain of trust: what reaches whom, and what trust makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.node_process import CommandRefused, NodeProcess, wait_until

pytestmark = pytest.mark.slow
BOARD = "test.talk"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, NodeProcess]]:
    """anna <-> bert <- carl, and dora whom nobody follows."""
    folder = tmp_path_factory.mktemp("three")
    with ExitStack() as stack:
        found = {
            name: stack.enter_context(NodeProcess(folder / name, name, net=folder / "net"))
            for name in ("anna", "bert", "carl", "dora")
        }
        found["anna"].do(f"follow {found['bert'].invite()} 80 list 80")
        found["bert"].do(f"follow {found['anna'].invite()} 50 list 50")
        found["carl"].do(f"follow {found['bert'].invite()} 80 list 80")
        for name in ("anna", "dora"):
            found[name].do(f"board add {BOARD}")
        yield found


def subjects(node: NodeProcess) -> list[tuple[int, str]]:
    with node.connect() as client:
        if BOARD not in client.groups():
            return []
        client.group(BOARD)
        return [(row.number, row.subject) for row in client.over()]


def test_a_thread_travels_along_the_chain_and_back(nodes: dict[str, NodeProcess]) -> None:
    anna, bert, carl = nodes["anna"], nodes["bert"], nodes["carl"]
    with anna.connect() as client:
        first = client.post(BOARD, "Von der Küste", "Is anybody there?", sender=anna.sender)
    assert first.code == 240
    wait_until(lambda: subjects(bert), "anna's post at bert's", seconds=60)
    with bert.connect() as client:
        client.group(BOARD)
        assert client.article(first.message_id).get_content().strip() == "Is anybody there?"
        answer = client.post(BOARD, "Re: Von der Küste", "I am.", sender=bert.sender, references=first.message_id)
    assert answer.code == 240
    wait_until(lambda: len(subjects(anna)) == 2, "bert's answer at anna's", seconds=60)
    with anna.connect() as client:
        client.group(BOARD)
        rows = client.over()
        assert [row.references for row in rows] == ["", first.message_id]
        assert [row.message_id for row in rows] == [first.message_id, answer.message_id]
    wait_until(lambda: len(subjects(carl)) == 2, "the thread at carl's", seconds=60)
    with carl.connect() as client:
        client.group(BOARD)
        rows = client.over()
        assert {row.message_id for row in rows} == {first.message_id, answer.message_id}
        trust = {row.message_id: row.extra["x-zb-trust"] for row in rows}
    assert trust == {first.message_id: "+0.40", answer.message_id: "+0.80"}


def test_why_names_the_computed_trust_and_who_it_comes_from(nodes: dict[str, NodeProcess]) -> None:
    carl, anna = nodes["carl"], nodes["anna"]
    wait_until(lambda: subjects(carl), "anna's thread at carl's", seconds=60)
    text = carl.do(f"why {anna.identity}")
    assert "40" in text
    assert "bert" in text


def test_a_strangers_thread_is_not_shown(nodes: dict[str, NodeProcess]) -> None:
    dora, anna = nodes["dora"], nodes["anna"]
    with dora.connect() as client:
        posted = client.post(BOARD, "Hello from nobody", "x", sender=dora.sender)
    assert posted.code == 240
    dora.do(f"follow {anna.invite()}")
    wait_until(lambda: len(subjects(dora)) >= 2, "dora to have met anna", seconds=60)
    for name in ("anna", "bert", "carl"):
        assert "Hello from nobody" not in [subject for _, subject in subjects(nodes[name])]
        with nodes[name].connect() as client:
            assert client.command(f"STAT {posted.message_id}").code == 430


def test_trust_below_zero_takes_the_posts_out_of_every_command_and_back(nodes: dict[str, NodeProcess]) -> None:
    carl, anna = nodes["carl"], nodes["anna"]
    before = wait_until(lambda: subjects(carl), "the thread at carl's", seconds=60)
    with carl.connect() as client:
        client.group(BOARD)
        gone = next(row for row in client.over() if anna.identity in row.sender)
        receipt = carl.do(f"trust {anna.identity} -50")
        assert "-50" in receipt
        assert client.group(BOARD).count == len(before) - 1
        assert gone.number not in [row.number for row in client.over()]
        assert client.command(f"ARTICLE {gone.number}").code == 423
        hidden = client.command(f"ARTICLE {gone.message_id}")
        assert hidden.code == 430
        assert "why" in hidden.text
        carl.do(f"untrust {anna.identity}")
        assert [(row.number, row.subject) for row in client.over()] == before


def test_a_wrong_command_changes_nothing_and_says_why(nodes: dict[str, NodeProcess]) -> None:
    carl = nodes["carl"]
    with pytest.raises(CommandRefused, match="Line 2"):
        carl.do("board add test.never\ntrust nobody-of-that-name 50")
    with carl.connect() as client:
        assert "test.never" not in client.groups()


def test_everything_is_there_after_a_restart(nodes: dict[str, NodeProcess]) -> None:
    carl = nodes["carl"]
    before = subjects(carl)
    carl.restart()
    assert subjects(carl) == before
