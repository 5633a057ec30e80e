"""Ids, addresses and dates of many lines: each is what it would be alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zbnntp.model import keys, lettering
from zbnntp.model.article import date_field, sender_field

IDS = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=9)
TIMES = st.integers(0, (1 << 32) - 1)


@given(IDS)
def test_message_ids_are_what_each_would_be(ids: list[bytes]) -> None:
    joined = keys.ID_PADDING.join(ids)
    told = [keys.message_id(keys.PostId(it)).encode() for it in ids]
    assert [keys.named(keys.letters(it + keys.ID_PADDING)) for it in ids] == told
    text = lettering.reference_text(lettering.many_letters(joined + keys.ID_PADDING))
    assert text == b"".join([b" " + it for it in told])
    assert len(text) == len(ids) * lettering.REFERENCE_OCTETS


@pytest.mark.parametrize("octet", range(0, 256, 17))
def test_every_letter(octet: int) -> None:
    post = keys.PostId(bytes([octet, 255 - octet]) * 16)
    assert lettering.many_letters(post + keys.ID_PADDING).tobytes() == keys.letters(post + keys.ID_PADDING)


@given(st.lists(st.tuples(st.binary(min_size=32, max_size=32), TIMES), min_size=1, max_size=9))
def test_what_stands_between_name_and_references(lines: list[tuple[bytes, int]]) -> None:
    ids = [keys.Identity(it) for it, _ in lines]
    identities = lettering.many_letters(b"".join([it + keys.identity_tail(it) for it in ids]))
    posts = lettering.many_letters(keys.ID_PADDING.join([*reversed(ids), b""]))
    names = [keys.message_id(keys.PostId(it)).encode() for it in reversed(ids)]
    assert lettering.middles(identities, np.array([time for _, time in lines], np.uint32), posts) == [
        b"\t".join((sender_field(b"", keys.identity_text(it).encode()), date_field(time), name, b""))
        for it, (_, time), name in zip(ids, lines, names, strict=True)
    ]
