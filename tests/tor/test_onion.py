"""Our own tor as a child, an onion on it, and visits from another tor: all over a real, private Tor network."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio

from tests.peers.house import NOW, Author, FakeLibrary, lines
from tests.peers.nodes import serving
from tests.tor.onions import PUBLISHED_SECONDS, fetch_patiently, find_process, own_tor, running, visitor
from tests.tor.tor_testnet import TorNode, TorTestNetwork
from zbnntp.peers.api import Api
from zbnntp.peers.backends import NoAnswer, Remedy
from zbnntp.peers.onion import OnionService, OnionState, Tor
from zbnntp.peers.sync import Sync
from zbnntp.peers.tor_process import SystemTor

pytestmark = [pytest.mark.tor, pytest.mark.slow]


async def test_an_onion_is_published_fetched_and_back_after_tor_died(
    tor_network: TorTestNetwork, network_torrc: Sequence[str], short_dir: Path
) -> None:
    carol = Author("carol")
    carol.publish([lines("one", 2000)])
    library = FakeLibrary()
    library.keep(carol)
    said: list[str] = []
    tor, source = own_tor(short_dir, network_torrc, said)
    service = OnionService(secrets.token_bytes(32), short_dir / "onion" / "web.sock")
    tor.add(service)
    endpoint = f"http://{service.address}"
    api = Api(carol.identity, library, lambda: NOW)
    async with running(tor), serving(service.target, api, {service.address}), visitor(tor_network) as transport:
        with trio.fail_after(PUBLISHED_SECONDS):
            await tor.wait_bootstrapped()
            await service.wait_reachable()
        here = FakeLibrary()
        assert await Sync(transport, here).fetch_manifest(endpoint, carol.identity)
        assert here.segments == library.segments
        assert not await Sync(transport, here).fetch_manifest(endpoint, carol.identity)

        process = find_process(source.directory)
        assert process
        os.kill(process, signal.SIGKILL)
        await trio.to_thread.run_sync(tor_network.settle)
        with trio.fail_after(PUBLISHED_SECONDS):
            while service.state is not OnionState.REACHABLE or not tor.connected:
                await trio.sleep(0.1)
        assert any("ended" in text for text in said)
        await fetch_patiently(transport, endpoint, carol)
    assert service.state is OnionState.ABSENT
    assert find_process(source.directory) is None


async def test_our_own_visits_from_our_tor_and_a_stopped_tor_recovers(
    tor_network: TorTestNetwork, network_torrc: Sequence[str], short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zbnntp.peers.onion.HEALTH_SECONDS", 0.5)
    monkeypatch.setattr("zbnntp.peers.control_port.ASK_SECONDS", 2.0)
    tor, source = own_tor(short_dir, network_torrc, [])
    async with running(tor):
        with trio.fail_after(PUBLISHED_SECONDS):
            await tor.wait_bootstrapped()
        first = find_process(source.directory)
        assert first
        os.kill(first, signal.SIGSTOP)
        with trio.fail_after(PUBLISHED_SECONDS):
            while tor.connected:
                await trio.sleep(0.1)
            await tor.wait_bootstrapped()
        assert find_process(source.directory) not in (None, first)


async def test_an_onion_that_was_never_published_is_off_line(tor_network: TorTestNetwork) -> None:
    absent = OnionService(secrets.token_bytes(32), Path("/nowhere"))
    async with visitor(tor_network) as transport:
        with pytest.raises(NoAnswer) as caught:
            await transport.request(f"http://{absent.address}", "/zb/1/node", limit=1000)
        assert caught.value.remedy in (Remedy.BACK_OFF, Remedy.TRY_AGAIN)
        assert transport.connections == 0


async def test_a_tor_of_the_system_is_used_by_its_control_socket(
    tor_network: TorTestNetwork, system_tor: TorNode, short_dir: Path
) -> None:
    tor = Tor(SystemTor(system_tor.control_socket, system_tor.socks_unix))
    service = OnionService(secrets.token_bytes(32), short_dir / "onion" / "web.sock")
    author = Author("alice")
    api = Api(author.identity, FakeLibrary(), lambda: NOW)
    async with running(tor), serving(service.target, api, {service.address}), visitor(tor_network) as transport:
        with trio.fail_after(PUBLISHED_SECONDS):
            await tor.wait_bootstrapped()
            tor.add(service)
            await service.wait_reachable()
            answer = await transport.request(f"http://{service.address}", "/zb/1/node", limit=1000)
        assert author.identity.hex().encode() in answer.body
        await tor.renew()
        await tor.remove(service)
        assert system_tor.is_running()
