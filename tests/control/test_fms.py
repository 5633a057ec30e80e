"""Ratings through the trust commands of FMS."""

from __future__ import annotations

import pytest

from tests.control.conftest import Node, Open
from zbnntp.control.fms import FmsDesk
from zbnntp.model.errors import Missing, NotPermitted
from zbnntp.model.keys import identity_text, short_id
from zbnntp.model.views import RatedField


def desk(node: Node) -> FmsDesk:
    house = node.house
    return FmsDesk(house.reader, house.standings, house.identity, node.control, False)


async def test_a_rating_is_made_when_there_is_none(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One", rated="")
        trust, name = desk(node), f"bob@{identity_text(node.id('bob'))}"
        await trust.rate(name, RatedField.MESSAGE, 80)
        await trust.rate(name, RatedField.TRUST_LIST, 30)
        assert node.numbers(node.id("bob")) == (80, 30)
        assert node.house.subjects("chat") == ["One"]
        assert node.own_lines()[-1]["mt"] == 8000
        rated = trust.rated(name)
        assert (rated.name, rated.message, rated.trust_list) == (name, 80, 30)
        await trust.rate(name, RatedField.MESSAGE, None)
        assert node.numbers(node.id("bob")) == (None, 30)
        await trust.rate(name, RatedField.TRUST_LIST, None)
        assert node.rating(node.id("bob")) is None
        assert trust.rated(name).message is None


async def test_nought_is_what_spammers_are_given(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One")
        trust = desk(node)
        await trust.rate("bob", RatedField.MESSAGE, 0)
        assert node.house.subjects("chat") == []
        assert node.numbers(node.id("bob")) == (-100, None)
        assert trust.rated("bob").message == 0
        assert ": trust was -100, is 50 again." in await node.ok("undo")


async def test_comments(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="")
        trust = desk(node)
        with pytest.raises(NotPermitted, match="set MESSAGE or TRUSTLIST first"):
            await trust.rate("bob", RatedField.MESSAGE_COMMENT, "nice")
        await trust.rate("bob", RatedField.MESSAGE, 80)
        await trust.rate("bob", RatedField.TRUST_LIST_COMMENT, "judges well")
        await trust.rate("bob", RatedField.MESSAGE_COMMENT, "nice")
        rated = trust.rated("bob")
        assert (rated.message_comment, rated.trust_list_comment) == ("nice", "judges well")
        rating = node.rating(node.id("bob"))
        assert rating is not None
        assert rating.note == "nice\njudges well"


async def test_what_others_say(open_desk: Open) -> None:
    async with open_desk("alice", "bob") as node:
        await node.others["alice"].rate(node.id("bob"), 8000, 3000)
        await node.meet("alice", rated="50 list 50")
        await node.meet("bob", rated="-100")
        rated = desk(node).rated(short_id(node.id("bob")))
        assert (rated.message, rated.peer_message, rated.peer_trust_list) == (0, 40, 15)
        everybody = [it for window in desk(node).everybody() for it in window]
        assert [it.name.partition("@")[0] for it in everybody] == ["alice", "bob"]
        assert everybody[1] == rated
        assert (everybody[0].peer_message, everybody[0].peer_trust_list) == (None, None)


async def test_names_that_mean_nobody_or_oneself(open_desk: Open) -> None:
    async with open_desk() as node:
        with pytest.raises(Missing):
            desk(node).rated("nobody")
        with pytest.raises(NotPermitted, match="that is you"):
            await desk(node).rate(identity_text(node.house.identity), RatedField.MESSAGE, 50)
