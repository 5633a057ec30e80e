"""Segments: whose bytes they are, how they grow, are written anew and go; and what becomes of the posts in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
import trio

from tests.ingest.forging import BOARD, SOURCE, Forger, check_octets, cut, dump, following, name_of, segment, shown
from zbnntp.model import limits
from zbnntp.model.bundle import Offer, Slice
from zbnntp.model.entries import make_post
from zbnntp.model.errors import BadEncoding, BadSignature, Invalid, TooLarge
from zbnntp.model.keys import Sha256, Signer, sha256
from zbnntp.store import evidence


def lines_of(mallory: Forger, count: int) -> list[bytes]:
    return [mallory.opening(f"Post {number}") for number in range(1, count + 1)]


def attacks(mallory: Forger) -> dict[str, tuple[type[Invalid], Offer]]:
    """Bob holds a segment of two lines; each offer grows it to four and breaks one rule."""
    lines = lines_of(mallory, 4)
    old, new = segment(*lines[:2]), segment(*lines)
    middle = len(segment(*lines[:3]))
    stranger = segment(mallory.opening("Never named"))
    wrong = Slice(Sha256(sha256(new)), 0, new.replace(b"Post 4", b"Post 5"))
    offer = partial(mallory.offer, [new])
    other = mallory.offer([bent(new)], slices=[cut(bent(new), len(old))])
    false_lines = head_with(mallory, old, lines=3)
    false_octets = head_with(mallory, old, bytes=len(old) + 1)
    return {
        "other bytes than the head names": (BadSignature, offer(slices=[wrong])),
        "a gap between slices": (BadEncoding, offer(slices=[cut(new, 0, len(old)), cut(new, middle)])),
        "slices that overlap": (BadEncoding, offer(slices=[cut(new, 0, middle), cut(new, len(old), middle)])),
        "more than the head says": (TooLarge, offer(slices=[cut(new), cut(new)])),
        "less than the head says": (BadSignature, offer(slices=[cut(new, 0, middle)])),
        "a segment that the head does not name": (BadEncoding, offer(slices=[cut(new), cut(stranger)])),
        "a slice that continues nothing": (BadSignature, offer(slices=[cut(new, middle)])),
        "a slice that continues other bytes": (BadSignature, other),
        "fewer lines than the head says": (BadEncoding, head_with(mallory, new, lines=5, data=new)),
        "a held segment with false lines": (BadEncoding, false_lines),
        "a held segment with false octets": (BadEncoding, false_octets),
        "no UTF-8": (BadEncoding, mallory.offer([b"\xff\n"])),
        "no line end": (BadEncoding, mallory.offer([b"{}"])),
        "a control character": (BadEncoding, mallory.offer([b'{"a":"\x07"}\n'])),
        "a line above the limit": (TooLarge, mallory.offer([b'"' + b"a" * limits.LINE_OCTETS + b'"\n'])),
    }  # fmt: skip


def bent(data: bytes) -> bytes:
    """As long, with another beginning."""
    return data.replace(b"Post 1", b"Post 9")


def head_with(mallory: Forger, named: bytes, data: bytes | None = None, **fields: int) -> Offer:
    """A head whose only posts segment has false numbers."""
    ref = json.loads(mallory.offer([named]).head)["posts"][0] | fields
    return mallory.offer(refs=[ref], slices=[cut(data)] if data else [])


@pytest.mark.parametrize("attack", attacks(Forger("mallory")))
async def test_slices_that_break_a_rule_leave_nothing_behind(tmp_path: Path, attack: str) -> None:
    mallory = Forger("mallory")
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([segment(*lines_of(mallory, 2))]))
        before = dump(bob)
        kind, offer = attacks(mallory)[attack]
        with pytest.raises(kind) as failure:
            await bob.take(offer, SOURCE)
        assert dump(bob) == before
        assert bob.logged == [f"Refused a manifest from {SOURCE}: {failure.value}"]


async def test_a_grown_segment_keeps_its_lines_and_adds_the_new_ones(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    lines = lines_of(mallory, 4)
    old, new = segment(*lines[:2]), segment(*lines)
    middle = len(segment(*lines[:3]))
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([old]))
        keys = [row[0] for row in dump(bob)["line"]]
        assert await bob.take(mallory.offer([new], slices=[cut(new, len(old), middle), cut(new, middle)]))
        assert [row[0] for row in dump(bob)["line"]][: len(keys)] == keys
        assert list(shown(bob).values()) == ["Post 1", "Post 2", "Post 3", "Post 4"]
        found = evidence.find_segment(bob.reader, Sha256(sha256(new)))
        assert found == ([mallory.identity], new)
        assert evidence.find_segment(bob.reader, Sha256(sha256(old))) is None


async def test_a_grown_segment_that_comes_whole_is_recognised(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    lines = lines_of(mallory, 4)
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([segment(*lines[:2])]))
        keys = [row[0] for row in dump(bob)["line"]]
        await bob.take(mallory.offer([segment(*lines)]))
        assert [row[0] for row in dump(bob)["line"]][: len(keys)] == keys
        assert len(shown(bob)) == 4


async def test_a_head_that_drops_a_segment_takes_its_posts_along_and_numbers_stay(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    lines = lines_of(mallory, 4)
    first, second = segment(*lines[:2]), segment(*lines[2:])
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([first, second]))
        await bob.take(mallory.offer([second]))
        assert shown(bob) == {3: "Post 3", 4: "Post 4"}
        assert bob.shelf.find(name_of(lines[0]), None) is None
        group = bob.shelf.group(BOARD)
        assert group is not None
        assert (group.low, group.high, group.count) == (1, 4, 2)
        await bob.take(mallory.offer([second, first]))
        assert shown(bob) == {1: "Post 1", 2: "Post 2", 3: "Post 3", 4: "Post 4"}


@pytest.mark.parametrize("gone", [0, 1, 2])
async def test_a_segment_written_anew_without_one_post_loses_that_one_alone(tmp_path: Path, gone: int) -> None:
    """The lines that stay get new keys: none of them may be a key that the lost post still had."""
    mallory = Forger("mallory")
    lines = [mallory.opening(f"Post {number}", body=f"Text {number}\n") for number in (1, 2, 3)]
    left = [line for line in lines if line != lines[gone]]
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([segment(*lines)]))
        await bob.take(mallory.offer([segment(*left)]))
        assert shown(bob) == {n: f"Post {n}" for n in (1, 2, 3) if n != gone + 1}
        for number in shown(bob):
            article = bob.shelf.article(BOARD, number)
            assert article is not None
            assert article.octets.endswith(f"\r\n\r\nText {number}\r\n".encode())
        assert bob.shelf.find(name_of(lines[gone]), None) is None
        check_octets(bob)


async def test_the_same_head_again_brings_the_segments_that_were_missing(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    lines = lines_of(mallory, 4)
    first, second = segment(*lines[:2]), segment(*lines[2:])
    offer = mallory.offer([first, second])
    newest = Offer(offer.pointer, offer.head, (cut(second),))
    oldest = Offer(offer.pointer, offer.head, (cut(first),))
    async with following(tmp_path, mallory) as bob:
        assert await bob.take(newest)
        assert list(shown(bob).values()) == ["Post 3", "Post 4"]
        assert not await bob.take(newest)
        assert await bob.take(oldest)
        assert sorted(shown(bob).values()) == ["Post 1", "Post 2", "Post 3", "Post 4"]
        assert not await bob.take(oldest)
        assert [row[2:4] for row in dump(bob)["segment"]] == [("posts", 1), ("posts", 0)]


async def test_two_who_bring_the_same_missing_segment_at_once_add_it_once(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    data = segment(*lines_of(mallory, 3))
    offer = mallory.offer([data])
    async with following(tmp_path, mallory) as bob:
        await bob.take(Offer(offer.pointer, offer.head))
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(bob.take, offer)
        assert len(dump(bob)["segment"]) == 1
        assert len(dump(bob)["line"]) == 3 + 1  # and bob's own rating
        assert len(shown(bob)) == 3


async def test_two_heads_of_one_person_at_once_end_with_the_newer(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    lines = lines_of(mallory, 4)
    offers = [mallory.offer([segment(*lines[:count])]) for count in (1, 2, 3, 4)]
    async with following(tmp_path, mallory) as bob:
        async with trio.open_nursery() as nursery:
            for offer in reversed(offers):
                nursery.start_soon(bob.take, offer)
        held = evidence.find_manifest(bob.reader, mallory.identity)
        assert held is not None
        assert held.head == offers[-1].head
        assert list(shown(bob).values()) == ["Post 1", "Post 2", "Post 3", "Post 4"]
        assert len(dump(bob)["segment"]) == 1


async def test_what_a_new_head_replaces_stays_until_the_new_is_here(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    lines = lines_of(mallory, 4)
    old, left, more = segment(*lines[:2]), segment(lines[0]), segment(*lines[2:])
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([old]))
        offer = mallory.offer([left, more])
        await bob.take(Offer(offer.pointer, offer.head, (cut(more),)))
        assert set(shown(bob).values()) == {"Post 1", "Post 2", "Post 3", "Post 4"}
        await bob.take(offer)
        assert set(shown(bob).values()) == {"Post 1", "Post 3", "Post 4"}


async def test_ratings_of_a_replaced_state_segment_do_not_count_over_newer_ones(tmp_path: Path) -> None:
    mallory, target = Forger("mallory"), Forger("target")
    old = segment(*(mallory.trust(target.identity, value) for value in (1, 2, 3, 4000)))
    new, other = segment(mallory.trust(target.identity, -4000)), segment(mallory.trust(mallory.identity, 1))
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer(state=[old]))
        offer = mallory.offer(state=[new, other])
        await bob.take(Offer(offer.pointer, offer.head, (cut(new),)))
        rater = evidence.find_person(bob.reader, mallory.identity)
        rated = [row[2] for row in dump(bob)["rating"] if row[0] == rater]
        assert rated == [-4000]


def skipped(mallory: Forger) -> dict[str, bytes]:
    """Lines that are skipped while the segment stays."""
    other = Signer.from_seed(sha256(b"somebody else"))
    signed = mallory.opening("Signed")
    return {
        "somebody else's post": make_post(other, boards=[BOARD], body="x\n", time=1, subject="Foreign"),
        "dated after its head": mallory.opening("Late", time=mallory.seq + 100),
        "text changed after signing": signed.replace(b'"body":"x', b'"body":"z'),
        "reserved board": mallory.opening("Reserved").replace(b'"test.talk"', b'"zb.control"'),
        "not canonical": b'{ "kind":"post"}',
        "no JSON": b"hello",
        "no object": b"[]",
        "no kind": b"{}",
        "a kind of a later version": b'{"kind":"poll","options":["a","b"]}',
        "a state line among posts": mallory.trust(mallory.identity, 1),
        "five boards": mallory.opening("Five", boards=[f"test.b{n}" for n in range(5)]),
        "no boards": mallory.opening("None", boards=[]),
    }


@pytest.mark.parametrize("kind", skipped(Forger("mallory")))
async def test_a_bad_line_is_skipped_and_relayed_as_it_is(tmp_path: Path, kind: str) -> None:
    mallory = Forger("mallory")
    data = segment(mallory.opening("Before"), skipped(mallory)[kind], mallory.opening("After"))
    async with following(tmp_path, mallory) as bob:
        assert await bob.take(mallory.offer([data]))
        assert set(shown(bob).values()) == {"Before", "After"}
        assert evidence.find_segment(bob.reader, Sha256(sha256(data))) == ([mallory.identity], data)


def equal_state(*authors: Forger) -> tuple[bytes, Sequence[Offer]]:
    target = Forger("target")
    data = segment(authors[0].trust(target.identity, 1000))
    return data, [author.offer(state=[data]) for author in authors]


async def test_two_people_who_say_the_same_have_one_segment_each(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    data, offers = equal_state(anna, carl)
    async with following(tmp_path, anna, carl) as bob:
        for offer in offers:
            assert await bob.take(offer)
        assert len(dump(bob)["segment"]) == 2
        assert evidence.find_segment(bob.reader, Sha256(sha256(data))) == ([anna.identity, carl.identity], data)
        await bob.take(anna.offer())
        assert evidence.find_segment(bob.reader, Sha256(sha256(data))) == ([carl.identity], data)
        raters = {row[0] for row in dump(bob)["rating"]} - {evidence.find_person(bob.reader, bob.identity)}
        assert raters == {evidence.find_person(bob.reader, carl.identity)}
