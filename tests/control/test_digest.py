"""zb.log: a digest a day, and at once what cannot wait."""

from __future__ import annotations

from tests.control.conftest import Node, Open
from tests.houses import open_house
from zbnntp.control import digest
from zbnntp.local import LOG
from zbnntp.model.entries import STATE, make_label
from zbnntp.model.keys import Signer, identity_text, parse_message_id, short_id
from zbnntp.store import diary, evidence


async def tomorrow(node: Node) -> list[str]:
    """The articles of zb.log on the next day, line ends plain."""
    house = node.house
    house.clock.now += 86_400
    me = evidence.find_person(house.reader, house.identity) or 0
    await house.writer.run(lambda database: digest.file_digest(database, me, house.now))
    await house.writer.run(lambda database: digest.file_digest(database, me, house.now))
    return [article.replace("\r\n", "\n") for article in node.articles(LOG)]


async def test_who_appeared_and_vanished_and_because_of_whom(open_desk: Open) -> None:
    async with open_desk("alice", "bob", "carol", "dave") as node:
        node.house.standings.heard = digest.note_outcome
        for name in ("bob", "carol"):
            await node.meet(name, "One", rated="")
        await node.ok(f"trust {short_id(node.id('carol'))} 50")
        await node.others["alice"].rate(node.id("bob"), 8000)
        await node.others["dave"].rate(node.id("carol"), -9000)
        await node.meet("alice", rated="50 list 50")
        await node.meet("dave", rated="50 list 50")
        (article,) = await tomorrow(node)
        alice, bob, carol = (f"{it} ({short_id(node.id(it))})" for it in ("alice", "bob", "carol"))
        assert "Subject: What your node did on 2026-11-18\n" in article
        text = " ".join(article.split())
        assert f"- {bob}: hidden before, shown now; 1 post is now visible. {alice} rates them 80." in text
        assert f"- {carol}: hidden before, shown now; 1 post is now visible. You rate them 50." in text
        await node.ok("untrust carol\ntrust alice 50 list 0")
        *_, article = await tomorrow(node)
        text = " ".join(article.split())
        assert "No longer shown as before:" in text
        dave = f"dave ({short_id(node.id('dave'))})"
        assert f"- {carol}: shown before, hidden now; 1 post is no longer visible. {dave} rates them -90." in text
        assert f"- {bob}: shown before, hidden now" in text
        assert "Nobody whose judgement you trust speaks for them any more." in text
        assert len(await tomorrow(node)) == 2


async def test_who_came_and_went_on_one_day_is_not_told(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        node.house.standings.heard = digest.note_outcome
        await node.meet("bob", "One", rated="")
        await node.ok("trust bob 50")
        await node.ok("untrust bob")
        assert await tomorrow(node) == []


async def test_sentences_are_told_once_with_their_number(open_desk: Open) -> None:
    async with open_desk() as node:
        me = evidence.find_person(node.house.reader, node.house.identity) or 0

        def note(database: object) -> None:
            for text in ("Refused a manifest from x: it is broken", "Refused a manifest from x: it is broken", "Other"):
                diary.add(database, me, "said", text, node.house.now)  # type: ignore[arg-type]

        await node.house.writer.run(note)
        (article,) = await tomorrow(node)
        assert "- Refused a manifest from x: it is broken (2 times)\n- Other\n" in article


async def test_today_waits_for_tomorrow(open_desk: Open) -> None:
    async with open_desk() as node:
        house = node.house
        me = evidence.find_person(house.reader, house.identity) or 0
        await house.writer.run(lambda database: diary.add(database, me, "said", "Early", house.now))
        await house.writer.run(lambda database: digest.file_digest(database, me, house.now))
        assert node.articles(LOG) == []
        assert len(await tomorrow(node)) == 1


async def test_many_lines_are_counted(open_desk: Open) -> None:
    async with open_desk() as node:
        me = evidence.find_person(node.house.reader, node.house.identity) or 0

        def note(database: object) -> None:
            for number in range(120):
                diary.add(database, me, "said", f"Sentence {number}", node.house.now)  # type: ignore[arg-type]

        await node.house.writer.run(note)
        (article,) = await tomorrow(node)
        assert "- Sentence 49\n- and 70 more\n" in article


async def test_labels_of_people_whose_judgement_counts(open_desk: Open) -> None:
    async with open_desk("alice", "bob", "dave") as node:
        (post,) = await node.meet("bob", "One")
        for name in ("alice", "dave"):
            other = node.others[name]
            me = evidence.find_person(other.reader, other.identity) or 0
            line = make_label(parse_message_id(post), "spam", f"says {name}")  # type: ignore[arg-type]
            await other.writer.run(lambda database, me=me, line=line: evidence.add_pending(database, me, STATE, line))
            await node.arrive(name)
        await node.ok("trust alice 50 list 50")
        (article,) = await tomorrow(node)
        text = " ".join(article.split())
        assert f'alice ({short_id(node.id("alice"))}): {post} is spam, "says alice"' in text
        assert "says dave" not in text


async def test_forks_and_foreign_versions_of_oneself_are_alarms(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        bob = node.others["bob"]
        await node.meet("bob", "One")
        alarms: list[str] = []
        node.house.intake.alarm = alarms.append
        async with open_house(node.directory / "copy", "bob") as copy:
            copy.clock.now = bob.clock.now
            await copy.add_board("chat")
            await copy.post("chat", "Another", "text")
            await copy.seal()
            await node.house.take(copy.whole_offer())
        assert [text for text in alarms if "a fork" in text]
        assert f"bob ({short_id(bob.identity)})" in alarms[0]
        async with open_house(node.directory / "copy", "me") as twin:
            twin.clock.now += 100
            await twin.add_board("chat")
            await twin.post("chat", "Mine?", "text")
            await twin.seal()
            await node.house.take(twin.whole_offer())
        assert "A version of your own manifest that this node has not made came from a peer." in alarms[-1]


async def test_alarms_are_articles_of_their_own(open_desk: Open) -> None:
    async with open_desk() as node:
        me = evidence.find_person(node.house.reader, node.house.identity) or 0
        text = "bob has signed two versions of one manifest: a fork, and more words that do not fit a subject"
        await node.house.writer.run(lambda database: digest.file_alarm(database, me, text, node.house.now))
        (article,) = node.articles(LOG)
        assert "Subject: bob has signed two versions of one manifest: a fork, and more words..." in article


async def test_who_praises_too_many_is_told_once(open_desk: Open) -> None:
    async with open_desk() as node:
        strangers = [Signer.from_seed(bytes([number]) * 32).identity for number in range(20)]
        await node.ok("\n".join(f"trust {identity_text(it)} 100" for it in strangers))
        house = node.house
        me = evidence.find_person(house.reader, house.identity) or 0
        for _ in range(3):
            house.clock.now += 86_400
            tell = [(me, house.standings.budget(house.identity))]
            await house.writer.run(lambda database, tell=tell: digest.file_digests(database, tell, house.now))
        (article,) = node.articles(LOG)
        text = " ".join(article.split())
        assert "each of your ratings counts 50 in 100 of what you wrote; without 10 of them all would" in text
