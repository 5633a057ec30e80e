"""`make threats` tells a test that notices from one that does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.threats.__main__ import copy, is_noticed
from tests.threats.table import ROOT, rows


@pytest.mark.slow
def test_a_defence_that_nothing_tests_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    row = next(it for it in rows() if "test_a_key_file_that_others_can_read" in it.test)
    with copy() as tree:
        assert is_noticed(tree, row)
        assert capsys.readouterr().out.startswith("noticed ")
        assert not is_noticed(tree, replace(row, new=f"{row.old}  # changes nothing"))
        assert "NOT NOTICED" in capsys.readouterr().out
        assert Path(tree, row.file).read_text() == Path(ROOT, row.file).read_text()
