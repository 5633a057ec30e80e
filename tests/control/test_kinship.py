"""Who moved to whom, who ended, who says to be one person: in `why` and in zb.people."""

from __future__ import annotations

from tests.control.conftest import Node, Open
from tests.control.test_cards import people
from tests.ingest.test_moves import Owner, recovery_key
from zbnntp.control.kinship import kinship_text
from zbnntp.model.entries import make_same
from zbnntp.model.keys import PostId, Sha256, identity_text, message_id, short_id
from zbnntp.store import endings, evidence
from zbnntp.store.endings import Ending


async def meet(node: Node, owner: Owner, *lines: bytes, state: tuple[bytes, ...] = (), rated: str = "50") -> None:
    """Somebody rated first, whose manifest comes then."""
    if rated:
        await node.ok(f"trust {identity_text(owner.identity)} {rated}")
    segments = [b"".join(line + b"\n" for line in part) for part in (lines, state)]
    await node.house.take(owner.offer([it for it in segments[:1] if it], [it for it in segments[1:] if it]))


async def test_somebody_who_moved_and_somebody_who_follows(open_desk: Open) -> None:
    alice, anew = Owner("alice"), Owner("alice-anew")
    async with open_desk() as node:
        last = alice.offer([])
        await meet(node, alice)
        await node.house.take(last)
        await node.house.intake.take_notice(alice.move(last, anew), "a peer", node.house.now)
        heir = f"{short_id(anew.identity)}"
        assert f"they moved to {heir}" in await node.ok("why alice")
        answer = await node.ok(f"why {identity_text(anew.identity)}")
        assert f"They were alice ({short_id(alice.identity)}) before" in answer
        assert f"because you rate alice ({short_id(alice.identity)}), whom they follow, 50" in " ".join(answer.split())
        assert "not rated them" not in answer
        assert any("they moved to" in article for article in await people(node))


async def test_what_somebody_left_is_said_to_be_shown_as_it_is(open_desk: Open) -> None:
    alice, anew = Owner("alice"), Owner("alice-anew")
    async with open_desk() as node:
        last = alice.offer([alice.opening("Old", boards=["chat"]) + b"\n"])
        await node.ok(f"trust {identity_text(alice.identity)} 50")
        await node.house.take(last)
        await node.house.intake.take_notice(alice.move(last, anew), "a peer", node.house.now)
        heir = short_id(anew.identity)
        answer = " ".join((await node.ok("why alice")).split())
        assert f"you see what they left, as what {heir} publishes" in answer
        assert f"Their posts (1 held here) are shown, threads and replies, as those of {heir} are." in answer
        assert f"Your own rating: 50. It counts for {heir}." in answer
        assert f"trust {short_id(alice.identity)} 50" not in answer
        await node.ok(f"trust {identity_text(anew.identity)} -50")
        assert "you do not see what they left" in " ".join((await node.ok("why alice")).split())


async def test_somebody_who_ended(open_desk: Open) -> None:
    alice = Owner("alice")
    async with open_desk() as node:
        await meet(node, alice)
        held = evidence.find_manifest(node.house.reader, alice.identity)
        assert held is not None
        last = alice.offer([])
        await node.house.take(last)
        await node.house.intake.take_notice(alice.move(last), "a peer", node.house.now)
        assert "Their recovery key has ended them" in " ".join((await node.ok("why alice")).split())


async def test_two_claims_and_what_to_do_about_them(open_desk: Open) -> None:
    alice, anew, other = Owner("alice"), Owner("alice-anew"), Owner("alice-other")
    async with open_desk() as node:
        last = alice.offer([])
        await node.ok(f"trust {identity_text(alice.identity)} 50")
        await node.house.take(last)
        for heir in (anew, other):
            await node.house.intake.take_notice(alice.move(last, heir), "a peer", node.house.now)
        answer = " ".join((await node.ok("why alice")).split())
        assert short_id(anew.identity) in answer
        assert short_id(other.identity) in answer
        assert "rate the right one above 0, or none" in answer
        await node.ok(f"trust {identity_text(anew.identity)} 50")
        assert f"they moved to {short_id(anew.identity)}" in " ".join((await node.ok("why alice")).split())


