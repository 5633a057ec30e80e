"""tin, the real one: it asks for CAPABILITIES and chooses OVER, LIST COUNTS and LISTGROUP, which slrn never uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, GROUPS, SUBJECT, check_gone, newest, set_up
from tests.clients.tin import Thread, Tin
from tests.node_process import NodeProcess
from tests.programs import need

pytestmark = [pytest.mark.client, pytest.mark.slow]


@pytest.fixture
def tin(node: NodeProcess, answered: str, person: Path) -> Iterator[Tin]:
    need("tin")
    with Tin(person, set_up(node, "tin"), BOARD) as running:
        yield running


def test_groups_are_listed_and_a_thread_is_read_and_answered(tin: Tin, node: NodeProcess, thread: str) -> None:
    assert set(tin.groups()) >= GROUPS
    assert tin.open_group() == [Thread(SUBJECT, "anna", 2)]
    shown = tin.read(SUBJECT)
    assert "The lamp is lit at dusk." in shown
    assert "Grüße vom Leuchtturm" in shown
    assert tin.reply("And who lights it?\n.dot").startswith("Article posted: <")
    with node.connect() as client:
        client.group(BOARD)
        answer = client.over()[-1]
        article = client.article(answer.number)
    assert answer.references == thread
    assert "And who lights it?" in article.get_content()
    assert article["User-Agent"] is None


def test_own_post_is_cancelled(tin: Tin, node: NodeProcess, thread: str) -> None:
    """D: only where From is the mail_address that tin is set to. Its Cancel-Lock and Cancel-Key play no part here."""
    tin.open_group()
    tin.read(SUBJECT)
    posted = newest(node, SUBJECT)
    assert posted.message_id == thread
    tin.cancel()
    check_gone(node, posted.number, posted.message_id)


def test_new_thread_is_posted(tin: Tin, node: NodeProcess) -> None:
    tin.open_group()
    assert tin.post("Of foghorns, für alle", "They are loud.\n").startswith("Article posted: <")
    with node.connect() as client:
        client.group(BOARD)
        article = client.article(client.over()[-1].number)
    assert article["Subject"] == "Of foghorns, für alle"
    assert article["From"] == node.sender
