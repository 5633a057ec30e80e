"""Logins, one after the other: who may try a password now, and who has to wait. guard.py has the rules.

Only the newsreader that logs in waits; all others are served meanwhile.
"""

from __future__ import annotations

from collections import Counter

import trio

from zbnntp.model.errors import NotPermitted, Refused
from zbnntp.nntp.guard import CHECKS_AT_ONCE, WAITING_MOST, WAITING_OF_ADDRESS_MOST, Guard
from zbnntp.nntp.protocols import Desk, House, Shelf
from zbnntp.nntp.replies import Login


class Logins:
    """All logins of one server."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._guard = Guard()
        self._checks = trio.Semaphore(CHECKS_AT_ONCE)
        self._waiting: Counter[str] = Counter()  # by address

    async def check(self, login: Login, address: str) -> tuple[Shelf, Desk | None]:
        """The user's view. NotPermitted for a wrong name or password, Refused when too many wait already."""
        full = self._waiting.total() >= WAITING_MOST and not self._guard.is_known(login.user, address)
        if full or self._waiting[address] >= WAITING_OF_ADDRESS_MOST:
            raise Refused("too many logins are being tried just now; try again in a minute")
        self._waiting[address] += 1
        try:
            return await self._take_turn(login, address)
        finally:
            self._waiting[address] -= 1
            self._waiting += Counter()  # forgets the zeroes

    async def _take_turn(self, login: Login, address: str) -> tuple[Shelf, Desk | None]:
        while True:
            await trio.sleep(self._wait_seconds(login, address))
            async with self._checks:
                if not self._wait_seconds(login, address):
                    return await self._ask_house(login, address)

    def _wait_seconds(self, login: Login, address: str) -> float:
        return self._guard.wait_seconds(login.user, trio.current_time(), address)

    async def _ask_house(self, login: Login, address: str) -> tuple[Shelf, Desk | None]:
        try:
            view = await self._house.login(login.user, login.password)
        except NotPermitted:
            self._guard.wrong(login.user, trio.current_time(), address)
            raise
        self._guard.right(login.user, address)
        return view
