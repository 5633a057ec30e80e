"""Newsreaders under test get a real node, on the local transport, with one board and one thread in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nntp_client import OverLine
from tests.node_process import NodeProcess

BOARD = "test.talk"
SUBJECT = "Of lighthouses"
BODY = "The lamp is lit at dusk.\n\nGrüße vom Leuchtturm\n.A line that starts with a dot."


SIGNATURE = "Anna Persson, Fyrvägen 1, Simrishamn"
GROUPS = {BOARD, "zb.control", "zb.help", "zb.log"}


def set_up(node: NodeProcess, reader: str, *options: str) -> Path:
    """What `zbnntp setup READER --write` has made."""
    printed = node.call("setup", reader, "--write", *options)
    return Path(printed.split()[-1]).parent


def newest(node: NodeProcess, subject: str) -> OverLine:
    """The newest article of that subject on the board, as somebody else's connection sees it."""
    with node.connect() as client:
        client.group(BOARD)
        return [row for row in client.over() if row.subject == subject][-1]


def check_gone(node: NodeProcess, number: int, message_id: str) -> None:
    """Another connection finds the article neither in the board's overview, nor by its number, nor by its id."""
    with node.connect() as client:
        marks = client.group(BOARD)
        assert message_id not in {row.message_id for row in client.over()}
        assert marks.high >= number
        assert client.command(f"STAT {number}").code == 423
        assert client.command(f"STAT {message_id}").code == 430


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    """A running node of `anna`."""
    with NodeProcess(tmp_path / "anna", "anna", net=tmp_path / "net") as running:
        running.do(f"board add {BOARD} A place to talk")
        yield running


@pytest.fixture
def thread(node: NodeProcess) -> str:
    """The id of a thread on the board, posted by a plain client."""
    with node.connect() as client:
        status = client.post(BOARD, SUBJECT, BODY, sender=node.sender)
    assert status.code == 240, status
    return status.message_id


@pytest.fixture
def answered(node: NodeProcess, thread: str) -> str:
    """The same thread with an answer in it."""
    with node.connect() as client:
        assert client.post(BOARD, f"Re: {SUBJECT}", "At six.", sender=node.sender, references=thread).code == 240
    return thread


@pytest.fixture
def person(tmp_path: Path) -> Path:
    """The home directory of somebody who runs a newsreader, and mails under another name."""
    home = tmp_path / "person"
    home.mkdir()
    (home / ".signature").write_text(SIGNATURE)
    return home
