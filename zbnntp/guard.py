"""The guard: nothing in this process opens a way to the outside.

Onions are reached through tor's Unix socket, so that a whole node needs no internet socket but those on which
newsreaders knock. Python tells of every use of a socket before it happens (PEP 578); whatever is none of ours is
refused there and then, whichever library it comes from: a connection, a datagram, a look-up of a name, a listening
socket that nobody asked for. That it happened is a mistake in this program, so it ends in an error and in the log.

It cannot be taken off again, and it watches Python alone: what a library does in C by itself it does not see.
Tests look at the kernel's tables and at tor's streams as well.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

WITH_ADDRESS = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})
LOOK_UPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})


class Leak(RuntimeError):
    """This program tried to reach something that is neither tor nor its own."""


class Guard:
    """An audit hook: Unix sockets in `places` (files or directories), internet sockets only to listen at `hosts`.

    `servers`: host and port of mail servers that the operator has named: their names may be looked up and their ports
    connected to. A look-up's answer cannot be seen here, so it is the port that counts.
    """

    def __init__(
        self, places: Collection[Path], hosts: Collection[str], servers: Collection[tuple[str, int]] = ()
    ) -> None:
        self._mail_names = frozenset(host for host, _ in servers)
        self._mail_ports = frozenset(port for _, port in servers)
        self._places = frozenset(os.path.abspath(place) for place in places)
        self._hosts = frozenset(hosts)

    def install(self) -> None:
        """From now on, in the whole process and for good."""
        sys.addaudithook(self.watch)

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raises Leak for what must not happen; returns for everything else that Python does."""
        if event in WITH_ADDRESS:
            one, address = arguments[:2]
            if address is not None and not self._is_ours(event, one.family, address):
                self._refuse(event, address)
        elif event in LOOK_UPS and arguments[0] not in self._mail_names:
            self._refuse(event, arguments[0])

    def _is_ours(self, event: str, family: int, address: Any) -> bool:
        if family != socket.AF_UNIX:
            if event == "socket.connect":
                return address[1] in self._mail_ports
            return event == "socket.bind" and address[0] in self._hosts
        name = os.fsdecode(address)
        path = os.path.abspath(name)
        return not name.startswith("\0") and not self._places.isdisjoint((path, *map(os.fspath, Path(path).parents)))

    def _refuse(self, event: str, address: object) -> None:
        log.critical("%s to %r was stopped: nothing may go there", event, address)
        raise Leak(f"{event} to {address!r}: this program reaches only tor and its own sockets")
