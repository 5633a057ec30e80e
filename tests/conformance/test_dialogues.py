"""Every check of this folder, against the machine (whole, octet by octet, in odd pieces) and over a real socket."""

from __future__ import annotations

import pytest
import trio

from tests.conformance.checks import Check, Expected
from tests.conformance.list_checks import LISTS
from tests.conformance.overview_checks import FIELDS, OVERVIEW
from tests.conformance.posting_checks import NEWSREADERS, POSTING
from tests.conformance.reading_checks import ARTICLES, GROUPS, STEPS
from tests.conformance.session_checks import FRAMING, SESSION
from tests.fakes import NOW
from tests.nntp.dialogue import Response, ask, exchange, forum, parse_responses
from zbnntp.nntp.server import listen, serve

CHECKS = [*SESSION, *FRAMING, *GROUPS, *STEPS, *ARTICLES, *OVERVIEW, *FIELDS, *LISTS, *POSTING, *NEWSREADERS]


def octets_of(check: Check) -> bytes:
    return b"".join(sent if isinstance(sent, bytes) else sent.encode() + b"\r\n" for sent in check.sent)


def fits(response: Response, expected: Expected) -> bool:
    head, lines = expected if isinstance(expected, tuple) else (expected, None)
    if lines is not None and response.lines != lines:
        return False
    return response.code == head if isinstance(head, int) else f"{response} ".startswith(f"{head}")


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_machine(check: Check) -> None:
    responses = ask(*check.sent)
    assert len(responses) == len(check.expected), [str(response) for response in responses]
    for response, expected in zip(responses, check.expected, strict=True):
        assert fits(response, expected), f"{response} {response.lines} is not {expected}"


def test_enough_checks() -> None:
    assert len(CHECKS) > 150
    assert len({str(check) for check in CHECKS}) == len(CHECKS)


def test_sockets_say_the_same() -> None:
    """A pipelining newsreader over TCP hears octet for octet what the machine says."""

    async def main() -> None:
        listener = listen("127.0.0.1", 0)
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_on, listener)
            for check in CHECKS:
                heard = await converse(listener.getsockname()[1], octets_of(check))
                assert parse_responses(heard), check
                assert heard.partition(b"\r\n")[2] == exchange(octets_of(check) + b"QUIT\r\n"), check
            nursery.cancel_scope.cancel()

    trio.run(main)


async def serve_on(listener, task_status) -> None:
    await serve([listener], forum, lambda: NOW, task_status=task_status)


async def converse(port: int, octets: bytes) -> bytes:
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        await stream.send_all(octets + b"QUIT\r\n")
        return b"".join([data async for data in stream])
