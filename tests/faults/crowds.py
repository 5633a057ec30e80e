"""Many slow clients at once, without a thread for each: sockets that drip an octet whenever they are told to."""

from __future__ import annotations

import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


class Crowd:
    """Connections that have been begun and go on an octet at a time; `left` counts those that were hung up on."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self.sockets = sockets
        self.left = 0

    def drip(self) -> None:
        for it in list(self.sockets):
            try:
                it.send(b"x")
            except BlockingIOError:
                continue
            except OSError:
                self.left += 1
                self.sockets.remove(it)
                it.close()


@contextmanager
def crowd(count: int, connect: Callable[[], socket.socket], begin: list[bytes]) -> Iterator[Crowd]:
    """So many clients, each of which begins with one of these."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * count)), hard))
    with ExitStack() as stack:
        sockets = []
        for number in range(count):
            client = stack.enter_context(connect())
            with suppress(OSError):
                client.sendall(begin[number % len(begin)])
            client.setblocking(False)
            sockets.append(client)
        yield Crowd(sockets)


def memory_octets(pid: int) -> int:
    """What a process holds in memory now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
