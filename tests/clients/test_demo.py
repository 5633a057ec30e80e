"""`zbnntp demo` in real newsreaders: threads are there, and a visitor can post and reply."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import set_up
from tests.clients.slrn import Slrn
from tests.clients.thunderbird import Thunderbird
from tests.node_process import DemoProcess, wait_until
from tests.programs import need

pytestmark = [pytest.mark.client, pytest.mark.slow]
ARTICLES = 80


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoProcess]:
    with DemoProcess(tmp_path / "demo.log") as running:
        yield running


def boards(demo: DemoProcess) -> dict[str, int]:
    """The boards, with how many articles each has, once the community has arrived from its nodes."""
    with demo.connect() as client:

        def look() -> dict[str, int]:
            counts = {name: client.group(name).count for name in client.groups() if not name.startswith("zb.")}
            return counts if sum(counts.values()) >= ARTICLES else {}

        return wait_until(look, f"{ARTICLES} articles on the boards")


def test_there_is_something_to_read_for_everybody(demo: DemoProcess) -> None:
    counts = boards(demo)
    assert len(counts) >= 3
    with demo.connect() as client:
        rows = [row for name in counts if client.group(name).count for row in client.over()]
    assert len({row.sender for row in rows}) >= 6
    assert sum(bool(row.references) for row in rows) >= 20
    known = {row.message_id for row in rows}
    answers = [row for row in rows if row.references]
    whole = [row for row in answers if set(row.references.split()) <= known]
    assert len(whole) >= len(answers) / 2, "threads have holes"


def test_in_slrn(demo: DemoProcess, person: Path) -> None:
    need("slrn")
    board = max(boards(demo).items(), key=lambda each: each[1])[0]
    with Slrn(person, set_up(demo, "slrn")) as slrn:
        slrn.show_all_groups()
        before = slrn.open_group(board)
        assert any(row.depth for row in before)
        slrn.read(before[0].author, before[0].subject)
        assert slrn.reply("I think so too.\n") == "Posting...done."
        assert slrn.post("From a visitor", "Hello.\n") == "Posting...done."
    _check_posted(demo, board)


def test_in_thunderbird(demo: DemoProcess, person: Path) -> None:
    need("thunderbird")
    board = max(boards(demo).items(), key=lambda each: each[1])[0]
    with Thunderbird(person, set_up(demo, "thunderbird")) as thunderbird:
        thunderbird.subscribe(board)
        before = thunderbird.open_group(board)
        assert any(row.depth for row in before)
        thunderbird.read(before[0].author, before[0].subject)
        assert thunderbird.reply("I think so too.") is None
        assert thunderbird.post("From a visitor", "Hello.") is None
        after = thunderbird.open_group(board)
    assert {"From a visitor", f"Re: {before[0].subject}"} <= {
        row.subject for row in after if row.author.startswith(demo.nick)
    }
    _check_posted(demo, board)


def _check_posted(demo: DemoProcess, board: str) -> None:
    with demo.connect() as client:
        client.group(board)
        answer, started = [row for row in client.over() if row.sender == demo.sender]
    assert answer.references
    assert started.subject == "From a visitor"
