"""What the tests over the private Tor network share: tors that are kept running, sites behind onions, visitors."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from tests.node_process import NodeProcess
from tests.peers.house import NOW, Author, FakeLibrary
from tests.peers.nodes import serving
from tests.tor.tor_testnet import TorNode, TorTestNetwork
from zbnntp.peers.api import Api
from zbnntp.peers.backends import NoAnswer
from zbnntp.peers.onion import OnionService, Tor
from zbnntp.peers.sync import Sync
from zbnntp.peers.tor_process import OwnTor, SystemTor
from zbnntp.peers.transport import Transport, onion_transport
from zbnntp.peers.web import Site

PUBLISHED_SECONDS = 60


def tor_node(folder: Path, nick: str, torrc: Sequence[str]) -> NodeProcess:
    """A node, not yet started, whose own tor is a client of the private network."""
    node = NodeProcess(folder / nick, nick, args=("--tor", "own"))
    node.init()
    rows = ",\n".join(json.dumps(line) for line in torrc)
    (node.home / "zbnntp.toml").write_text(f"tor_options = [\n{rows}\n]\n")
    return node


@asynccontextmanager
async def running(tor: Tor) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tor.run)
        yield
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def visitor(network: TorTestNetwork, name: str = "visitor|test") -> AsyncIterator[Transport]:
    transport = onion_transport(network.clients[0].socks_unix, name)
    try:
        yield transport
    finally:
        with trio.CancelScope(shield=True):
            await transport.aclose()


def own_tor(directory: Path, torrc: Sequence[str], said: list[str]) -> tuple[Tor, OwnTor]:
    source = OwnTor(directory / "tor", directory / "run", extra_torrc=torrc)
    return Tor(source, said.append), source


def find_process(directory: Path) -> int | None:
    """The tor whose command line names the torrc in `directory`."""
    wanted = os.fsencode(directory / "torrc")
    found = (int(entry.name) for entry in Path("/proc").glob("[0-9]*") if wanted in command_line(entry))
    return next(found, None)


def command_line(entry: Path) -> list[bytes]:
    try:
        return (entry / "cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended meanwhile
        return []


@asynccontextmanager
async def on_air(node: TorNode, directory: Path, site: Site) -> AsyncIterator[str]:
    """A site behind a new onion of a tor that somebody else runs; the endpoint, once it is reachable."""
    tor = Tor(SystemTor(node.control_socket, node.socks_unix))
    service = OnionService(secrets.token_bytes(32), directory / f"{secrets.token_hex(4)}" / "web.sock")
    tor.add(service)
    async with running(tor), serving(service.target, site, {service.address}):
        with trio.fail_after(PUBLISHED_SECONDS):
            await service.wait_reachable()
        yield f"http://{service.address}"


def site_of(author: Author, library: FakeLibrary | None = None) -> Api:
    """The site of somebody; without a library, of one who keeps only himself."""
    if library is None:
        library = FakeLibrary()
        library.keep(author)
    return Api(author.identity, library, lambda: NOW)


async def fetch_patiently(transport: Transport, endpoint: str, author: Author) -> None:
    """A visitor's tor may remember an old descriptor for some seconds."""
    with trio.fail_after(PUBLISHED_SECONDS):
        while True:
            try:
                assert await Sync(transport, FakeLibrary()).fetch_manifest(endpoint, author.identity)
                return
            except NoAnswer:
                await trio.sleep(0.5)
