"""Run as a program: one whole sync through an onion, with every socket that Python opens written down.

Arguments: SOCKS socket, onion host, identity in hex. Prints a JSON list of [event, address].
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import trio

from tests.peers.house import FakeLibrary
from zbnntp.model.keys import Identity
from zbnntp.peers.sync import Sync
from zbnntp.peers.transport import onion_transport

WATCHED = ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind")


async def main(socks: str, onion: str, identity: str) -> None:
    transport = onion_transport(Path(socks), "leak|test")
    library = FakeLibrary()
    sync = Sync(transport, library)
    await sync.follow_changes(f"http://{onion}", "")
    await sync.fetch_manifest(f"http://{onion}", Identity(bytes.fromhex(identity)))
    assert library.manifests
    await transport.aclose()


if __name__ == "__main__":
    seen: list[tuple[str, str]] = []

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in WATCHED:
            seen.append((event, str(arguments[1] if len(arguments) > 1 else arguments[0])))

    sys.addaudithook(hook)
    trio.run(main, *sys.argv[1:])
    print(json.dumps(seen))
