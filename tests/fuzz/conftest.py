"""Two long runs at the NNTP machine go on at low priority while the other tests run; their test comes last."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LONG_SECONDS = os.environ.get("LONG_FUZZ_SECONDS", "300")
LONG = "test_five_minutes_of_any_octets"
running: dict[str, subprocess.Popen[str]] = {}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.name.startswith(LONG))


def pytest_collection_finish(session: pytest.Session) -> None:
    wanted = any(item.name.startswith(LONG) for item in session.items)
    if not wanted or session.config.option.collectonly:
        return
    folder = tempfile.mkdtemp(prefix="zbnntp-fuzz-")
    commands = {
        "atheris": ["tests.fuzz", "nntp", LONG_SECONDS, folder],
        "hypothesis": ["tests.fuzz.invent", LONG_SECONDS],
    }
    for name, words in commands.items():
        running[name] = subprocess.Popen(
            ["nice", "-n", "19", sys.executable, "-m", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )


def pytest_sessionfinish() -> None:
    for process in running.values():
        process.kill()