async def test_a_claim_that_nothing_proves(open_desk: Open) -> None:
    alice, anew = Owner("alice"), Owner("alice-anew")
    async with open_desk() as node:
        last = alice.offer([])
        await meet(node, anew, state=(alice.move(last, anew, by=recovery_key("anybody")), alice.move(last)))
        answer = " ".join((await node.ok(f"why {identity_text(alice.identity)}")).split())
        assert "Somebody says that they moved to alice-anew" in answer
        assert "Somebody says that they moved away" in answer


async def test_a_post_that_came_after_the_end_of_its_author(open_desk: Open) -> None:
    alice = Owner("alice")
    async with open_desk() as node:
        last = alice.offer([])
        stolen = alice.opening("Thief", boards=["chat"], time=alice.seq + 1)
        await node.ok(f"trust {identity_text(alice.identity)} 50")
        await node.house.take(alice.offer([stolen + b"\n"]))
        await node.house.intake.take_notice(alice.move(last), "a peer", node.house.now)
        (post,) = node.house.reader.execute("SELECT a.id FROM post p JOIN article a ON a.pk = p.article").fetchone()
        answer = " ".join((await node.ok(f"why {message_id(PostId(post))}")).split())
        assert "published after the version that its author's recovery key calls the last good one" in answer


async def test_a_stranger_has_no_ties(open_desk: Open) -> None:
    async with open_desk() as node:
        assert kinship_text(node.house.reader, None, lambda it: "x") == ""
        assert kinship_text(node.house.reader, 1, lambda it: "x") == ""


async def test_two_who_say_that_they_are_one(open_desk: Open) -> None:
    alice, laptop = Owner("alice"), Owner("laptop")
    async with open_desk() as node:
        await meet(node, alice, state=(make_same(laptop.identity),))
        assert "one person" not in await node.ok("why alice"), "anybody could say that of anybody"
        await meet(node, laptop, state=(make_same(alice.identity),))
        name = f"laptop ({short_id(laptop.identity)})"
        assert f"They and {name} say that they are one person." in " ".join((await node.ok("why alice")).split())


async def test_same_is_said_and_taken_back(open_desk: Open) -> None:
    laptop = Owner("laptop")
    async with open_desk() as node:
        me = identity_text(node.house.identity)
        await meet(node, laptop, state=(make_same(node.house.identity),))
        assert me not in await node.ok("why laptop")
        assert "others are shown that when laptop" in " ".join((await node.ok("same laptop")).split())
        assert node.own_lines()[-1] == {"kind": "same", "id": laptop.identity.hex()}
        assert "say that they are one person" in " ".join((await node.ok("why laptop")).split())
        assert "You said so of laptop" in await node.ok("same laptop")
        await node.ok("undo")
        assert node.own_lines()[-1] == {"kind": "same", "id": laptop.identity.hex(), "off": True}
        assert "one person" not in await node.ok("why laptop")
        await node.ok("same laptop")
        assert "no longer say" in await node.ok("same laptop off")
        assert "You said nothing of laptop" in await node.ok("same laptop off")
        assert "name another one of yours" in await node.refused_after(f"same {me}")


async def test_an_owner_whose_identity_has_ended_is_told_that_nobody_learns_what_he_says(open_desk: Open) -> None:
    alice = Owner("alice")
    async with open_desk() as node:
        await meet(node, alice)
        person = evidence.find_person(node.house.reader, node.house.identity) or 0
        end = [Ending(person, 1, Sha256(bytes(32)), None)]
        await node.house.writer.run(lambda database: endings.replace(database, end))
        for command in ("trust alice 80", "nick Ada"):
            answer = " ".join((await node.ok(command)).split())
            assert "Your identity has ended by its recovery words: this is kept here" in answer
            assert "fetch you next" not in answer
        assert "has ended" not in await node.ok("trust alice 70 private")
