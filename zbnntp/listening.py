"""Where newsreaders connect: the sockets of a setting, or the usual ports on the loopback."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Sequence

from zbnntp.model.errors import NotPermitted
from zbnntp.nntp import server as nntp

NNTP_PORT, FALLBACK_PORT = 119, 1119
LOOPBACK = ("127.0.0.1", "::1")


def open_listeners(listen: str, say: Callable[[str], None]) -> list[socket.socket]:
    """The sockets of `HOST:PORT`; empty: both loopbacks at 119, or 1119 where that is forbidden, which is said."""
    if listen:
        host, _, port = listen.rpartition(":")
        host = host.strip("[]")
        if host not in LOOPBACK and host != "localhost":
            raise NotPermitted(
                "newsreaders on other machines need TLS and a login, which this node has not; use 127.0.0.1"
            )
        if not port.isdigit() or int(port) > 65535:
            raise NotPermitted(f"{listen!r} is no HOST:PORT; for example 127.0.0.1:1119")
        return _bind(("127.0.0.1" if host == "localhost" else host,), int(port))
    try:
        return _bind(LOOPBACK, NNTP_PORT)
    except PermissionError:
        say("port 119 needs more rights here: listening at 1119 (conf/zbnntp.socket shows how to have 119)")
        return _bind(LOOPBACK, FALLBACK_PORT)


def _bind(hosts: Sequence[str], port: int) -> list[socket.socket]:
    opened: list[socket.socket] = []
    for host in hosts:
        try:
            opened.append(nntp.listen(host, port))
        except PermissionError:
            raise
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) and opened:
                continue  # a machine without IPv6
            for listener in opened:
                listener.close()
            raise NotPermitted(
                f"port {port} is taken ({error.strerror}); choose another with --listen 127.0.0.1:PORT"
            ) from error
    return opened
