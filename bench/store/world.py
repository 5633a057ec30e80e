"""A corpus as signed manifests, kept in a file of its own: signing takes longer than all that is measured."""

from __future__ import annotations

import pickle
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.load import Community, Source, make_offer
from bench.store.corpus import Said
from zbnntp.model.bundle import Offer
from zbnntp.model.keys import Identity


@dataclass(frozen=True, slots=True)
class World:
    """All manifests; `boards` with the most posts first; `bare` octets of all bodies."""

    offers: list[tuple[Identity, Offer]]
    boards: list[str]
    posts: int
    bare: int


def make_world(said: Iterable[Said], bare: Path) -> World:
    """Sign everything; the bodies alone go to the file `bare`, in order of time."""
    community = Community()
    boards: Counter[str] = Counter()
    now = int(time.time())
    with bare.open("wb") as texts:
        for it in said:
            boards[it.board] += 1
            texts.write(it.body.encode() + b"\n")
            community.post(
                Source(it.id, (it.board,), f"{it.author} <x@y.invalid>", it.subject, it.time, it.parents, it.body)
            )
    offers = [(author.signer.identity, make_offer(author, now)) for author in community.authors.values()]
    return World(offers, [name for name, _ in boards.most_common()], boards.total(), bare.stat().st_size)


def kept_world(make: Callable[[], Iterable[Said]], folder: Path) -> World:
    """The same, made once."""
    file = folder / "world.pickle"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(make_world(make(), folder / "bare.txt")))
    world: World = pickle.loads(file.read_bytes())
    return world
