"""A post in place of another: `replaces`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.houses import START
from tests.ingest.forging import BOARD, Forger, following, post_id, segment, shown
from zbnntp.model.entries import make_post
from zbnntp.model.keys import PostId


def replacement(
    who: Forger, old: bytes, subject: str | None, thread: PostId, parents: Sequence[PostId], seconds: int = 0
) -> bytes:
    return make_post(
        who.signer,
        boards=[BOARD],
        body="better\n",
        time=START - 800 + seconds,
        subject=subject,
        thread=thread,
        parents=parents,
        replaces=[post_id(old)],
    )


async def test_a_replacement_of_an_opening_keeps_its_thread(tmp_path: Path) -> None:
    """The original's id remains the thread's: answers to either stay together."""
    anna, bert = Forger("anna"), Forger("bert")
    old = anna.opening("Typo")
    new = replacement(anna, old, "Better", post_id(old), [post_id(old)])
    before, after = bert.reply(old), bert.reply(new, "again\n")
    async with following(tmp_path, anna, bert) as bob:
        await bob.take(anna.offer([segment(old)]))
        await bob.take(bert.offer([segment(before)]))
        await bob.take(anna.offer([segment(old, new)]))
        await bob.take(bert.offer([segment(before, after)]))
        assert shown(bob) == {2: "Re: Typo", 3: "Better", 4: "Re: Typo"}


async def test_a_chain_of_replacements_ends_with_the_last(tmp_path: Path) -> None:
    anna = Forger("anna")
    first = anna.opening("1")
    second = replacement(anna, first, "2", post_id(first), [post_id(first)])
    third = replacement(anna, second, "3", post_id(first), [post_id(first)], 1)
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([segment(first, second, third)]))
        assert list(shown(bob).values()) == ["3"]


async def test_a_replacement_of_an_answer_stands_where_that_stood(tmp_path: Path) -> None:
    anna, bert = Forger("anna"), Forger("bert")
    opening = anna.opening("Hello")
    answer = bert.reply(opening)
    better = replacement(bert, answer, None, post_id(opening), [post_id(opening)])
    async with following(tmp_path, anna, bert) as bob:
        await bob.take(anna.offer([segment(opening)]))
        await bob.take(bert.offer([segment(answer)]))
        await bob.take(bert.offer([segment(answer, better)]))
        assert shown(bob) == {1: "Hello", 3: "Re: Hello"}


async def test_nobody_replaces_posts_of_others(tmp_path: Path) -> None:
    anna, mallory = Forger("anna"), Forger("mallory")
    opening = anna.opening("Mine")
    theft = replacement(mallory, opening, "Stolen", post_id(opening), [post_id(opening)])
    async with following(tmp_path, anna, mallory) as bob:
        for offer in (mallory.offer([segment(theft)]), anna.offer([segment(opening)])):
            await bob.take(offer)
        assert "Mine" in shown(bob).values()


async def test_a_second_replacement_is_a_post_like_any_other(tmp_path: Path) -> None:
    """What it would replace is gone already; it takes nobody's place and hides nobody."""
    anna = Forger("anna")
    old = anna.opening("Old")
    first = replacement(anna, old, "First", post_id(old), [post_id(old)])
    second = replacement(anna, old, "Second", post_id(old), [post_id(old)], 1)
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([segment(old, first, second)]))
        assert sorted(shown(bob).values()) == ["First", "Second"]
