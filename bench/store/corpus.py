"""Forum posts in any number, made of 13,786 real ones (a sample of public mailing lists and newsgroups).

The first copy of the sample is not used as it is, and each further copy says the same in other words: all words but the
`COMMON` most frequent, and all digits, are exchanged for others of the same length and frequency, by a rule of each
copy's own. So threads, quotations, line lengths, authors' habits and the frequency of words are real ones, while what
recurs over long distances is not the same text again. Copies of a thread fall into random places of the three months.

How honest that is, was measured on 216,000 posts against the figures of as many distinct real posts (7-Zip's PPMd of
order 16, zstd -9 on blocks of 64 KiB in order of board and thread, and zstd -9 on each post alone): README.md has the
table. `COMMON` is where PPMd gets what it got from the real ones, so that ratios to it mean the same.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

COMMON = 750
BODY_MOST = 1999  # characters; longer ones are cut at a line end
BEGIN, SECONDS = 1_782_864_000, 90 * 86400  # three months from July 2026 on
GROUPS = 5  # of people who take turns where a corpus comes in parts: 17,000, no more than a node fetches
PAUSE_SECONDS = 6 * 3600  # between two posts of a thread, on average
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_WORD = re.compile(r"[A-Za-z]{3,}|[0-9]+")


@dataclass(frozen=True, slots=True)
class Said:
    """A post of the corpus; `parents` are ids from the thread's opening on, oldest first, none for an opening."""

    id: str
    author: str
    board: str
    subject: str
    parents: tuple[str, ...]
    time: int
    body: str


def read_sample(path: Path) -> list[Said]:
    """The real posts, in order of date; ancestors that the sample lacks are left out."""
    with path.open("rb") as packed:
        lines = zstandard.ZstdDecompressor().stream_reader(packed).read().splitlines()
    chains: dict[str, tuple[str, ...]] = {}
    found: list[Said] = []
    for line in map(json.loads, lines):
        parent = next((ref for ref in reversed(line["refs"]) if ref in chains), None)
        chain = (*chains[parent], parent) if parent else ()
        chains[line["id"]] = chain
        subject = " ".join(_CONTROLS.sub(" ", line["subject"]).split())[:80] or "no subject"
        body = _cut(_CONTROLS.sub(" ", line["body"].replace("\r\n", "\n")))
        found.append(Said(line["id"], line["author"], line["group"].lower(), subject, chain, 0, body))
    return found


def _cut(body: str) -> str:
    if len(body) <= BODY_MOST:
        return body
    kept = body[:BODY_MOST]
    return kept[: kept.rfind("\n")] if "\n" in kept else kept


class Words:
    """Other words in place of those of a text, the same for the same."""

    def __init__(self, counts: Counter[str], seed: int, common: int) -> None:
        dice = random.Random(seed)
        alike: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
        for rank, (word, count) in enumerate(counts.most_common()):
            if rank >= common and not word.isdigit():
                alike[len(word), count.bit_length()].append(word)
        self._other: dict[str, str] = {}
        for words in alike.values():
            self._other.update(zip(words, dice.sample(words, len(words)), strict=True))
        digits = dice.sample("0123456789", 10)
        self._digits = str.maketrans("0123456789", "".join(digits))

    def exchange(self, text: str) -> str:
        return _WORD.sub(self._one, text)

    def _one(self, match: re.Match[str]) -> str:
        word = match.group()
        if word[0].isdigit():
            return word.translate(self._digits)
        low = word.lower()
        other = self._other.get(low, low)
        if word == low:
            return other
        return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other


def generate(sample: list[Said], posts: int, common: int = COMMON, seed: int = 1) -> list[Said]:
    """So many posts in order of time, from whole threads."""
    counts = _frequencies(sample)
    dice = random.Random(seed)
    made: list[Said] = []
    copy = 0
    while len(made) < posts:
        copy += 1
        made += _copy(sample, copy, Words(counts, seed * 1000 + copy, common), dice, posts - len(made))
    return _in_order(made)


def parts(sample: list[Said], count: int, common: int = COMMON, seed: int = 1) -> Iterator[list[Said]]:
    """Such a corpus two copies at a time, one part of the months after the other; `GROUPS` of people take turns."""
    counts, dice = _frequencies(sample), random.Random(seed)
    for part in range(count):
        made: list[Said] = []
        for copy in (2 * part, 2 * part + 1):
            words, span = Words(counts, seed * 1000 + copy, common), (part / count, 1 / count)
            made += _copy(sample, copy, words, dice, len(sample), *span, str(part % GROUPS))
        yield _in_order(made)


def _frequencies(sample: list[Said]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for said in sample:
        counts.update(word.lower() for word in _WORD.findall(said.body))
    return counts


def _in_order(made: Iterable[Said]) -> list[Said]:
    return sorted(made, key=lambda said: (said.time, said.id))


def _copy(
    sample: list[Said],
    copy: int,
    words: Words,
    dice: random.Random,
    most: int,
    begin: float = 0,
    width: float = 1,
    group: str = "",
) -> Iterator[Said]:
    """The sample once more, its threads opened in a part of the months; of the last copy random ones, `most` posts.

    Half of those who wrote in one copy write in the next, too: as few authors as real ones for so many posts.
    """
    threads: defaultdict[str, list[Said]] = defaultdict(list)
    for said in sample:
        threads[(said.parents or (said.id,))[0]].append(said)
    chosen = dice.sample(list(threads), len(threads))
    for root in chosen:
        when = begin + width * dice.random()
        for said in threads[root]:
            if most <= 0:
                return
            most -= 1
            yield Said(
                f"{said.id}{copy:x}",
                f"{said.author} {group or copy // 2}",
                said.board,
                words.exchange(said.subject),
                tuple(f"{parent}{copy:x}" for parent in said.parents),
                BEGIN + int(min(when, 1) * SECONDS),
                words.exchange(said.body),
            )
            when += dice.expovariate(1) * PAUSE_SECONDS / SECONDS
