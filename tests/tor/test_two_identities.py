"""Two identities on one node: two onions that have nothing in common, seen by a visitor of both."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import trio

from tests.node_process import NodeProcess, wait_until
from tests.peers.house import Author, lines
from tests.privacy.scene import TELLING
from tests.privacy.tap import Call, Tap
from tests.privacy.tells import found
from tests.tor.onions import on_air, site_of, tor_node, visitor
from tests.tor.tor_testnet import TorNode, TorTestNetwork
from zbnntp.model.keys import parse_identity
from zbnntp.model.link import Link, format_link, parse_link
from zbnntp.peers.transport import Transport

pytestmark = [pytest.mark.tor, pytest.mark.slow]
UNIQUE = re.compile(rb"[0-9a-f]{12,}|[a-z2-7]{16,}")  # ids, hashes, keys, signatures, epochs, places, onions


@pytest.fixture
def household(short_dir: Path, network_torrc: Sequence[str]) -> Iterator[NodeProcess]:
    """anna's node, on which bert lives too; both have been published."""
    node = tor_node(short_dir, "anna", network_torrc)
    add = ("init", "--home", str(node.home), "--add", "--nick", "bert", "--no-passphrase")
    subprocess.run([sys.executable, "-m", "zbnntp.cli", *add], check=True, capture_output=True)
    node.start()
    try:
        for nick in ("anna", "bert"):
            wait_until(lambda it=nick: "reachable" in status(node, it), f"{nick}'s onion to be published", 90)
            wait_until(lambda it=nick: '"published_seq": 0' not in ask(node, "status", it, "--json"), "a head", 90)
        yield node
    finally:
        node.stop()


def status(node: NodeProcess, nick: str) -> str:
    return ask(node, "status", nick)


def ask(node: NodeProcess, verb: str, nick: str, *words: str) -> str:
    command = [sys.executable, "-m", "zbnntp.cli", verb, "--home", str(node.home), "--as", nick, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


async def all_that_is_served(transport: Transport, endpoint: str, identity: bytes) -> bytes:
    """What a visitor gets for asking everything that can be asked without knowing more."""
    paths = ("/zb/1/node", "/zb/1/changes?since=&wait=0", f"/zb/1/head/{identity.hex()}")
    answers = [await transport.request(endpoint, path, limit=1_000_000) for path in paths]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert all(answer.headers.keys() & {"date", "server", "set-cookie"} == set() for answer in answers)
    return b"\n".join(answer.body for answer in answers)


async def test_two_identities_of_one_node_have_nothing_in_common(
    tor_network: TorTestNetwork, household: NodeProcess
) -> None:
    links = [parse_link(re.search(r"zb:\S+", ask(household, "invite", nick))[0]) for nick in ("anna", "bert")]  # type: ignore[index]
    (at_anna,), (at_bert,) = (link.urls for link in links)
    assert at_anna != at_bert
    async with visitor(tor_network) as transport:
        anna = await all_that_is_served(transport, at_anna, links[0].identity)
        bert = await all_that_is_served(transport, at_bert, links[1].identity)
        assert links[0].identity.hex().encode() in anna
        assert set(UNIQUE.findall(anna)) & set(UNIQUE.findall(bert)) == set()
        for endpoint, other in ((at_anna, links[1]), (at_bert, links[0])):
            unknown = await transport.request(endpoint, f"/zb/1/head/{other.identity.hex()}", limit=1000)
            assert unknown.status == 404
            (there,) = other.urls
            head = await transport.request(there, f"/zb/1/head/{other.identity.hex()}", limit=1_000_000)
            pushed = await transport.request(endpoint, "/zb/1/push", limit=1000, body=head.body)
            assert pushed.status == 403, "as for any stranger"
            under_other_name = await transport.request(
                endpoint, "/zb/1/node", limit=1000, headers={"host": other.urls[0].removeprefix("http://")}
            )
            assert under_other_name.status == 421
    assert parse_identity(household.identity) == links[0].identity
    sockets = {path.parent for path in household.home.rglob("onion.sock")}
    assert len(sockets) == 2


def handshake(call: Call) -> tuple[bytes, bytes]:
    """What a connection to tor's SOCKS port isolates itself by, and where it wants to go: RFC 1928, RFC 1929."""
    asked = bytes(call.asked)
    assert asked.startswith(b"\x05\x01\x02\x01"), asked[:20]
    user, rest = asked[5 : 5 + asked[4]], asked[5 + asked[4] :]
    password, rest = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
    assert (user, rest[:4]) == (b"<torS0X>0", b"\x05\x01\x00\x03")
    return password, rest[5 : 5 + rest[4]]


async def test_at_tor_s_port_each_identity_has_circuits_of_its_own_and_asks_for_onions_alone(
    system_tor: TorNode, household: NodeProcess, short_dir: Path
) -> None:
    """Both visit the same onion; whatever they say on the way is looked through."""
    carol = Author("carol")
    carol.publish([lines("one", 5)])
    (socks,) = household.home.rglob("socks")
    with Tap(socks) as tap:
        async with on_air(system_tor, short_dir, site_of(carol)) as endpoint:
            link = format_link(Link(carol.identity, (endpoint,)))
            for nick in ("anna", "bert"):
                await trio.to_thread.run_sync(ask, household, "do", nick, f"follow {link}")
        calls = [call for call in tap.calls if call.answered]
        seen = [handshake(call) for call in calls]
    assert {target for _, target in seen} == {endpoint.removeprefix("http://").encode()}
    names = {password.partition(b"|")[0] for password, _ in seen}
    assert len(names) == 2, "one for each identity"
    assert found(tap.asked, TELLING) == []
