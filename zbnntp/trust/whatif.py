"""What if: the rule tried out on any world, of made-up names or of one's own node. Pure; docs/trust.md "Trying it out".

A world may come as JSON, `{"root": NAME, "ratings": {RATER: {TARGET: {"mt": x, "tlt": y}}}, "replies": {FROM: {TO:
count}}, "registrars": [NAME], "params": {...}}`, with any strings as names and everything but the root optional.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from zbnntp.model.errors import BadEncoding, Missing, NotPermitted
from zbnntp.model.keys import Identity
from zbnntp.trust.graph import Graph, Records, make_graph
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.policy import State, apply_levels
from zbnntp.trust.ranking import Ranking, rank
from zbnntp.trust.rows import Rating

PARTS = ("root", "ratings", "replies", "registrars", "params")
SHOWN_DECIMALS = 12
SHORT_NAMES = {"K": "rounds", "h": "band", "hysteresis": "band"}  # as the rule is written down, and the settings
MOST = {"rounds": 1_000, "decimals": 15}


@dataclass(frozen=True, slots=True)
class World:
    """Who rated whom, seen by `root`. `names` are how people are called in answers, `aliases` how else they may be."""

    records: Records
    root: Identity
    params: Parameters = DEFAULTS
    names: Mapping[Identity, str] = field(default_factory=dict)
    aliases: Mapping[str, Identity] = field(default_factory=dict)
    previous: Mapping[Identity, State] = field(default_factory=dict)
    others: frozenset[Identity] = frozenset()  # named before something was left out

    def people(self) -> set[Identity]:
        """Everybody who is named anywhere, also where what is said counts for nothing."""
        return {self.root, *named(self.records), *self.others}

    def name(self, identity: Identity) -> str:
        return self.names.get(identity) or identity.decode("utf-8", "surrogatepass")


def read_world(text: str | bytes) -> World:
    """A world from JSON; blame is off unless "kappa" is given. BadEncoding with one sentence when it is none."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadEncoding(f"that is not JSON{where}: a comma, quote or bracket is missing or out of place") from error
    world = _object(said, "the whole")
    for key in world.keys() - set(PARTS):
        raise BadEncoding(f"there is no part {_shown(key)}; the parts are {', '.join(PARTS)}")
    if not isinstance(world.get("root"), str):
        raise BadEncoding('"root" is missing or not a string: it names the person through whose eyes all is seen')
    ratings = {as_identity(rater): list(_ratings(rater, said)) for rater, said in _items(world, "ratings")}
    replies = {
        as_identity(rater): {as_identity(target): count for target, count in _object(to, _of("replies", rater)).items()}
        for rater, to in _items(world, "replies")
    }
    records = Records(ratings, replies, frozenset(_registrars(world.get("registrars", []))))
    params = make_params(_object(world.get("params", {}), '"params"'), replace(DEFAULTS, kappa=0.0))
    return World(records, as_identity(world["root"]), params)


def make_params(given: Mapping[str, Any], base: Parameters = DEFAULTS) -> Parameters:
    """`base` with some parameters set; BadEncoding for one that there is not, or that is not a number it can be."""
    known = {it.name: type(getattr(base, it.name)) for it in fields(Parameters)}
    chosen: dict[str, Any] = {}
    for key, value in given.items():
        name = SHORT_NAMES.get(key, key)
        if name not in known:
            raise BadEncoding(f"there is no parameter {_shown(key)}; the parameters are {', '.join(known)}")
        chosen[name] = _parameter(name, known[name], value)
    return replace(base, **chosen)


def answer(world: World) -> dict[str, dict[str, Any]]:
    """tlt, mt, level and fetch of everybody named, by name, sorted."""
    graph, ranking = ranked(world)
    states = apply_levels(ranking, graph.ratings(world.root), world.previous, world.params)
    people = sorted(world.people())
    nothing = State()
    return {
        "tlt": {world.name(it): ranking.tlt.get(it, 0.0) for it in people},
        "mt": {world.name(it): ranking.mt.get(it, 0.0) for it in people},
        "level": {world.name(it): states.get(it, nothing).level.name.lower() for it in people},
        "fetch": {world.name(it): states.get(it, nothing).fetch for it in people},
    }


def ranked(world: World) -> tuple[Graph, Ranking]:
    """The graph of a world and everybody's trust, rounded for the eye."""
    graph = make_graph(world.records, world.params)
    return graph, rank(graph, world.root, replace(world.params, decimals=SHOWN_DECIMALS))


def named(records: Records) -> set[Identity]:
    """Everybody who is named in records."""
    said = {rater: {rating.target for rating in rows} for rater, rows in records.ratings.items()}
    answered = {rater: set(to) for rater, to in records.replies.items()}
    targets = {target for part in (said, answered) for to in part.values() for target in to}
    return {*said, *answered, *targets, *records.registrars}


