"""Threads across people: what an answer needs before it is shown, and what a carried opening is worth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.houses import START
from tests.ingest.forging import BOARD, Forger, check_octets, dump, following, name_of, post_id, segment, shown
from zbnntp.model.canonical import encode
from zbnntp.model.entries import make_carry, make_post
from zbnntp.model.errors import NotVisible
from zbnntp.store import evidence, posts

ANNA, CARL = "anna", "carl"


async def test_an_answer_waits_for_its_opening_and_appears_with_it(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    answer = carl.reply(opening)
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(carl.offer([segment(answer)]))
        assert bob.shelf.group(BOARD) is None
        with pytest.raises(NotVisible, match="opening of its thread has not arrived"):
            bob.shelf.find(name_of(answer), None)
        await bob.take(anna.offer([segment(opening)]))
        assert shown(bob) == {1: "Hello", 2: "Re: Hello"}


async def test_a_carry_shows_the_answers_of_everybody_who_waited(tmp_path: Path) -> None:
    anna, carl, dora = Forger(ANNA), Forger(CARL), Forger("dora")
    opening = anna.opening("Hello")
    async with following(tmp_path, carl, dora) as bob:
        await bob.take(dora.offer([segment(dora.reply(opening, "first\n"))]))
        assert bob.shelf.group(BOARD) is None
        await bob.take(carl.offer([segment(make_carry(opening), carl.reply(opening, "second\n"))]))
        assert list(shown(bob).values()) == ["Hello", "Re: Hello", "Re: Hello"]
        check_octets(bob)


async def test_a_carry_counts_only_beside_an_answer_to_its_thread(tmp_path: Path) -> None:
    anna, carl, dora = Forger(ANNA), Forger(CARL), Forger("dora")
    opening, other = anna.opening("Hello"), anna.opening("Other")
    async with following(tmp_path, carl, dora) as bob:
        await bob.take(dora.offer([segment(dora.reply(opening))]))
        await bob.take(carl.offer([segment(make_carry(opening), carl.reply(other))]))
        assert bob.shelf.group(BOARD) is None


async def test_a_carry_counts_when_the_answer_comes_later_into_its_segment(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    lines = [make_carry(opening), carl.reply(opening)]
    async with following(tmp_path, carl) as bob:
        await bob.take(carl.offer([segment(lines[0])]))
        await bob.take(carl.offer([segment(*lines)]))
        assert shown(bob) == {1: "Hello", 2: "Re: Hello"}


def bad_carries(anna: Forger, carl: Forger) -> dict[str, bytes]:
    opening = anna.opening("Hello")
    good = json.loads(make_carry(opening))
    forged = json.loads(make_carry(carl.opening("Hello")))
    return {
        "signed by the carrier": encode(good | {"sig": forged["sig"]}),
        "another subject": encode(good | {"header": good["header"] | {"subject": "Hell"}}),
        "no signature": encode({"kind": "carry", "header": good["header"]}),
        "a reply": encode(good | {"header": good["header"] | {"thread": "00" * 32, "parents": ["00" * 32]}}),
        "a header that is text": encode(good | {"header": "x"}),
    }


@pytest.mark.parametrize("attack", bad_carries(Forger(ANNA), Forger(CARL)))
async def test_a_bad_carry_opens_nothing(tmp_path: Path, attack: str) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    async with following(tmp_path, carl) as bob:
        assert await bob.take(carl.offer([segment(bad_carries(anna, carl)[attack], carl.reply(opening))]))
        assert bob.shelf.group(BOARD) is None
        await bob.take(carl.offer([segment(make_carry(opening), carl.reply(opening))]))
        assert shown(bob) == {1: "Hello", 2: "Re: Hello"}


@pytest.mark.parametrize("boards", [("test.other",), (BOARD, "test.other"), ("test.other", BOARD)])
async def test_an_answer_in_other_boards_than_its_thread_is_never_shown(
    tmp_path: Path, boards: tuple[str, ...]
) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    answer = carl.reply(opening, boards=boards)
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(carl.offer([segment(answer)]))
        await bob.take(anna.offer([segment(opening)]))
        assert shown(bob) == {1: "Hello"}
        assert bob.shelf.group("test.other") is None
        with pytest.raises(NotVisible, match="other boards than its thread"):
            bob.shelf.find(name_of(answer), None)


async def test_an_opening_that_is_gone_leaves_its_answers_their_title(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(anna.offer([segment(opening, anna.opening("Other"))]))
        await bob.take(carl.offer([segment(carl.reply(opening))]))
        await bob.take(anna.offer([segment(anna.opening("Other"))]))
        assert shown(bob) == {2: "Other", 3: "Re: Hello"}
        check_octets(bob)
        late = carl.reply(opening, "later\n", time=START - 100)
        await bob.take(carl.offer([segment(carl.reply(opening), late)]))
        assert shown(bob)[4] == "Re: Hello"
        assert bob.shelf.find(name_of(opening), None) is None


async def test_who_answers_after_a_carrier_has_gone_carries_nothing_false(tmp_path: Path) -> None:
    """The carried opening's line goes, its key is given again: it must not be taken for the opening."""
    anna, carl, dora = Forger(ANNA), Forger(CARL), Forger("dora")
    opening = anna.opening("Hello")
    answer = dora.reply(opening)
    async with following(tmp_path, carl, dora) as bob:
        await bob.take(dora.offer([segment(answer)]))
        await bob.take(carl.offer([segment(make_carry(opening), carl.reply(opening))]))
        await bob.take(carl.offer([segment(carl.opening("Else"), carl.opening("More"))]))
        assert {"Re: Hello", "Else", "More"} == set(shown(bob).values())
        await bob.post(BOARD, "Re: Hello", "Mine.\n", references=name_of(answer))
        offer = await bob.seal()
        assert offer is not None
        assert b'"carry"' not in b"".join(part.data for part in offer.slices)
        await bob.take(carl.offer([segment(make_carry(opening), carl.reply(opening))]))
        bob.clock.now += 40 * 86_400
        await bob.post(BOARD, "Re: Hello", "Again.\n", references=name_of(answer))
        offer = await bob.seal()
        assert offer is not None
        assert make_carry(opening) in b"".join(part.data for part in offer.slices).split(b"\n")


