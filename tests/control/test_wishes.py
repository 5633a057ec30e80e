"""Votes, reports, notes, profile, filters, watched threads, groups of one person, pins and mirrors."""

from __future__ import annotations

import pytest

from tests.control.conftest import GONE, ONION, Open
from zbnntp.filters import FILTERS_MOST
from zbnntp.model.keys import identity_text, short_id
from zbnntp.store import choices, evidence, promises, ratings

# posts


async def test_votes(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        answer = await node.ok("up", post)
        assert answer == (
            f"Your vote on {post} by bob ({short_id(node.id('bob'))}) was none, is now up. "
            "Your node passes on what they publish."
        )
        line = node.own_lines()[-1]
        assert (line["kind"], line["value"], line["author"]) == ("vote", 1, node.id("bob").hex())
        assert "was up already; nothing has changed" in await node.ok(f"up {post}")
        assert "was up, is now down." in await node.ok(f"down {post}")
        assert "was down, is now none." in await node.ok("unvote", post)
        assert node.own_lines()[-1]["value"] == 0
        assert "was none already" in await node.ok("unvote", post)


async def test_votes_that_cannot_be(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.house.add_board("chat")
        own = await node.house.post("chat", "Mine", "text")
        assert "that post is your own; nobody votes on himself" in await node.refused("up", own)
        assert "it does not say which post" in await node.refused("up")
        assert "there is no post <nothing@here> here" in await node.refused("down <nothing@here>")


async def test_report_is_published_as_a_label(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        answer = await node.ok("report spam: sells watches", post)
        assert f"Reported {post} by bob" in answer
        assert 'spam, "sells watches".' in answer
        line = node.own_lines()[-1]
        assert (line["kind"], line["name"], line["note"]) == ("label", "spam", "sells watches")
        assert "reported" in await node.ok("report spam: sells watches", post)
        assert "in place of spam" in await node.ok("report spam", post)
        assert node.house.subjects("chat") == ["One"]
        assert "you reports it: spam" in await node.ok(f"why {post}")


async def test_reports_of_people_one_trusts_are_shown(open_desk: Open) -> None:
    async with open_desk("alice", "bob") as node:
        (post,) = await node.meet("bob", "One")
        alice = node.others["alice"]
        await alice.rate(node.id("bob"), 100, 100)
        await alice.take(node.others["bob"].whole_offer())
        me = evidence.find_person(alice.reader, alice.identity) or 0
        from zbnntp.model.entries import STATE, make_label
        from zbnntp.model.keys import parse_message_id

        line = make_label(parse_message_id(post), "spam", "again")  # type: ignore[arg-type]
        await alice.writer.run(lambda database: evidence.add_pending(database, me, STATE, line))
        await node.arrive("alice")
        assert "reports it" not in await node.ok(f"why {post}")
        await node.ok("trust alice 50 list 50")
        assert f"alice ({short_id(alice.identity)}) reports it: spam, 'again'" in await node.ok(f"why {post}")


# people


async def test_notes_are_private(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        lines = node.own_lines()
        answer = await node.ok("note bob owes me a beer")
        assert answer == (
            f'Your note about bob ({short_id(node.id("bob"))}) was none, is now "owes me a beer". Only you see it.'
        )
        assert 'was "owes me a beer", is now "paid"' in await node.ok('note "bob": paid')
        assert 'was "paid", is now "He paid twice"' in await node.ok("note He paid twice", post)
        assert 'is now "x y"' in await node.ok(f"note {identity_text(node.id('bob'))} x y")
        assert 'was "x y", is now none' in await node.ok("note", post)
        assert "was none already" in await node.ok("note bob")
        assert node.own_lines() == lines
        assert "it does not begin with the name of anybody" in await node.refused_after("note stranger is strange")


async def test_note_of_an_ambiguous_name_is_refused(open_desk: Open) -> None:
    async with open_desk("bob", "carol") as node:
        node.others["carol"].name = "bob"
        await node.meet("bob")
        await node.meet("carol")
        assert "'bob' can mean 2 people" in await node.refused_after("note bob is nice")
        assert "'bob' can mean 2 people" in await node.refused_after("like bob")


async def test_profile(open_desk: Open) -> None:
    async with open_desk() as node:
        assert await node.ok("profile") == "Your profile is none."
        answer = await node.ok("profile I hide spam only.")
        assert answer == 'Your profile was none, is now "I hide spam only.". It is published with your posts.'
        assert node.own_lines()[-1] == {"kind": "profile", "text": "I hide spam only."}
        assert "said so already" in await node.ok("profile I hide spam only.")
        assert 'was "I hide spam only.", is now none' in await node.ok("profile none")


# filters


async def test_filters_are_listed_and_taken_out(open_desk: Open) -> None:
    async with open_desk() as node:
        assert await node.ok("filter") == "You have no filters. To hide posts by their words: filter cheap watches"
        assert await node.ok("filter cheap watches") == (
            'Filter "cheap watches" was not there, is now in force. You have 1 filter.'
        )
        assert "in force until 2027-01-31. You have 2 filters." in await node.ok("filter /wat(ch)?es/ until 2027-01-31")
        assert "was in force already" in await node.ok("filter cheap watches")
        listed = await node.ok("filter")
        assert listed.split("\n")[1:] == ['   1  "cheap watches"', "   2  /wat(ch)?es/ until 2027-01-31"]
        assert "was in force until 2027-01-31, is now in force." in await node.ok("filter /wat(ch)?es/")
        assert 'Filter "cheap watches" was in force, is now not there.' in await node.ok("unfilter 1")
        assert "Filter /wat(ch)?es/ was in force" in await node.ok("unfilter /wat(ch)?es/")
        assert "there is no filter '1'; 'filter' alone lists yours" in await node.refused_after("unfilter 1")
        assert node.rooms.published == 0


async def test_filters_are_found_by_their_words_in_any_case(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok("filter Cheap Watches\nfilter /x\\w/\nfilter /x\\W/")
        assert 'Filter "Cheap Watches" was in force' in await node.ok("unfilter cheap WATCHES")
        assert "Filter /x\\W/ was in force" in await node.ok("unfilter /x\\W/")
        assert "Filter /x\\w/ was in force" in await node.ok("unfilter /x\\W/")


async def test_filters_have_bounds(open_desk: Open) -> None:
    async with open_desk() as node:
        assert "2020-01-31 is over; name a day to come" in await node.refused("filter x until 2020-01-31")
        for at in range(0, FILTERS_MOST, 100):
            await node.ok("\n".join(f"filter word{number}" for number in range(at, at + 100)))
        assert "you have 200 filters" in await node.refused_after("filter one more")


# threads and groups


async def test_watch(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        answer = await node.ok("watch", post)
        assert answer == 'The thread "One" was not watched, is now watched. New answers in it stand in zb.replies too.'
        assert "was watched already" in await node.ok(f"watch {post}")
        assert "was watched, is now not watched." in await node.ok(f"unwatch {post}")


async def test_groups_of_a_person(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One")
        name = f"bob ({short_id(node.id('bob'))})"
        assert f"zb.by.bob was not there, is now made for {name}: all that they write." in await node.ok("by bob")
        assert "are there already: zb.by.bob" in await node.ok("by bob")
        assert f"zb.by.bob of {name} was there, is now gone." in await node.ok("unby bob")
        assert "were not there; nothing has changed" in await node.ok("unby bob")
        assert f"via.bob.* was not there, is now made for {name}" in await node.ok("via bob")
        assert f"via.bob.* of {name} was there" in await node.ok("unvia bob")


@pytest.mark.parametrize(
    ("nick", "part"),
    [
        ("Bob the Builder", "bob-the-builder"), ("Zoë", "zo"), ("日本", None), ("2000", None), ("all", None),
        ("x" * 40, "x" * 30), ("...", None), ("_a_", "a"),
    ],
)  # fmt: skip
async def test_names_of_groups_are_made_of_nicks(open_desk: Open, nick: str, part: str | None) -> None:
    async with open_desk("bob") as node:
        node.others["bob"].name = nick
        await node.meet("bob")
        answer = await node.ok(f"by {identity_text(node.id('bob'))}")
        assert answer.startswith(f"zb.by.{part or short_id(node.id('bob'))} was not there")


async def test_two_people_of_one_nick_have_groups_of_their_own(open_desk: Open) -> None:
    async with open_desk("bob", "carol") as node:
        node.others["carol"].name = "bob"
        await node.meet("bob")
        await node.meet("carol")
        await node.ok(f"by {identity_text(node.id('bob'))}")
        answer = await node.ok(f"by {identity_text(node.id('carol'))}")
        assert answer.startswith(f"zb.by.bob-{short_id(node.id('carol'))} was not there")


async def test_board_through_the_eyes_of_a_link(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        link = f"zb:{identity_text(node.id('bob'))}@{ONION}"
        answer = await node.ok(f"via {link}/tech.linux")
        part = short_id(node.id("bob"))
        assert f"The board is via.{part}.tech.linux. 3 posts came." in answer
        assert node.rooms.followed == [(node.id("bob"), (f"http://{ONION}",))]
        assert promises.addresses(node.house.reader, node.id("bob")) == [f"http://{ONION}"]
        node.rooms.came = GONE
        assert "Nothing came yet: their node did not answer." in await node.ok(f"via {link}/chat")
        own = node.rooms.link()
        assert "that is your own link" in await node.refused_after(f"via {own}/chat")


# versions and mirrors


async def test_pin_then_ban_keeps_what_was_there(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One")
        answer = await node.ok("pin bob")
        assert "was not pinned, is now pinned: their posts stay shown, threads and replies, and nothing newer" in answer
        assert "was pinned already" in await node.ok("pin bob")
        await node.ok("trust bob -50")
        assert node.house.subjects("chat") == ["One"]
        assert "In short: you pinned them" in await node.ok("why bob")
        await node.others["bob"].post("chat", "Two", "text")
        node.others["bob"].clock.now += 10
        await node.others["bob"].seal()
        assert not node.house.intake.wanted(node.id("bob"))
        assert "was pinned, is now not pinned" in await node.ok("unpin bob")
        assert node.house.subjects("chat") == []
        assert "was not pinned; nothing has changed" in await node.ok("unpin bob")


async def test_what_is_not_here_cannot_be_pinned(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        answer = await node.refused(f"pin {identity_text(node.id('bob'))}")
        assert "nothing of" in answer
        assert "is here that could be kept" in answer


async def test_pinned_people_are_not_fetched(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One")
        assert node.house.intake.wanted(node.id("bob"))
        await node.ok("pin bob")
        assert not node.house.intake.wanted(node.id("bob"))
        me = evidence.find_person(node.house.reader, node.house.identity) or 0
        assert ratings.is_positive(node.house.reader, me, evidence.find_person(node.house.reader, node.id("bob")) or 0)
        await node.ok("unpin bob")
        assert node.house.intake.wanted(node.id("bob"))


async def test_mirror(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One")
        assert "was auto, is now on." in await node.ok("mirror bob on")
        assert "was on already" in await node.ok("mirror bob on")
        assert "was on, is now off." in await node.ok("mirror bob off")
        me, bob = (evidence.find_person(node.house.reader, it) or 0 for it in (node.house.identity, node.id("bob")))
        assert choices.mirror_choice(node.house.reader, me, bob) is False
        assert "was off, is now auto." in await node.ok("mirror bob auto")
