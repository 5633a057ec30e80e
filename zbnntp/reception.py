"""Who sits behind a newsreader's connection: nntp's House.

At home - the node's own machine, unless it is a public reader - a connection without a login has the default identity's
view and may post. A public reader lets guests in instead: they read what the default identity sees, post nothing, and
find none of its own groups; whoever lives here logs in, the operator too. A login is the nick and passphrase of a local
identity, and gives that one's view and desk and nobody else's. docs/gateway.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import trio

from zbnntp import home
from zbnntp.config import Config
from zbnntp.control.welcome import guest_motd
from zbnntp.home import Keys
from zbnntp.model.bucket import Bucket
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity, Signer, identity_text
from zbnntp.posting import Desk
from zbnntp.resident import Resident
from zbnntp.shelf import Shelf

MINUTE_SECONDS, HOUR_SECONDS = 60, 3600


class Reception:
    """`residents` are a node's, the default one first; `posted` is told who has posted."""

    def __init__(self, residents: Sequence[Resident], config: Config, posted: Callable[[Identity], None]) -> None:
        self._residents, self._config, self._posted = residents, config, posted
        self._buckets: dict[Identity, Bucket] = {}
        commons, owner = self._owner.commons, self._owner
        self._guest_shelf = Shelf(
            commons.reader,
            owner.identity,
            lambda: guest_motd(owner.nick()),
            lambda: commons.writer.commits,
            commons.rack,
            guest=True,
        )

    @property
    def _owner(self) -> Resident:
        return self._residents[0]

    @property
    def welcomes_guests(self) -> bool:
        return self._config.public_reader

    @property
    def demands_login(self) -> bool:
        return self._config.login == "demanded"

    @property
    def offers_login(self) -> bool:
        """A login chooses a view and unlocks its key; with one key in clear text it means nothing."""
        return self.demands_login or len(self._residents) > 1 or self._owner.account.sealed

    def open(self) -> tuple[Shelf, Desk | None]:
        """The view of a connection that has not logged in."""
        if self.welcomes_guests:
            return self._guest_shelf, None
        return self._owner.shelf(), self._owner.desk(self._open_signers, self._posted)

    async def login(self, user: str, password: str) -> tuple[Shelf, Desk | CountedDesk]:
        """The view of a local identity, named by nick, id or short id; its passphrase unlocks it. NotPermitted."""
        try:
            resident = find_resident(self._residents, user)
        except NotPermitted:
            await trio.to_thread.run_sync(home.waste_time, password)  # so that no clock tells which names there are
            raise
        keys = await trio.to_thread.run_sync(home.load_keys, resident.account.place, password)
        resident.unlock(keys)
        desk = resident.desk(lambda: self._signer_of(resident, keys), self._posted)
        return resident.shelf(), self._counted(resident, desk)

    def has(self, shelf: object) -> bool:
        return shelf is self._guest_shelf or any(shelf is it.shelf() for it in self._residents)

    def _counted(self, resident: Resident, desk: Desk) -> Desk | CountedDesk:
        """A tenant's desk takes no more than its share, on all its connections together."""
        most = self._config.posts_an_hour
        if not most or not resident.tenant:
            return desk
        now = resident.commons.clock()
        bucket = self._buckets.setdefault(resident.identity, Bucket(most / HOUR_SECONDS, most, now))
        return CountedDesk(desk, bucket, most, resident.commons.clock)

    def _signer_of(self, resident: Resident, keys: Keys) -> Mapping[Identity, Signer]:
        """Whom a connection with a login may post as: that one, as long as it lives here."""
        if resident not in self._residents:
            raise NotPermitted("this account has been removed from the node")
        return {resident.identity: keys.signer}

    def _open_signers(self) -> Mapping[Identity, Signer]:
        """Whom a connection without a login may post as: the owner, and those whose key lies in clear text."""
        free = [it for it in self._residents if it is self._owner or not it.account.sealed]
        return {it.identity: it.keys.signer for it in free if it.keys}


class CountedDesk:
    """nntp's Desk: another one, for so many articles an hour. `clock` gives unix seconds."""

    def __init__(self, desk: Desk, bucket: Bucket, most: int, clock: Callable[[], float]) -> None:
        self._desk, self._bucket, self._most, self._clock = desk, bucket, most, clock
        self.trust, self.offer_id = desk.trust, desk.offer_id

    async def post(self, octets: bytes, offered_id: str) -> str:
        """What is refused counts as well. NotPermitted when it is too much."""
        now = self._clock()
        if seconds := self._bucket.wait_seconds(now, 1):
            minutes = math.ceil(seconds / MINUTE_SECONDS)
            raise NotPermitted(f"this node takes {self._most} articles an hour of you; try again in {minutes} minutes")
        self._bucket.pay(1, now)
        return await self._desk.post(octets, offered_id)


def find_resident(residents: Sequence[Resident], name: str) -> Resident:
    """The local identity of that name or id; NotPermitted when there is none or more than one.

    The name that an identity was made with goes before what somebody may call himself now.
    """
    for suits in (_is_account, _is_called):
        found = [it for it in residents if suits(it, name)]
        if len(found) == 1:
            return found[0]
    raise NotPermitted("no identity of that name lives here; use its nick or its 56 characters")


def _is_account(resident: Resident, name: str) -> bool:
    is_id = len(name) >= home.SHORT_ID and identity_text(resident.identity).startswith(name)
    return is_id or name == resident.account.nick


def _is_called(resident: Resident, name: str) -> bool:
    return name == resident.nick()
