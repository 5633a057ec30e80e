"""The settings of trust: from the file to the parameters of the rule, and what a change of them does, in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Protocol

from zbnntp.model.keys import Identity, short_id
from zbnntp.model.views import Level
from zbnntp.standing import NOWHERE, Standings
from zbnntp.store import evidence, promises, ratings
from zbnntp.store.ratings import Standing
from zbnntp.store.writer import Writer
from zbnntp.trust.parameters import DEFAULTS, Parameters

FOLLOWED = "followed"
META = "trust settings"


class Settings(Protocol):
    """What is read of the settings."""

    @property
    def fetch(self) -> str: ...
    @property
    def eps_fetch(self) -> float: ...
    @property
    def eps_full(self) -> float: ...
    @property
    def hysteresis(self) -> float: ...
    @property
    def kappa(self) -> float: ...


def make_parameters(settings: Settings) -> Parameters:
    """The rule with these settings. Registrars together never give more than half of what a full member needs."""
    return Parameters(
        followed_only=settings.fetch == FOLLOWED,
        eps_fetch=settings.eps_fetch,
        eps_full=settings.eps_full,
        band=settings.hysteresis,
        kappa=settings.kappa,
        registrar_cap=min(DEFAULTS.registrar_cap, settings.eps_full / 2),
    )


async def rank_first(
    standings: Standings, reader: sqlite3.Connection, writer: Writer, now: int, log: Callable[[str], None]
) -> None:
    """The first ranking of a start; when settings of trust have changed since the last one, says what it did."""
    old, new = promises.find_meta(reader, META), _written(standings.params)
    before = {view: _standings(reader, view) for view in standings.views} if old not in (None, new) else {}
    await standings.refresh(now)
    for view, known in before.items():
        whose = f" for {short_id(view)}" if len(before) > 1 else ""
        log(f"Settings of trust have changed ({_differences(old or '', new)}){whose}: {_effect(known, reader, view)}")
    if old != new:
        await writer.run(lambda database: promises.put_meta(database, META, new))


def _written(params: Parameters) -> str:
    fetch = FOLLOWED if params.followed_only else "trusted"
    values = (params.eps_fetch, params.eps_full, params.band, params.kappa)
    return " ".join((fetch, *(f"{value:g}" for value in values)))


def _differences(old: str, new: str) -> str:
    names = ("fetch", "eps_fetch", "eps_full", "hysteresis", "kappa")
    pairs = zip(names, old.split(), new.split(), strict=False)
    return ", ".join(f"{name} was {before}, is {after}" for name, before, after in pairs if before != after)


def _standings(reader: sqlite3.Connection, view: Identity) -> dict[Identity, Standing]:
    person = evidence.find_person(reader, view)
    return ratings.standings(reader, person) if person is not None else {}


def _effect(before: Mapping[Identity, Standing], reader: sqlite3.Connection, view: Identity) -> str:
    after = _standings(reader, view)
    pairs = [(before.get(who, NOWHERE), after.get(who, NOWHERE)) for who in before.keys() | after.keys()]
    appear = sum(old.level == Level.HIDDEN < new.level for old, new in pairs)
    vanish = sum(new.level == Level.HIDDEN < old.level for old, new in pairs)
    fuller = sum(Level.HIDDEN < old.level < new.level for old, new in pairs)
    thinner = sum(Level.HIDDEN < new.level < old.level for old, new in pairs)
    return (
        f"{_people(appear)} appear, {_people(vanish)} vanish; "
        f"{_people(fuller)} rise to full members, {_people(thinner)} fall to replies only."
    )


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"
