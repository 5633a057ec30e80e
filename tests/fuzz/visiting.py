"""Whoever comes to a node: any request at what answers peers, any introduction and answer at a registrar's desk."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import trio
from trio.testing import MockClock

from tests.fuzz.houses import copied_house, template
from tests.peers.house import NOW, Author, FakeLibrary, lines
from tests.registrar.conftest import MAIL, Reception, newcomer
from zbnntp.model.errors import Invalid, Refused, Unreachable
from zbnntp.model.intro import make_introduction
from zbnntp.peers.api import Api
from zbnntp.peers.exchange import Exchange, HttpRefusal, Reply, Request
from zbnntp.registrar.rules import Rules

HOST = "alice"
WAYS = ("captcha", "email", "command", "invite")
REQUESTS_MOST = 20
RULES = Rules(command=("judge",), mail=MAIL)
NINA = newcomer("nina")


def api(data: bytes) -> None:
    """Requests as they come over HTTP: each gets a reply with a status that is none of a mistake of ours."""
    trio.run(_serve, data, clock=MockClock(autojump_threshold=0))


async def _serve(data: bytes) -> None:
    carol, library = Author("carol"), FakeLibrary()
    carol.publish(posts=[lines("post", 3)], state=[lines("state", 2)])
    library.keep(carol)
    site = Api(carol.identity, library, lambda: NOW, notes=lambda: [b"note"])
    exchange = Exchange({HOST}, site.body_limit)
    with contextlib.suppress(HttpRefusal):
        exchange.feed(data)
        for _ in range(REQUESTS_MOST):
            request = exchange.poll()
            if not isinstance(request, Request):
                return
            await _reply(exchange, await _answer(site, request))
            if not exchange.next_cycle():
                return


async def _answer(site: Api, request: Request) -> Reply:
    try:
        return await site.answer(request)
    except HttpRefusal as refusal:
        return refusal.reply()


async def _reply(exchange: Exchange, reply: Reply) -> None:
    """Every octet of it is made."""
    assert exchange.begin(reply)
    if isinstance(reply.body, bytes):
        exchange.more(reply.body)
    else:
        async for piece in reply.body:
            exchange.more(piece)
    exchange.end()


def desk(data: bytes) -> None:
    """A newcomer's answer to a challenge, of the way that the first octet chooses; then the octets as they are."""
    trio.run(_introduce, template(), data)


async def _introduce(place: Path, data: bytes) -> None:
    way, text = WAYS[data[0] % len(WAYS)] if data else WAYS[0], data[1:].decode(errors="replace")
    async with copied_house(place) as house:
        rita = Reception(house, RULES)
        rita.program = lambda said: data[1:]
        await rita.offer(*WAYS)
        with contextlib.suppress(Invalid, Refused, Unreachable):
            challenge = await rita.ask(way)
            answered = await rita.answer(NINA, challenge, text)
            await rita.answer(NINA, answered, text)  # type: ignore[arg-type]
        with contextlib.suppress(Invalid, Refused, Unreachable):
            await rita.desk.answer(make_introduction(NINA, house.identity, text, text, (), house.now))
        with contextlib.suppress(Invalid, Refused, Unreachable):
            await rita.desk.answer(data)


TARGETS: tuple[Callable[[bytes], None], ...] = (api, desk)
