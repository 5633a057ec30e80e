"""`why` in plain words with numbers that sum, and `status`."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.control.conftest import Node, Open
from zbnntp.control.condition import kept_text, status_lines
from zbnntp.control.reports import percent, rating_text, split, wrapped
from zbnntp.model.keys import Signer, identity_text, short_id
from zbnntp.store.ratings import StoredRating

ANNA = Signer.from_seed(b"a" * 32).identity


async def _trust_chain(node: Node) -> None:
    """I trust alice 60 list 50; she rates bob 70 list 30 and carol 80; bob rates carol 50."""
    alice, bob, carol = (node.others[name] for name in ("alice", "bob", "carol"))
    await alice.rate(bob.identity, 7000, 3000)
    await alice.rate(carol.identity, 8000)
    await bob.rate(carol.identity, 5000, 5000)
    await node.ok(f"trust {identity_text(alice.identity)} 60 list 50")
    for name in ("alice", "bob", "carol"):
        await node.arrive(name)


async def test_computed_trust_and_where_it_comes_from(open_desk: Open) -> None:
    async with open_desk("alice", "bob", "carol") as node:
        await _trust_chain(node)
        alice, bob, carol = (f"{it.name} ({short_id(it.identity)})" for it in node.others.values())
        who = short_id(node.id("carol"))
        assert await node.ok("why carol") == "\n".join(
            [
                carol,
                identity_text(node.id("carol")),
                "",
                f"In short: you see them because {alice} and {bob}, whose judgement you trust, would see them.",
                "",
                "Their posts (0 held here) are shown, threads and replies.",
                "Trust in their posts is 47.5; from 0.2 on somebody is shown in full.",
                "You have not rated them yourself.",
                "",
                "Trust in their posts: 47.5",
                "  For:",
                f"       40  {alice} rates them 80; your trust in their ratings 50",
                f"      7.5  {bob} rates them 50; your trust in their ratings 15",
                "     47.5  together",
                "",
                "Trust in their ratings of others: 7.5",
                "  Handed on by:",
                f"      7.5  {bob} by rating them: 50 in 100 of your trust in their ratings, 15",
                "",
                "This comes from your own ratings, of 100 parts:",
                f"      100  your trust in the ratings of {alice}",
                "",
                f"Strongest way: you > {alice} > {bob} > {carol} = 7.5",
                "",
                f"To see less of them: trust {who} -50. To leave it to others again: untrust {who}.",
            ]
        )


async def test_own_rating_decides(open_desk: Open) -> None:
    async with open_desk("alice", "bob", "carol") as node:
        await _trust_chain(node)
        await node.ok("trust carol -30 comment sells watches")
        answer = await node.ok("why carol")
        assert "Their posts (0 held here) are hidden." in answer
        assert "Your own rating decides: whom you rate below 0 is neither fetched nor shown." in answer
        assert 'Your own rating: -30 comment "sells watches".' in answer
        assert "Trust in their posts: -30 (your own rating)\n  What others say does not count then:\n  For:" in answer
        assert "Trust in their ratings of others: 0 (for you rated their posts below 0)" in answer
        await node.ok("trust carol 30 list 0")
        answer = await node.ok("why carol")
        assert "Your own rating decides: whom you rate above 0 you see in full." in answer
        assert "Trust in their ratings of others: 0 (your own rating)" in answer


async def test_for_and_against(open_desk: Open) -> None:
    async with open_desk("alice", "bob", "carol") as node:
        await _trust_chain(node)
        await node.others["alice"].rate(node.id("carol"), -5000)
        await node.arrive("alice")
        answer = await node.ok("why carol")
        assert "rates them -50; your trust in their ratings 50" in answer
        assert "  7.5 - 25 = -17.5" in answer
        assert "Trust in their posts is -17.5, and whoever is below 0 is hidden." in answer


async def test_much_evidence_counts_as_a_share(open_desk: Open) -> None:
    async with open_desk("alice", "bob", "carol", "dora") as node:
        for name, mt in (("alice", 10_000), ("bob", 10_000), ("carol", -5000)):
            await node.others[name].rate(node.id("dora"), mt)
            await node.ok(f"trust {identity_text(node.id(name))} 10 list 100")
            await node.arrive(name)
        answer = await node.ok(f"why {identity_text(node.id('dora'))}")
        assert "  More than 100 in all, so the share of it counts:\n  (200 - 50) of 250 in all = 60" in answer


async def test_limited_people(open_desk: Open) -> None:
    async with open_desk("alice", "bob") as node:
        await node.others["alice"].rate(node.id("bob"), 20)
        await node.ok(f"trust {identity_text(node.id('alice'))} 60 list 50")
        await node.arrive("alice")
        answer = await node.ok(f"why {short_id(node.id('bob'))}")
        assert "are shown in threads of others only." in answer
        assert "Trust in their posts is 0.1, below the 0.2 from which you see somebody's threads." in answer
        assert "To see all they write: trust ei5f2vf5 50." in answer


async def test_the_band_below_a_threshold(open_desk: Open) -> None:
    async with open_desk("alice", "bob") as node:
        await node.ok(f"trust {identity_text(node.id('alice'))} 60 list 50")
        for mt in (40, 36):
            await node.others["alice"].rate(node.id("bob"), mt)
            await node.arrive("alice")
        answer = await node.ok(f"why {short_id(node.id('bob'))}")
        assert "Trust in their posts is 0.18, a little below the 0.2 for being shown in full" in answer
        assert "stay until it falls below 0.16" in answer


async def test_strangers(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        answer = await node.ok(f"why {identity_text(node.id('bob'))}")
        assert "Their posts (0 held here) are hidden." in answer
        assert "is 0, in their ratings 0; somebody is fetched when one of the two is 0.01 or more." in answer
        assert "Nobody whose ratings count for you has rated them." in answer


async def test_replies_are_a_weak_rating_with_a_cap(open_desk: Open) -> None:
    async with open_desk("bob", "alice") as node:
        bob = node.others["bob"]
        await node.house.add_board("chat")
        await bob.add_board("chat")
        posts = [await bob.post("chat", f"Thread {number}", "text") for number in range(7)]
        await node.ok(f"trust {identity_text(bob.identity)} 50")
        await node.arrive("bob")
        for post in posts:
            await node.house.post("chat", "Re: Thread", "answer", post)
        await node.ok("untrust bob")
        answer = await node.ok("why bob")
        assert "  For:\n        5  you replied to them, worth 5\n" in answer
        await node.ok(f"trust {identity_text(node.id('alice'))} 60 list 100")
        alice = node.others["alice"]
        await alice.rate(bob.identity, 1)
        await alice.take(bob.whole_offer())
        await alice.add_board("chat")
        for post in posts:
            await alice.post("chat", "Re: Thread", "answer", post)
        await alice.rate(bob.identity, None, None)
        await node.arrive("alice")
        answer = await node.ok("why bob")
        assert "        5  counted: replies count 5 at most together" in answer


async def test_many_raters_stand_in_one_line_and_all_sum(open_desk: Open) -> None:
    names = [f"p{number}" for number in range(12)]
    async with open_desk("bob", *names) as node:
        for number, name in enumerate(names):
            await node.others[name].rate(node.id("bob"), 333 + number)
            await node.ok(f"trust {identity_text(node.id(name))} 50 list 7")
            await node.arrive(name)
        answer = await node.ok(f"why {identity_text(node.id('bob'))}")
        answer, _, causes = answer.partition("This comes from your own ratings")
        assert "7 others together" in causes
        column = [float(it) for it in re.findall(r"^ {2,}([0-9.]+)  (?!together)", answer, re.MULTILINE)]
        total = re.search(r"^ +([0-9.]+)  together$", answer, re.MULTILINE)
        assert total is not None
        assert "2 others together" in answer
        assert len(column) == 11
        assert round(sum(column), 4) == float(total[1])


async def test_oneself(open_desk: Open) -> None:
    async with open_desk() as node:
        assert "That is you." in await node.ok(f"why {identity_text(node.house.identity)}")


@given(st.lists(st.floats(0, 1), max_size=30))
def test_parts_sum_as_printed(amounts: list[float]) -> None:
    units = split(amounts, sum(amounts))
    assert sum(units) == (round(sum(amounts) * 1_000_000) if amounts else 0)


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "50"), (0.084, "8.4"), (-1, "-100"), (1e-4, "0.01"), (1 / 3, "33.3333")]
)
def test_percent(value: float, text: str) -> None:
    assert percent(value) == text


@pytest.mark.parametrize(
    ("mt", "tlt", "note", "text"),
    [
        (5000, 3000, "hi", '50 list 30 comment "hi"'),
        (-25, None, "", "-0.25"),
        (None, 100, "", "list 1"),
        (None, None, "", "none"),
    ],
)
def test_ratings_are_said_as_they_are_commanded(mt: int | None, tlt: int | None, note: str, text: str) -> None:
    assert rating_text(StoredRating(ANNA, mt, tlt, note, None)) == text


LATER = "; votes and the like for your next post, six hours at most"


def test_status_lines() -> None:
    report = {
        "nick": "Ada", "identity": "abc", "from": "Ada <x@y>", "listening": ["nntp://127.0.0.1:1119"], "tor": "ready",
        "link": "", "people": {"fetched": 3, "full": 2, "limited": 1}, "boards": {"a": 2, "b": 3},
        "unpublished": 0, "waits": "", "ended": False, "reach": "It waits here to be published.",
        "forked": False, "trouble": "", "joining": ["rita: is being asked"],
        "fetching": {"absent": 0, "waiting_people": 0, "waiting_posts": 0, "under_way": []},
        "kept": {"octets": 1_250_000, "quota_octets": 0, "months": 12, "sealed_octets": 0,
                 "served_octets_today": 40_000},
    }  # fmt: skip
    lines = status_lines(report)
    assert "People      3 fetched; 2 shown in full, 1 replies only" in lines
    assert "Boards      2 with 5 articles" in lines
    assert "Joining     rita: is being asked" in lines
    assert "Fetching    nothing is missing" in lines
    assert "Link        none: this node cannot be reached by others" in lines
    assert lines[-1] == "To publish  nothing waits"
    assert "recovery key has ended" in status_lines(report | {"ended": True})[0]
    assert status_lines(report | {"unpublished": 2})[-1] == f"To publish  2 lines wait{LATER}"
    assert "Newest post it waits here to be published." in status_lines(report)
    assert "Keeps       1.2 MB of others, for 12 months; served 0.0 MB today" in status_lines(report)
    limited = {
        "octets": 5 * 10**8,
        "quota_octets": 10**9,
        "months": 0,
        "sealed_octets": 10**8,
        "served_octets_today": 7 * 10**6,
    }
    assert (
        "500.0 MB of others (at most 1000.0 MB), for ever, 100.0 MB of posts sealed; served 7.0 MB today"
        in kept_text(limited)
    )
    waiting = status_lines(report | {"unpublished": 2, "waits": "friends are asked"})[-1]
    assert waiting == f"To publish  2 lines wait{LATER}; friends are asked"
    assert "Warning     your key has signed two versions" in "\n".join(status_lines(report | {"forked": True}))


def test_wrapping_keeps_words_quotes_and_indents() -> None:
    link = "zb:" + "a" * 200
    assert wrapped(f"{link}\nshort") == f"{link}\nshort"
    assert wrapped("    " + "word " * 30).split("\n")[1].startswith("      word")
    assert wrapped("- " + "word " * 30).split("\n")[1].startswith("  word")
    quote = "> " + "word " * 30
    assert wrapped(quote) == quote
