"""zb.people: one article about everybody known, made anew when what it says has changed."""

from __future__ import annotations

import re

import pytest

from tests.control.conftest import ONION, Node, Open
from tests.houses import START
from tests.ingest.forging import Forger, segment
from zbnntp.control.cards import STEP_PEOPLE, Cards
from zbnntp.local import PEOPLE
from zbnntp.model.entries import STATE, make_profile
from zbnntp.model.keys import Signer, identity_text, sha256, short_id
from zbnntp.store import evidence, numbers


def cards(node: Node) -> Cards:
    house = node.house
    return Cards(house.reader, house.writer, house.standings, house.identity, house.clock)


async def people(node: Node, made: Cards | None = None) -> list[str]:
    """The articles of zb.people after enough steps for all."""
    made = made or cards(node)
    made.note(node.rooms.known)
    node.rooms.known.clear()
    await made.step()
    await made.step()
    return node.articles(PEOPLE)


def field(article: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)\r$", article, re.MULTILINE)
    return found[1] if found else ""


async def test_what_an_article_says(open_desk: Open) -> None:
    async with open_desk("alice", "bob", "dave") as node:
        bob = node.others["bob"]
        await node.others["alice"].rate(bob.identity, 8000, 3000)
        await node.others["dave"].rate(bob.identity, -5000)
        for name in ("alice", "dave"):
            await node.meet(name, rated="50 list 50")
        await node.meet("bob", "One", "Two", rated="")
        await node.ok("note bob owes me a beer")
        await node.ok(f"via zb:{identity_text(bob.identity)}@{ONION}/chat")
        article = next(it for it in await people(node) if field(it, "Subject").startswith("bob"))
        name = f"bob ({short_id(bob.identity)})"
        alice, dave = (f"{it} ({short_id(node.id(it))})" for it in ("alice", "dave"))
        assert field(article, "Subject") == f"{name}: shown, 15"
        assert field(article, "From") == "zbnntp <node@local.zb.invalid>"
        body = article.partition("\r\n\r\n")[2].replace("\r\n", "\n")
        assert body.startswith(f"{name}\n{identity_text(bob.identity)}\n")
        assert "Your rating: none\nYour note: owes me a beer\n" in body
        text = " ".join(body.split())
        assert "Trust in their posts 15, in their ratings of others 15, of 100: their posts are shown" in text
        assert f"whose judgement you trust:\n  {alice} rates them 80 list 30\n" in body
        assert f"Against them speak:\n  {dave} rates them -50\n" in body
        assert "They first came to this node from a peer." in body
        assert "2 posts of theirs are here, the last of 2026-11-18." in body
        assert body.endswith(f"\n-- \nzb:{identity_text(bob.identity)}@{ONION}\n")
        assert all(len(line) <= 76 for line in body.split("\n") if "@" not in line)


async def test_a_comment_cannot_pass_for_lines_of_ours(open_desk: Open) -> None:
    async with open_desk("bob", "alice") as node:
        forged = "fine\n\nAgainst them speak:\n  carol (aaaaaaaa) rates them -50" + " and that is what she said" * 4
        await node.others["alice"].rate(node.id("bob"), 8000, 3000, forged)
        await node.meet("alice", rated="50 list 50")
        await node.meet("bob", "One", rated="")
        body = next(it for it in await people(node) if field(it, "Subject").startswith("bob")).replace("\r\n", "\n")
        start = body.index("  alice")
        said = body[start : body.index("\n\n", start)].split("\n")
        assert "Against them speak: carol" in " ".join(" ".join(said).split())
        assert len(said) > 2
        assert all(line.startswith("    ") for line in said[1:])


