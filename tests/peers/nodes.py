"""Nodes of a local network, each a library behind an Api behind a Server on DIR/<name>.sock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from tests.peers.house import NOW, FakeLibrary, signer
from zbnntp.model.keys import Identity
from zbnntp.peers.api import Api, ignore
from zbnntp.peers.sync import Sync
from zbnntp.peers.transport import Transport, local_transport
from zbnntp.peers.web import LIMITS, Server, Site, WebLimits, listen_unix


@dataclass
class Node:
    name: str
    library: FakeLibrary
    transport: Transport
    sync: Sync
    server: Server
    stop: Callable[[], None]

    @property
    def endpoint(self) -> str:
        return f"local:{self.name}"

    @property
    def identity(self) -> Identity:
        return signer(self.name).identity


@asynccontextmanager
async def serving(path: Path, site: Site, hosts: set[str], limits: WebLimits = LIMITS) -> AsyncIterator[Server]:
    """A server on a socket while the block runs."""
    server = Server(site, hosts, limits)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve, listen_unix(path))
        yield server
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def node(
    directory: Path,
    name: str,
    library: FakeLibrary | None = None,
    *,
    lacking: Callable[[Identity], None] = ignore,
    held_polls: int = 10,
) -> AsyncIterator[Node]:
    """One node of the network in `directory`, on line while the block runs."""
    library = library or FakeLibrary(f"epoch{name}")
    api = Api(signer(name).identity, library, lambda: NOW, lacking=lacking, held_polls=held_polls)
    transport = local_transport(directory)
    server = Server(api, {name})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve, listen_unix(directory / f"{name}.sock"))
        try:
            yield Node(name, library, transport, Sync(transport, library), server, nursery.cancel_scope.cancel)
        finally:
            with trio.CancelScope(shield=True):
                await transport.aclose()
            nursery.cancel_scope.cancel()
