"""Every target in turn: `python -m tests.fuzz.campaign FOLDER [--seconds S] [--runs N] [TARGET …]`.

A round gives each target, or those that are named, so many seconds, two processes at once, at the lowest priority.
Without --runs there is one round. With it rounds follow until so many inputs were tried in all, of which a target has
about a tenth at most, so that the quick ones leave room for the others.
What a target has learnt stays in FOLDER/TARGET and its figures in FOLDER/figures.jsonl, so that a campaign goes on
where it ended. Then there is a table, and the exit code says whether something was found: FOLDER/TARGET.log tells,
FOLDER/TARGET.crash-… is the input.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fuzz.scratch import scratch_environment
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parent.parent.parent
AT_ONCE = 2
ROUND_SECONDS = 60
SHARE, ROUND_SHARE = 10, 20  # one target's part of all runs, and of those in one round
LEAST_RUNS = 1_000  # of a target that has had its part
PATIENCE_SECONDS = 300
FIGURES = "figures.jsonl"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one process, or of all of one target: inputs, edges that were covered, peak MiB, slowest input's seconds."""

    target: str
    runs: int = 0
    coverage: int = 0
    peak: int = 0
    slowest: float = 0.0
    found: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.target,
            self.runs + other.runs,
            max(self.coverage, other.coverage),
            max(self.peak, other.peak),
            max(self.slowest, other.slowest),
            self.found + other.found,
        )


def fuzz(target: str, folder: Path, seconds: int, runs: int) -> Figures:
    """One process; what it said is in FOLDER/TARGET.log."""
    place, said = folder / target, folder / f"{target}.log"
    place.mkdir(parents=True, exist_ok=True)
    command = ["nice", "-n", "19", sys.executable, "-m", "tests.fuzz", target, str(seconds), str(place), str(runs)]
    with said.open("wb") as log, scratch_environment() as places:
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | places, stdout=log, stderr=log, timeout=seconds + PATIENCE_SECONDS
        )
    return read_figures(target, said.read_text(errors="replace"), done.returncode)


def read_figures(target: str, text: str, code: int) -> Figures:
    return Figures(
        target,
        int(_last(r"number_of_executed_units: *(\d+)", text)),
        int(_last(r"cov: (\d+)", text)),
        int(_last(r"peak_rss_mb: *(\d+)", text)),
        float(_last(r"^slowest: ([\d.]+) s", text)),
        int(code != 0),
    )


def _last(pattern: str, text: str) -> str:
    return (re.findall(pattern, text, re.MULTILINE) or ["0"])[-1]


def kept_figures(folder: Path) -> list[Figures]:
    """Those of an earlier campaign."""
    kept = folder / FIGURES
    return [Figures(**json.loads(line)) for line in kept.read_text().splitlines()] if kept.exists() else []


def rounds(folder: Path, seconds: int, runs: int | None, targets: Sequence[str]) -> Iterator[Figures]:
    """The figures of each process, as they come, those of an earlier campaign first."""
    tried: Counter[str] = Counter()
    for figures in kept_figures(folder):
        yield figures
        tried[figures.target] += figures.runs
    with ThreadPoolExecutor(AT_ONCE) as pool, (folder / FIGURES).open("a") as file:
        while runs is None or tried.total() < runs:
            turn = sorted(targets, key=lambda target: tried[target])
            for figures in pool.map(lambda target: fuzz(target, folder, seconds, _room(runs, tried[target])), turn):
                print(json.dumps(asdict(figures)), file=file, flush=True)
                yield figures
                tried[figures.target] += figures.runs
            if runs is None:
                return


def _room(runs: int | None, tried: int) -> int:
    """How many inputs a target may still try in a round; libFuzzer's -1 is any number."""
    return -1 if runs is None else max(LEAST_RUNS, min(runs // ROUND_SHARE, runs // SHARE - tried))


def table(totals: Sequence[Figures]) -> str:
    rows = [("target", "inputs", "edges", "peak MiB", "slowest s", "found")]
    whole = Figures("all")
    for it in totals:
        rows.append((it.target, f"{it.runs:,}", str(it.coverage), str(it.peak), f"{it.slowest:.2f}", str(it.found)))
        whole += it
    rows.append(("all", f"{whole.runs:,}", "", str(whole.peak), f"{whole.slowest:.2f}", str(whole.found)))
    return "\n".join(f"{row[0]:12}" + "".join(f"{cell:>12}" for cell in row[1:]) for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.campaign", description="Fuzzes every target in turn.")
    parser.add_argument("folder", type=Path, help="where what was learnt and found is kept")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"some of: {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=ROUND_SECONDS, help="for each target in a round (%(default)s)")
    parser.add_argument("--runs", type=int, help="go on until so many inputs were tried in all")
    chosen = parser.parse_intermixed_args()
    folder = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    totals: dict[str, Figures] = {}
    for figures in rounds(folder, chosen.seconds, chosen.runs, chosen.targets or list(TARGETS)):
        totals[figures.target] = totals.get(figures.target, Figures(figures.target)) + figures
        found = f", FOUND: see {folder / figures.target}.log" if figures.found else ""
        print(f"{figures.target}: {figures.runs:,} inputs{found}", file=sys.stderr, flush=True)
    print(table([totals[target] for target in sorted(totals)]))
    return int(any(it.found for it in totals.values()))


if __name__ == "__main__":
    raise SystemExit(main())
