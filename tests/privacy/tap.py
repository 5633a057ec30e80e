"""A wire-tap on the Unix socket of a node or of a tor: whoever connects gets through, and all octets are kept.

    with Tap(net / "anna.sock") as tap: ...

The socket itself goes on under another name, in a directory beside it, and is put back at the end.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

PIECE = 65536
ELSEWHERE = "tapped"  # within tests alone: the names of nodes have no directories


@dataclass
class Call:
    """One connection: what was said to the socket, and what it answered."""

    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)


class Tap:
    """Listens in the place of `path` while it is open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.calls: list[Call] = []
        self.real = path.parent.with_name(f"{path.parent.name}-{ELSEWHERE}") / path.name

    def __enter__(self) -> Self:
        self.real.parent.mkdir(mode=0o700, exist_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.path.rename(self.real)
        listener.bind(str(self.path))
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self.real.is_socket():  # a node that has ended took its socket away
            self.real.replace(self.path)

    @property
    def asked(self) -> bytes:
        return b"\n".join(bytes(call.asked) for call in self.calls)

    @property
    def answered(self) -> bytes:
        return b"\n".join(bytes(call.answered) for call in self.calls)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = self._listener.accept()
                call = Call()
                self.calls.append(call)
                threading.Thread(target=self._serve, args=(visitor, call), daemon=True).start()

    def _serve(self, visitor: socket.socket, call: Call) -> None:
        real = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with visitor, real, contextlib.suppress(OSError):
            real.connect(str(self.real))
            back = threading.Thread(target=_pass_on, args=(real, visitor, call.answered), daemon=True)
            back.start()
            _pass_on(visitor, real, call.asked)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    """Until the source says no more."""
    with contextlib.suppress(OSError):
        for piece in _pieces(source):
            kept += piece
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _pieces(source: socket.socket) -> Iterator[bytes]:
    while piece := source.recv(PIECE):
        yield piece
