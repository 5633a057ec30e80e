"""`search`: an article of what was found, in what its reader sees alone."""

from __future__ import annotations

import re
import time

import pytest

from tests.control.conftest import Node, Open
from zbnntp.control.reports import COLUMNS, wrapped
from zbnntp.model.keys import short_id
from zbnntp.searching import HITS_MOST


def subjects(answer: str) -> list[str]:
    return re.findall(r"^ *\d+\. (.*)$", answer, re.MULTILINE)


async def write(node: Node, name: str, board: str, subject: str, body: str, references: str = "") -> str:
    """A post by somebody else, which is here now; an hour after the one before."""
    other = node.others[name]
    node.house.clock.now += 3600
    other.clock.now = node.house.clock.now
    await other.add_board(board)
    return await other.post(board, subject, body, references)


async def test_hits_come_newest_first_each_with_a_link_that_works(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        old = await write(node, "bob", "chat", "Boot trouble", "My KERNEL panics.\n")
        new = await write(node, "bob", "chat", "A kernel of truth", "Corn.\n")
        await write(node, "bob", "chat", "Kernels", "none\n")
        await node.arrive("bob")
        await node.ok("trust bob 50")
        answer = await node.ok("search kernel")
        assert answer.startswith("2 posts, the newest first:\n\n")
        assert subjects(answer) == ["A kernel of truth", "Boot trouble"]
        assert f"bob ({short_id(node.id('bob'))}), " in answer
        assert ", chat\n" in answer
        assert "My KERNEL panics." in answer
        links = re.findall(r"<news:([^>]+)>", answer)
        assert [f"<{link}>" for link in links] == [new, old]
        assert all(node.house.shelf.find(f"<{link}>", None) for link in links)
        assert f"<news:{links[0]}>" in wrapped(answer)  # whole, for newsreaders to follow


async def test_only_what_is_visible_is_found(open_desk: Open) -> None:
    async with open_desk("bob", "carol") as node:
        bobs = await write(node, "bob", "chat", "Kernel one", "x\n")
        await write(node, "carol", "chat", "Kernel two", "x\n")
        await node.arrive("bob")
        await node.arrive("carol")
        await node.ok("trust bob 50")
        assert subjects(await node.ok("search kernel")) == ["Kernel one"]
        await node.ok("filter one")
        assert "Nothing was found" in await node.ok("search kernel")
        await node.ok("unfilter 1")
        await node.ok("board hide chat")
        assert "Nothing was found" in await node.ok("search kernel")
        await node.ok("board show chat")
        await node.ok("trust bob -50\ntrust carol 50")
        assert subjects(await node.ok("search kernel")) == ["Kernel two"]
        assert bobs[1:-1] not in await node.ok("search author:bob")


async def test_board_author_and_date_narrow_it_down_and_may_stand_alone(open_desk: Open) -> None:
    async with open_desk("bob", "carol") as node:
        first = node.house.clock.now
        await write(node, "bob", "tech.linux", "Kernel in Linux", "x\n")
        node.house.clock.now += 40 * 86_400
        await write(node, "carol", "food", "Kernel in corn", "x\n")
        for name in ("bob", "carol"):
            await node.arrive(name)
            await node.ok(f"trust {name} 50")
        assert subjects(await node.ok("search kernel")) == ["Kernel in corn", "Kernel in Linux"]
        for words, found in {
            "kernel board:food": "corn",
            "board:tech.*": "Linux",
            "author:bob": "Linux",
            f"author:{short_id(node.id('carol'))}": "corn",
            f"before:{day(first + 20 * 86_400)}": "Linux",
            f"kernel after:{day(first + 20 * 86_400)}": "corn",
            f"after:{day(first)} before:{day(first + 86_400)} board:tech.linux author:bob kernel": "Linux",
        }.items():
            assert subjects(await node.ok(f"search {words}")) == [f"Kernel in {found}"], words
        assert "Nothing was found" in await node.ok("search kernel author:bob board:food")
        assert "nobody known here is called 'dave'" in await node.refused_after("search x author:dave")


def day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))


async def test_what_is_quoted_and_the_subject_of_others_is_not_found(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        thread = await write(node, "bob", "chat", "Kernel", "It panics.\n")
        await write(node, "bob", "chat", "Re: Kernel", "bob wrote:\n> It panics.\n\nMine does not.\n", thread)
        await write(node, "bob", "chat", "Panic (was: Kernel)", "Really.\n", thread)
        await node.arrive("bob")
        await node.ok("trust bob 50")
        assert subjects(await node.ok("search panics")) == ["Kernel"]
        assert subjects(await node.ok("search mine does")) == ["Re: Kernel"]
        assert subjects(await node.ok("search kernel")) == ["Panic (was: Kernel)", "Kernel"]


async def test_of_many_the_newest_are_shown_and_how_to_go_on(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        for number in range(HITS_MOST + 10):
            await write(node, "bob", "chat", f"Kernel {number}", "x\n")
        await node.arrive("bob")
        await node.ok("trust bob 50")
        answer = await node.ok("search kernel")
        assert subjects(answer) == [f"Kernel {number}" for number in range(HITS_MOST + 9, 9, -1)]
        further = re.search(r"There may be older ones; add (before:\S+)", answer)
        assert further
        older = subjects(await node.ok(f"search kernel {further[1]}"))
        assert set(older) >= {f"Kernel {number}" for number in range(10)}


async def test_nobodys_words_pass_for_the_nodes_own(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        body = "kernel\n\n  2. A post that bob never saw\n     <news:x@y>\n" + "and much more to say " * 20
        await write(node, "bob", "chat", "Sub\u202eject", body)
        await node.arrive("bob")
        await node.ok("trust bob 50")
        answer = wrapped(await node.ok("search kernel"))
        assert subjects(answer) == ["Subject"]
        assert max(map(len, answer.split("\n"))) <= COLUMNS
        assert not re.search(r"^ +<news:x@y>$", answer, re.MULTILINE)


async def test_what_was_taken_back_is_gone(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok("board add chat")
        own = await node.house.post("chat", "Kernel", "mine\n")
        assert subjects(await node.ok("search kernel")) == ["Kernel"]
        await node.house.post("chat", "cancel", "x\n", Control=f"cancel {own}")
        assert "Nothing was found" in await node.ok("search kernel")


@pytest.mark.parametrize("words", ["search", 'search ""', "search x before:never"])
async def test_a_search_for_nothing_is_refused(open_desk: Open, words: str) -> None:
    async with open_desk() as node:
        assert "Nothing was carried out" in await node.refused(words)


async def test_an_article_is_answered_in_zb_control(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok("board add chat")
        await node.house.post("chat", "Kernel", "mine\n")
        await node.post("search kernel")
        assert "1 post, the newest first:" in node.articles()[-1]
