"""zb.help: filed once, replaced when it changes; the welcome has what a newcomer needs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.control.conftest import Node, Open
from zbnntp.control import help as manual
from zbnntp.control.help import MANUAL, Page, file_help, own_sender
from zbnntp.control.language import COMMANDS, parse_commands
from zbnntp.control.welcome import SUBJECT, file_welcome, motd, welcome
from zbnntp.local import CONTROL, HELP
from zbnntp.model.article import address
from zbnntp.model.keys import Signer
from zbnntp.store import evidence

ADA = Signer.from_seed(b"a" * 32).identity


async def _file(node: Node, nick: str = "Ada") -> None:
    view, now = evidence.find_person(node.house.reader, node.house.identity) or 0, node.house.now
    await node.house.writer.run(lambda database: file_help(database, view, now))
    await node.house.writer.run(lambda database: file_welcome(database, view, node.house.identity, nick, now))


def _subjects(articles: Sequence[str]) -> list[str]:
    return [next(line[9:] for line in it.split("\r\n") if line.startswith("Subject: ")) for it in articles]


async def test_each_subject_is_an_article(open_desk: Open) -> None:
    async with open_desk() as node:
        await _file(node)
        assert _subjects(node.articles(HELP)) == [page.subject for page in MANUAL]
        assert _subjects(node.articles(CONTROL)) == [SUBJECT]


async def test_a_restart_files_nothing_twice(open_desk: Open) -> None:
    async with open_desk() as node:
        await _file(node)
        before = node.articles(HELP)
        node.house.clock.now += 100
        await _file(node)
        assert node.articles(HELP) == before


async def test_a_changed_page_is_a_new_article_and_the_old_one_goes(
    open_desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_desk() as node:
        await _file(node)
        before = node.articles(HELP)
        changed = (Page(MANUAL[0].subject, "Other words.\n"), *MANUAL[1:])
        monkeypatch.setattr(manual, "MANUAL", changed)
        await _file(node)
        after = node.articles(HELP)
        assert before[0] not in after
        assert after[:-1] == before[1:]
        assert after[-1].endswith("\r\n\r\nOther words.\r\n")
        monkeypatch.undo()
        await _file(node)
        assert node.articles(HELP) == before


async def test_the_welcome_follows_the_nick(open_desk: Open) -> None:
    async with open_desk() as node:
        await _file(node)
        await _file(node, "Grace")
        (letter,) = (it for it in node.articles(CONTROL) if "Subject: Welcome" in it)
        assert own_sender(node.house.identity, "Grace") in letter


@pytest.mark.parametrize("page", [*MANUAL, welcome(ADA, "Ada")], ids=lambda page: page.subject)
def test_pages_fit_a_terminal(page: Page) -> None:
    long = [line for line in page.body.split("\n") if len(line) > 76 and address(ADA) not in line]
    assert not long


def test_the_manual_names_every_command() -> None:
    page = next(page for page in MANUAL if page.subject == "Commands")
    for row in COMMANDS:
        assert f"\n{row.usage}\n" in f"\n{page.body}"


def test_examples_of_the_manual_are_commands() -> None:
    words = ("board", "trust", "untrust", "why", "+50", "invite", "help")
    examples = [
        line.strip().split("  ")[0]
        for page in (*MANUAL, welcome(ADA, "Ada"))
        if page.subject != "Commands"
        for line in page.body.split("\n")
        if line.startswith("    ") and line.strip().split()[0] in words
    ]
    assert len(examples) >= 8
    for example in examples:
        assert parse_commands(example)


def test_the_welcome_has_the_address_and_the_steps() -> None:
    letter = welcome(ADA, "Ada").body
    assert f"Ada <{address(ADA)}>" in letter
    for number in range(1, 6):
        assert f"\n[ ] {number}. " in letter


def test_motd() -> None:
    assert own_sender(ADA, "Ada") in motd(ADA, "Ada")


def test_a_name_that_needs_quotes_has_them() -> None:
    assert own_sender(ADA, 'A. "B" <C>').startswith('"A. \\"B\\" <C>" <id@')
    assert own_sender(ADA, "").startswith(address(ADA)[3:11])
