"""Invitations as the one sees them who hands them out, and the one who comes with one."""

from __future__ import annotations

import sqlite3
from email import message_from_string
from pathlib import Path

from tests.control.conftest import Node, Open
from tests.houses import open_house
from zbnntp.control.inviting import FORGET_SECONDS, OPEN_MOST
from zbnntp.joining import Stage
from zbnntp.local import CONTROL
from zbnntp.model.keys import Identity, identity_text, short_id
from zbnntp.model.link import parse_link
from zbnntp.registrar.codes import CODE_SECONDS, Invitations
from zbnntp.registrar.ways import Answered, Grant
from zbnntp.store import applications, codes, evidence, ratings


def _view(node: Node) -> int:
    return evidence.find_person(node.house.reader, node.house.identity) or 0


def _code(text: str) -> str:
    code = parse_link(text.split()[0]).code
    assert code
    return code


async def _come(node: Node, newcomer: Identity, code: str) -> Grant:
    """Somebody's code is found good, and used."""
    house, view = node.house, _view(node)
    grant = await Invitations(house.reader, view, house.clock).check(Answered(newcomer, code, ""), {})
    assert isinstance(grant, Grant)

    def use(database: sqlite3.Connection) -> None:
        grant.use(database, evidence.person_pk(database, newcomer), house.now)

    await house.writer.run(use)
    return grant


async def test_an_invitation_is_a_link_with_a_code_for_one(open_desk: Open) -> None:
    async with open_desk() as node:
        answer = await node.ok("invite 30 for Bob, from work")
        link = parse_link(answer.split()[0])
        assert link.identity == node.house.identity
        kept = codes.find_code(node.house.reader, _view(node), link.code or "")
        assert kept is not None
        assert (kept.mt, kept.days, kept.note) == (3000, 0, "Bob, from work")
        assert kept.until == node.house.now + CODE_SECONDS
        assert "rated 30 by you" in answer
        assert await node.ok("invite list") == f"Open until 2026-11-25, for Bob, from work: {link.code}"
        assert _code(await node.ok("invite")) != link.code


async def test_who_comes_is_told_below_the_command_and_listed(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        bob = node.id("bob")
        command = await node.send(CONTROL, "invite for Bob\n")
        code = _code(node.articles()[-1].partition("\r\n\r\n")[2])
        grant = await _come(node, bob, code)
        assert (grant.mt, grant.days) == (5000, 0)
        told = message_from_string(node.articles()[-1])
        assert told["References"] == command
        assert str(told.get_payload()).startswith(f"{short_id(bob)} has come with your invitation for Bob.")
        await node.house.rate(bob, 5000)
        listed = await node.ok("invite list")
        assert listed == f"{short_id(bob)} came on 2026-11-18, for Bob; you rate them 50."


async def test_one_that_ran_out_is_listed_as_not_used(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok("invite")
        node.house.clock.now += CODE_SECONDS
        assert await node.ok("invite list") == "Not used until 2026-11-25."


async def test_an_invitation_is_taken_back_by_its_link_once(open_desk: Open) -> None:
    async with open_desk() as node:
        link = (await node.ok("invite")).split()[0]
        assert "worth nothing" in await node.ok(f"invite revoke {link}")
        assert "no unused invitation" in await node.refused(f"invite revoke {link}")
        assert "invited nobody" in await node.ok("invite list")


async def test_codes_of_a_registrar_are_no_invitations(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok("registrar code for nina")
        assert "invited nobody" in await node.ok("invite list")
        await node.ok("invite for bob")
        assert "for bob" not in await node.ok("registrar codes")


async def test_following_with_a_code_asks_to_be_let_in(open_desk: Open, tmp_path: Path) -> None:
    async with open_desk() as node, open_house(tmp_path, "anna") as anna:
        hers = f"zb:{identity_text(anna.identity)}@{node.rooms.link().partition('@')[2]}"
        assert "Your invitation is handed in" in await node.ok(f"follow {hers}#abcdefgh234567")
        assert node.rooms.applied == 1
        (asked,) = applications.applications(node.house.reader, _view(node))
        assert (asked.registrar, asked.answer, asked.stage) == (anna.identity, "abcdefgh234567", Stage.ASK)
        person = evidence.find_person(node.house.reader, anna.identity) or 0
        assert ratings.is_positive(node.house.reader, _view(node), person)
        assert "handed in" not in await node.ok(f"follow {hers}")
        assert node.rooms.applied == 1


async def test_whom_the_owner_of_the_link_trusts_uses_no_invitation_up(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        bob = node.others["bob"]
        await bob.rate(node.house.identity, 5000)
        await node.ok(f"trust {identity_text(bob.identity)} 50")
        await node.arrive("bob")
        hers = f"zb:{identity_text(bob.identity)}@{node.rooms.link().partition('@')[2]}#abcdefgh234567"
        assert "left for somebody else" in await node.ok(f"follow {hers}")
        assert applications.applications(node.house.reader, _view(node)) == []


async def test_so_many_are_open_and_unused_ones_are_forgotten(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok("\n".join(["invite"] * OPEN_MOST))
        assert "invitations of yours are open" in await node.refused("invite")
        node.house.clock.now += CODE_SECONDS
        await node.ok("invite")
        assert (await node.ok("invite list")).count("Not used") == OPEN_MOST
        node.house.clock.now += FORGET_SECONDS + 1
        await node.ok("invite")
        assert len((await node.ok("invite list")).splitlines()) == 2
