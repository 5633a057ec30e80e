"""One TCP connection of the NNTP server, on trio: octets in and out, nothing else.

Raw non-blocking sockets and wait_readable: wait first, then receive. While a send waits, more commands are read ahead
up to a limit; beyond it the kernel's window closes and the newsreader has to wait for us.
"""

from __future__ import annotations

import contextlib
import socket

import trio

from zbnntp.nntp.machine import Machine

RECEIVE_OCTETS = 1 << 16
# How long a send may wait before commands are read ahead: a newsreader that only reads slowly is not worth two waits.
READ_AHEAD_AFTER_SECONDS = 0.05
LINGER_SECONDS = 1.0


class HungUp(Exception):
    """The newsreader is gone."""


class Wire:
    """One TCP connection: octets in and out, nothing else. TLS can take its place."""

    __slots__ = ("_socket", "last_active", "waiting")

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self.last_active = trio.current_time()
        self.waiting = False  # for a command, with nothing left to say

    async def receive(self) -> bytes:
        """What has arrived; HungUp at the end."""
        self.waiting = True
        data = None
        while data is None:
            await trio.lowlevel.wait_readable(self._socket)
            data = self._receive_now()
        self.waiting = False
        self.last_active = trio.current_time()
        if not data:
            raise HungUp
        return data

    async def send(self, octets: bytes, machine: Machine) -> None:
        """Send everything; reads ahead into the machine while that has room."""
        sent = self.send_now(octets)
        while sent < len(octets):
            await self._wait_writable(machine)
            sent += self.send_now(memoryview(octets)[sent:])
            self.last_active = trio.current_time()

    def send_now(self, octets: bytes | memoryview) -> int:
        """Send what fits without waiting; the number of octets that did."""
        try:
            return self._socket.send(octets)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise HungUp from error

    async def close(self) -> None:
        """Hang up, but not before late octets are read: unread ones would make the kernel drop our last reply."""
        with self._socket, contextlib.suppress(HungUp, OSError), trio.move_on_after(LINGER_SECONDS):
            self._socket.shutdown(socket.SHUT_WR)
            while self._receive_now():
                await trio.lowlevel.wait_readable(self._socket)

    def drop(self) -> None:
        """Hang up at once."""
        self._socket.close()

    def _receive_now(self) -> bytes | None:
        """What is there without waiting; None when that is nothing yet."""
        try:
            return self._socket.recv(RECEIVE_OCTETS)
        except BlockingIOError:
            return None
        except OSError as error:
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
        while machine.has_room:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                data = self._receive_now()
            except HungUp:
                return  # send() will notice
            if data:
                machine.receive(data)
            elif data is not None:
                return
