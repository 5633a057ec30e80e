"""Ratings as front ends written for FMS read and write them: nntp's TrustDesk.

FMS's scale of message trust goes from 0 to 100, and people give 0 to spammers: so 0 is our -100, which hides, and all
else is the same number. It has two comments where a published rating has one, which therefore has two lines.
docs/nntp.md "Trust commands of FMS".
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence

from zbnntp.control.actions import Control
from zbnntp.control.ledger import own_rating
from zbnntp.control.orders import SetRating
from zbnntp.control.people import find_who
from zbnntp.model.entries import SCALE
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity, identity_text
from zbnntp.model.shown import visible
from zbnntp.model.views import Rated, RatedField
from zbnntp.standing import Standings
from zbnntp.store import cards, evidence
from zbnntp.store.ratings import StoredRating
from zbnntp.trust.explain import computed
from zbnntp.trust.ranking import Ranking

HUNDREDTH = SCALE // 100
WINDOW = 64
_KEY = re.compile(r".*@([a-z2-7]{8,56})", re.IGNORECASE | re.ASCII)


class FmsDesk:
    """One view's ratings."""

    def __init__(
        self, reader: sqlite3.Connection, standings: Standings, view: Identity, control: Control, fms_codes: bool
    ) -> None:
        self._reader, self._standings, self._view, self._control = reader, standings, view, control
        self.fms_codes = fms_codes

    def rated(self, name: str) -> Rated:
        identity = self._find(name)
        with self._standings.seen_by(self._view):
            return self._rated(identity, self._standings.ranking(self._view))

    def everybody(self) -> Iterator[Sequence[Rated]]:
        me, after = evidence.find_person(self._reader, self._view) or 0, 0
        while persons := cards.persons(self._reader, me, after, WINDOW):
            after = persons[-1]
            with self._standings.seen_by(self._view):
                ranking = self._standings.ranking(self._view)
                yield [self._rated(evidence.identity_of(self._reader, it), ranking) for it in persons]

    async def rate(self, name: str, field: RatedField, value: int | str | None) -> None:
        identity = self._find(name)
        me, person = (evidence.find_person(self._reader, it) for it in (self._view, identity))
        old = own_rating(self._reader, me or 0, person) if person is not None else None
        await self._control.carry_out_order(_changed(identity, old, field, value))

    def _find(self, name: str) -> Identity:
        key = _KEY.fullmatch(name)
        me = evidence.find_person(self._reader, self._view) or 0
        return find_who(self._reader, me, key[1] if key else name, None)

    def _rated(self, identity: Identity, ranking: Ranking) -> Rated:
        person, me = (evidence.find_person(self._reader, it) or 0 for it in (identity, self._view))
        rating = own_rating(self._reader, me, person)
        peer = computed(self._standings.graph, self._view, ranking, identity, self._standings.params)
        first, _, second = (rating.note if rating else "").partition("\n")
        nick = "".join(visible(evidence.nick_of(self._reader, person)).split("\t"))
        return Rated(
            f"{nick}@{identity_text(identity)}",
            None if rating is None or rating.mt is None else max(0, rating.mt // HUNDREDTH),
            None if rating is None or rating.tlt is None else rating.tlt // HUNDREDTH,
            None if peer is None else max(0, round(peer.mt * 100)),
            None if peer is None else round(peer.tlt * 100),
            first.replace("\t", " ") or None,
            second.replace("\n", " ").replace("\t", " ") or None,
        )


def _changed(identity: Identity, old: StoredRating | None, field: RatedField, value: int | str | None) -> SetRating:
    """The whole rating after one of its fields was set."""
    mt, tlt = (old.mt, old.tlt) if old else (None, None)
    first, _, second = (old.note if old else "").partition("\n")
    if field is RatedField.MESSAGE:
        mt = None if value is None else -SCALE if value == 0 else int(value) * HUNDREDTH
    elif field is RatedField.TRUST_LIST:
        tlt = None if value is None else int(value) * HUNDREDTH
    elif mt is None and tlt is None:
        raise NotPermitted("there is no rating of yours to comment on; set MESSAGE or TRUSTLIST first")
    elif field is RatedField.MESSAGE_COMMENT:
        first = str(value or "")
    else:
        second = str(value or "")
    return SetRating(identity, mt, tlt, f"{first}\n{second}".rstrip("\n"))
