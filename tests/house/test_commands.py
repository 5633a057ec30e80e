"""Every row of a table of commands is whole: a handler, a usage that parses, a help line, and a test that names it."""

from __future__ import annotations

import re

import pytest

from tests.house.source import ROOT, files
from zbnntp.nntp.commands import COMMANDS, Command

WORD = re.compile(r"[\w.|<>@:/*-]+(\.\.\.)?")


def _tests_of(folder: str) -> str:
    return "\n".join((ROOT / path).read_text() for path in files(folder))


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_row_is_whole(row: Command) -> None:
    assert re.fullmatch(r"[A-Z]+( [A-Z.]+)?", row.name)
    assert callable(row.handler)
    assert row.handler.__doc__, f"{row.name}: the handler says nothing of its RFC section"
    assert row.help.strip()
    assert row.usage.count("[") == row.usage.count("]")
    assert row.least <= row.most


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_row_has_a_test(row: Command) -> None:
    assert re.search(rf"\b{re.escape(row.name)}\b", _tests_of("tests/nntp") + _tests_of("tests/conformance"))


def test_names_are_unique() -> None:
    names = [row.name for row in COMMANDS]
    assert len(names) == len(set(names))
