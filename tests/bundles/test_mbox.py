"""Articles as a mailbox: what a mail program reads back, and what does not belong there."""

from __future__ import annotations

import mailbox
from contextlib import closing
from pathlib import Path

import pytest

from tests.houses import START, House, open_house
from zbnntp.mbox import boards_of, mbox_message, mbox_messages

DAY = 86_400
NOBODY: frozenset = frozenset()


def written(house: House, boards: set[str] | None = None, authors: frozenset = NOBODY, since: int = 0) -> bytes:
    seen: set[str] = set()
    return b"".join(
        message
        for group in boards_of(house.shelf, frozenset(boards or ()))
        for message in mbox_messages(house.shelf, group, authors, since, seen)
    )


def read(octets: bytes, path: Path) -> list[tuple[str, str]]:
    path.write_bytes(octets)
    with closing(mailbox.mbox(path)) as box:
        return [(message["Subject"], message.get_payload(decode=True).decode()) for message in box]


async def test_every_article_once_and_as_it_is(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        for board in ("test.a", "test.b"):
            await alice.add_board(board)
        await alice.post("test.a,test.b", "Both", "Zwölf Boxkämpfer\n")
        await alice.post("test.b", "Later", "From one to another\n>From afar\n")
        assert read(written(alice), tmp_path / "box") == [
            ("Both", "Zwölf Boxkämpfer\n"),
            ("Later", ">From one to another\n>>From afar\n"),
        ]
        assert len(read(written(alice, {"test.a"}), tmp_path / "box")) == 1


async def test_by_author_and_by_day(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice, open_house(tmp_path, "bob") as bob:
        await alice.add_board("test.a")
        await alice.post("test.a", "Early", "x\n")
        await alice.seal()
        alice.clock.now = START + 2 * DAY
        await alice.post("test.a", "Late", "y\n")
        assert [it for it, _ in read(written(alice, since=START + DAY), tmp_path / "box")] == ["Late"]
        assert len(read(written(alice, authors=frozenset({alice.identity})), tmp_path / "box")) == 2
        assert written(alice, authors=frozenset({bob.identity})) == b""


@pytest.mark.parametrize("header", ["Xref: zbnntp test.a:1", "X-Zb-Trust: 0.50\r\n folded", "x-zb-vote: 1"])
def test_what_tells_of_the_reader_is_left_out(header: str) -> None:
    head = "From: a <id@b>\r\nDate: Thu, 19 Nov 2026 06:40:00 +0000\r\n" + header
    made = mbox_message(f"{head}\r\nSubject: Kept\r\n\r\nX-Zb-Trust: in the text stays\r\n".encode())
    assert made == (
        b"From id@b Thu Nov 19 06:40:00 2026\nFrom: a <id@b>\nDate: Thu, 19 Nov 2026 06:40:00 +0000\nSubject: Kept\n\n"
        b"X-Zb-Trust: in the text stays\n\n"
    )
