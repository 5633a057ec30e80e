"""Client authorisation: the closed onion turns strangers away, lets mutuals in, and cuts off who was one."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from tests.node_process import NodeProcess, wait_until
from tests.peers.house import Author
from tests.tor.onions import PUBLISHED_SECONDS, own_tor, running, site_of, tor_node
from tests.tor.tor_testnet import TorNode, TorTestNetwork
from zbnntp.model.keys import NoteKey
from zbnntp.peers.address import onion_host
from zbnntp.peers.backends import NoAnswer
from zbnntp.peers.closed import ClosedOnion
from zbnntp.peers.onion import Tor
from zbnntp.peers.tor_process import SystemTor
from zbnntp.peers.transport import Transport, onion_transport

pytestmark = [pytest.mark.tor, pytest.mark.slow]
LET_IN_ONLY, NO_MORE = "lets in only nodes that it knows", "does not let this node in any more"
AT_ONCE_SECONDS = 5.0


@asynccontextmanager
async def guest(directory: Path, torrc: Sequence[str]) -> AsyncIterator[tuple[Tor, Transport]]:
    """Somebody with a tor of his own."""
    tor, source = own_tor(directory / secrets.token_hex(4), torrc, [])
    transport = onion_transport(source.socks, "guest|test")
    async with running(tor):
        with trio.fail_after(PUBLISHED_SECONDS):
            await tor.wait_bootstrapped()
        try:
            yield tor, transport
        finally:
            with trio.CancelScope(shield=True):
                await transport.aclose()


async def visit(transport: Transport, url: str) -> int:
    return (await transport.request(url, "/zb/1/node", limit=1000)).status


async def visit_patiently(transport: Transport, url: str) -> int:
    """A descriptor takes a second or two to be everywhere."""
    with trio.fail_after(PUBLISHED_SECONDS):
        while True:
            try:
                return await visit(transport, url)
            except NoAnswer:
                await trio.sleep(0.5)


async def refusal(transport: Transport, url: str, expected: str) -> None:
    """Wait until tor says that; until then it may still ask for the descriptor of before."""
    with trio.fail_after(PUBLISHED_SECONDS):
        while True:
            with pytest.raises(NoAnswer) as caught:
                await visit(transport, url)
            if expected in str(caught.value):
                return
            await trio.sleep(0.5)


async def test_a_stranger_a_wrong_key_a_mutual_and_one_who_is_no_longer(
    tor_network: TorTestNetwork, network_torrc: Sequence[str], system_tor: TorNode, short_dir: Path
) -> None:
    host = Tor(SystemTor(system_tor.control_socket, system_tor.socks_unix))
    author, anna, bert = Author("carol"), NoteKey(secrets.token_bytes(32)), NoteKey(secrets.token_bytes(32))
    onion = ClosedOnion(host, author.identity, secrets.token_bytes(32), short_dir / "onion" / "closed.sock")
    address = onion_host(onion.url)
    onion.admit([anna.public, bert.public])
    async with (
        running(host),
        guest(short_dir, network_torrc) as (at_anna, from_anna),
        guest(short_dir, network_torrc) as (at_bert, from_bert),
        guest(short_dir, network_torrc) as (at_stranger, from_stranger),
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(onion.run, site_of(author))
        await at_anna.present(address, anna.secret)
        await at_bert.present(address, bert.secret)
        assert await visit_patiently(from_anna, onion.url) == 200
        assert await visit_patiently(from_bert, onion.url) == 200
        await refusal(from_stranger, onion.url, LET_IN_ONLY)
        await at_stranger.present(address, secrets.token_bytes(32))
        await refusal(from_stranger, onion.url, NO_MORE)

        assert from_anna.connections == 1, "kept alive"
        onion.admit([bert.public])
        with trio.fail_after(AT_ONCE_SECONDS):
            with pytest.raises(NoAnswer):
                await visit(from_anna, onion.url)
            with pytest.raises(NoAnswer):
                await visit(from_anna, onion.url)
        assert await visit_patiently(from_bert, onion.url) == 200
        await refusal(from_anna, onion.url, NO_MORE)
        assert await visit(from_bert, onion.url) == 200
        nursery.cancel_scope.cancel()


def says(node: NodeProcess, words: str) -> Callable[[], bool]:
    return lambda: words in node.status()["tor"]


def test_two_nodes_that_rate_each_other_tell_and_use_their_closed_onions(
    tmp_path: Path, network_torrc: Sequence[str]
) -> None:
    anna, bert = (tor_node(tmp_path, nick, network_torrc) for nick in ("anna", "bert"))
    try:
        for node in (anna, bert):
            node.start()
        for node in (anna, bert):
            wait_until(says(node, "is reachable"), f"{node.nick}'s onion to be published", 90)
        anna.do(f"follow {bert.invite()}")
        assert "the closed one" not in anna.status()["tor"]
        bert.do(f"follow {anna.invite()}")
        for node in (anna, bert):
            wait_until(says(node, "the closed one lets in 1, 1 let us in"), f"{node.nick} to be told", 120)
        anna.do(f"mute {bert.identity}")
        wait_until(lambda: "the closed one" not in anna.status()["tor"], "bert to be shut out", 20)
        assert bert.process
        assert anna.process
    finally:
        for node in (anna, bert):
            if node.running:
                node.stop()
