"""Lines read again: the same values as when they were verified, without the work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.making import BOB, opened, opening, reply
from zbnntp.model.canonical import decode
from zbnntp.model.entries import make_carry
from zbnntp.model.kept import has_ended, reopen_header, reopen_post, state_key

ID = "cd" * 32


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "subject": st.sampled_from(["Other", "Ärger"]),
            "sage": st.booleans(),
            "flowed": st.booleans(),
            "replaces": st.lists(st.just(ID), max_size=2),
            "parents": st.lists(st.just(ID), min_size=1, max_size=3),
            "lang": st.just("de"),
            "later": st.just([1]),
        },
    )
)
def test_a_kept_post_reads_as_it_was_verified(fields: dict) -> None:
    raw = reply(**fields)
    assert reopen_post(raw) == opened(raw, BOB)


def test_a_kept_op_and_its_carry() -> None:
    assert reopen_post(opening()) == opened(opening())
    assert reopen_header(decode(make_carry(opening()))["header"]) == opened(opening()).header


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (b'{"kind":"trust","id":"ab","mt":3}', "trust ab "),
        (b'{"kind":"vote","post":"cd","author":"ab"}', "vote cd "),
        (b'{"kind":"profile","text":"x"}', "profile  "),
        (b'{"kind":"label","post":"cd","name":"good"}', "label cd good"),
        (b'{"kind":"label","id":"ab","name":"good"}', "label ab good"),
        (b'{"kind":"same","id":"ab"}', "same ab "),
        (b'{"kind":"move","from":"ab","to":"cd"}', "move ab "),
    ],
)
def test_state_lines_are_about_what_they_name(line: bytes, key: str) -> None:
    assert state_key(line) == key


@pytest.mark.parametrize(
    "line",
    [b'{"kind":"later","id":"ab"}', b'{"kind":["trust"]}', b"{", b"[]", b"3", b"{}", b"\xff", b"[" * 99_999],
)
def test_what_is_not_understood_is_about_itself(line: bytes) -> None:
    assert state_key(line) == repr(line)


@pytest.mark.parametrize(
    ("line", "ended"),
    [
        (b'{"kind":"trust","until":100}', True),
        (b'{"kind":"trust","until":101}', False),
        (b'{"kind":"trust","until":"100"}', False),
        (b'{"kind":"vote","until":100}', False),
        (b'{"kind":"trust"}', False),
        (b'{"kind":"trust","note":"\\"until\\":"}', False),
        (b'{"until":100}', False),
        (b'["until":', False),
        (b'["\xff"until":', False),
        (b'"until":' + b"[" * 99_999, False),
        (b'[{"until":1}]', False),
    ],
)
def test_a_rating_ends_at_its_time(line: bytes, ended: bool) -> None:
    assert has_ended(line, 100) is ended
