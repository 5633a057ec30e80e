"""The NNTP server on trio: who is let in, who is served next, how it ends.

All replies to what one recv brought leave in one send; long answers leave in sends of about 64 KiB with a checkpoint
between them, so that one reader who fetches a whole group does not hold up the others.

This is the outermost ring: whatever goes wrong in one session ends that session alone, with 403 and a line in the log.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import trio

from zbnntp.model.errors import ZbError
from zbnntp.nntp.machine import Machine, Upload
from zbnntp.nntp.protocols import Desk, Shelf
from zbnntp.nntp.replies import Code, status_line
from zbnntp.nntp.session import Session
from zbnntp.nntp.wire import HungUp, Wire

log = logging.getLogger(__name__)

BACKLOG = 256
ACCEPTS_A_TURN = 64
# The process is out of descriptors or memory: what is open goes on, new newsreaders wait in the backlog.
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ACCEPT_PAUSE_SECONDS = 0.1
_TOO_MANY = status_line(Code.CLOSING, "too many connections; close a newsreader or try again later")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the whole server."""

    # A newsreader opens two to four; a household stays far below, and 2,000 idle ones cost 10 MB.
    connections: int = 2000
    # RFC 3977 section 3.1 asks for three minutes at least; Thunderbird hangs up after 170 seconds by itself.
    idle_seconds: float = 1800
    # Idle connections are looked for this often, so that a command costs no timer.
    sweep_seconds: float = 15
    # What is being sent or posted when the node stops may take this long.
    grace_seconds: float = 2


DEFAULT_LIMITS = Limits()
Make = Callable[[], tuple[Shelf, Desk | None]]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket for serve(). OSError where the port is taken or forbidden."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


async def serve(
    listeners: Sequence[socket.socket],
    make: Make,
    now: Callable[[], float],
    *,
    limits: Limits = DEFAULT_LIMITS,
    stopping: trio.Event | None = None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve newsreaders on listening sockets, and close those in the end.

    `make` gives each connection its Shelf and Desk (None: no posting); `now` is the clock, unix seconds. Runs until
    `stopping` is set, which lets answers and posts in progress finish, or until it is cancelled, which does not.
    """
    server = _Server(make, now, limits)
    try:
        async with trio.open_nursery() as nursery:
            for listener in listeners:
                listener.setblocking(False)
                nursery.start_soon(server.accept, listener, nursery)
            nursery.start_soon(server.sweep)
            task_status.started()
            await (trio.Event() if stopping is None else stopping).wait()
            await server.finish()
            nursery.cancel_scope.cancel()
    finally:
        for listener in listeners:
            listener.close()


@dataclass(eq=False, slots=True)
class _Connection:
    wire: Wire
    machine: Machine
    scope: trio.CancelScope


class _Server:
    """All connections of one node."""

    def __init__(self, make: Make, now: Callable[[], float], limits: Limits) -> None:
        self._make = make
        self._now = now
        self._limits = limits
        self._accepting: list[trio.CancelScope] = []
        self._connections: set[_Connection] = set()
        self._stopping = False
        self._all_gone = trio.Event()

    async def accept(self, listener: socket.socket, nursery: trio.Nursery) -> None:
        """Take newsreaders from one listener until finish()."""
        with trio.CancelScope() as scope:
            self._accepting.append(scope)
            while True:
                await trio.lowlevel.wait_readable(listener)
                await self._accept_some(listener, nursery)

    async def sweep(self) -> None:
        """Hang up on the idle ones, silently (RFC 3977 section 3.1)."""
        while True:
            await trio.sleep(self._limits.sweep_seconds)
            oldest = trio.current_time() - self._limits.idle_seconds
            for connection in self._connections:
                if connection.wire.last_active < oldest:
                    connection.scope.cancel()

    async def finish(self) -> None:
        """No new newsreaders; those that wait are hung up on, those that are served get a moment."""
        self._stopping = True
        for scope in self._accepting:
            scope.cancel()
        for connection in self._connections:
            connection.machine.stop()
            if connection.wire.waiting:
                connection.scope.cancel()
        if self._connections:
            with trio.move_on_after(self._limits.grace_seconds):
                await self._all_gone.wait()

    async def _accept_some(self, listener: socket.socket, nursery: trio.Nursery) -> None:
        for _ in range(ACCEPTS_A_TURN):
            try:
                connected, _address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    log.warning("cannot accept a newsreader: %s", error.strerror)
                    await trio.sleep(ACCEPT_PAUSE_SECONDS)
                continue  # or the newsreader has hung up already
            if len(self._connections) >= self._limits.connections:
                _turn_away(connected)
            else:
                self._admit(connected, nursery)

    def _admit(self, connected: socket.socket, nursery: trio.Nursery) -> None:
        try:
            session = Session(*self._make(), self._now)
            connection = _Connection(Wire(connected), Machine(session), trio.CancelScope())
        except Exception:
            log.exception("a newsreader could not be served")
            connected.close()
            return
        self._connections.add(connection)
        nursery.start_soon(self._run, connection)

    async def _run(self, connection: _Connection) -> None:
        try:
            with connection.scope:
                await self._serve_one(connection)
                await connection.wire.close()
        finally:
            connection.wire.drop()
            self._connections.discard(connection)
            if self._stopping and not self._connections:
                self._all_gone.set()

    async def _serve_one(self, connection: _Connection) -> None:
        try:
            await self._converse(connection.wire, connection.machine)
        except HungUp:
            pass
        except Exception:
            log.exception("a newsreader's session failed")
            with contextlib.suppress(HungUp):
                connection.wire.send_now(connection.machine.fault())

    async def _converse(self, wire: Wire, machine: Machine) -> None:
        while True:
            octets = machine.take()
            if octets:
                await wire.send(octets, machine)
            if machine.busy:
                await trio.lowlevel.checkpoint()
            elif machine.upload is not None:
                await _post(machine, machine.upload)
            elif machine.closed or self._stopping:
                return
            else:
                machine.receive(await wire.receive())


async def _post(machine: Machine, upload: Upload) -> None:
    desk = machine.session.desk
    assert desk is not None  # or POST would have been refused
    try:
        message_id = await desk.post(upload.octets, upload.offered_id)
    except ZbError as error:
        machine.not_posted(error)
    else:
        machine.posted(message_id)


def _turn_away(connected: socket.socket) -> None:
    with connected, contextlib.suppress(OSError):
        connected.setblocking(False)
        connected.send(_TOO_MANY)
