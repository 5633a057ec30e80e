"""An onion service for newsreaders, beside those for peers: open to all, or only to devices that have a key for it.

A closed one without any device is not there at all: tor would let everybody in. When a device is taken off the list,
the circuits that are open end as well. docs/gateway.md; tor's rend-spec-v3, client authorisation.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import trio

from zbnntp.devices import Devices, open_devices
from zbnntp.model.errors import TorDown
from zbnntp.peers.onion import OnionService, Tor

NNTP_PORT = 119


class ReaderOnion:
    """Leads to the Unix socket at `socket`, where nntp listens. Call `run` in a task of its own."""

    def __init__(self, tor: Tor, place: Path, socket: Path, closed: bool) -> None:
        self._tor, self._place, self._socket, self._closed = tor, place, socket, closed
        self._changed = trio.Event()
        self.devices = open_devices(place)

    def renew(self) -> None:
        """The list of devices may be another now. BadEncoding."""
        self.devices = open_devices(self._place)
        self._changed.set()
        self._changed = trio.Event()

    async def run(self) -> None:
        """Keep it on tor until cancelled."""
        while True:
            if self._closed and not self.devices.clients:
                await self._changed.wait()
            else:
                await self._serve(self.devices)

    async def _serve(self, devices: Devices) -> None:
        """Until the list is another."""
        clients = list(devices.clients.values()) if self._closed else []
        service = OnionService(devices.seed, self._socket, clients, port=NNTP_PORT)
        self._tor.add(service)
        try:
            while self.devices == devices:
                await self._changed.wait()
        finally:
            gone = set(devices.clients.values()) - set(self.devices.clients.values())
            with trio.CancelScope(shield=True), contextlib.suppress(TorDown):
                await self._tor.remove(service, cut_off=self._closed and bool(gone))

    def describe(self) -> str:
        """One line for whoever starts the node."""
        if not self._closed:
            return f"{self.devices.address} port {NNTP_PORT}, open to everybody"
        if not self.devices.clients:
            return "closed, and no device has a key; make one with 'zbnntp device add NAME'"
        return f"{self.devices.address} port {NNTP_PORT}, for {', '.join(self.devices.clients)}"
