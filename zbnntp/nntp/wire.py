"""One TCP connection of the NNTP server, on trio: octets in and out, through the layers that lie in it.

Raw non-blocking sockets and wait_readable: wait first, then receive. While a send waits, more commands are read ahead
up to a limit; beyond it the kernel's window closes and the newsreader has to wait for us.
"""

from __future__ import annotations

import contextlib
import socket

import trio

from zbnntp.nntp.layers import Layer, LayerBroken, Layers
from zbnntp.nntp.machine import Machine
from zbnntp.nntp.tls import Tls

RECEIVE_OCTETS = 1 << 16
# How long a send may wait before commands are read ahead: a newsreader that only reads slowly is not worth two waits.
READ_AHEAD_AFTER_SECONDS = 0.05
LINGER_SECONDS = 1.0
# So often a socket is asked for the next command, a microsecond each, before its task waits; but once where that was
# in vain of late.
SPIN_MOST = 12
# After so long without waiting a task waits, so that the others get their turn.
TURN_SECONDS = 0.0003
# The last reply leaves in one packet with the end of the connection, where the system can do that.
_MORE_FOLLOWS = getattr(socket, "MSG_MORE", 0)


class HungUp(Exception):
    """The newsreader is gone."""


class Wire:
    """One TCP connection."""

    __slots__ = ("_layers", "_socket", "_tries", "_waited", "last_active", "shaking", "waiting")

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        if connected.family != socket.AF_UNIX:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self._layers: Layers | None = None
        self.last_active = trio.current_time()
        self._waited = 0.0  # when it waited last
        self._tries = 1
        self.waiting = False  # for a command, with nothing left to say
        self.shaking = False  # hands: nothing can be said

    @property
    def address(self) -> str:
        """Where the newsreader is."""
        try:
            name = self._socket.getpeername()
        except OSError as error:
            raise HungUp from error
        return str(name[0]) if isinstance(name, tuple) else ""

    def push(self, layer: Layer) -> None:
        """Lay something between the socket and the session."""
        self._layers = self._layers or Layers()
        self._layers.push(layer)

    async def shake_hands(self, tls: Tls, seconds: float) -> None:
        """Begin TLS, which lies below all other layers; HungUp when that fails or takes longer."""
        self.waiting = self.shaking = True
        with trio.move_on_after(seconds):
            while not tls.ready:
                await trio.lowlevel.wait_readable(self._socket)
                await self._shake_once(tls)
        self.waiting = self.shaking = False
        if not tls.ready:
            raise HungUp
        self.push(tls)

    async def _shake_once(self, tls: Tls) -> None:
        data = self._receive_raw()
        if data is None:
            return
        if not data:
            raise HungUp
        try:
            tls.feed(data)
            tls.shake()
        except LayerBroken as error:
            self._send_now(tls.to_send())
            raise HungUp from error
        octets = tls.to_send()
        while octets := octets[self._send_now(octets) :]:
            await trio.lowlevel.wait_writable(self._socket)

    async def receive(self) -> bytes:
        """What has arrived; HungUp at the end."""
        data = self._receive_soon() if self._layers is None else self._unfold()
        if data is None:
            self.waiting = True
            while data is None:
                await trio.lowlevel.wait_readable(self._socket)
                data = self._receive_now()
            self.waiting = False
            self._waited = trio.current_time()
        self.last_active = trio.current_time()
        if not data:
            raise HungUp
        return data

    async def send(self, octets: bytes, machine: Machine) -> None:
        """Send everything; reads ahead into the machine while that has room."""
        if self._layers is not None:
            octets = self._fold(octets)
        sent = self._send_now(octets, _MORE_FOLLOWS if machine.closed and not machine.busy else 0)
        while sent < len(octets):
            await self._wait_writable(machine)
            sent += self._send_now(memoryview(octets)[sent:])
            self.last_active = trio.current_time()

    def send_last(self, octets: bytes) -> None:
        """Send what fits without waiting."""
        self._send_now(octets if self._layers is None else self._fold(octets))

    async def close(self) -> None:
        """Hang up, but not before late octets are read: unread ones would make the kernel drop our last reply."""
        with self._socket, contextlib.suppress(HungUp, OSError), trio.move_on_after(LINGER_SECONDS):
            if self._layers is not None:
                self._send_now(self._layers.close())
            self._socket.shutdown(socket.SHUT_WR)
            while self._receive_raw():
                await trio.lowlevel.wait_readable(self._socket)

    def drop(self) -> None:
        """Hang up at once."""
        self._socket.close()

    def _receive_soon(self) -> bytes | None:
        """What comes within a few microseconds. A newsreader that reads article after article has its next command
        ready by then, and the event loop has no need to go to sleep for it.
        """
        if trio.current_time() - self._waited > TURN_SECONDS:
            return None
        for _ in range(self._tries):
            data = self._receive_raw()
            if data is not None:
                self._tries = min(self._tries + 1, SPIN_MOST)
                return data
        self._tries = 1 + self._tries // 2 if self._tries > 2 else 1
        return None

    def _receive_now(self) -> bytes | None:
        """What is there without waiting; None when that is nothing yet."""
        data = self._receive_raw()
        if not data or self._layers is None:
            return data
        return self._unfold(data)

    def _receive_raw(self) -> bytes | None:
        try:
            return self._socket.recv(RECEIVE_OCTETS)
        except BlockingIOError:
            return None
        except OSError as error:
            raise HungUp from error

    def _send_now(self, octets: bytes | memoryview, flags: int = 0) -> int:
        """Send what fits without waiting; the number of octets that did."""
        try:
            return self._socket.send(octets, flags)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise HungUp from error

    def _unfold(self, data: bytes = b"") -> bytes | None:
        """What the layers make of it, or of what they still hold; None when that is nothing yet."""
        assert self._layers is not None
        try:
            self._layers.feed(data)
            return self._layers.read() or None
        except LayerBroken as error:
            raise HungUp from error

    def _fold(self, octets: bytes) -> bytes:
        assert self._layers is not None
        try:
            return self._layers.write(octets)
        except LayerBroken as error:
            raise HungUp from error

    async def _wait_writable(self, machine: Machine) -> None:
        with trio.move_on_after(READ_AHEAD_AFTER_SECONDS):
            await trio.lowlevel.wait_writable(self._socket)
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read_ahead, machine)
            await trio.lowlevel.wait_writable(self._socket)
            nursery.cancel_scope.cancel()

    async def _read_ahead(self, machine: Machine) -> None:
        """Some newsreaders write all their commands before they read: take them, or both sides wait for ever."""
        with contextlib.suppress(HungUp):  # send() will notice
            while machine.has_room:
                data = None if self._layers is None else self._unfold()
                if data is None:
                    await trio.lowlevel.wait_readable(self._socket)
                    data = self._receive_now()
                if data:
                    machine.receive(data)
                elif data is not None:
                    return
