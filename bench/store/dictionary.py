#!/usr/bin/env python3
"""Trains the dictionary that the program brings along, from real posts written as lines.

    python bench/store/dictionary.py SAMPLE zbnntp/data/lines-1.zdict

SAMPLE as for bench/store. Training takes the folded text of lines, as zbnntp/store/folding.py makes it. A dictionary
that was ever published must stay as it is: another one gets another number in zbnntp/store/packing.py.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import zstandard

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.store.corpus import Said, read_sample
from zbnntp.model.canonical import encode
from zbnntp.store.folding import fold

DICTIONARY_OCTETS = 112 * 1024
BEGIN, PAUSE_SECONDS = 1_790_000_000, 607
ID, SIG = "aa" * 32, "cc" * 64
SEGMENT, DMER = 128, 8  # k and d of the trainer


def lines_of(posts: list[Said]) -> Iterator[bytes]:
    """Every post; of every eighth the carry or a manifest, and of some a vote and a rating."""
    for index, said in enumerate(posts):
        time = BEGIN + index * PAUSE_SECONDS
        header = {"kind": "post", "author": ID, "boards": [said.board], "time": time}
        op = header | {"subject": said.subject}
        if said.parents:
            yield encode(header | {"thread": ID, "parents": [ID] * min(8, len(said.parents)), "body": said.body})
        else:
            yield encode(op | {"sig": SIG, "body": said.body})
        if index % 8 == 0:
            yield encode({"kind": "carry", "header": op | {"body_sha256": ID}, "sig": SIG})
        if index % 8 == 4:
            yield from _manifest(index, time)
        if index % 32 == 0:
            yield encode({"kind": "vote", "post": ID, "author": ID, "value": 1})
            yield encode({"kind": "trust", "id": ID, "time": time, "mt": 5000, "tlt": 2500})


def _manifest(index: int, time: int) -> Iterator[bytes]:
    """A pointer and a head."""
    yield encode({"kind": "pointer", "id": ID, "seq": time, "head": ID, "sig": SIG})
    size = {"sha256": ID, "bytes": index * 7, "lines": index % 90 + 1}
    segments = [size | {"from": time - at} for at in range(index % 5)]
    head = {"kind": "head", "v": 1, "id": ID, "seq": time, "time": time, "nick": f"{index:x}", "endpoints": []}
    head |= {"next": ID}
    if index % 3:
        head |= {"prev": [time - 1, ID], "endpoints": [{"url": f"http://{'a2' * 28}.onion", "own": True}]}
    yield encode(head | {"posts": segments[1:], "state": segments[:1]})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sample", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    posts = read_sample(options.sample)
    samples = [fold(line, lambda kind, octets: 1)[0] for line in lines_of(posts)]
    random.Random(1).shuffle(samples)
    trained = zstandard.train_dictionary(DICTIONARY_OCTETS, samples, k=SEGMENT, d=DMER, level=9)
    options.output.write_bytes(trained.as_bytes())
    print(f"{len(samples)} lines, {len(trained)} octets")


if __name__ == "__main__":
    main()
