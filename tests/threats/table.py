"""The threats of docs/security.md, each with the place in the source that withstands it and the test that shows it.

They stand in the .toml files beside this one, a file for each kind of attacker:

    [[row]]
    threat = "the words of the first column of the table in docs/security.md"
    test = "nntp/test_machine.py::test_a_browser_is_cut_off_before_anything_runs"      # below tests/
    file = "zbnntp/nntp/machine.py"
    old = '''text that stands in the file exactly once: the defence'''
    new = '''what stands there when the defence is taken out'''

`python -m tests.threats` takes each defence out and runs its test, which has to fail then.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DOCUMENT = ROOT / "docs" / "security.md"
_DOCUMENTED = re.compile(r"^\| (?P<threat>.+?) \| .+ \| `(?P<test>[a-z_/]+\.py::test_\w+)` \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One defence; `who` is the attacker's file."""

    who: str
    threat: str
    test: str
    file: str
    old: str
    new: str

    def without(self, root: Path = ROOT) -> str:
        """The file with the defence taken out."""
        return (root / self.file).read_text().replace(self.old, self.new)


def rows() -> list[Row]:
    """All of them, by attacker."""
    return [
        Row(who=path.stem, **row)
        for path in sorted(HERE.glob("*.toml"))
        for row in tomllib.loads(path.read_text())["row"]
    ]


def documented() -> list[tuple[str, str]]:
    """Threat and test of each row in docs/security.md."""
    return [(it["threat"], it["test"]) for it in _DOCUMENTED.finditer(DOCUMENT.read_text())]
