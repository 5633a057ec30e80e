"""A small community on one machine, to look around in: a dozen residents' nodes on the local transport, and yours.

Every resident is a real node with a store of its own; their threads come from data/demo.jsonl. You follow two of them;
the rest reaches you the way it always does: manifests, synced, ranked by what those you follow say of others.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import trio

from zbnntp import home, node
from zbnntp.config import load_config
from zbnntp.keeping import keep_post
from zbnntp.listening import allow_connections
from zbnntp.model.entries import POSTS, STATE, Post, make_post, make_trust, open_entry
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity
from zbnntp.node import Plan
from zbnntp.resident import Resident
from zbnntp.spoken import keep_ratings
from zbnntp.store import evidence, promises

RESIDENTS = (
    "Ada", "Bram", "Chen", "Dominique", "Esra", "Flóra", "Grigori", "Hanna",  # everybody's full members
    "Ines the new", "Jo the new",  # limited: a little message trust from one member
    "Kurt", "Zed the watchseller",  # hidden: most members rate them down
)  # fmt: skip
FOLLOWED = (0, 1)
# (who, whom, message trust, trust-list trust) in percent
RATINGS: tuple[tuple[Sequence[int], Sequence[int], float, float | None], ...] = (
    ((0, 1), range(8), 70, 50),
    ((2, 3, 4), (5, 6, 7), 40, 20),
    ((5, 6), (0, 1, 2), 60, 30),
    ((2,), (8, 9), 0.2, None),
    ((0, 1, 4), (10, 11), -80, None),
    ((3,), (10,), 50, None),
)
VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class Line:
    """One post of data/demo.jsonl."""

    board: str
    author: int
    minutes: int
    body: str
    subject: str | None = None
    parent: int | None = None


def run_demo(listen: str | None, say: Callable[[str], None]) -> None:
    """Run the community until it is stopped; raises NotPermitted when the port is taken."""
    allow_connections()
    with tempfile.TemporaryDirectory(prefix="zbnntp-demo-") as directory:
        trio.run(_demo, Path(directory), listen or "", say)


async def _demo(directory: Path, listen: str, say: Callable[[str], None]) -> None:
    say("making a community of a dozen people ...")
    plans = [_plan(directory, name, "", _quiet) for name in RESIDENTS]
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(node.open_node(plan)) for plan in plans]
        residents = [it.owner for it in nodes]
        await populate(residents, int(time.time()))
        visitor = _plan(directory, VISITOR, listen, say)
        node.guard(*plans, visitor)
        async with node.open_node(visitor) as yours:
            await _rate(yours.owner, {residents[index].identity: (8000, 8000) for index in FOLLOWED})
            followed = [residents[index] for index in FOLLOWED]
            await yours.commons.writer.run(lambda database: _remember(database, followed))
        say("you follow Ada and Bram; whom they trust appears by itself. Ctrl-C ends it, nothing is kept.")
        async with trio.open_nursery() as nursery:
            for it in nodes:
                await nursery.start(it.live)
            await node.run(visitor)
            nursery.cancel_scope.cancel()


def _quiet(text: str) -> None:
    """Residents have nothing to say to the visitor's terminal."""


def _plan(directory: Path, name: str, listen: str, say: Callable[[str], None]) -> Plan:
    place = directory / str(RESIDENTS.index(name) if name in RESIDENTS else name)
    home.make_keys(place, name, None)
    config = load_config(place, listen=listen, mirror="rated")
    return Plan(place, config, home.load_keys(place, None), directory / "net", say, time.time)


def _remember(database: sqlite3.Connection, residents: Sequence[Resident]) -> None:
    for resident in residents:
        for endpoint in resident.peering.endpoints if resident.peering else ():
            promises.add_address(database, resident.identity, endpoint.url)


async def populate(residents: Sequence[Resident], now: int) -> None:
    """Ratings first, then the opening posts, handed round so that answers can carry them, then the answers."""
    for index, resident in enumerate(residents):
        await _rate(resident, _ratings(residents, index))
        await resident.commons.standings.refresh(now)
    lines = [Line(**json.loads(text)) for text in files("zbnntp.data").joinpath("demo.jsonl").read_text().splitlines()]
    posted: dict[int, Post] = {}
    for answers in (False, True):
        for index, line in enumerate(lines):
            if (line.parent is not None) == answers:
                posted[index] = await _post(residents[line.author], line, posted, now)
        await _hand_round(residents)


def _ratings(residents: Sequence[Resident], index: int) -> dict[Identity, tuple[int, int | None]]:
    given: dict[Identity, tuple[int, int | None]] = {}
    for raters, targets, mt, tlt in RATINGS:
        for target in targets:
            if index in raters and target != index:
                given[residents[target].identity] = (round(mt * 100), None if tlt is None else round(tlt * 100))
    return given


async def _rate(rater: Resident, given: Mapping[Identity, tuple[int, int | None]]) -> None:
    def keep(database: sqlite3.Connection) -> None:
        for target, (mt, tlt) in given.items():
            line = make_trust(target, mt, tlt, "", rater.commons.now())
            evidence.add_pending(database, rater.view, STATE, line)
        keep_ratings(database, rater.view)

    await rater.commons.writer.run(keep)
    rater.commons.standings.note([rater.view])


async def _hand_round(residents: Sequence[Resident]) -> None:
    for resident in residents:
        await resident.seal()
    for resident in residents:
        for neighbour in residents:
            if neighbour is not resident and resident.commons.intake.wanted(neighbour.identity):
                await resident.library.offer(neighbour.library.bundle(neighbour.identity), "a neighbour")
        await resident.commons.standings.refresh(resident.commons.now())


async def _post(resident: Resident, line: Line, posted: Mapping[int, Post], now: int) -> Post:
    parent = posted[line.parent].header if line.parent is not None else None
    thread = parent.thread_id if parent else None
    if resident.keys is None:
        raise NotPermitted("a resident of the demo has no key")
    octets = make_post(
        resident.keys.signer,
        boards=parent.boards if parent else (line.board,),
        body=line.body,
        time=now - line.minutes * 60,
        subject=line.subject,
        thread=thread,
        parents=[*(it for it in parent.parents if it != thread), parent.id][-8:] if parent else (),
    )
    post = open_entry(octets, resident.identity, POSTS)
    if not isinstance(post, Post):
        raise TypeError("what was made is no post")

    def keep(database: sqlite3.Connection) -> None:
        keep_post(database, post, evidence.add_pending(database, resident.view, POSTS, octets), now)

    await resident.commons.writer.run(keep)
    return post
