"""Each target for a few seconds; `make fuzz MINUTES=5` does it for longer. What was found stays as seeds."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.__main__ import seed_folders, shake
from tests.fuzz.mutation import changed
from tests.fuzz.scratch import scratch_environment
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = os.environ.get("FUZZ_SECONDS", "2")
LEAST_RUNS = 10


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_any_octets(target: str, tmp_path: Path) -> None:
    learnt = tmp_path / target
    learnt.mkdir()
    command = [sys.executable, "-m", "tests.fuzz", target, SECONDS, str(learnt)]
    with scratch_environment() as places:
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | places, capture_output=True, text=True, errors="replace"
        )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-8000:]
    (runs,) = re.findall(r"number_of_executed_units: *(\d+)", done.stderr)
    assert int(runs) >= LEAST_RUNS
    print(f"{target}: {runs} runs")


@pytest.mark.parametrize("target", TARGETS)
def test_seeds(target: str) -> None:
    """Every seed passes, so that what was found once stays mended."""
    paths = [path for folder in seed_folders(target) for path in folder.iterdir()]
    assert paths
    for path in paths:
        TARGETS[target](path.read_bytes())


def test_without_atheris_a_broken_rule_is_found_and_kept(tmp_path: Path) -> None:
    def picky(data: bytes) -> None:
        assert b"\0" not in data

    with pytest.raises(AssertionError):
        shake(picky, "nntp", 5, tmp_path / "nntp")
    (kept,) = tmp_path.iterdir()
    assert b"\0" in kept.read_bytes()


def test_changes_are_bounded() -> None:
    chance = random.Random(1)
    assert all(len(changed(b"x" * 4096, chance)) <= 4096 for _ in range(500))
