"""The journey of a newcomer, as the one sees it who lets him in: terms, challenge, answer, first rating.

The order of checks is the order of their cost: form and signature, the nonce, how much is asked at all, whether it was
answered before, then the way's own check. A rating that the owner gave by hand is never touched. docs/protocol.md
"intro", docs/joining.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace

from zbnntp.model import intro, limits
from zbnntp.model.entries import STATE, make_trust
from zbnntp.model.errors import Busy, Missing, NotPermitted
from zbnntp.model.intro import Admitted, Challenge, Introduction, Terms
from zbnntp.model.keys import Identity, MemoKey, keyed_hash, sha256
from zbnntp.registrar.codes import INVITE, Invitations
from zbnntp.registrar.kinds import KINDS, Maker
from zbnntp.registrar.letters import Post
from zbnntp.registrar.nonces import STRANGE, Nonce, open_nonce, seal_nonce
from zbnntp.registrar.pace import Pace
from zbnntp.registrar.tools import Tools
from zbnntp.registrar.ways import Answered, Grant, Question, Way
from zbnntp.store import admissions, evidence, offers, promises, ratings
from zbnntp.store.admissions import Admission
from zbnntp.store.ratings import StoredRating
from zbnntp.store.writer import Writer

DAY_SECONDS = 86_400
NONCE_KEY_OCTETS = 16  # of its hash: enough to know it again
PER_MINUTE, BURST = 60, 30  # challenges of one way, and answers; pictures and proofs take a tenth of a second each

Admit = Callable[[Identity], None]


class Registrar:
    """One local identity letting people in. `admitted` is told of each, after the commit; `name` is the owner's."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        identity: Identity,
        tools: Tools,
        name: Callable[[], str],
        admitted: Admit,
    ) -> None:
        self._reader, self._writer, self._tools = reader, writer, tools
        self._identity, self._view = identity, evidence.find_person(reader, identity) or 0
        self._admitted = admitted
        self._paces: dict[tuple[str, str], Pace] = {}
        self._maker = Maker(tools, Post(), self._mark_of, name)

    def ways(self) -> Mapping[str, Way]:
        """What is offered now; a code lets in everywhere."""
        known = {way: KINDS[way] for way in offers.offers(self._reader, self._view) if way in KINDS}
        offered = {way: kind.make(self._maker) for way, kind in known.items() if not kind.lacks(self._tools.rules)}
        return {**offered, INVITE: Invitations(self._reader, self._view, self._tools.clock)}

    def terms(self) -> bytes:
        return intro.make_terms(Terms(self._identity, tuple((name, way.text) for name, way in self.ways().items())))

    async def challenge(self, way: str) -> bytes:
        """A new challenge; raises Refused, Unreachable."""
        found = self._way(way)
        self._check_room(way, self._now())
        self._keep_pace("ask", way)
        return await self._pose(way, await found.ask(), None)

    async def answer(self, raw: bytes) -> bytes:
        """What an introduction brings; raises Invalid, Refused, Unreachable."""
        now = self._now()
        said = intro.open_introduction(raw)
        nonce = self._check(said, open_nonce(await self._key(), said.nonce), now)
        way, name = self._way(nonce.way), _nonce_name(said)
        reply = admissions.find_reply(self._reader, name, said.newcomer)
        if reply is not None:
            return reply  # it was lost on the way
        self._check_room(nonce.way, now)
        self._keep_pace("answer", nonce.way)
        if not await self._writer.run(lambda database: admissions.spend(database, name, nonce.until, now)):
            raise NotPermitted("that challenge was answered before; ask for another one")
        outcome = await way.check(Answered(said.newcomer, said.answer, said.nonce), nonce.memo)
        if isinstance(outcome, Grant):
            return await self._admit(said, nonce.way, outcome, now)
        posed = await self._pose(nonce.way, outcome, said.newcomer)
        await self._writer.run(lambda database: _keep_reply(database, said, posed))
        return posed

    def _now(self) -> int:
        return int(self._tools.clock())

    def _way(self, name: str) -> Way:
        way = self.ways().get(name)
        if way is None:
            raise Missing(f"this registrar does not offer {name[: intro.WAY_CHARACTERS]}; ask it for its terms")
        return way

    def _keep_pace(self, what: str, way: str) -> None:
        self._paces.setdefault((what, way), Pace(PER_MINUTE, BURST)).take(self._tools.clock())

    def _check_room(self, way: str, now: int) -> None:
        """Busy when that way has let in as many as it may today (UTC)."""
        most = offers.offers(self._reader, self._view).get(way)
        begun = now - now % DAY_SECONDS
        if most is not None and admissions.count_since(self._reader, self._view, begun, way) >= most:
            raise Busy("as many newcomers as it takes a day have come today; try tomorrow", begun + DAY_SECONDS - now)

    def _check(self, said: Introduction, nonce: Nonce, now: int) -> Nonce:
        if said.registrar != self._identity or said.newcomer == self._identity:
            raise NotPermitted("that introduction is to somebody else")
        if abs(said.time - now) > limits.CLOCK_AHEAD_SECONDS:
            raise NotPermitted("your clock and the registrar's differ by more than two hours; set yours")
        if nonce.newcomer not in (None, said.newcomer):
            raise NotPermitted(STRANGE)
        if nonce.until <= now:
            raise NotPermitted("the time to answer that challenge is over; ask for another one")
        person = evidence.find_person(self._reader, said.newcomer)
        rated = ratings.find_rating(self._reader, self._view, person) if person is not None else None
        if rated and (rated.mt or 0) < 0:
            raise NotPermitted("this registrar's owner has rated you below 0, and lets you in no more")
        return nonce

    async def _pose(self, way: str, question: Question, newcomer: Identity | None) -> bytes:
        until = self._now() + question.seconds
        nonce = seal_nonce(await self._key(), Nonce(way, until, question.memo, newcomer))
        it = question
        return intro.make_challenge(Challenge(self._identity, way, nonce, it.text, until, it.picture, it.proof))

    async def _key(self) -> MemoKey:
        """The secret of this identity's nonces, made when it is first needed."""
        name = f"intro {self._identity.hex()}"
        kept = promises.find_meta(self._reader, name)
        if kept is None:
            made = MemoKey.new().secret.hex()
            kept = await self._writer.run(lambda database: promises.keep_meta(database, name, made))
        return MemoKey(bytes.fromhex(kept))

    def _mark_of(self, text: str) -> bytes:
        """Asked for while a challenge is answered: there is a key."""
        kept = promises.find_meta(self._reader, f"intro {self._identity.hex()}") or ""
        return keyed_hash(bytes.fromhex(kept), text.encode())

    async def _admit(self, said: Introduction, way: str, grant: Grant, now: int) -> bytes:
        reply: bytes = await self._writer.run(lambda database: self._rate(database, said, way, grant, now))
        self._admitted(said.newcomer)
        return reply

    def _rate(self, database: sqlite3.Connection, said: Introduction, way: str, grant: Grant, now: int) -> bytes:
        """The one transaction: what the way uses up, the rating, where to fetch the newcomer."""
        person = evidence.person_pk(database, said.newcomer)
        grant.use(database, person, now)
        if grant.mark and admissions.is_taken(database, self._view, grant.mark, person, now - grant.days * DAY_SECONDS):
            raise NotPermitted("somebody else was let in with that lately")
        for url in said.endpoints:
            promises.add_address(database, said.newcomer, url)
        old = ratings.find_rating(database, self._view, person)
        new = rating_given(said.newcomer, old, grant, now)
        if new != old:
            line = make_trust(new.target, new.mt, new.tlt, new.note, now, new.until)
            evidence.add_pending(database, self._view, STATE, line)
            ratings.put_rating(database, self._view, person, new)
        admissions.add_admission(database, self._view, Admission(said.newcomer, now, way, new.until, grant.mark))
        reply = intro.make_admitted(Admitted(self._identity, new.mt or 0, new.until))
        _keep_reply(database, said, reply)
        return reply


def _nonce_name(said: Introduction) -> bytes:
    return sha256(said.nonce.encode())[:NONCE_KEY_OCTETS]


def _keep_reply(database: sqlite3.Connection, said: Introduction, reply: bytes) -> None:
    admissions.keep_reply(database, _nonce_name(said), evidence.person_pk(database, said.newcomer), reply)


def rating_given(newcomer: Identity, old: StoredRating | None, grant: Grant, now: int) -> StoredRating:
    """Never less than before; one that was given for good stays as it is, but that a better one may take its place."""
    until = now + grant.days * DAY_SECONDS if grant.days else None
    if old is None or old.mt is None or (old.until is not None and old.until <= now):
        return replace(old or StoredRating(newcomer, None, None, "", None), mt=grant.mt, until=until)
    if old.until is None and (until is not None or old.mt >= grant.mt):
        return old
    later = None if until is None or old.until is None else max(until, old.until)
    return replace(old, mt=max(old.mt, grant.mt), until=later)
