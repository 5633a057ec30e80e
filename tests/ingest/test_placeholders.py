"""An opening of which the header alone has come: when it stands in its board, what it says, what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.houses import START, House
from tests.ingest.forging import BOARD, Forger, check_octets, following, name_of, post_id, segment, shown
from zbnntp import toplists, visibility
from zbnntp.model.entries import make_carry, make_delete
from zbnntp.rebuild import rebuild
from zbnntp.store import choices, evidence

ANNA, CARL, DORA = "anna", "carl", "dora"


@pytest.fixture(autouse=True, params=[2, visibility.STEP_POSTS])
def steps(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Whether few articles, too, are settled some at a time: threads of which no post is held are among them."""
    monkeypatch.setattr(visibility, "STEP_POSTS", request.param)


def carried(carl: Forger, opening: bytes) -> bytes:
    """Carl's segment: an answer, and the opening that it answers passed on."""
    return segment(make_carry(opening), carl.reply(opening))


async def test_a_placeholder_says_who_when_what_about_and_why_the_text_is_missing(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello", body="the text\n", time=START - 5000)
    async with following(tmp_path, carl) as bob:
        await bob.take(carl.offer([carried(carl, opening)]))
        assert shown(bob) == {1: "Hello", 2: "Re: Hello"}
        article = bob.shelf.article(BOARD, 1)
        assert article is not None
        assert article.message_id == name_of(opening)
        head, _, body = article.octets.partition(b"\r\n\r\n")
        assert b"From: " in head
        assert b"\r\nSubject: Hello\r\n" in head
        assert b"\r\nX-Zb-Trust: +0.00\r\n" in head
        assert b"Your node does not fetch what its author publishes" in body
        assert b"    trust " in body
        assert b"the text" not in body
        found = bob.shelf.find(name_of(opening), BOARD)
        assert found is not None
        assert found.octets == article.octets
        [window] = bob.shelf.heads(BOARD, 1, 1)
        assert window[0][1] == head + b"\r\n"
        check_octets(bob)


async def test_the_post_takes_its_placeholders_place_under_the_same_number(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello", body="the text\n")
    async with following(tmp_path, carl) as bob:
        await bob.take(carl.offer([carried(carl, opening)]))
        await bob.rate(anna.identity, mt=5000)
        article = bob.shelf.article(BOARD, 1)
        assert article is not None
        assert b"Your node fetches what its author publishes" in article.octets
        check_octets(bob)
        await bob.take(anna.offer([segment(opening)]))
        assert shown(bob) == {1: "Hello", 2: "Re: Hello"}
        article = bob.shelf.article(BOARD, 1)
        assert article is not None
        assert article.octets.endswith(b"\r\n\r\nthe text\r\n")
        check_octets(bob)


async def test_a_limited_carrier_makes_no_placeholder(tmp_path: Path) -> None:
    anna, carl, dora = Forger(ANNA), Forger(CARL), Forger(DORA)
    opening = anna.opening("Hello")
    async with following(tmp_path) as bob:
        await bob.rate(dora.identity, mt=5000, tlt=10000)
        await bob.take(dora.offer([], [segment(dora.trust(carl.identity, 10))]))
        await bob.take(carl.offer([carried(carl, opening)]))
        assert shown(bob) == {1: "Re: Hello"}
        await bob.take(dora.offer([carried(dora, opening)], [segment(dora.trust(carl.identity, 10))]))
        assert sorted(shown(bob).values()) == ["Hello", "Re: Hello", "Re: Hello"]


async def test_a_carrier_who_is_no_longer_seen_in_full_takes_the_placeholder_along(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    async with following(tmp_path, carl) as bob:
        await bob.take(carl.offer([carried(carl, opening)]))
        await bob.rate(carl.identity, mt=-100)
        assert shown(bob) == {}
        await bob.rate(carl.identity, mt=5000)
        assert shown(bob) == {1: "Hello", 2: "Re: Hello"}


async def test_a_hidden_author_has_no_placeholder(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    async with following(tmp_path, carl) as bob:
        await bob.take(carl.offer([carried(carl, opening)]))
        await bob.rate(anna.identity, mt=-100)
        assert shown(bob) == {2: "Re: Hello"}
        await bob.rate(anna.identity, mt=None)
        assert shown(bob) == {1: "Hello", 2: "Re: Hello"}


async def test_a_placeholder_of_somebody_limited_stands_in_zb_new(tmp_path: Path) -> None:
    anna, carl, dora = Forger(ANNA), Forger(CARL), Forger(DORA)
    opening = anna.opening("Hello")
    async with following(tmp_path, carl) as bob:
        await bob.rate(dora.identity, mt=5000, tlt=10000)
        await bob.take(dora.offer([], [segment(dora.trust(anna.identity, 10))]))
        await bob.take(carl.offer([carried(carl, opening)]))
        assert shown(bob) == {1: "Re: Hello"}
        assert sorted(shown(bob, "zb.new").values()) == ["Hello", "Re: Hello"]
        check_octets(bob, "zb.new")
        await bob.take(anna.offer([segment(opening)]))
        assert sorted(shown(bob, "zb.new").values()) == ["Hello", "Re: Hello"]
        check_octets(bob, "zb.new")


async def test_a_text_that_is_gone_leaves_its_header_while_somebody_passes_it_on(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(carl.offer([carried(carl, opening)]))
        await bob.take(anna.offer([segment(opening)]))
        await bob.take(anna.offer([segment(anna.opening("Other"))]))
        assert sorted(shown(bob).values()) == ["Hello", "Other", "Re: Hello"]
        article = bob.shelf.find(name_of(opening), BOARD)
        assert article is not None
        assert b"The text of this post is not here" in article.octets
        check_octets(bob)


async def test_a_post_that_was_taken_back_leaves_no_placeholder(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(carl.offer([carried(carl, opening)]))
        await bob.take(anna.offer([segment(opening)]))
        await bob.take(anna.offer([segment(make_delete(post_id(opening), START - 10))]))
        assert shown(bob) == {2: "Re: Hello"}


async def test_the_header_stays_while_anybody_who_answered_passes_it_on(tmp_path: Path) -> None:
    anna, carl, dora = Forger(ANNA), Forger(CARL), Forger(DORA)
    opening = anna.opening("Hello")
    async with following(tmp_path, carl, dora) as bob:
        await bob.take(carl.offer([carried(carl, opening)]))
        await bob.take(dora.offer([carried(dora, opening)]))
        await bob.take(dora.offer([segment(dora.opening("Else"))]))
        assert sorted(shown(bob).values()) == ["Else", "Hello", "Re: Hello"]
        await bob.take(carl.offer([segment(carl.opening("More"))]))
        assert sorted(shown(bob).values()) == ["Else", "More"]


async def test_filters_and_hidden_boards_are_for_placeholders_too(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Cheap watches")
    async with following(tmp_path, carl) as bob:
        view = evidence.find_person(bob.reader, bob.identity) or 0
        await bob.writer.run(lambda database: choices.add_filter(database, view, "cheap", False, None))
        await bob.take(carl.offer([segment(make_carry(opening), carl.reply(opening, "fine\n"))]))
        assert shown(bob) == {}


async def test_a_new_nick_is_in_the_placeholder(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(carl.offer([carried(carl, opening)]))
        await bob.take(anna.offer([segment(anna.opening("Other"))], nick="Anna B"))
        article = bob.shelf.article(BOARD, 1)
        assert article is not None
        assert b"\r\nFrom: Anna B <id@" in article.octets
        check_octets(bob)


async def standing_in(bob: House) -> list[tuple[object, ...]]:
    return bob.reader.execute("SELECT newsgroup, number, fields, octets, form FROM overview ORDER BY 1, 2").fetchall()


@pytest.mark.parametrize("lines_first", [True, False])
async def test_a_rebuild_changes_no_placeholder(tmp_path: Path, lines_first: bool) -> None:
    """Whether the carry came before the answer or with it, and after another carrier has gone."""
    anna, carl, dora = Forger(ANNA), Forger(CARL), Forger(DORA)
    opening = anna.opening("Hello")
    async with following(tmp_path, carl, dora) as bob:
        await bob.take(dora.offer([carried(dora, opening)]))
        if lines_first:
            await bob.take(carl.offer([segment(make_carry(opening))]))
        await bob.take(carl.offer([carried(carl, opening)]))
        await bob.take(dora.offer([segment(dora.opening("Else"))]))
        before = await standing_in(bob)
        assert sorted(shown(bob).values()) == ["Else", "Hello", "Re: Hello"]
        await bob.writer.run(lambda database: rebuild(database, [bob.identity], bob.now, lambda done, of: None))
        assert await standing_in(bob) == before
        check_octets(bob)


async def test_a_valued_thread_stands_in_zb_top_with_its_placeholder(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    answer = carl.reply(opening)
    async with following(tmp_path, carl) as bob:
        await bob.take(carl.offer([segment(make_carry(opening), answer)]))
        await bob.vote(name_of(answer), 1)
        view = evidence.find_person(bob.reader, bob.identity) or 0
        await bob.writer.run(lambda database: toplists.recompute(database, view, bob.now))
        assert shown(bob, "zb.top.week") == {1: "Hello"}
        check_octets(bob, "zb.top.week")
        await bob.vote(name_of(opening), 1)
        found = bob.shelf.find(name_of(opening), BOARD)
        assert found is not None
        assert b"\r\nX-Zb-Vote: +1.00\r\n" in found.octets


async def test_ones_own_opening_that_was_lost_stands_there_as_its_header(tmp_path: Path) -> None:
    """The key was restored without the store; somebody's answer comes before one's own manifest."""
    bob_abroad, carl = Forger("bob"), Forger(CARL)
    opening = bob_abroad.opening("Mine")
    async with following(tmp_path, carl) as bob:
        await bob.take(carl.offer([carried(carl, opening)]))
        assert shown(bob) == {1: "Mine", 2: "Re: Mine"}
        article = bob.shelf.article(BOARD, 1)
        assert article is not None
        assert b"Your node fetches what its author publishes" in article.octets
        check_octets(bob)
