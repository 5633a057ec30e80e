"""Which feeds to follow. Pure: chance is an argument."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterable

from zbnntp.model.keys import Identity
from zbnntp.peers.needs import Person

NEAR_SOURCES, FAR_SOURCES = 3, 2
LEAST_WEIGHT = 1e-3


def draw(
    people: Iterable[Person], staying: Container[Identity], failing: Callable[[Person], bool], rng: random.Random
) -> list[Person]:
    """Three mutuals and two far nodes, these weighted by trust; where there are fewer, whoever is trusted.

    Those in `staying` keep their places, those that fail come last.
    """

    def rank(person: Person) -> tuple[bool, bool, float]:
        weight = 1.0 if person.mutual else max(person.trust, LEAST_WEIGHT)
        return person.identity not in staying, failing(person), -(rng.random() ** (1 / weight))

    ranked = sorted(people, key=rank)
    near = [person for person in ranked if person.mutual][:NEAR_SOURCES]
    far = [person for person in ranked if not person.mutual and person.hops > 1 and person.full][:FAR_SOURCES]
    rest = [person for person in ranked if person not in near and person not in far]
    return near + far + rest[: NEAR_SOURCES + FAR_SOURCES - len(near) - len(far)]
