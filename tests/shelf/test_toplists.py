"""zb.top: what lifts a thread, what does not, and what ten thousand made-up identities come to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.houses import START, House
from tests.ingest.forging import BOARD, Forger, check_octets, following, name_of, post_id, segment, shown
from zbnntp import choosing, toplists
from zbnntp.local import TOPS
from zbnntp.model.views import Level
from zbnntp.store import evidence, numbers, posts, ratings, votes
from zbnntp.store.ratings import Standing
from zbnntp.store.votes import StoredVote

VIEW = 1
HOUR, DAY = 3600, 86_400


async def recompute(house: House) -> bool:
    return await house.writer.run(lambda database: toplists.recompute(database, VIEW, house.now))


def top(house: House, span: str) -> list[str]:
    return sorted(shown(house, TOPS[span]).values())


async def test_threads_stand_by_the_positive_scores_of_their_span(tmp_path: Path) -> None:
    anna = Forger("anna")
    ages = {"hours": 2 * HOUR, "days": 3 * DAY, "weeks": 20 * DAY, "months": 200 * DAY, "years": 500 * DAY}
    lines = {name: anna.opening(name, time=START - age) for name, age in ages.items()}
    answer = anna.reply(lines["years"], time=START - HOUR)
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([segment(*lines.values(), answer)]))
        assert not await recompute(bob)
        for line in (*lines.values(), answer):
            await bob.vote(name_of(line), 1)
        assert await recompute(bob)
        assert not await recompute(bob)
        assert top(bob, "day") == ["hours", "years"]  # an old thread by an answer of today
        assert top(bob, "week") == ["days", "hours", "years"]
        assert top(bob, "month") == ["days", "hours", "weeks", "years"]
        assert top(bob, "year") == ["days", "hours", "months", "weeks", "years"]
        for name in TOPS.values():
            check_octets(bob, name)
        article = bob.shelf.find(name_of(lines["hours"]), TOPS["day"])
        assert article is not None
        assert f"\r\nNewsgroups: {BOARD}\r\n".encode() in article.octets
        assert article.octets.count(b"zb.top.") == 4
        bob.clock.now += DAY
        assert await recompute(bob)
        assert top(bob, "day") == []
        await bob.rate(anna.identity, mt=-1)
        assert [top(bob, span) for span in TOPS] == [[], [], [], []]


async def test_what_does_not_count(tmp_path: Path) -> None:
    anna, guest = Forger("anna"), Forger("guest")
    plain, sage_only, mixed = (anna.opening(name, time=START - 2 * HOUR) for name in ("plain", "sage", "mixed"))
    theirs, hidden = guest.opening("theirs"), anna.opening("hidden", boards=("test.hidden",))
    async with following(tmp_path, anna) as bob:
        await bob.rate(guest.identity, mt=0, tlt=1)
        await bob.take(anna.offer([segment(plain, sage_only, mixed, hidden)]))
        praised = guest.reply(plain)
        await bob.take(guest.offer([segment(theirs, praised)]))
        sage = await bob.post(BOARD, "Re: sage", "x\n", references=name_of(sage_only), Keywords="sage")
        reply = await bob.post(BOARD, "Re: mixed", "x\n", references=name_of(mixed))
        for name in (name_of(theirs), name_of(praised), sage, reply, name_of(hidden)):
            await bob.vote(name, 1)
        await bob.vote(name_of(mixed), -1)  # takes nothing from the answer's
        row = numbers.find_newsgroup(bob.reader, VIEW, "test.hidden")
        assert row is not None
        await bob.writer.run(lambda db: choosing.hide_board(db, VIEW, row.pk, row.name, True, bob.now))
        await recompute(bob)
        assert top(bob, "day") == ["mixed"]
        await bob.rate(guest.identity, mt=1000)
        await recompute(bob)
        assert top(bob, "day") == ["mixed", "plain", "theirs"]


async def test_fifty_threads_at_most(tmp_path: Path) -> None:
    anna = Forger("anna")
    lines = [anna.opening(f"{number:03}", time=START - HOUR - number) for number in range(60)]
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([segment(*lines)]))
        for line in lines:
            await bob.vote(name_of(line), 1)
        best = anna.reply(lines[0], time=START - HOUR)
        await bob.take(anna.offer([segment(*lines, best)]))
        await bob.vote(name_of(best), 1)
        await recompute(bob)
        assert len(top(bob, "day")) == toplists.TOP_THREADS
        assert "000" in top(bob, "day")


@pytest.mark.slow
async def test_ten_thousand_made_up_identities_move_no_place(tmp_path: Path) -> None:
    """They are fetched - a registrar let them in - and may answer; their votes weigh nothing."""
    anna, guest = Forger("anna"), Forger("guest")
    good, spam = anna.opening("good", time=START - HOUR), anna.opening("spam", time=START - HOUR)
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([segment(good, spam)]))
        await bob.rate(guest.identity, tlt=1)
        await bob.take(guest.offer((), [segment(guest.vote(good, 1))]))

        def crowd(database: object) -> None:
            article, author = posts.find_article(database, post_id(spam)), evidence.person_pk(database, anna.identity)  # type: ignore[arg-type]
            for number in range(10_000):
                sybil = evidence.person_pk(database, number.to_bytes(32, "big"))  # type: ignore[arg-type]
                ratings.put_standing(database, VIEW, sybil, Standing(0.0, 1e-3, True, Level.LIMITED))  # type: ignore[arg-type]
                votes.replace_votes(database, sybil, {article or 0: StoredVote(author, 1)}, False)  # type: ignore[arg-type]

        await bob.writer.run(crowd)
        assert votes.score(bob.reader, VIEW, posts.find_article(bob.reader, post_id(spam)) or 0) == 0
        await recompute(bob)
        assert top(bob, "day") == ["good"]
        fetched = {person for person, *_ in ratings.fetched(bob.reader, VIEW)}
        mirrored = [
            pk for pk in fetched if evidence.is_offered(bob.reader, VIEW, False, evidence.identity_of(bob.reader, pk))
        ]
        assert mirrored == [
            evidence.find_person(bob.reader, anna.identity),
            evidence.find_person(bob.reader, guest.identity),
        ]
