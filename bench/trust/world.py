"""A made-up network to measure trust with: seeded, the same on every machine.

Everybody rates about twenty people and answers about five; some are far better known than others. Of the ratings seven
tenths give mt and tlt, the rest only one of them; one in twenty is negative. The user has rated twenty people, three of
them below 0.
"""

from __future__ import annotations

import hashlib

import numpy as np

from zbnntp.model.keys import Identity
from zbnntp.trust.table import Table

RATINGS, REPLIES = 20, 5
OWN, OWN_NEGATIVE = 20, 3
FAME = 0.7  # exponent of how well known people are


def identity(number: int) -> Identity:
    return Identity(hashlib.sha256(b"trust bench %d" % number).digest())


def make_table(people: int, seed: int = 1) -> Table:
    """The network of so many people; number 0 is the user."""
    chance = np.random.default_rng(seed)
    raters, targets = _pairs(people, chance)
    count = len(raters)
    replied = chance.random(count) < REPLIES / (RATINGS + REPLIES)
    shape = chance.random(count)
    tlt = np.where(replied | (shape < 0.15), np.nan, chance.integers(0, 8001, count) / 10_000)
    mt = np.where(replied | (shape > 0.85), np.nan, chance.integers(1, 10_001, count) / 10_000)
    mt[chance.random(count) < 0.05] *= -1
    replies = np.where(replied, chance.integers(1, 9, count), 0)
    own = np.flatnonzero(raters == 0)
    mt[own], tlt[own], replies[own] = np.nan, 0.5, 0
    mt[own[:OWN_NEGATIVE]], tlt[own[:OWN_NEGATIVE]] = -1.0, np.nan
    return Table([identity(number) for number in range(people)], raters, targets, mt, tlt, replies)


def _pairs(people: int, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    fame = chance.permutation(1.0 / np.arange(1, people + 1) ** FAME)
    sizes = np.minimum(chance.geometric(1 / (RATINGS + REPLIES), people), people // 4)
    sizes[0] = OWN
    raters = np.repeat(np.arange(people), sizes)
    targets = chance.choice(people, size=len(raters), p=fame / fame.sum())
    keys = np.unique(raters * people + targets)
    raters, targets = keys // people, keys % people
    return raters[raters != targets], targets[raters != targets]
