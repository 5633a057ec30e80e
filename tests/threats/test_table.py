"""docs/security.md claims nothing without a test, and each defence can be found and taken out."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest

from tests.threats.table import ROOT, Row, documented, rows

EACH = pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.who}-{row.test}")


def test_the_document_and_the_table_name_the_same() -> None:
    assert Counter(documented()) == Counter((row.threat, row.test) for row in rows())


@EACH
def test_its_test_exists(row: Row) -> None:
    file, test = row.test.split("::")
    text = (ROOT / "tests" / file).read_text()
    assert re.search(rf"^(async )?def {test}\(", text, re.MULTILINE), row.threat


@EACH
def test_its_defence_stands_in_one_place_and_can_be_taken_out(row: Row) -> None:
    assert (ROOT / row.file).read_text().count(row.old) == 1, f"{row.threat}: {row.file} has changed"
    assert row.old != row.new
    if row.file.endswith(".py"):
        ast.parse(row.without())
