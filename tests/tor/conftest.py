"""The private Tor network, one for the whole run; without tor its tests are skipped, but not in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest

from tests.peers.trio_tests import autojump_clock, pytest_pyfunc_call, short_dir
from tests.tor.tor_testnet import TorMissing, TorNode, TorTestNetwork

__all__ = ["autojump_clock", "pytest_pyfunc_call", "short_dir"]

# Our own tor has these of its own.
_OF_OUR_OWN = ("Nickname", "DataDirectory", "Log ", "ControlSocket", "CookieAuthentication", "SocksPort", "ClientOnly")


@pytest.fixture(scope="session")
def tor_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorTestNetwork]:
    """A Tor network on the loopback interface with one client; it takes about 15 seconds to start.

    It has exits, so that whatever tried to leave it would be seen to do so.
    """
    try:
        network = TorTestNetwork(tmp_path_factory.mktemp("tor"), clients=1, exits=True)
        network.start()
    except TorMissing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"the private Tor network needs tor and tor-gencert (apt-get install tor): {error}")
    try:
        yield network
    finally:
        network.stop()


@pytest.fixture(scope="session")
def network_torrc(tor_network: TorTestNetwork) -> Sequence[str]:
    """Lines that make another tor a client of the private network."""
    lines = tor_network.clients[0].torrc.read_text().splitlines()
    return tuple(line for line in lines if not line.startswith(_OF_OUR_OWN))


@pytest.fixture
def system_tor(tor_network: TorTestNetwork) -> Iterator[TorNode]:
    """A tor that somebody else runs. One for each test: stem takes over those whose owner is this process."""
    yield from running_client(tor_network)


@pytest.fixture
def other_tor(tor_network: TorTestNetwork) -> Iterator[TorNode]:
    """One more."""
    yield from running_client(tor_network)


def running_client(network: TorTestNetwork) -> Iterator[TorNode]:
    client = network.add_client()
    yield client
    if client.is_running():
        client.stop()
