"""Lines read again: the same values as when they were verified, without the work."""

from hypothesis import given
from hypothesis import strategies as st

from tests.model.making import BOB, opened, opening, reply
from zbnntp.model.canonical import decode
from zbnntp.model.entries import make_carry
from zbnntp.model.kept import reopen_header, reopen_post

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
