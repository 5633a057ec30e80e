"""Fuzzes one target: `python -m tests.fuzz TARGET SECONDS FOLDER`.

With atheris (libFuzzer, guided by coverage) where it is installed, else with random changes to the seeds. FOLDER
keeps what was found worth keeping; an input that breaks something is written into it as `crash-…`, and the exit code
is not 0.
Seeds are in tests/data/fuzz/TARGET, and what other tests have.
"""

from __future__ import annotations

import hashlib
import importlib
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

INPUT_OCTETS = 4096
DATA = Path(__file__).resolve().parent.parent / "data"


def seed_folders(target: str) -> list[Path]:
    return [DATA / "fuzz" / target, *([DATA / "clients"] if target == "article" else [])]


def main(target: str, seconds: str, folder: str) -> None:
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        shake(load(target), target, float(seconds), Path(folder))
        return
    with atheris.instrument_imports(include=["zbnntp"]):
        run = load(target)
    limits = [f"-max_total_time={seconds}", f"-max_len={INPUT_OCTETS}", "-timeout=20", "-rss_limit_mb=1024"]
    places = [f"-artifact_prefix={folder}/", folder, *map(str, seed_folders(target))]
    atheris.Setup([sys.argv[0], "-print_final_stats=1", "-verbosity=0", *limits, *places], run)
    atheris.Fuzz()


def load(target: str) -> Callable[[bytes], None]:
    return importlib.import_module("tests.fuzz.targets").TARGETS[target]


def shake(run: Callable[[bytes], None], target: str, seconds: float, folder: Path) -> None:
    """Random changes to the seeds, without guidance."""
    seeds = [path.read_bytes() for place in seed_folders(target) for path in sorted(place.iterdir())]
    chance, end, runs = random.Random(target), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = changed(chance.choice(seeds), chance)
        try:
            run(data)
        except BaseException:
            (folder / f"crash-{hashlib.sha256(data).hexdigest()}").write_bytes(data)
            raise
        runs += 1
    print(f"stat::number_of_executed_units: {runs}", file=sys.stderr)


def changed(data: bytes, chance: random.Random) -> bytes:
    octets = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at, span = chance.randint(0, len(octets)), chance.randint(0, 16)
        kind = chance.randint(0, 3)
        if kind == 0:
            octets[at : at + span] = chance.randbytes(span)
        elif kind == 1:
            del octets[at : at + span]
        elif kind == 2:
            octets[at:at] = octets[(start := chance.randint(0, len(octets))) : start + span]
        else:
            octets[at : at + 1] = chance.choice((b"\r\n", b"\0", b"\n", b".", b'"', b"=?", b"\xff"))
    return bytes(octets[:INPUT_OCTETS])


if __name__ == "__main__":
    main(*sys.argv[1:])
