"""NeoMutt, the real one: CAPABILITIES first, a bare STAT to learn about logins, LISTGROUP with a range.

It has no command to cancel an article; whoever needs to writes a Control line by hand, as any client can.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, GROUPS, SUBJECT, set_up
from tests.clients.neomutt import NeoMutt
from tests.node_process import NodeProcess
from tests.programs import need

pytestmark = [pytest.mark.client, pytest.mark.slow]


@pytest.fixture
def neomutt(node: NodeProcess, answered: str, person: Path) -> Iterator[NeoMutt]:
    need("neomutt")
    with NeoMutt(person, set_up(node, "neomutt"), BOARD) as running:
        yield running


def test_groups_are_listed(neomutt: NeoMutt) -> None:
    assert set(neomutt.groups) >= GROUPS


def test_thread_is_read_and_answered(neomutt: NeoMutt, node: NodeProcess, thread: str) -> None:
    opening, answer = neomutt.index()
    assert opening.endswith(SUBJECT)
    assert answer.endswith("└─>")
    shown = neomutt.read()
    assert "The lamp is lit at dusk." in shown
    assert "Grüße vom Leuchtturm\n.A line that starts with a dot." in shown
    neomutt.reply("And who lights it?\n.dot\n")
    with node.connect() as client:
        client.group(BOARD)
        posted = client.over()[-1]
        article = client.article(posted.number)
    assert posted.references == thread
    assert "And who lights it?" in article.get_content()
    assert article["User-Agent"] is None


def test_new_thread_is_posted(neomutt: NeoMutt, node: NodeProcess) -> None:
    neomutt.post("Of foghorns, für alle", "They are loud.\n")
    with node.connect() as client:
        client.group(BOARD)
        article = client.article(client.over()[-1].number)
    assert article["Subject"] == "Of foghorns, für alle"
    assert article["From"] == node.sender
