"""Thunderbird, the real one, set up as the README says: what it shows, and what becomes of what is written in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, GROUPS, SUBJECT, check_gone, newest, set_up
from tests.clients.thunderbird import Thunderbird
from tests.node_process import NodeProcess
from tests.programs import need

pytestmark = [pytest.mark.client, pytest.mark.slow]


@pytest.fixture
def thunderbird(node: NodeProcess, thread: str, person: Path) -> Iterator[Thunderbird]:
    need("thunderbird")
    with Thunderbird(person, set_up(node, "thunderbird")) as running:
        yield running


def test_groups_can_be_subscribed(thunderbird: Thunderbird) -> None:
    assert set(thunderbird.groups()) >= GROUPS


def test_thread_is_read_answered_and_shown_in_its_place(
    thunderbird: Thunderbird, node: NodeProcess, thread: str
) -> None:
    thunderbird.subscribe(BOARD)
    rows = thunderbird.open_group(BOARD)
    assert [(row.author, row.subject, row.depth, row.message_id) for row in rows] == [(node.sender, SUBJECT, 0, thread)]
    shown = thunderbird.read("anna", SUBJECT)
    assert "The lamp is lit at dusk." in shown
    assert "Grüße vom Leuchtturm" in shown
    assert "\n.A line that starts with a dot." in shown
    assert thunderbird.reply("And who lights it?\n.dot") is None

    with node.connect() as client:
        client.group(BOARD)
        answer = client.over()[-1]
        article = client.article(answer.number)
    assert answer.references == thread
    assert "And who lights it?" in article.get_content()

    rows = thunderbird.open_group(BOARD)
    assert [(row.depth, row.message_id) for row in rows] == [(0, thread), (1, answer.message_id)]
    assert "And who lights it?" in thunderbird.read("anna", f"Re: {SUBJECT}")


def test_new_thread_is_there_for_every_connection_at_once(thunderbird: Thunderbird, node: NodeProcess) -> None:
    thunderbird.subscribe(BOARD)
    thunderbird.open_group(BOARD)
    long = "This paragraph is long enough that format=flowed has to break it into more than one line of text. "
    assert thunderbird.post("Of foghorns, für alle", f"{long}\n\n  Indented.\nFrom afar.") is None
    with node.connect() as client:
        client.group(BOARD)
        article = client.article(client.over()[-1].number)
    assert article["Subject"] == "Of foghorns, für alle"
    assert article["From"] == node.sender
    assert article["User-Agent"] is None
    thunderbird.open_group(BOARD)
    shown = thunderbird.read("anna", "Of foghorns")
    assert long.strip() in shown
    assert "\n  Indented." in shown.replace("\N{NO-BREAK SPACE}", " ")
    assert "\nFrom afar." in shown


def test_own_post_is_cancelled(thunderbird: Thunderbird, node: NodeProcess, thread: str) -> None:
    """Its menu offers that only where From is, to the letter, what the account is set to."""
    thunderbird.subscribe(BOARD)
    assert [row.author for row in thunderbird.open_group(BOARD)] == [f"{node.nick} <id@{node.identity}.zb.invalid>"]
    thunderbird.read("anna", SUBJECT)
    posted = newest(node, SUBJECT)
    assert posted.message_id == thread
    thunderbird.cancel()
    check_gone(node, posted.number, posted.message_id)


def test_a_command_is_answered_in_its_thread(thunderbird: Thunderbird) -> None:
    thunderbird.subscribe("zb.control")
    thunderbird.open_group("zb.control")
    assert thunderbird.post("a command", "status") is None
    rows = thunderbird.open_group("zb.control")
    command = next(place for place, row in enumerate(rows) if row.subject == "a command")
    assert (rows[command + 1].author.split(" <")[0], rows[command + 1].depth) == ("zbnntp", 1)


def test_a_refusal_is_shown_as_written(thunderbird: Thunderbird) -> None:
    thunderbird.subscribe("zb.help")
    thunderbird.open_group("zb.help")
    said = thunderbird.post("not here", "The manual is not written by posting.")
    assert said is not None
    assert said.startswith(
        "zbnntp: only the node writes there; send commands to zb.control"
    )  # its own "a News (NNTP) error occurred" comes too