def without(world: World, pair: str) -> World:
    """The world without one rating, RATER:TARGET; Missing when there is none."""
    rater, target = find_pair(world, pair)
    rows = list(world.records.ratings.get(rater, ()))
    left = [row for row in rows if row.target != target]
    if len(left) == len(rows):
        raise Missing(f"there is no rating of {world.name(target)} by {world.name(rater)} that could be left out")
    return _with_rows(world, rater, left)


def with_rating(world: World, said: str) -> World:
    """The world with one rating set, RATER:TARGET:MT or RATER:TARGET:MT:TLT; an empty number is an absent field."""
    *pair, number = said.rpartition(":")
    pairs = [(pair[0], number, "")]
    if pair[0].count(":") >= 2:
        front, _, middle = pair[0].rpartition(":")
        pairs.insert(0, (front, middle, number))
    readings = [it for it in pairs if ":" in it[0] and _is_number(it[1]) and _is_number(it[2])]
    known = [it for it in readings if any(_knows(world, it[0]))]
    if not readings:
        raise NotPermitted(f"--set {said[:80]}: write RATER:TARGET:MT or RATER:TARGET:MT:TLT, numbers from -1 to 1")
    names, mt, tlt = (known or readings)[0]
    if not -1 <= float(mt or 0) <= 1 or not 0 <= float(tlt or 0) <= 1:
        raise NotPermitted(f"--set {said[:80]}: MT is from -1 to 1, TLT from 0 to 1; 0.5 is what 'trust WHO 50' gives")
    rater, target = find_pair(world, names)
    rows = [row for row in world.records.ratings.get(rater, ()) if row.target != target]
    return _with_rows(world, rater, [*rows, Rating(target, _number(mt), _number(tlt))])


def find_pair(world: World, pair: str) -> tuple[Identity, Identity]:
    """RATER:TARGET; names may have colons in them as long as only one reading is of people who are named."""
    found = list(_knows(world, pair))
    if len(found) > 1:
        raise NotPermitted(f"{pair[:80]} can mean several pairs of people; rename one of them")
    if found:
        return found[0]
    if pair.count(":") != 1 or world.names:
        raise Missing(f"{pair[:80]} does not name two people who are known here; write RATER:TARGET")
    rater, target = pair.split(":")
    return as_identity(rater), as_identity(target)


def as_identity(name: str) -> Identity:
    """Made-up people are known by their names."""
    return Identity(name.encode("utf-8", "surrogatepass"))


def _knows(world: World, pair: str) -> Iterator[tuple[Identity, Identity]]:
    called = {world.name(it): it for it in world.people()} | dict(world.aliases)
    for at, sign in enumerate(pair):
        if sign == ":" and pair[:at] in called and pair[at + 1 :] in called:
            yield called[pair[:at]], called[pair[at + 1 :]]


def _with_rows(world: World, rater: Identity, rows: list[Rating]) -> World:
    ratings = {**world.records.ratings, rater: rows}
    everybody = frozenset(world.people())
    return replace(world, records=replace(world.records, ratings=ratings), others=everybody)


def _ratings(rater: str, said: object) -> Iterator[Rating]:
    for target, rating in _object(said, _of("ratings", rater)).items():
        fields = _object(rating, f"the rating of {_shown(target)} by {_shown(rater)}")
        for key in fields.keys() - {"mt", "tlt"}:
            raise BadEncoding(f'a rating has no {_shown(key)}; it has "mt" and "tlt"')
        yield Rating(as_identity(target), fields.get("mt"), fields.get("tlt"))


def _registrars(said: object) -> Iterator[Identity]:
    if not isinstance(said, list) or not all(isinstance(it, str) for it in said):
        raise BadEncoding('"registrars" is a list of names')
    yield from map(as_identity, said)


def _items(world: Mapping[str, Any], part: str) -> Iterator[tuple[str, Any]]:
    yield from _object(world.get(part, {}), f'"{part}"').items()


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadEncoding(f"{what} is not an object in braces")
    return value


def _parameter(name: str, kind: type, value: object) -> float | int | bool:
    if kind is bool and isinstance(value, bool):
        return value
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer() and kind is int)
    if kind is bool or isinstance(value, bool) or not isinstance(value, int | float) or (kind is int and not whole):
        wanted = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise BadEncoding(f'the parameter "{name}" is {wanted}')
    if not 0 <= value <= MOST.get(name, 1e9):
        raise BadEncoding(f'the parameter "{name}" is between 0 and {MOST.get(name, 10**9):,}')
    return kind(value)  # type: ignore[no-any-return]


def _is_number(text: str) -> bool:
    try:
        return not text or math.isfinite(float(text))
    except ValueError:
        return False


def _number(text: str) -> float | None:
    return float(text) if text else None


def _of(part: str, rater: str) -> str:
    return f'"{part}" of {_shown(rater)}'


def _shown(name: str) -> str:
    return json.dumps(name[:60])
