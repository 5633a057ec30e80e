"""Nothing goes anywhere but to onions: seen from Python's sockets, and from tor."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import trio

from tests.peers.house import NOW, Author, FakeLibrary, lines
from tests.peers.nodes import serving
from tests.tor.onions import PUBLISHED_SECONDS, running
from tests.tor.tor_testnet import TorNode, TorTestNetwork
from zbnntp.peers.api import Api
from zbnntp.peers.onion import OnionService, Tor
from zbnntp.peers.tor_process import SystemTor

pytestmark = [pytest.mark.tor, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
EVENT_SECONDS = 30  # until tor has told what it was asked for


class StreamWatch:
    """The targets that a tor was asked for, by its STREAM events."""

    def __init__(self, network: TorTestNetwork) -> None:
        self._control = network.clients[0].control()
        self._control.command("SETEVENTS STREAM")
        self.targets: set[str] = set()
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        while True:
            try:
                event = self._control.next_event(1.0)
            except TimeoutError:  # an OSError as well
                continue
            except OSError:
                return
            words = event.split()
            if "NEW" in words and "PURPOSE=USER" in words:  # the others are tor's own
                self.targets.add(words[words.index("NEW") + 2])

    def close(self) -> None:
        self._control.close()
        self._thread.join(5)


async def test_a_whole_sync_opens_nothing_but_tor_s_socket(
    tor_network: TorTestNetwork, system_tor: TorNode, short_dir: Path
) -> None:
    client = tor_network.clients[0]
    author, library = Author("carol"), FakeLibrary()
    author.publish([lines("one", 50)])
    library.keep(author)
    service = OnionService(secrets.token_bytes(32), short_dir / "onion" / "web.sock")
    tor = Tor(SystemTor(system_tor.control_socket, system_tor.socks_unix))
    tor.add(service)
    api = Api(author.identity, library, lambda: NOW)
    async with running(tor), serving(service.target, api, {service.address}):
        with trio.fail_after(PUBLISHED_SECONDS):
            await service.wait_reachable()
        watch = await trio.to_thread.run_sync(StreamWatch, tor_network)
        result = await trio.run_process(
            [sys.executable, "-m", "tests.tor.leak_child", client.socks_unix, service.address, author.identity.hex()],
            capture_stdout=True,
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "http_proxy": "http://127.0.0.1:9",
                "ALL_PROXY": "socks5://127.0.0.1:9",
            },
            stderr=subprocess.DEVNULL,
        )
        with trio.fail_after(EVENT_SECONDS):
            while not watch.targets:
                await trio.sleep(0.05)
        await trio.to_thread.run_sync(watch.close)
    seen = json.loads(result.stdout)
    assert seen
    assert {tuple(event) for event in seen} == {("socket.connect", str(client.socks_unix))}
    assert watch.targets == {f"{service.address}:80"}
