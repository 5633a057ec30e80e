"""What is refused, and in which words, is what tests/data/refusals.txt says."""

import pytest

from tests.model.refusals import FILE, KINDS, rows


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_refused_and_in_which_words(kind):
    said = [row for row in FILE.read_text(encoding="utf-8").splitlines() if row.startswith((f"{kind}:", f"{kind} "))]
    others = tuple(f"{other}{end}" for other in KINDS if other.startswith(f"{kind} ") for end in (":", " "))
    assert list(rows(kind)) == [row for row in said if not others or not row.startswith(others)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_line_is_taken(kind):
    assert next(rows(kind)) == f"{kind}: as it should be: ok"
