"""slrn, the real one, set up as the README says: what it shows, and what becomes of what is written in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, GROUPS, SUBJECT, check_gone, newest, set_up
from tests.clients.slrn import Header, Slrn
from tests.node_process import NodeProcess
from tests.programs import need

pytestmark = [pytest.mark.client, pytest.mark.slow]


@pytest.fixture
def slrn(node: NodeProcess, thread: str, person: Path) -> Iterator[Slrn]:
    need("slrn")
    with Slrn(person, set_up(node, "slrn")) as running:
        yield running


def test_groups_are_listed(slrn: Slrn) -> None:
    slrn.show_all_groups()
    assert set(slrn.groups()) >= GROUPS


def test_thread_is_read_answered_and_shown_in_its_place(slrn: Slrn, node: NodeProcess, thread: str) -> None:
    assert slrn.open_group(BOARD) == [Header("anna", SUBJECT, 0)]
    shown = slrn.read("anna", SUBJECT)
    assert "The lamp is lit at dusk." in shown
    assert "Grüße vom Leuchtturm" in shown
    assert "\n.A line that starts with a dot." in shown
    assert slrn.reply("And who lights it?\n.dot") == "Posting...done."

    with node.connect() as client:
        client.group(BOARD)
        answer = client.over()[-1]
        article = client.article(answer.number)
    assert answer.references == thread
    assert "And who lights it?" in article.get_content()
    assert ".dot" in article.get_content()

    slrn.leave_group()
    assert slrn.open_group(BOARD) == [Header("anna", SUBJECT, 0), Header("anna", f"Re: {SUBJECT}", 2)]


def test_new_thread_is_there_for_every_connection_at_once(slrn: Slrn, node: NodeProcess) -> None:
    slrn.open_group(BOARD)
    assert slrn.post("Of foghorns, für alle", "They are loud.\n") == "Posting...done."
    with node.connect() as client:
        client.group(BOARD)
        article = client.article(client.over()[-1].number)
    assert article["Subject"] == "Of foghorns, für alle"
    assert article["From"] == node.sender
    assert article["User-Agent"] is None
    assert article.get_content().strip() == "They are loud."


def test_own_post_is_cancelled(slrn: Slrn, node: NodeProcess) -> None:
    """Esc Ctrl-C: only where From is the address that slrn is set to."""
    slrn.open_group(BOARD)
    slrn.post("Of foghorns", "They are loud.\n")
    posted = newest(node, "Of foghorns")
    slrn.leave_group()
    slrn.open_group(BOARD)
    slrn.read("anna", "Of foghorns")
    slrn.cancel()
    check_gone(node, posted.number, posted.message_id)
    slrn.leave_group()
    assert slrn.open_group(BOARD) == [Header("anna", SUBJECT, 0)]


def test_a_command_is_answered_in_its_thread(slrn: Slrn) -> None:
    """slrn opens no empty group, so the first command is posted from the list of groups."""
    slrn.show_all_groups()
    slrn.select_group("zb.control")
    assert slrn.post("a command", "status\n") == "Posting...done."
    rows = slrn.open_group("zb.control")
    assert [row.author for row in rows if row.depth == 2 and row.subject.startswith("Re: ")] == ["zbnntp"]


def test_a_refusal_is_shown_as_written(slrn: Slrn) -> None:
    slrn.show_all_groups()
    slrn.open_group("zb.help")
    outcome = slrn.post("not here", "The manual is not written by posting.\n")
    assert outcome == "Article rejected: 441 only the node writes there; send commands to zb.control"
