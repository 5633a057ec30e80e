"""Modes of a hostile peer: what it does at the victim's door, of its own accord."""

from __future__ import annotations

import secrets
from contextlib import suppress
from itertools import count

import trio

from tests.hostile.lies import BOMB_OCTETS, DEEP, LONG_OCTETS, NEWS_SECONDS, Newsy
from tests.hostile.peer import BROKEN, PIECE, Peer, chunk
from tests.ingest.forging import segment
from zbnntp.model.bundle import write_offer

AT_ONCE = 40  # connections
FLOOD_POSTS = 1_000


class Flood(Peer):
    """As much as fits into a push, as often as it is taken: segments of posts, and one that never comes."""

    async def attack(self) -> None:
        for number in count():
            posts = [self.post(f"flood {number} {it}", "y" * 300 + "\n") for it in range(FLOOD_POSTS)]
            missing = {"bytes": 1000, "from": 1, "lines": 1, "sha256": secrets.token_hex(32)}
            data = [segment(*posts[:500]), segment(*posts[500:])]
            self.offer = self.make(data, [segment(*self.ratings)], refs=[missing])
            self.tell()
            await self.victim.push(self.offer)
            self.counts["versions"] += 1
            await trio.sleep(NEWS_SECONDS)


class Storm(Peer):
    """Connections, as many as can be made: some ask, some do not, some go in the middle."""

    async def attack(self) -> None:
        async with trio.open_nursery() as nursery:
            for number in range(AT_ONCE):
                nursery.start_soon(self._visit, number)

    async def _visit(self, number: int) -> None:
        asked = (b"", b"G", self.victim.request("node"), self.victim.request("changes?wait=600"))[number % 4]
        while True:
            with suppress(*BROKEN), trio.move_on_after(1):
                async with await trio.open_unix_socket(self.victim.socket) as stream:
                    self.counts["connections"] += 1
                    await stream.send_all(asked)
                    if number % 4 == 2:
                        await stream.receive_some(PIECE)
            await trio.sleep(0)


class Drips(Newsy):
    """Requests of one octet at a time, on many connections."""

    async def attack(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(super().attack)
            for _ in range(AT_ONCE):
                nursery.start_soon(self._drip)

    async def _drip(self) -> None:
        octets = self.victim.request("push", b" " * 1000)
        while True:
            with suppress(*BROKEN):
                async with await trio.open_unix_socket(self.victim.socket) as stream:
                    self.counts["connections"] += 1
                    for place in range(len(octets)):
                        await stream.send_all(octets[place : place + 1])
                        await trio.sleep(0.1)


class Bodies(Newsy):
    """Requests without an end, with lines of ten megabytes, with packed bodies and with brackets in brackets."""

    async def attack(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(super().attack)
            for send in (self._endless, self._long, self._deep, self._packed, self._lying):
                nursery.start_soon(self._again, send)

    async def _again(self, send: object) -> None:
        while True:
            await send()  # type: ignore[operator]
            self.counts["bodies"] += 1
            await trio.sleep(0.1)

    async def _endless(self) -> None:
        head = self.victim.request("push", headers="transfer-encoding: chunked\r\n").replace(b"GET", b"POST", 1)
        with suppress(*BROKEN):
            async with await trio.open_unix_socket(self.victim.socket) as stream:
                await stream.send_all(head)
                for _ in range(BOMB_OCTETS // PIECE):
                    await stream.send_all(chunk(b"x" * PIECE))

    async def _long(self) -> None:
        await self.victim.say(self.victim.request("push", b"x" * LONG_OCTETS))
        first = self.offer.pointer + b"\n"
        await self.victim.say(self.victim.request("push", first + b"x" * (4_000_000 - len(first))))

    async def _deep(self) -> None:
        await self.victim.say(self.victim.request("push", b"[" * DEEP))
        await self.victim.say(self.victim.request("fetch", b"[" * DEEP))
        await self.victim.say(self.victim.request("fetch", b'[["' + b"00" * 32 + b'",0,' + b"[" * DEEP))

    async def _packed(self) -> None:
        body = b"".join(write_offer(self.offer))
        await self.victim.say(self.victim.request("push", body, "content-encoding: gzip\r\n"))

    async def _lying(self) -> None:
        """Another length than the body has, twice and below zero."""
        for length in ("5", "-1", "99999999999999999999", "4, 5", "0x10"):
            octets = self.victim.request("push", b"{}" * 50, f"content-length: {length}\r\n")
            await self.victim.say(octets)
