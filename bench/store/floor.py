"""The least room for what a store holds, if nothing had to be found in it: `python -m bench.store.floor HOME`.

Each column of each table is compressed by itself with xz, as a whole: the smaller of its values and of the differences
from one to the next, both also octet by octet. Indexes count as nothing. From this no row can be read alone.
"""

from __future__ import annotations

import lzma
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zbnntp.home import STORE_FILE

LEAST_OCTETS = 50_000  # smaller tables are left out
Values = np.ndarray[tuple[int], np.dtype[np.int64]]


def packed(octets: bytes) -> int:
    """Octets that xz makes of some; they themselves where it makes more."""
    return min(len(lzma.compress(octets, preset=6)), len(octets))


def by_octets(values: Values) -> int:
    """The same of numbers, all lowest octets first, then all second ones, and so on."""
    planes = values.astype("<i8").view(np.uint8).reshape(-1, 8).T
    return sum(packed(plane.tobytes()) for plane in planes if plane.any())


def numbers(values: Sequence[int | None]) -> int:
    column = np.array([-1 if it is None else it for it in values], dtype=np.int64)
    steps = np.diff(column, prepend=column[:1])
    return min(way for it in (column, steps) for way in (packed(it.tobytes()), by_octets(it)))


def column(values: Sequence[object]) -> int:
    """The least octets found for the values of a column."""
    if all(isinstance(it, int | None) for it in values):
        return numbers(values)  # type: ignore[arg-type]
    pieces = [it if isinstance(it, bytes) else str(it).encode() for it in values]
    return packed(b"".join(pieces)) + numbers([len(it) for it in pieces])


def main(home: Path) -> None:
    with sqlite3.connect(f"{(home / STORE_FILE).absolute().as_uri()}?mode=ro", uri=True) as database:
        sizes = dict(database.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall())
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        total = 0
        for table in [it for it in tables if sizes.get(it, 0) > LEAST_OCTETS]:
            names = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
            rows = database.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY 1").fetchall()
            least = dict(zip(names, map(column, zip(*rows, strict=True)), strict=True))
            total += sum(least.values())
            said = " ".join(f"{name} {octets / 1e6:.2f}" for name, octets in least.items() if octets > LEAST_OCTETS)
            print(f"{table:12} {sizes[table] / 1e6:8.2f} MB, {sum(least.values()) / 1e6:8.2f} at least: {said}")
    print(f"at least {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
