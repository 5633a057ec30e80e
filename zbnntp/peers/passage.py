"""A way in for a tor that runs as another user: a port of the loopback, from where visitors are led to our Unix socket.

Our own tor reaches the sockets in our home. The system's tor is another user, who may not enter there; on Debian
systemd and AppArmor keep it out of nearly every directory besides. A port of this machine it can reach. So could all
other programs here: they would learn who publishes on this machine, and come in where tor lets in only those with a
key. Therefore the kernel's table of connections is asked whose the other end is, and whoever is not tor's user is cut
off before an octet of theirs is read or anything is sent.

An end whose program has closed it has no owner any more and is listed as root's; so only open ones count.

Sources: proc(5), /proc/net/tcp; tor's control-spec, the targets of ADD_ONION.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from pathlib import Path

import trio

from zbnntp.model.errors import TorDown

CONNECTIONS = Path("/proc/self/net/tcp")  # below `self`: there even where a service sees no other processes
HOST = "127.0.0.1"
VISITORS = 400  # at a time: as many as are served by one door, and as many again that wait in its queue
NOBODY = 65_534  # in a container all users that it does not know
_ESTABLISHED = "01"

Address = tuple[str, int]


def find_owner(table: str, client: Address, server: Address) -> int | None:
    """The user whose program holds the client's end of an open connection; None when there is no such one."""
    wanted = [_listed(client), _listed(server), _ESTABLISHED]
    for line in table.splitlines():
        fields = line.split()
        if fields[1:4] == wanted:
            return int(fields[7])
    return None


def _listed(address: Address) -> str:
    """As the table has it: in the machine's own order of octets, in hexadecimal digits."""
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"


def check_recognizable(user: int) -> None:
    """Whether the programs of tor's user can be told from others here; TorDown."""
    if user == NOBODY or not CONNECTIONS.exists():
        raise TorDown(
            "It cannot be seen here which user the system's tor is, so that strangers could not be told from it; "
            'use tor = "own" (a service of systemd\'s: or set PrivateUsers=no).'
        )


class Passage:
    """From `port`, which the system chooses, to the Unix socket `target`, for the programs of `user` alone.

    Listens from the beginning; `run` lets visitors through until cancelled. Raises TorDown where it cannot be seen who
    knocks.
    """

    def __init__(self, target: Path, user: int) -> None:
        check_recognizable(user)
        self._target, self._user = os.fspath(target), user
        self._places = trio.CapacityLimiter(VISITORS)
        listener = socket.socket()
        try:
            listener.bind((HOST, 0))
            listener.listen()
            self._listener = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
        except BaseException:
            listener.close()
            raise
        self.port = int(listener.getsockname()[1])

    async def run(self) -> None:
        await trio.serve_listeners(self._receive, [self._listener])

    async def _receive(self, visitor: trio.SocketStream) -> None:
        if self._places.available_tokens and self._is_tors(visitor.socket):
            async with self._places:
                await self._lead(visitor)

    def _is_tors(self, visitor: trio.socket.SocketType) -> bool:
        try:
            client, server = visitor.getpeername(), visitor.getsockname()
        except OSError:  # it is gone already
            return False
        return find_owner(CONNECTIONS.read_text(encoding="ascii"), client, server) == self._user

    async def _lead(self, visitor: trio.SocketStream) -> None:
        """Until the door closes; a visitor who has said everything may still be answered."""
        try:
            inside = await trio.open_unix_socket(self._target)
        except OSError:
            return  # nobody serves there just now
        async with inside, trio.open_nursery() as nursery:
            nursery.start_soon(_copy, visitor, inside)
            await _copy(inside, visitor)
            nursery.cancel_scope.cancel()


async def _copy(source: trio.SocketStream, sink: trio.SocketStream) -> None:
    with contextlib.suppress(trio.BrokenResourceError):
        async for piece in source:
            await sink.send_all(piece)
        await sink.send_eof()
