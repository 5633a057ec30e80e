"""docs/community.md carried out, and what its last chapter says of crowds; thirty newcomers who know one registrar."""

from __future__ import annotations

import random
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.ingest.forging import BOARD
from tests.journeys.communities import Community, person, subjects
from zbnntp import choosing
from zbnntp.local import NEW
from zbnntp.model.views import Level
from zbnntp.store import ratings

PAGE = (ROOT / "docs" / "community.md").read_text()
BLOCKS = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"(\w+): +(.+)")
TRUST = re.compile(r"trust (\w+) (-?\d+)(?: list (\d+))?")
ROWS = re.compile(r"^\| Sam for ([\d,]+)[^|]*\| ([\d.]+) \| (?:the )?(.+?) \|$", re.MULTILINE)


def listed(text: str) -> list[str]:
    return [] if text == "nothing" else text.split(", ")


class Story:
    """Carries out lines of the page."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.lines: dict[str, bytes] = {}

    async def tell(self, who: str, text: str) -> None:
        verb, _, rest = text.partition(" ")
        if verb == "trust":
            match = TRUST.fullmatch(text)
            assert match is not None, text
            self.community.rate(who, match[1], int(match[2]), None if match[3] is None else int(match[3]))
        elif verb == "opens":
            self.lines[rest] = self.community.open(who, rest)
        elif verb == "answers":
            self.community.answer(who, self.lines[rest])
        elif verb == "via":
            house = await self.community.gather(who)
            lender = person(house, self.community.member(rest))
            await house.writer.run(lambda database: choosing.show_via(database, 1, lender, house.now))
            await house.standings.refresh(house.now)
        else:
            await self._check(who, verb, rest)

    async def _check(self, who: str, verb: str, rest: str) -> None:
        house = await self.community.gather(who)
        group = BOARD if verb == "sees" else NEW
        assert verb in {"sees", "new"}
        if rest.startswith("via."):
            name, _, rest = rest.partition(" ")
            group = f"{name}.{BOARD}"
        assert sorted(subjects(house, group)) == sorted(listed(rest)), f"{who}: {verb} {rest}"


async def test_the_page_is_true(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        story = Story(Community(tmp_path, stack))
        told = 0
        for block in BLOCKS.findall(PAGE):
            for line in block.splitlines():
                match = LINE.fullmatch(line)
                assert match is not None, line
                await story.tell(match[1], match[2])
                told += 1
        assert told > 60


@pytest.mark.slow
@pytest.mark.parametrize(("many", "trust", "group"), ROWS.findall(PAGE), ids=lambda it: str(it))
async def test_a_crowd_shares_what_one_can_hand_on(tmp_path: Path, many: str, trust: str, group: str) -> None:
    """One of many newcomers, of whom three have something to say; Sue's newcomer is not touched by it."""
    async with AsyncExitStack() as stack:
        community = Community(tmp_path, stack)
        for staff in ("sam", "sue"):
            community.rate("olga", staff, 80, 80)
        community.rate("sue", "ned", 5, 5)
        community.open("ned", "Hello from Ned")
        for number in range(int(many.replace(",", ""))):
            community.rate("sam", f"newcomer{number}", 5, 5)
        speakers = [f"newcomer{number}" for number in (0, 2, 4)]
        for name in speakers:
            community.open(name, f"Hello from {name}")
        quiet = {name: member for name, member in community.members.items() if not (member.posts or member.state)}
        community.members = {name: it for name, it in community.members.items() if name not in quiet}
        house = await community.gather("olga")
        for name in speakers:
            standing = ratings.find_standing(house.reader, 1, person(house, community.members[name]))
            assert standing is not None
            assert standing.mt * 100 == pytest.approx(float(trust), abs=1e-6)
            assert standing.level == (Level.FULL if group == "board" else Level.LIMITED)
        hello = sorted(f"Hello from {name}" for name in speakers)
        assert sorted(subjects(house)) == (
            sorted([*hello, "Hello from Ned"]) if group == "board" else ["Hello from Ned"]
        )
        assert sorted(subjects(house, NEW)) == ([] if group == "board" else hello)


NEWCOMERS, REGISTRAR = [f"n{number:02}" for number in range(30)], "registrar"
WATCHED = NEWCOMERS[::10]
LOOKS = (0, 1, 2, 4, 8, 16, 32)  # replies after which we look
REPLIES = re.compile(r"^\| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)


def arrive(community: Community) -> dict[str, bytes]:
    """Everybody has followed the registrar, who has let everybody in; everybody opens a thread."""
    community.mark_registrar(REGISTRAR)
    for name in NEWCOMERS:
        community.rate(name, REGISTRAR, 50, 50)
        community.rate(REGISTRAR, name, 1)
    return {name: community.open(name, f"Thread of {name}") for name in NEWCOMERS}


@pytest.mark.slow
async def test_thirty_newcomers_who_know_one_registrar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They answer each other as people do; what three of them see of the threads of the 29 others is printed."""
    chance = random.Random(30)
    rows = ["replies each | threads of others on the board, in zb.new, hidden, for " + ", ".join(WATCHED)]
    async with AsyncExitStack() as stack:
        community = Community(tmp_path, stack)
        threads = arrive(community)
        first: dict[int, tuple[int, int]] = {}
        for replies in range(LOOKS[-1] + 1):
            if replies in LOOKS:
                seen = [await whose_threads(community, name) for name in WATCHED]
                rows.append(f"{replies:12} | " + "; ".join(counted(*it) for it in seen))
                assert all(len(full | new) == len(NEWCOMERS) - 1 for full, new in seen), "somebody is missing"
                first[replies] = len(seen[0][0]), len(seen[0][1])
            for name in NEWCOMERS:
                other = chance.choice([it for it in NEWCOMERS if it != name])
                community.answer(name, threads[other])
    with capsys.disabled():
        print("\n" + "\n".join(rows))
    assert [full for full, _ in first.values()] == sorted(full for full, _ in first.values())
    assert {int(n): (int(full), int(new)) for n, full, new in REPLIES.findall(PAGE)} == first


def counted(full: set[str], new: set[str]) -> str:
    return f"{len(full):2} {len(new):2} {len(NEWCOMERS) - 1 - len(full | new):2}"


async def whose_threads(community: Community, name: str) -> tuple[set[str], set[str]]:
    """Of others, on the board and in zb.new."""
    house = await community.gather(name)
    full, new = (
        {subject.removeprefix("Thread of ") for subject in subjects(house, group) if subject.startswith("Thread of ")}
        for group in (BOARD, NEW)
    )
    return full - {name}, new - {name}
