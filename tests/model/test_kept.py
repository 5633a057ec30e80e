"""Lines read again: the same values as when they were verified, without the work."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.model.making import BOB, opened, opening, reply
from zbnntp.model.article import body_octets
from zbnntp.model.canonical import decode
from zbnntp.model.entries import make_carry
from zbnntp.model.kept import reopen_header, reopen_post, served_body

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


BODIES = st.text(st.sampled_from('ab\\"\n\t,n{}:€😀\x7f')) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, range(32))))
)


@given(
    BODIES, st.dictionaries(st.sampled_from(["a", "author_", "board", "bo", "bodx", "body_x", "z"]), BODIES, max_size=3)
)
@example("\\", {})
@example('"', {})
@example('x","y', {})
@example('x",', {})
@example("\\\\n\\n\n", {})
@example("", {"bodx": '","'})
def test_a_served_body_is_what_json_says(body: str, later: dict) -> None:
    """Escapes, quotes with commas, fields of later versions before and behind it: the short way is as good."""
    raw = reply(body=body, **later)
    assert served_body(raw) == body_octets(opened(raw, BOB).body)


@pytest.mark.parametrize("boards", [["a"], ["a", "tech.linux", "comp.lang.c++", "x_y-z"]])
def test_a_served_body_of_several_boards(boards: list[str]) -> None:
    raw = opening(boards=boards, body='{"author":"","body":"no"}\n')
    assert served_body(raw) == b'{"author":"","body":"no"}\r\n'
