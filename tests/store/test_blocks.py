"""Packed blocks of the overview: whatever lines there are come back, and damage is noticed."""

from __future__ import annotations

from contextlib import suppress

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from zbnntp.store.blocks import NUMBER_MOST, SAGE, WHOLE, Block, Line, make

NUMBERS = st.integers(0, NUMBER_MOST)
TEXTS = st.binary(max_size=40).map(lambda octets: octets.replace(b"\n", b" "))
LINES = st.builds(
    Line, st.just(0), NUMBERS, NUMBERS, NUMBERS, NUMBERS, TEXTS, NUMBERS, TEXTS, TEXTS,
    st.integers(0, 1), st.integers(0, 7), st.lists(NUMBERS, max_size=9).map(tuple), st.just(b""),
)  # fmt: skip


def told(block: Block) -> list[Line]:
    """The lines of a block."""
    found: list[Line] = []
    for at, offset in enumerate(block.offsets):
        text = block.texts[block.subjects[at]]
        whole, sage, form = block.marks[at] & WHOLE, block.marks[at] // SAGE & 1, block.marks[at] % SAGE
        author = block.authors[at]
        numbers = offset, block.octets[at], block.lines[at], block.times[at], block.people[author]
        references = tuple(block.references[block.begins[at] : block.begins[at + 1]])
        subject, rest = (b"", text) if whole else (text, b"")
        found.append(
            Line(
                *numbers,
                block.texts[block.names[author]],
                block.tails[author],
                subject,
                block.texts[block.xrefs[at]],
                sage,
                form,
                references,
                rest,
            )
        )
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 255), LINES, TEXTS), max_size=40, unique_by=lambda it: it[0]))
def test_lines_come_back_as_they_were(chosen: list[tuple[int, Line, bytes]]) -> None:
    lines = [
        line._replace(offset=offset, **({"subject": b"", "whole": whole} if whole else {}))
        for offset, line, whole in sorted(chosen, key=lambda it: it[0])
    ]
    assert told(Block(make(lines))) == lines


def test_a_bit_that_turned_over_is_noticed_or_harmless() -> None:
    packed = make(
        [Line(at, 900, 12, 1_790_000_000 + at, 7, b"Ann", 9, b"Re: Tea", b"", 0, 1, (at,)) for at in range(256)]
    )
    assert len(packed) < 1024
    sound = told(Block(packed))
    for bit in range(0, len(packed) * 8, 5):
        octets = bytearray(packed)
        octets[bit // 8] ^= 1 << bit % 8
        with suppress(zstandard.ZstdError, ValueError, IndexError):
            assert told(Block(bytes(octets))) == sound
