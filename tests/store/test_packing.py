"""Lines in little space: whatever was received comes back octet for octet, and bodies without the rest."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.model.making import BOB, opened, opening, reply
from zbnntp.model.canonical import encode
from zbnntp.model.entries import make_carry, make_trust, make_vote
from zbnntp.model.keys import Identity, PostId
from zbnntp.store.folding import ARTICLE, PERSON, body_of, fold, named, read_varint, unfold, varint
from zbnntp.store.packing import is_folded, open_packed, pack, pack_all, unpack

SPOKEN = st.text(st.sampled_from('ab\\"\n\t,n{}:€😀\x7f')) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, range(32))))
)
DIGITS = st.sampled_from(["ab" * 32, "cd" * 64, "0" * 64, "A" * 64, "ab" * 33, "1" * 128])
KEYS = st.sampled_from(["author", "id", "post", "thread", "parents", "sig", "body", "x", "body_sha256", "kind"])
VALUES = st.recursive(
    SPOKEN | DIGITS | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


class Ids:
    """A store's keys; half of what it is asked about is known to it."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, bytes], int] = {}

    def find(self, kind: int, octets: bytes) -> int | None:
        if octets[0] % 2:
            return self.known.setdefault((kind, octets), 200 * len(self.known) + 7)
        return None

    def name(self, kind: int, number: int) -> bytes:
        return next(octets for (known, octets), it in self.known.items() if (known, it) == (kind, number))


def again(line: bytes) -> bytes:
    ids = Ids()
    return unpack(pack(line, ids.find), ids.name)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_line_comes_back(line: dict) -> None:
    """Unknown kinds, ids where none belong, odd Unicode."""
    raw = encode(line)
    assert again(raw) == raw
    if raw:
        assert is_folded(pack(raw, Ids().find))


@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=6).map(encode) | st.binary(max_size=9), max_size=20))
def test_many_lines_at_once_become_what_each_would(lines: list[bytes]) -> None:
    assert pack_all(lines, Ids().find) == [pack(line, find) for find in [Ids().find] for line in lines]


@given(st.binary(max_size=300) | st.text().map(str.encode))
@example(b"")
@example(b"\x01")
@example(b'"' + b"ab" * 32 + b'"')
@example(b'\\\\"\\u0041\\')
@example(b'"author":"' + b"AB" * 32 + b'"')
def test_anything_comes_back(raw: bytes) -> None:
    assert again(raw) == raw


@given(st.lists(st.sampled_from([b"\\", b'"', b"n", b"t", b"ab" * 32, b"cd" * 64, b",", b"id"]), max_size=12))
def test_what_looks_like_a_line_comes_back(parts: list[bytes]) -> None:
    raw = b"".join(parts)
    assert again(raw) == raw


def test_what_is_known_takes_a_few_octets() -> None:
    person, post = Identity(b"\x03" * 32), PostId(b"\x05" * 32)
    ids = Ids()
    text, references = fold(make_vote(post, person, 1), ids.find)
    assert text == b'{"author":"\x01","kind":"vote","post":"\x02","value":1}'
    assert references == varint(7) + varint(207)
    assert ids.known == {(PERSON, person): 7, (ARTICLE, post): 207}
    assert len(pack(make_trust(person, 5000, 2500, "", 1790000000), ids.find)) < 40


def test_what_is_not_known_stays_whole() -> None:
    line = make_carry(opening())
    text, references = fold(line, lambda kind, octets: None)
    assert len(references) == 32 + 32 + 64
    assert unfold(text, named(text, references, Ids().name)) == line


@given(
    SPOKEN, st.dictionaries(st.sampled_from(["a", "author_", "board", "bo", "bodx", "body_x", "z"]), VALUES, max_size=3)
)
@example("\\", {})
@example('"', {})
@example('x","y', {})
@example("\\\\n\\n\n", {})
@example("", {"bodx": '","'})
@example("", {"board": {"body": "no"}})
def test_a_body_is_what_json_says(body: str, later: dict) -> None:
    """Escapes, quotes with commas, fields of later versions before and behind it: right, or left to JSON."""
    raw = reply(body=body, **later)
    found = body_of(open_packed(pack(raw, Ids().find))[0])
    assert found in (opened(raw, BOB).body.encode(), None)
    assert later or found is not None


@pytest.mark.parametrize("boards", [["a"], ["a", "tech.linux", "comp.lang.c++", "x_y-z"]])
def test_a_body_in_several_boards(boards: list[str]) -> None:
    raw = opening(boards=boards, body='{"author":"","body":"no"}\n')
    assert body_of(open_packed(pack(raw, Ids().find))[0]) == b'{"author":"","body":"no"}\n'


@given(st.integers(0, 2**62), st.binary(max_size=4))
def test_numbers_of_any_size(number: int, rest: bytes) -> None:
    octets = varint(number)
    assert read_varint(b"\xff" + octets + rest, 1) == (number, 1 + len(octets))


def test_lines_of_earlier_programs_are_read() -> None:
    """The dictionary must never change: stores were written with it."""
    line = encode({"author": "aa" * 32, "boards": ["r.help"], "body": "Hi,\n\nthank you for your help.\n"})
    packed = bytes.fromhex("010101204aa50000302e742e0a227d03f0dc1b2811faa58dd8beaa02")
    assert unpack(packed, lambda kind, number: b"\xaa" * 32) == line
