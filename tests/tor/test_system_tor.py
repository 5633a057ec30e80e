"""tor = "system", as on Debian: tor, the node and whoever else is on the machine are three users."""

from __future__ import annotations

import pwd
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.local.neighbours import as_nobody
from tests.node_process import wait_until
from tests.tor.onions import PUBLISHED_SECONDS, visitor
from tests.tor.strangers import NODE_USER, TOR_USER, DebianTor, OthersNode, debian_tor
from tests.tor.tor_testnet import TorTestNetwork
from zbnntp.model.keys import parse_identity

pytestmark = [pytest.mark.tor, pytest.mark.slow]
LISTENS = "0A"


@pytest.fixture
def tor(network_torrc: Sequence[str]) -> Iterator[DebianTor]:
    with debian_tor(network_torrc) as running:
        yield running


async def test_who_is_in_tors_group_is_reached_by_tor_and_by_nobody_else(
    tor: DebianTor, tor_network: TorTestNetwork
) -> None:
    with OthersNode(tor, groups=TOR_USER) as node:
        wait_until(lambda: "reachable" in node.status()["tor"], "the onion to be published", PUBLISHED_SECONDS)
        (onion,) = re.findall(r"[a-z2-7]{56}\.onion", node.invite())
        async with visitor(tor_network) as transport:
            answer = await transport.request(f"http://{onion}", "/zb/1/node", limit=1000)
        assert parse_identity(node.identity).hex().encode() in answer.body
        (port,) = listening(NODE_USER) - {node.port}
        question = f"GET /zb/1/node HTTP/1.1\r\nHost: {onion}\r\n\r\n".encode()
        assert ask(port, question) == b""
        assert as_nobody(lambda: ask(port, question)) == "b''", "nor has the node's own user anything to ask there"


def listening(user: str) -> set[int]:
    """The ports of the loopback at which programs of that user listen."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    uid = str(pwd.getpwnam(user).pw_uid)
    return {int(row[1].partition(":")[2], 16) for row in rows if (row[3], row[7]) == (LISTENS, uid)}


def ask(port: int, question: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as one, suppress(ConnectionError):
        one.sendall(question)
        return one.recv(1000)
    return b""


@pytest.mark.parametrize(
    ("groups", "change", "remedy"),
    [
        ("", {}, f"run/control of the system's tor is closed to you; as root run 'adduser {NODE_USER} {TOR_USER}'"),
        (TOR_USER, {"CookieAuthFileGroupReadable": "0"}, "put 'CookieAuthFileGroupReadable 1' into its torrc"),
    ],
    ids=["not in the group", "cookie closed"],
)
def test_what_keeps_the_node_from_tor_is_said_with_its_remedy(
    groups: str, change: dict[str, str], remedy: str, network_torrc: Sequence[str]
) -> None:
    with debian_tor(network_torrc, **change) as tor, OthersNode(tor, groups) as node:
        wait_until(lambda: remedy in node.status()["tor"], remedy)
        assert remedy in node.output
