"""What one stranger may take of a public reader, so that the others have theirs."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from tests.gateway.gates import Gate
from zbnntp.model.bucket import Bucket
from zbnntp.model.errors import NotPermitted
from zbnntp.reception import CountedDesk

CROWD = 100  # guests at once, each from another address of the loopback network
OF_ONE = 8  # connections, as the settings have it


def connect(gate: Gate, source: str) -> socket.socket:
    return socket.create_connection((gate.node.host, gate.node.port), 30, source_address=(source, 0))


@pytest.mark.slow
def test_a_crowd_of_guests_is_served(gate: Gate) -> None:
    with ExitStack() as stack:
        crowd = [stack.enter_context(connect(gate, f"127.0.2.{at + 1}")) for at in range(CROWD)]
        files = [stack.enter_context(each.makefile("rb")) for each in crowd]
        assert all(file.readline().startswith(b"200 ") for file in files)
        for each in crowd:
            each.sendall(b"GROUP zb.new\r\n")
        assert all(file.readline().startswith(b"211 ") for file in files)


@pytest.mark.slow
def test_one_address_does_not_take_the_place_of_others(gate: Gate) -> None:
    with ExitStack() as stack:
        greedy = [stack.enter_context(connect(gate, "127.0.3.1")) for _ in range(OF_ONE + 1)]
        greetings = [stack.enter_context(each.makefile("rb")).readline()[:3] for each in greedy]
        assert greetings == [b"200"] * OF_ONE + [b"400"]
        other = stack.enter_context(connect(gate, "127.0.3.2"))
        assert stack.enter_context(other.makefile("rb")).readline().startswith(b"200 ")


class Desk:
    """Takes everything but what is empty."""

    trust = None

    def offer_id(self) -> str:
        return "<x@local.zb.invalid>"

    async def post(self, octets: bytes, offered_id: str) -> str:
        if not octets:
            raise NotPermitted("it is empty")
        return offered_id


async def test_an_account_posts_so_much_an_hour_on_all_its_connections() -> None:
    now = [1000.0]
    bucket = Bucket(3 / 3600, 3, now[0])
    first, second = (CountedDesk(Desk(), bucket, 3, lambda: now[0]) for _ in range(2))  # type: ignore[arg-type]
    await first.post(b"x", "<1@x>")
    await second.post(b"x", "<2@x>")
    with pytest.raises(NotPermitted, match="empty"):
        await first.post(b"", "<3@x>")
    with pytest.raises(NotPermitted, match="takes 3 articles an hour of you; try again in 20 minutes"):
        await second.post(b"x", "<4@x>")
    now[0] += 1200
    await second.post(b"x", "<4@x>")