async def test_a_carrier_that_is_gone_is_no_matter_where_the_opening_itself_is_held(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(anna.offer([segment(opening)]))
        await bob.take(carl.offer([segment(make_carry(opening), carl.reply(opening))]))
        await bob.take(carl.offer([segment(carl.opening("Else"))]))
        await bob.post(BOARD, "Re: Hello", "Mine.\n", references=name_of(opening))
        offer = await bob.seal()
        assert offer is not None
        assert make_carry(opening) in b"".join(part.data for part in offer.slices).split(b"\n")


async def test_answers_to_answers_carry_their_chain_and_nothing_of_other_threads_matters(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening, other = anna.opening("Hello"), anna.opening("Other")
    strange = make_post(
        carl.signer,
        boards=(BOARD,),
        body="x\n",
        time=START - 900,
        thread=post_id(opening),
        parents=[post_id(other)],
    )
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(anna.offer([segment(opening, other)]))
        await bob.take(carl.offer([segment(strange)]))
        article = bob.shelf.find(name_of(strange), BOARD)
        assert article is not None
        assert f"References: {name_of(opening)} {name_of(other)}\r\n".encode() in article.octets


async def test_posts_of_somebody_limited_open_no_threads(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    async with following(tmp_path) as bob:
        await bob.rate(anna.identity, mt=5000, tlt=10000)
        await bob.take(anna.offer([segment(opening)], [segment(anna.trust(carl.identity, 10))]))
        await bob.take(carl.offer([segment(carl.opening("Mine"), carl.reply(opening))]))
        assert shown(bob) == {1: "Hello", 2: "Re: Hello"}
        article = bob.shelf.article(BOARD, 2)
        assert article is not None
        assert b"\r\nX-Zb-Sage: limited\r\n" in article.octets
        check_octets(bob)
        await bob.rate(carl.identity, mt=5000)
        assert shown(bob) == {1: "Hello", 2: "Re: Hello", 3: "Mine"}
        assert dump(bob)["post"]


async def test_what_arrives_is_an_answer_of_whoever_has_answered_it_before(tmp_path: Path) -> None:
    """An opening and an answer alike, also where the parent named is of another thread: their votes count anew."""
    anna, carl, dora = Forger(ANNA), Forger(CARL), Forger("dora")
    opening, other = anna.opening("Hello"), anna.opening("Other")
    answer = carl.reply(opening)
    strange = make_post(
        dora.signer, boards=(BOARD,), body="x\n", time=START - 900, thread=post_id(opening), parents=[post_id(other)]
    )
    async with following(tmp_path, anna, carl, dora) as bob:
        await bob.take(dora.offer([segment(dora.reply(answer), strange)]))
        await bob.take(carl.offer([segment(answer)]))
        await bob.take(anna.offer([segment(opening, other)]))
        for post, people in ((opening, {ANNA, CARL}), (answer, {CARL, "dora"}), (other, {ANNA, "dora"})):
            found = posts.answered_authors(bob.reader, [posts.find_article(bob.reader, post_id(post)) or 0])
            assert {evidence.nick_of(bob.reader, person) for person in found} == people
