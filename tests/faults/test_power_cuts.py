"""The power fails: of what was not on the disk yet any part may be there, and all that was answered 240 is.

A real node posts, seals and ends under strace; from what it wrote, the files are made as a cut would have left them.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.recording import STRACE, Event, left_over, read_record
from tests.faults.tracing import need_strace, tracing
from tests.node_process import NodeProcess
from zbnntp import home
from zbnntp.examining import examine
from zbnntp.model.keys import Identity, parse_message_id
from zbnntp.store.database import connect_reader
from zbnntp.store.posts import find_article

pytestmark = pytest.mark.slow
BOARD = "test.talk"
POSTS = 12
CUTS = 30
ANSWER = re.compile(rb"^240 .*(<[^>]+>)", re.MULTILINE)
Files = dict[str, bytes]


def files_of(place: Path) -> Files:
    names = (home.STORE_FILE, f"{home.STORE_FILE}-wal")
    return {name: (place / name).read_bytes() if (place / name).exists() else b"" for name in names}


def record(node: NodeProcess, output: Path) -> tuple[Files, list[Event]]:
    """The files before, and what became of them: posts, a head, and the end of the node, which tidies up."""
    node.do(f"board add {BOARD}")
    with tracing(node.pid, *STRACE, output=output):
        before = files_of(node.home)
        with node.connect() as client:
            for number in range(POSTS):
                assert client.post(BOARD, f"Post {number}", "A text\n" * (1 + number)).code == 240
        assert node.stop() == 0
    return before, read_record(output)


def answered(events: Sequence[Event]) -> list[str]:
    said = b"\n".join(it.data for it in events if it.kind == "said")
    return [found.decode() for found in ANSWER.findall(said)]


def look(place: Path, view: Identity, kept: Sequence[str]) -> None:
    store = place / home.STORE_FILE
    assert examine(store, [view], int(time.time()), lambda *_: None).sentences == []
    with closing(connect_reader(store)) as reader:
        for message_id in kept:
            article = find_article(reader, parse_message_id(message_id) or b"")
            assert reader.execute("SELECT count(*) FROM number WHERE article = ?", (article,)).fetchone() == (1,)


def test_what_was_answered_survives_a_power_cut(short_dir: Path) -> None:
    need_strace()
    with NodeProcess(short_dir / "anna", "anna", net=short_dir / "net") as node:
        (view,) = (it.identity for it in home.accounts(node.home))
        before, events = record(node, short_dir / "record")
    assert len(answered(events)) == POSTS
    whole = {
        name: left_over(octets, [*events, Event("sync", name)], name, random.Random(0))
        for name, octets in before.items()
    }
    assert whole == files_of(node.home), "what was recorded makes the files that are there"
    chance = random.Random(20261126)
    for cut in range(CUTS):
        past = events[: chance.randint(0, len(events))]
        place = short_dir / f"{cut}"
        place.mkdir()
        for name, octets in before.items():
            (place / name).write_bytes(left_over(octets, past, name, chance))
        look(place, view, answered(past))
