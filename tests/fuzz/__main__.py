"""Fuzzes one target: `python -m tests.fuzz TARGET SECONDS FOLDER [RUNS]`.

With atheris (libFuzzer, guided by coverage) where it is installed, else with random changes to the seeds. FOLDER
keeps what was found worth keeping; an input that breaks something is written beside it as `FOLDER.crash-…`, and the
exit code is not 0. The limits of limits.py are rules too. At the end, or after so many RUNS, there are libFuzzer's
figures. With CHANCE=N in the environment the inputs are the same each time.
Seeds are in tests/data/fuzz/TARGET, and what other tests have.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.limits import HANG_SECONDS, MEMORY_MIB, Watch
from tests.fuzz.mutation import INPUT_OCTETS, LONG_EVERY, changed, swollen

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "tests" / "data"
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def seed_folders(target: str) -> list[Path]:
    return [DATA / "fuzz" / target, *([DATA / "clients"] if target == "article" else [])]


def main(target: str, seconds: str, folder: str, runs: str = "-1") -> None:
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        shake(load(target), target, float(seconds), Path(folder), int(runs))
        return
    with atheris.instrument_imports(include=["zbnntp"]):
        run = Watch(load(target), f"{folder}.crash-")

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        if seed % LONG_EVERY == 0:
            return swollen(data, random.Random(seed), most)
        return atheris.Mutate(data[:INPUT_OCTETS], INPUT_OCTETS)

    limits = [
        f"-max_total_time={seconds}",
        f"-seed={os.environ.get('CHANCE') or 0}",
        f"-runs={runs}",
        f"-max_len={longest(target)}",
        f"-rss_limit_mb={MEMORY_MIB}",
    ]
    hangs = [f"-timeout={HANG_SECONDS}", "-print_final_stats=1", "-reload=0"]
    words = Path(f"{folder}.words")
    words.write_text("\n".join(["# names", *(f'"{word}"' for word in known_words(target))]) + "\n")
    places = [f"-dict={words}", f"-artifact_prefix={folder}.", folder, *map(str, seed_folders(target))]
    atheris.Setup([sys.argv[0], *limits, *hangs, *places], run, custom_mutator=mutate)
    atheris.Fuzz()


def load(target: str) -> Callable[[bytes], None]:
    return importlib.import_module("tests.fuzz.targets").TARGETS[target]


def known_words(target: str) -> list[str]:
    """What stands in inputs that are meant: the names in the program's own tables."""
    return importlib.import_module("tests.fuzz.targets").WORDS.get(target, [])


def longest(target: str) -> int:
    """Octets of the longest input that is tried."""
    return importlib.import_module("tests.fuzz.targets").LONGEST[target]


def shake(run: Callable[[bytes], None], target: str, seconds: float, folder: Path, most: int = -1) -> None:
    """Random changes to the seeds, without guidance."""
    seeds = [path.read_bytes() for place in seed_folders(target) for path in sorted(place.iterdir())]
    watch, chance, end = Watch(run, f"{folder}.crash-"), random.Random(target), time.monotonic() + seconds
    while time.monotonic() < end and watch.runs != most:
        data = changed(chance.choice(seeds), chance)
        if chance.randrange(LONG_EVERY) == 0:
            data = swollen(data, chance, longest(target))
        watch(data)
    print(f"stat::number_of_executed_units: {watch.runs}", file=sys.stderr)
    print(f"stat::peak_rss_mb: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}", file=sys.stderr)


def begin_anew() -> None:
    """Go on in a child. What its parent's memory was before this program began would count as ours (getrusage(2))."""
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        sys.exit(os.waitstatus_to_exitcode(status))
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)


if __name__ == "__main__":
    begin_anew()
    main(*sys.argv[1:])
