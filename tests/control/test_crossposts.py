"""An ordinary reply that names zb.control too rates and replies at once; a reply in zb.people is about that person."""

from __future__ import annotations

import json

import pytest

from tests.control.conftest import Node, Open
from zbnntp.model.entries import POSTS
from zbnntp.model.errors import NotPermitted, Refused
from zbnntp.store import evidence

BOTH = "chat,zb.control"


def published(node: Node) -> list[str]:
    """Bodies of own posts."""
    me = evidence.find_person(node.house.reader, node.house.identity) or 0
    return [json.loads(line)["body"] for _, line in evidence.lines_of(node.house.reader, me, POSTS)]


async def test_a_reply_rates_and_is_published_without_the_command(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        own = await node.send(BOTH, "+80\nup\n\nbob wrote:\n> One\n\nWell said.\n+90\n", post)
        assert own.endswith("@zb.invalid>")
        assert published(node) == ["bob wrote:\n> One\n\nWell said.\n+90\n"]
        assert node.numbers(node.id("bob")) == (80, None)
        command, receipt = node.articles()
        assert command.endswith("\r\n\r\n+80\r\nup\r\n")
        assert "trust was 50, is now 80" in receipt
        assert "is now up" in receipt
        article = node.house.shelf.find(own, "chat")
        assert article is not None
        assert b"Newsgroups: chat\r\n" in article.octets
        assert f"References: {post}".encode() in article.octets


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("+80\nlove\n\nWell said.\n", 'Line 2, "love": unknown command'),
        ("trust nobody 50\n\nWell said.\n", 'Line 1, "trust nobody 50": nobody known here is called'),
        ("Well said.\n\n+80\n", 'Line 1, "Well said.": unknown command'),
        ("> One\n\n+80\n", "there is no command at the top of the text"),
        ("+80\n", "nothing is left to publish; send commands alone to zb.control alone"),
        ("+800\n\nWell said.\n", "800 is out of range"),
    ],
)
async def test_neither_happens_when_one_cannot(open_desk: Open, body: str, sentence: str) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        state = node._state()
        with pytest.raises(Refused) as caught:
            await node.send(BOTH, body, post)
        assert sentence in str(caught.value)
        assert node._state() == state


async def test_commands_are_taken_back_when_the_post_cannot_be(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        with pytest.raises(NotPermitted, match="there is no board nowhere here"):
            await node.send("nowhere,zb.control", "+80\n\nText\n")
        await node.send(BOTH, "+60\n\nText\n", post, Message_ID="<mine@client>")
        with pytest.raises(Refused, match=r"^435 already posted as "):
            await node.send(BOTH, "+70\n\nText\n", post, Message_ID="<mine@client>")
        assert node.numbers(node.id("bob")) == (60, None)
        assert published(node) == ["Text\n"]


async def test_crosspost_can_be_undone(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        await node.send(BOTH, "-80\n\nText\n", post)
        assert "One" not in node.house.subjects("chat")
        assert "is 50 again" in await node.ok("undo")
        assert "One" in node.house.subjects("chat")


async def test_flowed_crosspost(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        body = "+80 comment a long \ncomment\n\nFlowed \ntext\n"
        await node.send(BOTH, body, post, Content_Type="text/plain; charset=utf-8; format=flowed")
        assert published(node) == ["Flowed \ntext\n"]
        rating = node.rating(node.id("bob"))
        assert rating is not None
        assert rating.note == "a long comment"


async def test_address_of_somebody_else_carries_out_nothing(open_desk: Open) -> None:
    from zbnntp.model.article import address

    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        for groups in (BOTH, "zb.control", "zb.people"):
            with pytest.raises(NotPermitted, match="somebody else's"):
                await node.send(groups, "+80\n\nText\n", post, From=f"bob <{address(node.id('bob'))}>")
        assert node.numbers(node.id("bob")) == (50, None)
