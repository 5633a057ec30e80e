"""The hostile peer as a program: `python -m tests.hostile NET NAME IDENTITY MODE...` attacks the node whose socket is
NET/NAME.sock. What it has done so far is printed twice a second, one line of JSON: mode, then what, then how often.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import trio

from tests.hostile.modes import MODES
from tests.hostile.peer import Peer, Victim
from zbnntp.model.keys import parse_identity

PAUSE_SECONDS = 0.5


async def run(victim: Victim, names: list[str]) -> None:
    peers = [MODES[name](name, victim) for name in names]
    async with trio.open_nursery() as nursery:
        for peer in peers:
            nursery.start_soon(peer.run)
        nursery.start_soon(tell, peers)


async def tell(peers: list[Peer]) -> None:
    while True:
        print(json.dumps({peer.name: peer.counts for peer in peers}), flush=True)
        await trio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    net, name, identity, *modes = sys.argv[1:]
    trio.run(run, Victim(Path(net), name, parse_identity(identity)), modes or list(MODES))
