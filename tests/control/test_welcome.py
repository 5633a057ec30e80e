"""The welcome thread ticks off what is done, once for each step, in whatever order it is done."""

from __future__ import annotations

from email import message_from_string
from email.message import Message

from tests.control.conftest import Node, Open
from zbnntp.control.welcome import STEPS, file_welcome, has_news, has_told_all, tick_off
from zbnntp.local import CONTROL
from zbnntp.model.keys import identity_text
from zbnntp.store import evidence, fetched


async def _start(node: Node) -> int:
    house = node.house
    view = evidence.find_person(house.reader, house.identity) or 0
    await house.writer.run(lambda database: file_welcome(database, view, house.identity, "Ada", house.now))
    return view


async def _tick(node: Node, view: int) -> None:
    await node.house.writer.run(lambda database: tick_off(database, view, "Ada", node.house.now))


def _thread(node: Node) -> list[Message]:
    """The welcome and what ticks off, without commands and receipts."""
    return [it for it in map(message_from_string, node.articles(CONTROL)) if it["Subject"].startswith("Welcome")]


def _boxes(letter: Message) -> list[str]:
    return [line[:6] for line in str(letter.get_payload()).splitlines() if line.startswith("[")]


async def test_nothing_is_told_while_nothing_is_done(open_desk: Open) -> None:
    async with open_desk() as node:
        view = await _start(node)
        assert not has_news(node.house.reader, view)
        await _tick(node, view)
        (letter,) = _thread(node)
        assert _boxes(letter) == [f"[ ] {number}." for number in range(1, 6)]


async def test_a_command_from_the_newsreader_is_the_first_step(open_desk: Open) -> None:
    async with open_desk() as node:
        view = await _start(node)
        await node.ok("status")  # from a terminal it says nothing about the newsreader
        assert not has_news(node.house.reader, view)
        await node.send(CONTROL, "help\n")
        assert has_news(node.house.reader, view)
        await _tick(node, view)
        letter, follow_up = _thread(node)
        assert follow_up["References"] == letter["Message-ID"]
        assert follow_up["Subject"] == "Welcome: 1 of 5 done"
        assert _boxes(follow_up) == ["[x] 1.", "[ ] 2.", "[ ] 3.", "[ ] 4.", "[ ] 5."]
        text = str(follow_up.get_payload())
        assert text.startswith("Your node heard you.")
        assert "follow LINK" in text  # what comes next


async def test_each_step_is_told_once(open_desk: Open) -> None:
    async with open_desk() as node:
        view = await _start(node)
        await node.send(CONTROL, "help\n")
        for _ in range(2):
            await _tick(node, view)
        assert len(_thread(node)) == 2


async def test_all_steps_in_another_order_and_then_no_more(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        house, bob = node.house, node.others["bob"]
        view = await _start(node)
        await house.add_board("chat")
        await house.post("chat", "Hello", "Hello.\n")
        await _tick(node, view)
        assert _boxes(_thread(node)[-1])[:3] == ["[x] 1.", "[ ] 2.", "[x] 3."]
        await bob.rate(house.identity, 5000)
        await node.ok(f"trust {identity_text(bob.identity)} 50")
        await node.arrive("bob")
        await house.seal()
        newest = fetched.newest_published(house.reader, view)
        await house.writer.run(lambda database: fetched.note(database, view, {newest: 1}, house.now))
        await _tick(node, view)
        last = _thread(node)[-1]
        assert last["Subject"] == "Welcome: 5 of 5 done"
        assert "[ ]" not in str(last.get_payload())
        assert all(f"{step.title}." in str(last.get_payload()) for step in STEPS[3:])
        assert "That was all" in str(last.get_payload())
        assert has_told_all(house.reader, view)


async def test_what_is_undone_stays_ticked(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        view = await _start(node)
        await node.ok(f"trust {identity_text(node.id('bob'))} 50")
        await _tick(node, view)
        await node.ok(f"untrust {identity_text(node.id('bob'))}")
        await _tick(node, view)
        assert len(_thread(node)) == 2
        await node.send(CONTROL, "help\n")
        await _tick(node, view)
        assert _boxes(_thread(node)[-1])[:2] == ["[x] 1.", "[x] 2."]
