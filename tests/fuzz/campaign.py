"""Every target in turn: `python -m tests.fuzz.campaign RUNS FOLDER [SECONDS [TARGET …]]`, RUNS inputs in all.

A round gives each target SECONDS, and no more than a twentieth of the RUNS, so that the quick ones leave room for the
others; rounds follow until the RUNS are reached. Two processes at once, at the lowest priority. What a target has
learnt stays in FOLDER/TARGET and its figures in FOLDER/figures.jsonl, so that a campaign goes on where it ended. Then
there is a table, and the exit code says whether something was found: FOLDER/TARGET.log tells, FOLDER/TARGET.crash-…
is the input.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fuzz.scratch import scratch_environment
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parent.parent.parent
AT_ONCE = 2
ROUND_SECONDS = 60
SHARE = 20  # one target's part of all runs in one round
PATIENCE_SECONDS = 300


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


def rounds(runs: int, folder: Path, seconds: int, targets: Sequence[str]) -> Iterator[Figures]:
    """The figures of each process, as they come, those of an earlier campaign first."""
    kept = folder / "figures.jsonl"
    total = 0
    for line in kept.read_text().splitlines() if kept.exists() else ():
        yield (figures := Figures(**json.loads(line)))
        total += figures.runs
    with ThreadPoolExecutor(AT_ONCE) as pool, kept.open("a") as file:
        while total < runs:
            for figures in pool.map(lambda target: fuzz(target, folder, seconds, runs // SHARE), targets):
                print(json.dumps(asdict(figures)), file=file, flush=True)
                yield figures
                total += figures.runs


def table(totals: Sequence[Figures]) -> str:
    rows = [("target", "inputs", "edges", "peak MiB", "slowest s", "found")]
    whole = Figures("all")
    for it in totals:
        rows.append((it.target, f"{it.runs:,}", str(it.coverage), str(it.peak), f"{it.slowest:.2f}", str(it.found)))
        whole += it
    rows.append(("all", f"{whole.runs:,}", "", str(whole.peak), f"{whole.slowest:.2f}", str(whole.found)))
    return "\n".join(f"{row[0]:12}" + "".join(f"{cell:>12}" for cell in row[1:]) for row in rows)


def main(runs: str, folder: str, seconds: str = str(ROUND_SECONDS), *targets: str) -> int:
    place = Path(folder).resolve()
    place.mkdir(parents=True, exist_ok=True)
    totals: dict[str, Figures] = {}
    for figures in rounds(int(runs), place, int(seconds), targets or list(TARGETS)):
        totals[figures.target] = totals.get(figures.target, Figures(figures.target)) + figures
        print(f"{figures.target}: {figures.runs:,} inputs", file=sys.stderr, flush=True)
        if figures.found:
            print(f"{figures.target}: FOUND, see {place / figures.target}.log", file=sys.stderr, flush=True)
    print(table([totals[target] for target in sorted(totals)]))
    return int(any(it.found for it in totals.values()))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
