"""Articles and overview as one view sees them: of the length they are said to have, under the sender's newest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.houses import Clock, House, open_house
from tests.ingest.forging import Forger, check_octets, following, name_of, segment, shown
from tests.sealing.sync import newer
from zbnntp import local
from zbnntp.model.errors import NotVisible
from zbnntp.model.keys import short_id
from zbnntp.store import evidence

BOARD, OTHER = "test.talk", "test.other"


def fields(house: House, number: int, board: str = BOARD) -> list[bytes]:
    """The overview of one article."""
    (window,) = house.shelf.overview(board, number, number)
    (row,) = window
    return row.text.split(b"\t")


async def test_octets_are_those_of_the_article_for_every_kind(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger('Жанна d\'Arc, "die" Große')
    opening = anna.opening("Grüße =?x?=", body="Füße\n" + "long " * 400 + "\n.\n..dots\n")
    async with following(tmp_path, anna) as bob:
        await bob.rate(anna.identity, mt=5000, tlt=10000)
        await bob.add_board(OTHER)
        await bob.take(anna.offer([segment(opening)], [segment(anna.trust(carl.identity, 10))]))
        await bob.take(carl.offer([segment(carl.reply(opening, "no line end"))]))
        name = name_of(opening)
        await bob.post(BOARD, "Re: x", "sage\n", references=name, Keywords="sage")
        await bob.post(f"{BOARD},{OTHER}", "Both", "x\n")
        await bob.post(BOARD, "Flowed", "x \ny\n", Content_Type="text/plain; format=flowed")
        first = await bob.post(BOARD, "Typo", "x\n")
        await bob.seal()
        await bob.post(BOARD, "No typo", "x\n", Supersedes=first)
        check_octets(bob)
        check_octets(bob, OTHER)
        assert len(shown(bob)) == 6
        level = [line for line in fields(bob, 2) if line.startswith(b"X-Zb-Trust")]
        assert level == [b"X-Zb-Trust: +0.00"]


async def test_the_nodes_own_articles_have_no_trust_and_true_octets(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        view = evidence.find_person(alice.reader, alice.identity) or 0

        def file(note: local.Note) -> object:
            return alice.writer.run(lambda database: local.file_note(database, view, note, alice.now))

        for subject in ("Größe", "two\nlines\tand a tab", "x" * 300):
            await file(local.Note(local.LOG, subject, "Text\n.\nÄ"))
        check_octets(alice, local.LOG)
        assert fields(alice, 1, local.LOG)[8:] == [b"", b""]
        article = alice.shelf.article(local.LOG, 2)
        assert article is not None
        assert b"\r\nSubject: two lines and a tab\r\n" in article.octets
        assert b"X-Zb-" not in article.octets
        note = local.Note(local.HELP, "Once", "x\n", identifier=b"0123456789abcdef")
        assert await file(note) == await file(note)  # type: ignore[misc]
        assert len(shown(alice, local.HELP)) == 1
        found = alice.shelf.find(local.local_message_id(note.identifier), local.HELP)
        assert found is not None
        assert found.number == 1


async def test_a_new_nick_is_shown_on_old_articles(tmp_path: Path) -> None:
    anna = Forger("anna")
    data = segment(anna.opening("One"), anna.opening("Two"))
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([data]))
        for nick in ("Anne", "a" * 40, "Anne B", "Zoë", ""):
            await bob.take(anna.offer([data], nick=nick))
            check_octets(bob)
            article = bob.shelf.article(BOARD, 1)
            assert article is not None
            sender = fields(bob, 1)[1]
            assert b"\r\nFrom: " + sender + b"\r\n" in article.octets.replace(b"?=\r\n <", b"?= <")
            assert sender.startswith((nick if nick.isascii() else "=?utf-8?b?").encode())
        assert sender.startswith(short_id(anna.identity).encode())
        assert shown(bob) == {1: "One", 2: "Two"}


async def test_own_posts_from_before_the_first_head_get_the_nick_of_it(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        await alice.post(BOARD, "One", "x\n")
        check_octets(alice)
        await alice.seal()
        assert fields(alice, 1)[1].startswith(b"alice <id@")
        check_octets(alice)


async def test_a_changed_trust_shows_in_old_articles(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([segment(anna.opening("One"))]))
        for mt, text in ((5000, b"+0.50"), (10000, b"+1.00"), (1, b"+0.00")):
            await bob.rate(anna.identity, mt=mt)
            assert fields(bob, 1)[8] == b"X-Zb-Trust: " + text
            check_octets(bob)


async def test_xref_names_every_group_with_its_number(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        for board in (BOARD, OTHER):
            await alice.add_board(board)
        await alice.post(BOARD, "Alone", "x\n")
        name = await alice.post(f"{BOARD},{OTHER}", "Both", "x\n")
        xref = b"Xref: zbnntp test.talk:2 test.other:1"
        assert fields(alice, 2)[7] == fields(alice, 1, OTHER)[7] == xref
        for group, number in ((BOARD, 2), (OTHER, 1), (None, 0), ("zb.nowhere", 0)):
            article = alice.shelf.find(name, group)
            assert article is not None
            assert article.number == number
            assert b"\r\n" + xref + b"\r\n" in article.octets


async def test_each_absence_has_its_sentence(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    opening = anna.opening("Hello")
    waiting, stray = carl.reply(carl.opening("Never sent")), carl.reply(opening, boards=(OTHER,))
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(anna.offer([segment(opening)]))
        await bob.take(carl.offer([segment(waiting, stray)]))
        await bob.rate(anna.identity, mt=-1)
        for line, sentence in (
            (opening, "send 'why [a-z2-7]{56}'"),
            (waiting, "not arrived yet"),
            (stray, "never shown"),
        ):
            with pytest.raises(NotVisible, match=sentence):
                bob.shelf.find(name_of(line), None)
            with pytest.raises(NotVisible, match=sentence):
                bob.shelf.find_overview(name_of(line))
        for unknown in (name_of(carl.opening("Never sent")), name_of(anna.opening("?")), "<x@y>", "nonsense"):
            assert bob.shelf.find(unknown, None) is None
            assert bob.shelf.find_overview(unknown) is None


async def test_an_answer_shows_the_title_of_its_thread(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    for number, (title, shown_title) in enumerate(
        (("Hello", b"Re: Hello"), ("RE: Hello", b"RE: Hello"), ("re:x", b"re:x"))
    ):
        opening = anna.opening(title)
        async with following(tmp_path / str(number), anna, carl) as bob:
            await bob.take(anna.offer([segment(opening)]))
            await bob.take(carl.offer([segment(carl.reply(opening))]))
            assert fields(bob, 2)[0] == shown_title


async def test_an_article_is_the_same_at_every_reader_but_for_what_is_theirs(tmp_path: Path) -> None:
    clock = Clock()
    async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", clock) as bob:
        await alice.add_board(BOARD)
        await bob.rate(alice.identity, mt=5000)
        name = await alice.post(BOARD, "Hello", "x\n")
        await alice.seal()
        await bob.take(newer(alice, bob))
        pair = [house.shelf.find(name, BOARD) for house in (alice, bob)]
        lines = [set(found.octets.split(b"\r\n")) for found in pair if found is not None]
        assert {line.split(b":")[0] for line in lines[0] ^ lines[1]} <= {b"X-Zb-Trust", b"X-Zb-Vote", b"X-Zb-Reach"}
