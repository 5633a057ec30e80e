"""Asking to be let in, as the newcomer's node decides it: what is filed, what is answered, what is tried again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.control.conftest import Node, Open
from zbnntp import joining
from zbnntp.joining import Posed, Stage, choose_way
from zbnntp.model.errors import NotPermitted
from zbnntp.model.intro import Admitted, Challenge, Terms
from zbnntp.model.keys import Signer
from zbnntp.model.link import Link, format_link
from zbnntp.model.proof import Proof
from zbnntp.store import applications, evidence, promises
from zbnntp.store.applications import Application

RITA = Signer.from_seed(b"r" * 32).identity
URL = "local:rita"
LINK = format_link(Link(RITA, (URL,)))
DAY = 86_400
TERMS = Terms(RITA, (("captcha", "a picture"), ("pow", "some work"), ("invite", "a code")))
PROOF = Proof(8, 1, 2, 1)


def view(node: Node) -> int:
    return evidence.find_person(node.house.reader, node.house.identity) or 0


def only(node: Node) -> Application:
    (found,) = applications.applications(node.house.reader, view(node))
    return found


def challenge(node: Node, way: str = "captcha", proof: Proof | None = None) -> Challenge:
    return Challenge(RITA, way, "n0nce", "What does it say?", node.house.now + DAY, b"", proof)


async def change(node: Node, work: Callable[..., object], what: object) -> None:
    house, application = node.house, only(node)
    await house.writer.run(lambda database: work(database, view(node), application, what, house.now))


async def worked(node: Node, found: int) -> None:
    application = only(node)
    await node.house.writer.run(lambda database: joining.worked(database, application, found, node.house.now))


async def answered(node: Node, text: str) -> None:
    application = only(node)
    await node.house.writer.run(lambda database: joining.answered(database, application, text, node.house.now))


async def test_register_asks_and_keeps_where(open_desk: Open) -> None:
    async with open_desk() as node:
        assert "is asked now" in await node.ok(f"register {LINK}")
        assert node.rooms.applied == 1
        assert promises.addresses(node.house.reader, RITA) == [URL]
        assert (only(node).way, only(node).stage, only(node).answer) == ("", Stage.ASK, "")
        await node.ok(f"register {LINK}#abc234")
        assert (only(node).way, only(node).answer) == ("invite", "abc234")


async def test_nobody_registers_with_himself(open_desk: Open) -> None:
    async with open_desk() as node:
        own = format_link(Link(node.house.identity, (URL,)))
        assert "that is your own link" in await node.refused(f"register {own}")


@pytest.mark.parametrize(("wished", "way"), [("", "captcha"), ("pow", "pow"), ("invite", "invite")])
def test_the_way_is_the_wished_one_or_the_first_without_a_code(wished: str, way: str) -> None:
    assert choose_way(TERMS, wished) == way


@pytest.mark.parametrize(
    ("terms", "wished", "words"),
    [
        (TERMS, "email", "does not offer email, but captcha, pow, invite"),
        (Terms(RITA, ()), "", "does not offer anything, but nothing"),
        (Terms(RITA, (("invite", "a code"),)), "", "only those who bring a one-time code"),
    ],
)
def test_ways_that_are_not_there(terms: Terms, wished: str, words: str) -> None:
    with pytest.raises(NotPermitted, match=words):
        choose_way(terms, wished)


async def test_a_challenge_waits_for_its_answer_and_names_other_ways(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok(f"register {LINK}")
        await change(node, joining.challenged, Posed(challenge(node), TERMS))
        told = only(node).thread.split()[-1]
        assert only(node).stage == Stage.OPEN
        assert joining.is_open(node.house.reader, view(node), told)
        assert not joining.is_open(node.house.reader, view(node), "<other@local.zb.invalid>")
        await answered(node, "KX7")
        assert (only(node).stage, only(node).answer) == (Stage.ANSWER, "KX7")
        with pytest.raises(NotPermitted, match="nothing to answer"):
            await answered(node, "x")


async def test_an_answer_to_a_question_that_is_not_open_says_so(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok(f"register {LINK}")
        await change(node, joining.challenged, Posed(challenge(node), TERMS))
        first = only(node).thread.split()[-1]
        await node.ok(f"register {LINK}")
        await change(node, joining.challenged, Posed(challenge(node), TERMS))
        second = only(node).thread.split()[-1]
        await node.post("KX7", references=(first,))
        assert "that asks nothing any more" in " ".join(node.articles()[-1].split())
        assert only(node).stage == Stage.OPEN
        await node.post("invite list", references=(first,))  # commands are carried out below it all the same
        assert "You have invited nobody" in node.articles()[-1]
        await node.post("KX7", references=(second,))
        assert (only(node).stage, only(node).answer) == (Stage.ANSWER, "KX7")


async def test_a_way_that_is_not_offered_is_not_suggested_again(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok(f"register {LINK} email")
        await change(node, joining.refused, "this registrar does not offer email")
        assert f"register {LINK}\r\n" in node.articles()[-1].replace("=\r\n", "")


async def test_an_answer_that_comes_too_late(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok(f"register {LINK}")
        await change(node, joining.challenged, Posed(challenge(node), TERMS))
        node.house.clock.now += DAY
        with pytest.raises(NotPermitted, match="time to answer that is over"):
            await answered(node, "x")


async def test_work_can_be_paused_and_ends_in_an_answer(open_desk: Open) -> None:
    async with open_desk() as node:
        assert "No registrar wants work" in await node.ok("register pause")
        await node.ok(f"register {LINK} pow")
        await change(node, joining.challenged, Posed(challenge(node, "pow", PROOF), TERMS))
        assert joining.at_work(node.house.reader, view(node)) == only(node)
        assert "paused" in await node.ok("register pause")
        assert joining.at_work(node.house.reader, view(node)) is None
        assert "0 of 2 parts of the work done, paused" in joining.state_text(node.house.reader, only(node))
        assert "goes on" in await node.ok("register resume")
        await worked(node, 7)
        assert "1 of 2 parts of the work done" in joining.state_text(node.house.reader, only(node))
        await worked(node, 9)
        assert (only(node).stage, only(node).answer) == (Stage.ANSWER, "7 9")


async def test_a_registrar_that_is_away_is_asked_again_for_a_week(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok(f"register {LINK}")
        waits = []
        for _ in range(12):
            await change(node, joining.unreachable, "it is away")
            waits.append(only(node).due - node.house.now)
            node.house.clock.now = only(node).due
        assert waits == sorted(waits)
        assert waits[0] == joining.RETRY_SECONDS
        assert waits[-1] == joining.RETRY_MOST_SECONDS
        assert len(only(node).thread.split()) == 1  # said once
        node.house.clock.now = only(node).made + joining.PATIENCE_SECONDS + 1
        await change(node, joining.unreachable, "it is away")
        assert only(node).stage == Stage.REFUSED


async def test_before_a_first_rating_ends_it_is_said(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok(f"register {LINK}")
        until = node.house.now + 30 * DAY
        await change(node, joining.admitted, Admitted(RITA, 10, until))
        assert (only(node).stage, only(node).due) == (Stage.ADMITTED, until - joining.REMIND_SECONDS)
        application = only(node)
        await node.house.writer.run(lambda database: joining.ending(database, view(node), application, application.due))
        assert only(node).stage == Stage.ENDING
        assert joining.due(node.house.reader, view(node)) == []
        assert "for a few days yet" in joining.state_text(node.house.reader, only(node))


async def test_status_speaks_of_it_for_a_week(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok(f"register {LINK}")
        await change(node, joining.refused, "no")
        assert joining.under_way(node.house.reader, view(node), node.house.now) == [only(node)]
        assert joining.under_way(node.house.reader, view(node), node.house.now + 8 * DAY) == []


async def test_a_registrar_says_so_in_the_profile_and_tells_what_it_offers(open_desk: Open) -> None:
    async with open_desk() as node:
        assert "You offer newcomers no way in" in await node.ok("registrar status")
        assert "email cannot be offered yet: set mail_server" in await node.refused("registrar offer email")
        assert "register zb:" in await node.ok("registrar offer pow 7")
        await node.ok("profile I let people in.")
        (line,) = [it for it in node.own_lines() if it["kind"] == "profile"][-1:]
        assert line == {"kind": "profile", "text": "I let people in.", "registrar": True}
        assert await node.ok("registrar status") == "pow: 0 of 7 newcomers today"
        assert "pow is no longer offered" in await node.ok("registrar close pow")
        assert "was not offered" in await node.ok("registrar close pow")
        (line,) = [it for it in node.own_lines() if it["kind"] == "profile"][-1:]
        assert line == {"kind": "profile", "text": "I let people in."}
        assert await node.ok("registrar report") == "You have let nobody in yet."
