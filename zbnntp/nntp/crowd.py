"""All who are connected, the oldest first, and who of them has to go.

The idle ones go silently (RFC 3977 section 3.1), and so do those whose view is nobody's now. Who has to log in and does
not is told with 400: after a while, and at once where somebody new would find no room. So nobody keeps others out by
connecting alone; whose password is being checked stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import trio

from zbnntp.nntp.machine import Machine
from zbnntp.nntp.protocols import Shelf
from zbnntp.nntp.shares import Party
from zbnntp.nntp.wire import HungUp, Wire

_NO_LOGIN = "you have not logged in; connect again, and log in at once"


@dataclass(eq=False, slots=True)
class Connection:
    """One newsreader's. `since` is trio's time."""

    wire: Wire
    machine: Machine
    scope: trio.CancelScope
    party: Party | None  # None: at home
    since: float

    @property
    def owes_login(self) -> bool:
        """Whether a login is due and none is being checked."""
        return self.machine.session.locked and self.machine.errand is None

    def dismiss(self, text: str) -> None:
        """Hang up; with a word where the newsreader waits for the next thing that is said."""
        if self.wire.waiting and not self.wire.shaking:
            with suppress(HungUp):
                self.wire.send_last(self.machine.dismiss(text))
        self.scope.cancel()


class Crowd:
    """The connections of one server."""

    def __init__(self) -> None:
        self._connections: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._connections)

    def add(self, connection: Connection) -> None:
        self._connections[connection] = None

    def discard(self, connection: Connection) -> None:
        self._connections.pop(connection, None)

    def make_room(self) -> bool:
        """Let the oldest go who owes a login; whether there was one."""
        oldest = next((it for it in self._connections if it.owes_login), None)
        if oldest is None:
            return False
        self.discard(oldest)
        oldest.dismiss(_NO_LOGIN)
        return True

    def sweep(self, idle_since: float, locked_since: float, has: Callable[[Shelf], bool]) -> None:
        """Hang up on who has said nothing since then, on who owes a login since then, on views that are no more."""
        for connection in self._connections:
            if connection.wire.last_active < idle_since or not has(connection.machine.session.shelf):
                connection.scope.cancel()
            elif connection.since < locked_since and connection.owes_login:
                connection.dismiss(_NO_LOGIN)
