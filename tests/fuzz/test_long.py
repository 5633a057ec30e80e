"""The end of the two long runs that conftest.py started when the tests began."""

from __future__ import annotations

import re

import pytest

from tests.fuzz.conftest import LONG_SECONDS, running

PATIENCE_SECONDS = 120
LEAST_RUNS = 1_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["atheris", "hypothesis"])
def test_five_minutes_of_any_octets(name: str) -> None:
    process = running[name]
    said, _ = process.communicate(timeout=float(LONG_SECONDS) + PATIENCE_SECONDS)
    assert process.returncode == 0, said[-8000:]
    (runs,) = re.findall(r"number_of_executed_units: *(\d+)", said)
    assert int(runs) >= LEAST_RUNS
    print(f"{name}: {runs} runs in {LONG_SECONDS} s")
