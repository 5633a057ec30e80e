"""WHO: every way to mean somebody, and every way to mean nobody or two."""

from __future__ import annotations

from tests.control.conftest import Open
from tests.houses import open_house
from zbnntp.model.article import address
from zbnntp.model.keys import identity_text, short_id
from zbnntp.model.shown import visible

FORMS = (
    "{id}", "{ID}", "{short}", "{SHORT}", "{longer}", "bob", "BOB", "zb:{id}", "zb:{id}@local:bob",
    "id@{id}.zb.invalid", "Bob <id@{id}.zb.invalid>", "{post}", "news:{bare}", "{bare}",
)  # fmt: skip


async def test_every_form_of_who(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        bob = node.others["bob"]
        await bob.add_board("chat")
        post = await bob.post("chat", "Hello", "text")
        await node.arrive("bob")
        text, short = identity_text(bob.identity), short_id(bob.identity)
        names = {
            "id": text, "ID": text.upper(), "short": short, "SHORT": short.upper(), "longer": text[:20], "post": post,
            "bare": post[1:-1],
        }  # fmt: skip
        for number, form in enumerate(FORMS, 1):
            assert "bob" in await node.ok(f"trust {form.format(**names)} {number}"), form
            assert node.numbers(bob.identity) == (number, None)


async def test_left_out_it_is_the_author_of_what_is_answered(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        bob = node.others["bob"]
        await bob.add_board("chat")
        post = await bob.post("chat", "Hello", "text")
        await node.arrive("bob")
        await node.ok("+40", post)
        assert node.numbers(bob.identity) == (40, None)


async def test_a_newsreaders_own_id_of_an_article_is_as_good(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.house.add_board("chat")
        await node.house.post("chat", "Hello", "text", Message_ID="<mine@client>")
        assert '"Hello" by you\n\nIt is shown in chat (1).' in await node.ok("why", "<mine@client>")


async def test_left_out_without_an_article(open_desk: Open) -> None:
    async with open_desk() as node:
        assert "it does not say whom you mean; name the person" in await node.refused("+50")


async def test_unknown_article(open_desk: Open) -> None:
    async with open_desk() as node:
        assert "there is no article <x@y> here" in await node.refused("+50", "<x@y>")
        assert "there is no article <x@y> here" in await node.refused("trust <x@y> 50")


async def test_answering_the_node_means_nobody(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.post("status")
        receipt = _message_id(node.articles()[-1])
        assert "was written by this node" in await node.refused("+50", receipt)


async def test_answering_ones_own_command_means_oneself(open_desk: Open) -> None:
    async with open_desk() as node:
        command = await node.post("status")
        assert "that is you" in await node.refused("+50", command)


async def test_nobody_of_that_name(open_desk: Open) -> None:
    async with open_desk() as node:
        answer = await node.refused("trust bob 50")
        assert "Line 1, \"trust bob 50\": nobody known here is called 'bob'" in answer


async def test_two_of_one_name_are_told_apart_by_their_ids(open_desk: Open) -> None:
    async with open_desk("bob", "carol") as node:
        node.others["carol"].name = "Bob"
        for name in node.others:
            await node.arrive(name)
        answer = await node.refused("trust bob 50")
        assert "'bob' can mean 2 people" in answer
        for other in node.others.values():
            assert short_id(other.identity) in answer
        await node.ok(f"trust {short_id(node.id('carol'))} 50")
        assert node.rating(node.id("bob")) is None
        assert node.numbers(node.id("carol")) == (50, None)


async def test_a_nick_that_is_another_ones_short_id_is_ambiguous(open_desk: Open) -> None:
    async with open_desk("bob", "mallory") as node:
        node.others["mallory"].name = short_id(node.id("bob"))
        for name in node.others:
            await node.arrive(name)
        assert "can mean 2 people" in await node.refused(f"trust {short_id(node.id('bob'))} 50")


async def test_mistyped_id(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        text = identity_text(node.id("bob"))
        wrong = ("a" if text[0] != "a" else "b") + text[1:]
        assert "that identity has a typing error" in await node.refused(f"trust {wrong} 50")


async def test_unknown_full_id_can_be_rated(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        answer = await node.ok(f"trust {identity_text(node.id('bob'))} 50")
        assert node.numbers(node.id("bob")) == (50, None)
        assert "no address of theirs is known; follow LINK fetches it" in answer


async def test_the_author_of_an_opening_that_only_was_carried(open_desk: Open) -> None:
    async with open_desk("bob") as node, open_house(node.directory, "dora") as dora:
        bob = node.others["bob"]
        await dora.add_board("chat")
        opening = await dora.post("chat", "Hello", "text")
        await dora.seal()
        await bob.rate(dora.identity, 5000)
        await bob.take(dora.whole_offer())
        await bob.post("chat", "Re: Hello", "answer", opening)
        await node.arrive("bob")
        await node.ok("+30", opening)
        assert node.numbers(dora.identity) == (30, None)


async def test_a_pasted_address_means_its_identity(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.ok(f"trust Somebody Else <{address(node.id('bob'))}> 50")
        assert node.numbers(node.id("bob")) == (50, None)


def test_names_are_shown_without_tricks() -> None:
    assert visible("ev\u202eil\u200b\u3164\ufe0f") == "evil"


async def test_a_name_that_only_looks_like_anothers_does_not_mean_him(open_desk: Open) -> None:
    async with open_desk("bob", "bo\u2800b\ufe0e") as node:
        for name in ("bob", "bo\u2800b\ufe0e"):
            await node.arrive(name)
        assert "'bob' can mean 2 people" in await node.refused("trust bob 50")


def _message_id(article: str) -> str:
    return next(line[12:] for line in article.split("\r\n") if line.startswith("Message-ID: "))
