"""The NNTP server on trio: who is let in, who is served next, how it ends.

All replies to what one recv brought leave in one send; long answers leave in sends of about 64 KiB with a checkpoint
between them, so that one reader who fetches a whole group does not hold up the others.

This is the outermost ring: whatever goes wrong in one session ends that session alone, with 403 and a line in the log.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import trio

from zbnntp.model.errors import NotPermitted, Refused, ZbError
from zbnntp.nntp.crowd import Connection, Crowd
from zbnntp.nntp.deflate import Deflate
from zbnntp.nntp.login import WRONG
from zbnntp.nntp.logins import Logins
from zbnntp.nntp.machine import Machine, Upload
from zbnntp.nntp.protocols import House, Shelf
from zbnntp.nntp.replies import Code, Later, Login, status_line
from zbnntp.nntp.session import Session, Terms
from zbnntp.nntp.shares import Party, Share, Shares, stranger_of, wait_seconds
from zbnntp.nntp.tls import Tls
from zbnntp.nntp.wire import HungUp, Wire

log = logging.getLogger(__name__)

BACKLOG = 256
ACCEPTS_A_TURN = 64
# The process is out of descriptors or memory: what is open goes on, new newsreaders wait in the backlog.
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ACCEPT_PAUSE_SECONDS = 0.1
COMPLAINT_SECONDS = 60  # between two lines in the log about it
_TOO_MANY = "too many connections; close a newsreader or try again later"
UNBOUNDED = Share()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the whole server."""

    # A newsreader opens two to four; a household stays far below, and 2,000 idle ones cost 10 MB.
    connections: int = 2000
    # RFC 3977 section 3.1 asks for three minutes at least; Thunderbird hangs up after 170 seconds by itself.
    idle_seconds: float = 1800
    # A login that is demanded has to come within this: three minutes as well, for passwords are typed.
    login_seconds: float = 180
    # Idle connections are looked for this often, so that a command costs no timer.
    sweep_seconds: float = 15
    # What is being sent or posted when the node stops may take this long.
    grace_seconds: float = 2
    # A handshake is two round trips; who stalls in it holds a connection for no longer than this.
    handshake_seconds: float = 15
    # Compression takes 300 kB a connection, sixty times what an idle one takes.
    compressed: int = 200
    # Of each stranger, where strangers come: where the house welcomes guests, or the address is not this machine's.
    share: Share = UNBOUNDED


DEFAULT_LIMITS = Limits()


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


def listen_at(path: Path) -> socket.socket:
    """A listening Unix socket for the own user, and so for tor; an old socket there is removed first. OSError."""
    if path.is_socket() and not path.is_symlink():
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(os.fspath(path))
        path.chmod(0o600)  # nobody can connect before the next line
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


