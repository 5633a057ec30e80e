"""What goes into which segment: months, sizes, carried openings, state written anew."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from tests.houses import Clock, House, open_house
from tests.ingest.forging import Forger, following, name_of, segment
from tests.sealing.sync import contents, head_of, held_head, lines, newer
from zbnntp.model import limits
from zbnntp.model.canonical import encode
from zbnntp.model.entries import STATE, make_trust
from zbnntp.model.keys import Identity, sha256
from zbnntp.spoken import keep_ratings
from zbnntp.store import evidence

BOARD = "test.talk"
DAY = 86_400


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def subjects(data: bytes) -> list[str]:
    return [json.loads(line)["subject"] for line in data.splitlines()]


async def test_a_segment_ends_with_its_month(tmp_path: Path) -> None:
    clock = Clock(moment("2026-11-30 23:59:00"))
    async with open_house(tmp_path, "alice", clock) as alice:
        await alice.add_board(BOARD)
        for text in ("One", "Two"):
            await alice.post(BOARD, text, "x\n")
            await alice.seal()
        await alice.post(BOARD, "At the last moment", "x\n")
        clock.now = moment("2026-12-01 00:01:00")
        await alice.post(BOARD, "Three", "x\n")
        await alice.seal()
        assert [subjects(data) for data in contents(alice, alice)] == [["One", "Two", "At the last moment"], ["Three"]]
        assert [ref.since for ref in held_head(alice, alice).posts] == [
            moment("2026-11-30 23:59:00"),
            moment("2026-12-01 00:01:00"),
        ]


async def test_what_waited_since_last_month_is_one_segment(tmp_path: Path) -> None:
    clock = Clock(moment("2026-11-30 12:00:00"))
    async with open_house(tmp_path, "alice", clock) as alice:
        await alice.add_board(BOARD)
        for number in range(5):
            await alice.post(BOARD, str(number), "x\n")
        clock.now = moment("2026-12-02 12:00:00")
        await alice.seal()
        assert [len(data.splitlines()) for data in contents(alice, alice)] == [5]


async def test_a_segment_is_sealed_at_256_kib(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        for number in range(7):
            await alice.post(BOARD, str(number), "123456789\n" * 6000)
            if number in (2, 4):
                await alice.seal()
        await alice.seal()
        sizes = [len(data) for data in contents(alice, alice)]
        assert limits.SEGMENT_SEALED_OCTETS <= sizes[0] < limits.SEGMENT_OCTETS
        assert sum(len(data.splitlines()) for data in contents(alice, alice)) == 7
        assert len(sizes) == 2


async def test_no_more_segments_than_a_head_can_name(tmp_path: Path) -> None:
    clock = Clock(moment("2026-01-15 00:00:00"))
    async with open_house(tmp_path, "alice", clock) as alice:
        await alice.add_board(BOARD)
        await alice.rate(Identity(sha256(b"somebody")), mt=1)
        for number in range(limits.SEGMENTS + 2):
            await alice.post(BOARD, str(number), "x\n")
            offer = await alice.seal()
            clock.now += 31 * DAY
        assert offer is not None
        head = head_of(offer)
        assert (len(head.posts), len(head.state)) == (limits.SEGMENTS - 1, 1)
        assert subjects(contents(alice, alice)[0]) == ["3"]


def carries(found: list[bytes]) -> list[str]:
    return [json.loads(line)["header"]["subject"] for line in found if b'"kind":"carry"' in line]


async def test_the_opening_one_answers_is_carried_once_a_segment(tmp_path: Path) -> None:
    clock = Clock(moment("2026-11-20 00:00:00"))
    anna = Forger("anna", seq=int(clock.now))
    opening, other = anna.opening("Hello"), anna.opening("Other")
    async with following(tmp_path, anna, clock=clock) as bob:
        await bob.take(anna.offer([segment(opening, other)]))
        ids = {b"Hello": name_of(opening), b"Other": name_of(other)}
        own = await bob.post(BOARD, "Mine", "x\n")
        for number, reference in enumerate((ids[b"Hello"], own, ids[b"Hello"])):
            await bob.post(BOARD, "Re: x", f"{number}\n", references=reference)
        await bob.seal()
        for reference in (ids[b"Hello"], ids[b"Other"]):
            await bob.post(BOARD, "Re: x", f"again {reference}\n", references=reference)
        await bob.seal()
        assert carries(lines(bob)) == ["Hello", "Other"]
        clock.now += 20 * DAY
        await bob.post(BOARD, "Re: x", "next month\n", references=ids[b"Hello"])
        await bob.seal()
        assert [carries(data.splitlines()) for data in contents(bob, bob)[:2]] == [["Hello", "Other"], ["Hello"]]


async def test_an_opening_is_handed_on_by_those_who_only_know_its_carry(tmp_path: Path) -> None:
    clock = Clock()
    async with (
        open_house(tmp_path, "alice", clock) as alice,
        open_house(tmp_path, "bob", clock) as bob,
        open_house(tmp_path, "carol", clock) as carol,
        open_house(tmp_path, "dora", clock) as dora,
    ):
        await alice.add_board(BOARD)
        for reader, author in ((bob, alice), (carol, bob), (dora, carol)):
            await reader.rate(author.identity, mt=5000)
        first = await alice.post(BOARD, "Hello", "x\n")
        await alice.seal()
        await bob.take(newer(alice, bob))
        second = await bob.post(BOARD, "Re: Hello", "y\n", references=first)
        await bob.seal()
        await carol.take(newer(bob, carol))
        await carol.post(BOARD, "Re: Hello", "z\n", references=f"{first} {second}")
        await carol.seal()
        await dora.take(newer(carol, dora))
        assert dora.subjects(BOARD) == ["Hello", "Re: Hello"]


async def test_state_grows_by_its_new_lines(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        for number in range(3):
            await alice.rate(Identity(sha256(b"%d" % number)), mt=number)
            offer = await alice.seal()
        assert offer is not None
        assert (len(offer.slices), offer.slices[0].data.count(b"\n")) == (1, 1)
        assert offer.slices[0].at > 0
        assert [(ref.lines, ref.since) for ref in head_of(offer).state] == [(3, 0)]


async def test_state_is_written_anew_when_most_of_it_is_superseded(tmp_path: Path) -> None:
    clock = Clock()
    async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", clock) as bob:
        await bob.rate(alice.identity, mt=5000)
        often, once = Identity(sha256(b"often")), Identity(sha256(b"once"))
        await alice.rate(once, mt=7)
        most = 0
        for value in range(40):
            await alice.rate(often, mt=value)
            await alice.seal()
            most = max(most, len(lines(alice)))
            clock.now += 3600
            await bob.take(newer(alice, bob))
        assert 8 < most <= 14
        person = evidence.find_person(bob.reader, alice.identity) or 0
        rated = {
            json.loads(line)["id"]: json.loads(line)["mt"] for _, line in evidence.lines_of(bob.reader, person, STATE)
        }
        assert rated == {often.hex(): 39, once.hex(): 7}
        assert contents(bob, alice) == contents(alice, alice)


async def test_ratings_that_have_ended_leave_when_state_is_written_anew(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        until = alice.now + 100
        lines_then = [
            make_trust(Identity(sha256(b"%d" % number)), 10, None, "", alice.now, until) for number in range(20)
        ]
        await alice.writer.run(lambda database: [evidence.add_pending(database, 1, STATE, it) for it in lines_then])
        await alice.seal()
        assert len(lines(alice)) == 20
        alice.clock.now += 101
        await alice.rate(Identity(sha256(b"another")), mt=7)
        await alice.seal()
        (left,) = lines(alice)
        assert json.loads(left)["id"] == sha256(b"another").hex()


async def add_state(house: House, count: int, note: str, start: int = 0) -> None:
    """Many ratings at once."""

    def change(database: object) -> None:
        person = evidence.person_pk(database, house.identity)  # type: ignore[arg-type]
        for number in range(start, start + count):
            line = make_trust(Identity(sha256(b"%d" % number)), 1, None, note, house.now)
            evidence.add_pending(database, person, STATE, line)  # type: ignore[arg-type]
        keep_ratings(database, person)  # type: ignore[arg-type]

    await house.writer.run(change)


async def test_much_state_is_split_into_segments_and_a_stranger_takes_it(tmp_path: Path) -> None:
    clock = Clock()
    async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", clock) as bob:
        await bob.rate(alice.identity, mt=5000)
        await add_state(alice, 900, "n" * 480)
        await alice.seal()
        await add_state(alice, 10, "more", start=900)
        await alice.seal()
        sizes = [len(data) for data in contents(alice, alice)]
        assert len(sizes) == 3
        assert all(size >= limits.SEGMENT_SEALED_OCTETS for size in sizes[:-1])
        await bob.take(newer(alice, bob))
        assert len(lines(bob, alice)) == 910


async def test_state_is_written_anew_before_it_is_too_large_for_a_head(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await add_state(alice, 5000, "n" * 480)
        await alice.seal()
        await add_state(alice, 3000, "m" * 480)
        assert await alice.seal() is not None
        assert len(lines(alice)) == 5000


async def test_own_lines_of_kinds_that_are_not_known_are_never_superseded(tmp_path: Path) -> None:
    """A later version wrote them, then the program was set back: they stay when state is written anew."""
    strange = [encode({"kind": "badge", "id": "1", "of": number}) for number in range(3)]
    async with open_house(tmp_path, "alice") as alice:
        person = evidence.find_person(alice.reader, alice.identity) or 0
        for line in strange:
            await alice.writer.run(lambda database, line=line: evidence.add_pending(database, person, STATE, line))  # type: ignore[misc]
        for value in range(40):
            await alice.rate(Identity(sha256(b"often")), mt=value)
            await alice.seal()
        kept = [line for _, line in evidence.lines_of(alice.reader, person, STATE)]
        assert len(kept) < 40
        assert [line for line in kept if b"badge" in line] == strange
