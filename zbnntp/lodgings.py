"""Who lives on a node: its residents, and how they come and go while it runs.

The default identity is there from beginning to end. On a public reader the others are strangers to it and to each
other: they may not decide anything that all would notice, and each begins by seeing what the operator sees - by a
private rating, so that nobody learns from what they publish where they live. docs/gateway.md.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import trio

from zbnntp import home
from zbnntp.home import Account
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity, identity_text
from zbnntp.resident import Commons, Resident
from zbnntp.store import evidence, promises

log = logging.getLogger(__name__)

# Trust of somebody new in the operator of a public reader: a private rating, which they can change or take back.
FIRST_TRUST = "trust {} 100 list 100 private"


class Lodgings:
    """`residents` are a node's, the default one first; `accounts` those of the beginning, each with its view."""

    def __init__(self, commons: Commons, place: Path, accounts: Mapping[Account, int]) -> None:
        self._commons, self._place = commons, place
        self._scopes: dict[Resident, trio.CancelScope] = {}
        self._nursery: trio.Nursery | None = None
        self._turn = trio.Lock()  # one looks at the home at a time
        self.residents: list[Resident] = []
        for account, view in accounts.items():
            self._add(account, view)

    def _add(self, account: Account, view: int) -> Resident:
        tenant = self._commons.public_reader and bool(self.residents)
        resident = Resident(self._commons, account, view, tenant)
        self.residents.append(resident)
        self._commons.own.add(account.identity)
        return resident

    async def furnish(self) -> None:
        """What each of them has to have before newsreaders come."""
        for resident in self.residents:
            await self._furnish(resident)

    async def _furnish(self, resident: Resident) -> None:
        await resident.furnishing.furnish()
        known = f"lodger {identity_text(resident.identity)}"
        if resident.tenant and not promises.find_meta(self._commons.reader, known):
            await resident.control.run(FIRST_TRUST.format(identity_text(self.residents[0].identity)), None)
            await self._commons.writer.run(lambda database: promises.put_meta(database, known, "1"))

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Everybody's own tasks, until cancelled."""
        async with trio.open_nursery() as nursery:
            for resident in self.residents:
                await nursery.start(self._lodge, resident)
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    async def _lodge(
        self, resident: Resident, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        with trio.CancelScope() as scope:
            self._scopes[resident] = scope
            await resident.seal()
            async with trio.open_nursery() as nursery:
                for task in (resident.live, resident.furnishing.run):
                    nursery.start_soon(task)
                task_status.started()

    async def renew(self) -> str:
        """Look again at which identities the home holds: take in who has come, see off who has gone.

        What was done, in a sentence. NotPermitted: it takes a restart.
        """
        async with self._turn:
            await self._renew({it.identity: it for it in home.accounts(self._place)})
        return f"{len(self.residents)} live here now."

    async def _renew(self, accounts: Mapping[Identity, Account]) -> None:
        if accounts.keys() - self._commons.own and self._commons.public_reader:
            _check_sealed(accounts)
        for resident in self.residents[1:]:
            if resident.identity not in accounts:
                await self._see_off(resident)
        for resident in self.residents:
            resident.account = accounts[resident.identity]
        for identity in accounts.keys() - self._commons.own:
            await self._take_in(accounts[identity])

    async def _take_in(self, account: Account) -> None:
        if self._nursery is None:
            raise NotPermitted("the node is starting; try again in a moment")
        if self._place.absolute() not in home.socket_path(account.place, "any.sock").parents:
            raise NotPermitted("the path of that home is too long for a socket of one more; start the node again")
        commons = self._commons
        view = await commons.writer.run(lambda database: evidence.person_pk(database, account.identity))
        commons.standings.views += (account.identity,)
        resident = self._add(account, view)
        await self._furnish(resident)
        if not account.sealed:
            resident.unlock(home.load_keys(account.place, None))
        await commons.standings.refresh(commons.now())
        await self._nursery.start(self._lodge, resident)
        log.info("%s lives here from now on", resident.nick())

    async def _see_off(self, resident: Resident) -> None:
        """Their desk takes nothing more, and newsreaders that they left open are hung up on."""
        commons = self._commons
        self.residents.remove(resident)
        commons.own.discard(resident.identity)
        commons.standings.views = tuple(it for it in commons.standings.views if it != resident.identity)
        if scope := self._scopes.pop(resident, None):
            scope.cancel()
        await resident.leave()
        log.info("%s lives here no more", resident.nick())


def _check_sealed(accounts: Mapping[Identity, Account]) -> None:
    for account in accounts.values():
        if not account.sealed:
            raise NotPermitted(f"{account.nick} has no passphrase: anybody could log in")
