"""A peer whose tor is killed in the middle of an answer: it sends no end of stream, only silence."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.peers.house import Author, FakeDirectory, FakeLibrary, lines
from tests.tor.onions import on_air, site_of, visitor
from tests.tor.tor_testnet import TorNode, TorTestNetwork
from zbnntp.model.errors import PeerGone
from zbnntp.peers.backends import NoAnswer
from zbnntp.peers.exchange import Reply, Request
from zbnntp.peers.schedule import Schedule
from zbnntp.peers.sync import Sync
from zbnntp.peers.transport import Response, Transport
from zbnntp.peers.web import Site

pytestmark = [pytest.mark.tor, pytest.mark.slow]
SILENCE = 3.0


class Impatient:
    """A transport that waits three seconds where the real one waits a minute."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @asynccontextmanager
    async def open(self, *arguments: Any, **options: Any) -> AsyncIterator[Response]:
        async with self._transport.open(*arguments, **{**options, "silence": SILENCE}) as response:
            yield response

    async def request(self, *arguments: Any, **options: Any) -> Any:
        return await Transport.request(self, *arguments, **options)  # type: ignore[arg-type]


class Stalling:
    """A site whose segments stop in the middle, once; `halfway` is set then."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.halfway = trio.Event()

    def body_limit(self, method: str, path: str) -> int:
        return self._site.body_limit(method, path)

    async def answer(self, request: Request) -> Reply:
        reply = await self._site.answer(request)
        if "/seg/" not in request.path or self.halfway.is_set():
            return reply
        assert isinstance(reply.body, bytes)
        return Reply(reply.status, self._half(reply.body), reply.headers)

    async def _half(self, body: bytes) -> AsyncGenerator[bytes, None]:
        yield body[: len(body) // 2]
        self.halfway.set()
        await trio.sleep_forever()


class Waiting(FakeLibrary):
    """A library for which `waited` is set when a long poll has been held past three beats."""

    def __init__(self) -> None:
        super().__init__()
        self.beats, self.waited = 0, trio.Event()

    async def wait_change(self, after: int) -> None:
        self.beats += 1
        if self.beats > 5:
            self.waited.set()
        await super().wait_change(after)


class Renewal:
    """SIGNAL NEWNYM to the visitor's tor, and how often."""

    def __init__(self, node: TorNode) -> None:
        self._node = node
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1
        with self._node.control() as control:
            control.command("SIGNAL NEWNYM")


async def fetch_until_it_is_back(schedule: Schedule, author: Author, endpoint: str) -> None:
    with trio.fail_after(90):
        while True:
            try:
                await schedule.fetch_now(author.identity, [endpoint])
                return
            except PeerGone:
                await trio.sleep(0.5)


async def kill_when(halfway: trio.Event, node: TorNode, killed: trio.Event) -> None:
    await halfway.wait()
    await trio.to_thread.run_sync(node.kill)
    killed.set()


async def test_a_tor_killed_during_a_download_leaves_nothing_half_and_the_next_source_is_asked(
    tor_network: TorTestNetwork, system_tor: TorNode, other_tor: TorNode, short_dir: Path
) -> None:
    author, here = Author("carol"), FakeLibrary()
    author.publish([lines("first", 2000), lines("second", 2000)])
    dying = Stalling(site_of(author))
    killed = trio.Event()
    renewal = Renewal(tor_network.clients[0])
    async with (
        on_air(system_tor, short_dir, dying) as at_dying,
        on_air(other_tor, short_dir, site_of(author)) as at_other,
        visitor(tor_network) as transport,
        trio.open_nursery() as nursery,
    ):
        sync = Sync(Impatient(transport), here)  # type: ignore[arg-type]
        schedule = Schedule(author.identity, sync, here, FakeDirectory(), random.Random(1), renew=renewal)
        nursery.start_soon(kill_when, dying.halfway, system_tor, killed)
        began = trio.current_time()
        with pytest.raises(NoAnswer):
            await schedule.fetch_now(author.identity, [at_dying])
        assert killed.is_set()
        assert trio.current_time() - began < 10 * SILENCE
        assert here.offers == []
        assert here.segments == {}
        assert await schedule.fetch_now(author.identity, [at_dying, at_other])
        assert len(here.segments) == 2

        await trio.to_thread.run_sync(tor_network.settle)
        await trio.to_thread.run_sync(system_tor.start)
        await fetch_until_it_is_back(schedule, author, at_dying)
        assert renewal.count <= 1


async def test_a_tor_killed_during_a_long_poll_is_noticed_by_the_missing_beat(
    tor_network: TorTestNetwork, system_tor: TorNode, short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zbnntp.peers.api.BEAT_SECONDS", 1.0)
    monkeypatch.setattr("zbnntp.peers.api.CHANGES_GAP_SECONDS", 0.1)
    monkeypatch.setattr("zbnntp.peers.sync.SILENCE_SECONDS", SILENCE)
    author, here = Author("carol"), FakeLibrary()
    author.publish([lines("first", 10)])
    there = Waiting()
    there.keep(author)
    async with on_air(system_tor, short_dir, site_of(author, there)) as endpoint, visitor(tor_network) as transport:
        sync = Sync(transport, here)
        cursor = await sync.follow_changes(endpoint, "")
        assert await sync.follow_changes(endpoint, cursor, wait=2) == cursor  # held for longer than a beat
        began, killed = trio.current_time(), trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(kill_when, there.waited, system_tor, killed)
            with pytest.raises(NoAnswer):
                await sync.follow_changes(endpoint, cursor, wait=600)
        assert killed.is_set()
        assert trio.current_time() - began < 10 * SILENCE
        assert transport.connections == 0
