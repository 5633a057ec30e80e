"""Overview fields in little space come back octet for octet, whatever the store says of the article."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zbnntp.model.article import date_field, sender, sender_fields, subject_field
from zbnntp.model.keys import Identity, message_id, message_ids
from zbnntp.store.terse import VERBATIM, Known, expand, keys_in, shorten

ANNA = Identity(b"\x07" * 32)
WORDS = st.text(st.sampled_from("aRe: äß😀=?\u200e"), max_size=12)
IDS = st.binary(min_size=32, max_size=32)


def again(fields: bytes, known: Known, keys: dict[bytes, int]) -> bytes:
    kept = shorten(fields, known, keys.get)
    names = {key: message_id(identifier).encode() for identifier, key in keys.items()}
    return expand(kept, keys_in(kept), known, message_id(known.id).encode(), names, sender_fields([(ANNA, known.nick)]))


@given(IDS, st.lists(IDS, max_size=9), WORDS, WORDS, st.integers(0, 253402300799), st.sets(st.integers(0, 3)))
@example(b"\x00" * 32, [], "", "", 0, set())
def test_fields_come_back(
    own: bytes, ancestors: list[bytes], subject: str, nick: str, time: int, other: set[int]
) -> None:
    """All that is derived, any of it another, and ancestors that the store has never heard of."""
    parts = [
        subject_field("Else" if 0 in other else f"Re: {subject}" if ancestors else subject),
        b"somebody <else@example.invalid>" if 1 in other else sender_fields([(ANNA, nick)])[ANNA, nick],
        b"yesterday" if 2 in other else date_field(time),
        message_id(own).encode(),
        b" ".join(message_id(it).encode() for it in ancestors),
    ]
    fields, known = b"\t".join(parts), Known(own, time, subject, ANNA, nick)
    keys = {it: 300 * index + 1 for index, it in enumerate(dict.fromkeys(ancestors))}
    if 3 in other and ancestors:
        keys.pop(ancestors[0])
    assert again(fields, known, keys) == fields


def test_what_the_store_says_elsewhere_takes_no_room() -> None:
    known = Known(b"\x01" * 32, 1790000000, "Bread", ANNA, "Anna")
    fields = (subject_field("Re: Bread"), sender_fields([(ANNA, "Anna")])[ANNA, "Anna"], date_field(1790000000))
    ids = (message_id(known.id).encode(), message_id(b"\x02" * 32).encode())
    assert len(shorten(b"\t".join((*fields, *ids)), known, lambda post: 1000)) == 5


@pytest.mark.parametrize(
    "fields",
    [
        b"s\tf\td\t<x@y.invalid>\t",
        b"s\tf\td\t<x@y.invalid>\t<somebody@else.invalid>",
        b"s\tf\td\t" + message_id(b"\x02" * 32).encode() + b"\t",
        b"s\tf\td\t" + message_id(b"\x01" * 32).encode() + b"\t<a@b.invalid>  <c@d.invalid>",
    ],
)
def test_ids_that_are_not_as_they_should_be(fields: bytes) -> None:
    known = Known(b"\x01" * 32, 0, "", ANNA, "")
    assert shorten(fields, known, lambda post: 1)[0] == VERBATIM
    assert again(fields, known, {}) == fields


@given(st.integers(0, 253402300799))
def test_dates_are_those_of_the_library(time: int) -> None:
    assert date_field(time).decode() == formatdate(time)[:-5] + "+0000"


@given(st.lists(IDS, max_size=70))
@example([bytes(range(32)), b"\xff" * 32, b"\x00" * 32])
def test_many_ids_at_once(ids: list[bytes]) -> None:
    assert message_ids(ids) == [message_id(it).encode() for it in ids]


@given(st.lists(st.tuples(IDS.map(Identity), WORDS), max_size=70))
def test_many_senders_at_once(people: list[tuple[Identity, str]]) -> None:
    found = sender_fields(people)
    assert found == {who: sender(*who).replace("\r\n ", " ").encode().strip() for who in people}
