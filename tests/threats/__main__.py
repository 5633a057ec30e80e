"""Takes the defences of docs/security.md out one by one and runs the test of each, which has to fail then.

    python -m tests.threats [WORD …]     only rows whose attacker, threat or test has one of the words in it

Works on a copy of the tree in a temporary directory. First all the tests run with every defence in its place, and have
to pass: a test that always fails shows nothing. Ends with 1 when some test does not notice.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.threats.table import ROOT, Row, rows

PASSED, FAILED = 0, 1  # what pytest ends with
SECONDS = 300  # for one test: without its defence, a program may go on for ever
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "pictures")


def main(words: Sequence[str]) -> int:
    chosen = [row for row in rows() if not words or any(word in f"{row.who} {row.threat} {row.test}" for word in words)]
    with copy() as tree:
        ended, told = run(tree, [row.test for row in chosen])
        if ended != PASSED:
            print(told)
            return 1
        return int(not all([is_noticed(tree, row) for row in chosen]))


def is_noticed(tree: Path, row: Row) -> bool:
    """Whether the test fails without the defence; what it says is printed."""
    path = tree / row.file
    whole = path.read_text()
    path.write_text(row.without(tree))
    try:
        ended, told = run(tree, [row.test])
    finally:
        path.write_text(whole)
    verdict = "noticed" if ended == FAILED else "NOT NOTICED"
    print(f"{verdict:12}{row.who}: {row.threat}\n{'':12}{row.test}\n{'':12}{_reason(told)}", flush=True)
    return ended == FAILED


def run(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """What pytest ends with, and says, about tests of the copy; a test that does not end has failed."""
    words = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "--tb=short", "-p", "no:cacheprovider"]
    with tempfile.TemporaryDirectory(prefix="zbt", dir="/tmp") as place:
        try:
            done = subprocess.run(
                [*words, "--basetemp", f"{place}/t", *dict.fromkeys(f"tests/{test}" for test in tests)],
                cwd=tree,
                env=os.environ | {"PYTHONPATH": str(tree), "COLUMNS": "300"},
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS * len(tests),
            )
        except subprocess.TimeoutExpired:
            return FAILED, f"FAILED - does not end in {SECONDS} s"
    return done.returncode, done.stdout + done.stderr


def _reason(told: str) -> str:
    """What went wrong, in pytest's summary."""
    found = re.search(r"^(?:FAILED|ERROR) .*? - (.*)$", told, re.MULTILINE)
    return found[1][:100] if found else ""


@contextmanager
def copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="zbthreats") as place:
        tree = Path(place) / "t"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        yield tree


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
