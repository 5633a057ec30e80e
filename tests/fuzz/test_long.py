"""Two long runs at the NNTP machine, side by side and at low priority, while other tests run in other processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LONG_SECONDS = os.environ.get("LONG_FUZZ_SECONDS", "300")
PATIENCE_SECONDS = 120
LEAST_RUNS = 1_000


@pytest.mark.slow
def test_five_minutes_of_any_octets(tmp_path: Path) -> None:
    commands = {
        "atheris": ["tests.fuzz", "nntp", LONG_SECONDS, str(tmp_path)],
        "hypothesis": ["tests.fuzz.invent", LONG_SECONDS],
    }
    running = {name: _start(words) for name, words in commands.items()}
    try:
        for name, process in running.items():
            said, _ = process.communicate(timeout=float(LONG_SECONDS) + PATIENCE_SECONDS)
            assert process.returncode == 0, said[-8000:]
            (runs,) = re.findall(r"number_of_executed_units: *(\d+)", said)
            assert int(runs) >= LEAST_RUNS
            print(f"{name}: {runs} runs in {LONG_SECONDS} s")
    finally:
        for process in running.values():
            process.kill()
            process.wait()


def _start(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["nice", "-n", "19", sys.executable, "-m", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