async def test_a_reply_with_a_number_rates_whom_the_article_is_about(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One", rated="5")
        (article,) = await people(node)
        card = field(article, "Message-ID")
        await node.send(PEOPLE, "80 list 30\n\nzbnntp wrote:\n> bob\n> +50\n", card)
        assert node.numbers(node.id("bob")) == (80, 30)
        assert "trust was 5, is now 80 list 30" in node.articles()[-1]
        (newer,) = await people(node)
        assert field(newer, "Supersedes") == card
        assert "you: 80 list 30" in field(newer, "Subject")
        await node.send(PEOPLE, "note from the fair", card)  # the old one, which a newsreader may still show
        (newest,) = await people(node)
        assert "Your note: from the fair" in newest
        await node.send("zb.control", "+20", field(newest, "Message-ID"))
        assert node.numbers(node.id("bob")) == (20, 30)


@pytest.mark.parametrize("text", ["dislike", "mute", "like", "why", "pin", "mirror on", "by", "untrust"])
async def test_words_in_a_reply_are_about_that_person(open_desk: Open, text: str) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One", rated="50")
        (article,) = await people(node)
        await node.send(PEOPLE, text, field(article, "Message-ID"))
        assert f"bob ({short_id(node.id('bob'))})" in node.articles()[-1].replace("\r\n", " ")


async def test_articles_are_made_anew_for_what_matters_only(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        bob = node.others["bob"]
        await node.meet("bob", "One", rated="50")
        made = cards(node)
        (first,) = await people(node, made)
        assert await people(node, made) == [first]
        await bob.post("chat", "Two", "text")
        bob.clock.now += 1
        await node.arrive("bob")
        assert await people(node, made) == [first]
        node.house.clock.now += 86_400
        (second,) = await people(node, made)
        assert "2 posts of theirs" in second
        assert field(second, "Supersedes") == field(first, "Message-ID")
        group = node.house.shelf.group(PEOPLE)
        assert group is not None
        assert (group.count, group.high) == (1, 2)


async def test_new_names_and_profiles_are_noticed(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One", rated="50")
        made = cards(node)
        await people(node, made)
        node.others["bob"].name = "Robert"
        node.others["bob"].clock.now += 1
        await node.arrive("bob")
        (article,) = await people(node, made)
        assert field(article, "Subject").startswith(f"Robert ({short_id(node.id('bob'))})")


async def test_whom_nothing_is_known_of_any_more_leaves(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="50")
        made = cards(node)
        assert len(await people(node, made)) == 1
        await node.ok("untrust bob")
        assert await people(node, made) == []
        await node.ok("note bob gone")
        assert len(await people(node, made)) == 1


async def test_private_rating_is_marked(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="")
        await node.ok("trust bob -50 private")
        (article,) = await people(node)
        assert "Your rating: -50 (private)" in article
        assert field(article, "Subject").endswith("hidden, -50, you: -50 (private)")


async def test_who_brought_those_one_hid_is_hinted_at(open_desk: Open) -> None:
    async with open_desk("alice", "bob") as node:
        await node.others["alice"].rate(node.id("bob"), 8000, 8000)
        await node.meet("alice", rated="50 list 50")
        await node.meet("bob", "One", rated="-100")
        article = next(it for it in await people(node) if field(it, "Subject").startswith("alice"))
        assert "Of the people whom you hid, 1.0 are put down to them" in article


async def test_a_step_is_bounded_and_all_are_reached(open_desk: Open) -> None:
    async with open_desk() as node:
        strangers = [Signer.from_seed(bytes([number]) * 32).identity for number in range(60)]
        await node.ok("\n".join(f"trust {identity_text(it)} 1" for it in strangers))
        made = cards(node)
        made.note(strangers)
        made.note(strangers)
        assert made.waiting == 60
        for done in (20, 40, 60):
            await made.step()
            assert made.waiting == 60 - done
            assert len(node.articles(PEOPLE)) == done
        node.house.clock.now += 1
        fresh = cards(node)  # after a restart nobody waits: the slow round reaches all, and nothing is made twice
        for _ in range(4):
            await fresh.step()
        group = node.house.shelf.group(PEOPLE)
        assert group is not None
        assert group.high == 60
        assert STEP_PEOPLE == 20


async def test_numbers_of_superseded_articles_are_gaps(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="50")
        made = cards(node)
        (first,) = await people(node, made)
        await node.ok("trust bob 60")
        await people(node, made)
        shelf = node.house.shelf
        assert shelf.article(PEOPLE, 1) is None
        assert shelf.find(field(first, "Message-ID"), PEOPLE) is None
        me = evidence.find_person(node.house.reader, node.house.identity) or 0
        found = numbers.find_newsgroup(node.house.reader, me, PEOPLE)
        assert found is not None
        assert (found.low, found.high, found.count) == (1, 2, 1)


async def test_a_registrar_is_judged_by_those_it_let_in(open_desk: Open) -> None:
    async with open_desk("reg", "alice") as node:
        registrar, newbies = node.others["reg"], [Signer.from_seed(bytes([n]) * 32).identity for n in (1, 2, 3)]
        person = evidence.find_person(registrar.reader, registrar.identity) or 0
        profile = make_profile("We let people in.", registrar=True)
        await registrar.writer.run(lambda database: evidence.add_pending(database, person, STATE, profile))
        for newbie in newbies:
            await registrar.rate(newbie, 10)
        await node.others["alice"].rate(newbies[0], -5000)
        await node.meet("alice", rated="50 list 50")
        await node.meet("reg", "Welcome", rated="10 list 10")
        article = next(it for it in await people(node) if field(it, "Subject").startswith("reg"))
        said = "They are a registrar and let 3 newcomers in; of these you, or people whose judgement you trust, hid 1."
        assert said in " ".join(article.split())
        await node.ok(f"mute {identity_text(newbies[1])}")
        node.house.clock.now += 2 * 86_400
        article = next(it for it in reversed(await people(node)) if field(it, "Subject").startswith("reg"))
        assert "hid 2." in " ".join(article.split())


async def test_a_fork_is_shown_until_it_is_healed(open_desk: Open) -> None:
    """The next head heals it; the mark goes when that names the other one."""
    async with open_desk() as node:
        mallory = Forger("mallory")
        await node.ok(f"trust {identity_text(mallory.identity)} 50")
        one, two = (mallory.offer([segment(mallory.opening(text))], seq=START) for text in ("One", "Two"))
        for offer in (one, two):
            await node.house.take(offer)
        (article,) = await people(node)
        assert "has signed two versions of one manifest" in " ".join(article.split())
        low, high = sorted(sha256(it.head) for it in (one, two))
        await node.house.take(mallory.offer(seq=START + 1, prev=[START, low.hex()], merge=[high.hex()]))
        node.house.clock.now += 86_400
        article = (await people(node))[-1]
        assert "has signed two versions" not in " ".join(article.split())


async def test_who_needs_a_newer_version_is_shown(open_desk: Open) -> None:
    async with open_desk() as node:
        mallory = Forger("mallory")
        await node.ok(f"trust {identity_text(mallory.identity)} 50")
        await node.house.take(mallory.offer(seq=START, crit=["threshold"]))
        (article,) = await people(node)
        assert "needs a newer version of zbnntp" in " ".join(article.split())


async def test_nothing_that_others_say_turns_a_line_around_or_is_not_seen(open_desk: Open) -> None:
    """A name, a profile and the comments of those who rate."""
    async with open_desk("bob\u202e\u2800", "carol") as node:
        bob, carol = node.others["bob\u202e\u2800"], node.others["carol"]
        profile = make_profile("Who\u202e I\u2066 am.\n\u3164And\ufe0f\x9b what.")
        person = evidence.find_person(bob.reader, bob.identity) or 0
        await bob.writer.run(lambda database: evidence.add_pending(database, person, STATE, profile))
        await carol.rate(bob.identity, -5000, note="sells\u202e what\U000e0101 he\u2067 has")
        await node.meet("carol", rated="50 list 50")
        await node.meet("bob\u202e\u2800", "One", rated="20")
        article = next(it for it in await people(node) if field(it, "Subject").startswith("bob"))
        assert field(article, "Subject").startswith(f"bob ({short_id(bob.identity)})")
        body = article.partition("\r\n\r\n")[2].replace("\r\n", "\n")
        assert "What they say of themselves:\n  Who I am.\n  And what.\n" in body
        assert 'rates them -50 comment "sells what he has"\n' in body
        assert body.replace("\n", "").isprintable()