async def serve(
    listeners: Sequence[socket.socket],
    house: House,
    now: Callable[[], float],
    *,
    tls: ssl.SSLContext | None = None,
    tls_listeners: Sequence[socket.socket] = (),
    onion_listeners: Sequence[socket.socket] = (),
    limits: Limits = DEFAULT_LIMITS,
    stopping: trio.Event | None = None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve newsreaders on listening sockets, and close those in the end.

    `now` is the clock, unix seconds. With `tls`, STARTTLS is offered on `listeners`, and on `tls_listeners` TLS comes
    first (RFC 8143). To `onion_listeners` tor leads strangers. Runs until `stopping` is set, which lets answers and
    posts in progress finish, or until it is cancelled, which does not.
    """
    server = _Server(house, now, tls, limits)
    doors = [
        *(Door(each) for each in listeners),
        *(Door(each, tls=True) for each in tls_listeners),
        *(Door(each, onion=True) for each in onion_listeners),
    ]
    try:
        async with trio.open_nursery() as nursery:
            for door in doors:
                door.listener.setblocking(False)
                nursery.start_soon(server.accept, door, nursery)
            nursery.start_soon(server.sweep)
            task_status.started()
            await (trio.Event() if stopping is None else stopping).wait()
            await server.finish()
            nursery.cancel_scope.cancel()
    finally:
        for door in doors:
            door.listener.close()


@dataclass(frozen=True, slots=True)
class Door:
    """A listening socket: whether TLS comes first there, and whether it is where tor leads strangers."""

    listener: socket.socket
    tls: bool = False
    onion: bool = False


class _Server:
    """All connections of one node."""

    def __init__(self, house: House, now: Callable[[], float], tls: ssl.SSLContext | None, limits: Limits) -> None:
        self._house = house
        self._logins = Logins(house)
        self._shares = Shares(limits.share)
        self._all_terms: dict[tuple[bool, ...], Terms] = {}
        self._now = now
        self._tls = tls
        self._limits = limits
        self._accepting: list[trio.CancelScope] = []
        self._connections = Crowd()
        self._stopping = False
        self._quiet_until = 0.0
        self._all_gone = trio.Event()

    async def accept(self, door: Door, nursery: trio.Nursery) -> None:
        """Take newsreaders from one listener until finish()."""
        with trio.CancelScope() as scope:
            self._accepting.append(scope)
            while True:
                await trio.lowlevel.wait_readable(door.listener)
                await self._accept_some(door, nursery)

    async def sweep(self) -> None:
        """Look now and then who has to go."""
        while True:
            await trio.sleep(self._limits.sweep_seconds)
            now, limits = trio.current_time(), self._limits
            self._connections.sweep(now - limits.idle_seconds, now - limits.login_seconds, self._house.has)

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

    async def _accept_some(self, door: Door, nursery: trio.Nursery) -> None:
        for _ in range(ACCEPTS_A_TURN):
            try:
                connected, _address = door.listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._complain(error)
                    self._connections.make_room()
                    await trio.sleep(ACCEPT_PAUSE_SECONDS)
                continue  # or the newsreader has hung up already
            if len(self._connections) >= self._limits.connections and not self._connections.make_room():
                _turn_away(connected, door.tls, _TOO_MANY)
            else:
                self._admit(connected, door, nursery)

    def _complain(self, error: OSError) -> None:
        if trio.current_time() >= self._quiet_until:
            self._quiet_until = trio.current_time() + COMPLAINT_SECONDS
            log.warning("cannot accept a newsreader: %s", error.strerror)

    def _admit(self, connected: socket.socket, door: Door, nursery: trio.Nursery) -> None:
        try:
            connection = self._open(connected, door)
        except HungUp:
            connected.close()
        except Refused as error:
            _turn_away(connected, door.tls, str(error))
        except Exception:
            log.exception("a newsreader could not be served")
            connected.close()
        else:
            self._connections.add(connection)
            nursery.start_soon(self._run, connection)

    def _open(self, connected: socket.socket, door: Door) -> Connection:
        private = is_private(connected.getsockname())
        terms = self._terms(door.tls, private, private and not door.onion)
        wire, machine = Wire(connected), Machine(Session(*self._house.open(), self._now, terms))
        connection = Connection(wire, machine, trio.CancelScope(), self._party(terms, wire), trio.current_time())
        if not door.tls:  # the newsreader need not wait for the task that will serve it
            try:
                wire.send_last(machine.take())
            except HungUp:
                self._leave(connection)
                raise
        return connection

    def _terms(self, tls: bool, private: bool, home: bool) -> Terms:
        """What is offered: passwords never in the open, and nothing to strangers but what guests are shown."""
        home = home and not self._house.welcomes_guests
        demands = self._house.demands_login or not (home or self._house.welcomes_guests)
        key = (tls, private, home, self._house.offers_login, demands)
        terms = self._all_terms.get(key)  # one object for all connections that are alike
        if terms is None:
            terms = self._all_terms[key] = Terms(
                offers_login=self._house.offers_login,
                demands_login=demands,
                private=private,
                home=home,
                tls=tls,
                make_tls=None if self._tls is None else self._make_tls,
                make_deflate=self._make_deflate,
            )
        return terms

    def _party(self, terms: Terms, wire: Wire) -> Party | None:
        if terms.home:
            return None
        return self._shares.join(stranger_of(wire.address), trio.current_time())

    def _leave(self, connection: Connection) -> None:
        if connection.party:
            self._shares.leave(connection.party)

    def _make_tls(self) -> Tls:
        assert self._tls is not None
        try:
            return Tls(self._tls)
        except ssl.SSLError as error:
            raise Refused("this node cannot do TLS just now; its certificate may be damaged") from error

    def _make_deflate(self) -> Deflate:
        if sum(each.machine.session.compressed for each in self._connections) >= self._limits.compressed:
            raise Refused("too many connections are compressed already; go on without")
        return Deflate()

    async def _run(self, connection: Connection) -> None:
        try:
            with connection.scope:
                await self._serve_one(connection)
                await connection.wire.close()
        finally:
            connection.wire.drop()
            self._connections.discard(connection)
            self._leave(connection)
            if self._stopping and not self._connections:
                self._all_gone.set()

    async def _serve_one(self, connection: Connection) -> None:
        try:
            if connection.machine.session.terms.tls:
                await connection.wire.shake_hands(self._make_tls(), self._limits.handshake_seconds)
            await self._converse(connection)
        except HungUp:
            pass
        except Exception:
            log.exception("a newsreader's session failed")
            with contextlib.suppress(HungUp):
                connection.wire.send_last(connection.machine.fault())

    async def _converse(self, connection: Connection) -> None:
        wire, machine = connection.wire, connection.machine
        while True:
            octets = machine.take()
            if octets:
                await wire.send(octets, machine)
            if connection.party and machine.work:
                await _rest(connection.party, machine)
            if machine.busy:
                await trio.lowlevel.checkpoint()
            elif machine.errand is not None:
                await self._run_errand(connection)
            elif machine.closed or self._stopping:
                return
            else:
                machine.receive(await wire.receive())

    async def _run_errand(self, connection: Connection) -> None:
        wire, machine, errand = connection.wire, connection.machine, connection.machine.errand
        if isinstance(errand, Upload):
            await _post(machine, errand)
        elif isinstance(errand, Login):
            await self._log_in(connection, errand)
        elif isinstance(errand, Later):
            machine.answered(await errand.make())
        elif isinstance(layer := machine.switch(), Tls):
            await wire.shake_hands(layer, self._limits.handshake_seconds)
        else:
            wire.push(layer)

    async def _log_in(self, connection: Connection, login: Login) -> None:
        machine = connection.machine
        try:
            view = await self._logins.check(login, connection.wire.address)
            self._become(connection, view[0])
        except NotPermitted:
            machine.not_logged_in(WRONG)
        except ZbError as error:
            machine.not_logged_in(str(error))
        else:
            machine.logged_in(*view)

    def _become(self, connection: Connection, shelf: Shelf) -> None:
        """From now on one of the connections of that view; Refused when it has its share already."""
        if connection.party:
            party = self._shares.join(id(shelf), trio.current_time())  # all of a view have the same shelf
            self._shares.leave(connection.party)
            connection.party = party


async def _rest(party: Party, machine: Machine) -> None:
    """Who has had more than a share waits until the debt is paid."""
    seconds = wait_seconds(party, machine.work, trio.current_time())
    machine.work = 0
    if seconds:
        await trio.sleep(seconds)


async def _post(machine: Machine, upload: Upload) -> None:
    desk = machine.session.desk
    assert desk is not None  # or POST would have been refused
    try:
        message_id = await desk.post(upload.octets, upload.offered_id)
    except ZbError as error:
        machine.not_posted(error)
    else:
        machine.posted(message_id)


@lru_cache(maxsize=64)
def is_private(address: object) -> bool:
    """Whether nobody reads along at one of our own addresses, as getsockname() tells it.

    Only this machine reaches it; or it is a Unix socket, which is its owner's, or where tor leads who comes through an
    onion.
    """
    return not isinstance(address, tuple) or ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback


def _turn_away(connected: socket.socket, tls: bool, sentence: str) -> None:
    with connected, contextlib.suppress(OSError):
        connected.setblocking(False)
        connected.send(b"" if tls else status_line(Code.CLOSING, sentence))
