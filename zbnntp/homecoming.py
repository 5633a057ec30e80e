"""Before a node publishes: is the version of the own manifest that it holds the newest there is?

A head made from an old copy leaves out what was written since the copy was made, and others let go of what somebody's
newest head does not name. So friends are asked which version they have, and the newest is fetched, before anything is
published. How long depends on the doubt: a key without its store, a copied home or an old store waits until a friend
has answered; an ordinary start cannot tell whether the whole disk was restored and asks for two minutes at most.
docs/recovery.md "Restoring".
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Protocol

import trio

from zbnntp.model.errors import Missing, Unreachable, ZbError
from zbnntp.model.keys import short_id
from zbnntp.model.link import Link

log = logging.getLogger(__name__)

ASKED_AT_ONCE = 8
PATIENCE_SECONDS = 120.0  # of an ordinary start; a visit over Tor takes one at most
ASK_SECONDS = 90.0
GRACE_SECONDS, LONG_GRACE_SECONDS = 5.0, 30.0  # for the others when one has answered; the long one for copies
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 5.0, 300.0


class Doubt(Enum):
    """Why the version held here may not be the newest."""

    NONE = auto()  # the key was made here and has published nothing, or the owner says so
    START = auto()  # nothing tells of a copy
    COPY = auto()  # the home was copied, or its store is older than what was published last
    KEY = auto()  # a key that has published before, and nothing of it is here


def doubt_of(published: int | None, held: int | None, anew: bool) -> Doubt:
    """`published`: seq of the last head over this very store file, None when it is another; `held`: seq held now."""
    if anew or published == 0:
        return Doubt.NONE
    if held is None:
        return Doubt.KEY
    return Doubt.COPY if published is None or published > held else Doubt.START


class Carrier(Protocol):
    """What peering does for this."""

    @property
    def has_way(self) -> bool:
        """Whether anybody can be asked at all."""
        ...

    async def wait_connected(self) -> None: ...

    async def ask_own(self, urls: Sequence[str]) -> int:
        """The seq of our own manifest that is kept there; raises Missing when none is, Unreachable."""
        ...

    async def fetch_own(self, urls: Sequence[str]) -> None:
        """Bring it home, all of it."""
        ...


class Homecoming:
    """Of one local identity. Call `run` in a task of its own; nothing is published until `settled`."""

    def __init__(
        self, doubt: Doubt, carrier: Carrier, friends: Callable[[], Sequence[Link]], tell: Callable[[str], None]
    ) -> None:
        self._doubt = doubt
        self._carrier, self._friends, self._tell = carrier, friends, tell
        self._asked, self._awake = 0, trio.Event()
        nobody = doubt is Doubt.START and not (carrier.has_way and friends())
        self.settled = doubt is Doubt.NONE or nobody

    @property
    def is_copy(self) -> bool:
        """Whether something tells that what is held here is not the newest."""
        return self._doubt in (Doubt.COPY, Doubt.KEY)

    def wake(self) -> None:
        """There may be somebody else to ask."""
        self._awake.set()

    async def run(self) -> None:
        """Ask until it is settled."""
        if self.settled:
            return
        await self._carrier.wait_connected()
        give_up = trio.current_time() + (math.inf if self.is_copy else PATIENCE_SECONDS)
        pause = FIRST_PAUSE_SECONDS
        while not await self._ask_friends() and trio.current_time() < give_up:
            self._say_so(pause)
            with trio.move_on_after(min(pause, give_up - trio.current_time())):
                await self._awake.wait()
            self._awake = trio.Event()
            pause = min(2 * pause, LAST_PAUSE_SECONDS)
        self.settled = True

    def describe(self) -> str:
        """Why nothing is published yet, in a sentence; empty when it is settled."""
        if self.settled:
            return ""
        if not self.is_copy:
            return "those you follow are asked first which version of your manifest is the newest"
        what = {
            Doubt.KEY: "nothing is published until your own manifest has come back",
            Doubt.COPY: "this home is a copy or its store is old: nothing is published until a friend has said which "
            "version of your manifest is the newest",
        }[self._doubt]
        return f"{what}; {self._prospects()}"

    def _prospects(self) -> str:
        """Who is being asked, or what to do when that has come to nothing."""
        friends = list(self._friends())[:ASKED_AT_ONCE] if self._carrier.has_way else []
        if friends and not self._asked:
            return f"asking {', '.join(short_id(it.identity) for it in friends)}"
        asked = f"of {self._asked} asked nobody has it or answers" if self._asked else "there is nobody to ask"
        return f"{asked}. Follow somebody who has it, or start once with --publish-anew to begin without"

    def _say_so(self, pause: float) -> None:
        if pause == FIRST_PAUSE_SECONDS and self.is_copy:
            sentence = self.describe()
            self._tell(f"{sentence[0].upper()}{sentence[1:]}.")

    async def _ask_friends(self) -> bool:
        """Ask them all at once, then fetch from whoever has the newest; False when nobody could say."""
        friends = list(self._friends())[:ASKED_AT_ONCE]
        answers: dict[Link, int] = {}
        with trio.move_on_after(ASK_SECONDS) as scope:
            async with trio.open_nursery() as nursery:
                for friend in friends:
                    nursery.start_soon(self._ask, friend, answers, scope)
        self._asked = len(friends)
        having = sorted((it for it in answers if answers[it]), key=lambda it: -answers[it])
        for friend in having:
            try:
                await self._carrier.fetch_own(friend.urls)
                return True
            except Unreachable as error:
                log.info("%s has the newest and went away: %s", short_id(friend.identity), error)
                return False
            except ZbError as error:  # what nobody takes need not be taken by us
                log.info("the own manifest of %s was not taken: %s", short_id(friend.identity), error)
        return bool(answers) and not having and not self.is_copy

    async def _ask(self, friend: Link, answers: dict[Link, int], scope: trio.CancelScope) -> None:
        try:
            answers[friend] = await self._carrier.ask_own(friend.urls)
        except Missing:
            answers[friend] = 0
        except ZbError as error:
            log.info("%s could not say which version is the newest: %s", short_id(friend.identity), error)
            return
        except Exception:
            log.exception("asking %s for the newest version", short_id(friend.identity))
            return
        grace = LONG_GRACE_SECONDS if self.is_copy else GRACE_SECONDS
        scope.deadline = min(scope.deadline, trio.current_time() + grace)
