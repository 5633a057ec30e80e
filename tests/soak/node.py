"""A whole node whose clock is set from outside: `python -m tests.soak.node HOME NET`.

Everything runs that runs in `zbnntp run`, newsreaders' door included. Standard input takes a JSON line each: {"now":
unix seconds, "do": commands of the owner, "octets": of a bundle that follows, "round": whether housekeeping has its
round}. The bundle's manifests go in as from a peer. The answer is a line with what the process and its store take then.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import trio

from zbnntp import home
from zbnntp.config import load_config
from zbnntp.control import digest
from zbnntp.housekeeping import month_to_seal, pack_quiet, seal_months, shrink, sweep_all
from zbnntp.listening import open_doors
from zbnntp.model.bundle import read_bundle
from zbnntp.model.errors import Invalid, Refused
from zbnntp.node import Node, Plan, guard, open_node
from zbnntp.store import condensing

AT_ONCE = 16  # manifests, as when so many peers are visited


class Clock:
    """`now` is what the node takes for the time."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Warnings(logging.Handler):
    """What the node warned of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


async def main(place: Path, net: Path) -> None:
    """Until standard input ends."""
    clock, warnings = Clock(), Warnings()
    logging.getLogger("zbnntp").addHandler(warnings)
    clock.now = json.loads(sys.stdin.readline())["now"]
    plan = Plan(place, load_config(place, listen="127.0.0.1:0"), home.load_keys(place, None), net, _say, clock)
    guard(plan)
    doors = open_doors(plan.config, plan.home, home.accounts(plan.home), plan.say, clock())
    async with open_node(plan) as node, trio.open_nursery() as nursery:
        nursery.start_soon(node.serve, doors, trio.Event())
        await _obey(node, clock, warnings, {"version": 0})
        nursery.cancel_scope.cancel()
    doors.close()


def _say(text: str) -> None:
    print(json.dumps({"said": text}), flush=True)


async def _obey(node: Node, clock: Clock, warnings: Warnings, memory: dict[str, int]) -> None:
    while line := await trio.to_thread.run_sync(sys.stdin.buffer.readline):
        order = json.loads(line)
        clock.now = order["now"]
        bundle = await trio.to_thread.run_sync(sys.stdin.buffer.read, order["octets"])
        for command in order["do"]:
            if not (answer := await node.owner.control.run(command, None)).ok:
                warnings.said.append(f"{command}: {answer.text}")
        await _take(node, bundle, warnings)
        if order["round"]:
            await _keep(node, memory)
        print(json.dumps({"warnings": warnings.said, **_sizes(node)}), flush=True)
        warnings.said = []


async def _take(node: Node, bundle: bytes, warnings: Warnings) -> None:
    offers, room = iter(read_bundle(bundle.splitlines(keepends=True))), trio.CapacityLimiter(AT_ONCE)
    async with trio.open_nursery() as nursery:
        for offer in offers:
            async with room:
                nursery.start_soon(_offer, node, offer, warnings)


async def _offer(node: Node, offer: Any, warnings: Warnings) -> None:
    try:
        await node.commons.intake.offer(offer, "a peer", node.commons.now())
    except (Invalid, Refused) as error:
        warnings.said.append(f"refused: {error}")


async def _keep(node: Node, memory: dict[str, int]) -> None:
    """What happens by itself in a day, in the order in which it does."""
    commons, views = node.commons, [it.view for it in node.residents]
    await sweep_all(commons.writer, commons.intake.keeping, views, commons.now(), commons.standings.note)
    await seal_months(commons.store, commons.writer, month_to_seal(commons.now()))
    memory["version"] = await pack_quiet(
        commons.writer, memory["version"] or await commons.writer.run(condensing.version)
    )
    await shrink(commons.writer)
    tell = [(it.view, commons.standings.budget(it.identity)) for it in node.residents]
    await commons.writer.run(partial(digest.file_digests, tell=tell, now=commons.now()))


def _sizes(node: Node) -> dict[str, int]:
    fields = dict(_status())
    store = node.commons.store
    octets = sum(it.stat().st_size for it in store.parent.glob(f"{store.name}*"))
    return {"resident": fields["VmRSS"], "own": fields["RssAnon"], "descriptors": _descriptors(), "octets": octets}


def _status() -> Iterator[tuple[str, int]]:
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if value.endswith(" kB"):
            yield name, int(value.split()[0]) * 1024


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), Path(sys.argv[2]))
