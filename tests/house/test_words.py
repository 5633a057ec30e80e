"""No loose ends: no notes to oneself, nothing of the machine this was written on, no test left out silently."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.source import ROOT, files, tree

FOLDERS = ("zbnntp", "tests", "docs", "conf", "bench", ".ci")
SUFFIXES = {".py", ".md", ".toml", ".sh", ".sql", ".txt", ".yml", ".service", ".socket", ""}
# In two pieces, so that this file does not find itself.
LOOSE_ENDS = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK:"))
WORKPLACE = "|".join(
    ("/wo" + "rk/", "/tmp/" + "v/", "shared/" + "design", "shared/" + "rfc", "python" + "hosted", "deb." + "debian.org")
)
NEEDS_REASON = {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.xfail"}


def _texts() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    found += [path for path in ROOT.iterdir() if path.suffix in SUFFIXES and not path.name.startswith(".")]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (rf"\b({LOOSE_ENDS})", "a loose end: do it, or say what is so in a sentence"),
        (WORKPLACE, "nobody else has that path or host"),
    ],
    ids=["loose ends", "workplace"],
)
def test_words_that_do_not_belong_here(words: str, why: str) -> None:
    pattern = re.compile(words)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in _texts()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, why + ":\n" + "\n".join(found)


@pytest.mark.parametrize("path", files("tests"), ids=str)
def test_what_is_left_out_says_why(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"pytest.mark.skip", "pytest.mark.xfail"}:
            assert _is_called(path, node), f"{path}:{node.lineno}: {ast.unparse(node)} without a reason"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in NEEDS_REASON:
            reasons = [word for word in node.keywords if word.arg == "reason"]
            positional = bool(node.args) and ast.unparse(node.func) in {"pytest.skip", "pytest.xfail"}
            assert reasons or positional, f"{path}:{node.lineno}: {ast.unparse(node.func)} without a reason"


def _is_called(path: Path, attribute: ast.Attribute) -> bool:
    return any(isinstance(node, ast.Call) and node.func is attribute for node in ast.walk(tree(path)))
