"""Bundles: raw offers in order, cut at line ends, within their limits."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.making import ALICE, TIME, head_line, line_of
from zbnntp.model import limits
from zbnntp.model.bundle import Offer, Slice, read_bundle, slices_of, write_offer
from zbnntp.model.canonical import encode
from zbnntp.model.errors import BadEncoding, Invalid, TooLarge
from zbnntp.model.keys import sha256
from zbnntp.model.manifest import make_pointer

POINTER, HEAD = make_pointer(ALICE, TIME, head_line()), head_line()
NAME = sha256(b"segment")
WORD = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
DATA = st.lists(WORD, min_size=1, max_size=6).map(lambda lines: "".join(f"{line}\n" for line in lines).encode())
SLICES = st.lists(st.builds(Slice, st.binary(min_size=32, max_size=32), st.integers(0, 1000), DATA), max_size=4)


def slice_line(**fields: object) -> bytes:
    return line_of(**({"kind": "slice", "seg": NAME.hex(), "at": 0, "data": "a\n"} | fields))


@given(st.lists(SLICES, max_size=3))
def test_offers_come_back(found: list[list[Slice]]) -> None:
    offers = [Offer(POINTER, HEAD, tuple(slices)) for slices in found]
    lines = [line for offer in offers for line in write_offer(offer)]
    assert list(read_bundle(lines)) == offers
    assert list(read_bundle(line.removesuffix(b"\n") for line in lines)) == offers


def test_an_empty_bundle() -> None:
    assert list(read_bundle([])) == []


@pytest.mark.parametrize(
    "lines",
    [
        [HEAD],
        [slice_line()],
        [POINTER],
        [POINTER, POINTER, HEAD],
        [POINTER, slice_line()],
        [POINTER, slice_line(), HEAD],
        [POINTER, HEAD, HEAD],
        [POINTER, HEAD, slice_line(), HEAD],
        [HEAD, POINTER],
    ],
)
def test_another_order(lines: list[bytes]) -> None:
    with pytest.raises(BadEncoding):
        list(read_bundle(lines))


@pytest.mark.parametrize("line", [b"", b"[]", b"nonsense", b"{}", b'{"kind":5}', POINTER.replace(b",", b", ")])
def test_a_bundle_is_canonical_lines(line: bytes) -> None:
    with pytest.raises(BadEncoding):
        list(read_bundle([POINTER, HEAD, line]))


def test_lines_of_later_kinds_are_skipped_but_counted() -> None:
    hint = line_of(kind="hint", text="x" * 600_000)
    assert list(read_bundle([hint, POINTER, hint, HEAD, slice_line(), hint])) == [
        Offer(POINTER, HEAD, (Slice(NAME, 0, b"a\n"),))
    ]
    with pytest.raises(TooLarge):
        list(read_bundle([POINTER, HEAD, *[hint] * 7]))


@pytest.mark.parametrize(
    "fields",
    [
        {"seg": None},
        {"seg": "ab"},
        {"at": None},
        {"at": -1},
        {"at": limits.SEGMENT_OCTETS},
        {"at": True},
        {"data": None},
        {"data": 5},
        {"data": ""},
        {"data": "half a line"},
        {"data": "a line\nand a half"},
    ],
)
def test_malformed_slice(fields: dict) -> None:
    with pytest.raises(BadEncoding):
        list(read_bundle([POINTER, HEAD, slice_line(**fields)]))


def test_a_slice_of_several_lines_is_at_most_128_kib() -> None:
    half = "x" * (limits.SLICE_OCTETS // 2 - 1) + "\n"
    assert list(read_bundle([POINTER, HEAD, slice_line(data=half * 2)]))
    with pytest.raises(TooLarge):
        list(read_bundle([POINTER, HEAD, slice_line(data="x" + half * 2)]))


def test_one_line_may_be_longer_than_a_slice() -> None:
    data = "x" * limits.LINE_OCTETS + "\n"
    (offer,) = read_bundle([POINTER, HEAD, slice_line(data=data)])
    assert offer.slices[0].data == data.encode()


def test_a_slice_beyond_a_segment() -> None:
    with pytest.raises(TooLarge):
        list(read_bundle([POINTER, HEAD, slice_line(data="x" * limits.SEGMENT_OCTETS + "\n")]))


def test_a_bundle_line_beyond_600_kib() -> None:
    with pytest.raises(TooLarge):
        list(read_bundle([POINTER, HEAD, slice_line(data="x" * limits.BUNDLE_LINE_OCTETS)]))


def test_an_offer_beyond_4_mib_is_cut_off_while_it_is_read() -> None:
    line = slice_line(data="x" * (limits.SLICE_OCTETS - 1) + "\n")
    seen = 0

    def endless() -> object:
        nonlocal seen
        yield from (POINTER, HEAD)
        while True:
            seen += 1
            yield line

    with pytest.raises(TooLarge):
        list(read_bundle(endless()))
    assert seen * limits.SLICE_OCTETS <= limits.BUNDLE_OCTETS


@pytest.mark.parametrize("more", [0, 1])
def test_an_offer_of_4_mib_line_ends_included(more: int) -> None:
    hint = line_of(kind="hint", text="x" * 500_000)
    lines = [POINTER, HEAD, *[hint] * 8]
    left = limits.BUNDLE_OCTETS - sum(len(line) + 1 for line in lines)
    lines.append(line_of(kind="hint", text="x" * (left - len(line_of(kind="hint", text="")) - 1 + more)))
    assert sum(len(line) + 1 for line in lines) == limits.BUNDLE_OCTETS + more
    if more:
        with pytest.raises(TooLarge):
            list(read_bundle(lines * 2))
    else:
        assert len(list(read_bundle(lines * 2))) == 2


def test_a_file_holds_any_number_of_offers() -> None:
    """The limit is an offer's: what is nearly full is followed by the next, and the first is handed out before."""
    line = slice_line(data="x" * (limits.SLICE_OCTETS - 1) + "\n")
    full = [POINTER, HEAD, *[line] * 31]
    assert 3 * sum(len(it) + 1 for it in full) > 2 * limits.BUNDLE_OCTETS
    assert sum(1 for _ in read_bundle(full * 3)) == 3


@settings(deadline=None)
@given(DATA.map(lambda data: data * 400), st.integers(0, 3))
def test_slices_of_a_segment_make_it_whole_again(data: bytes, skip: int) -> None:
    start = sum(len(line) + 1 for line in data.split(b"\n")[:skip])
    found = list(slices_of(NAME, data, start))
    assert b"".join(part.data for part in found) == data[start:]
    assert all(part.data.endswith(b"\n") for part in found)
    assert all(data[part.at :].startswith(part.data) for part in found)


def test_slices_are_cut_at_line_ends_below_128_kib() -> None:
    long = b"l" * (limits.SLICE_OCTETS + 5) + b"\n"
    data = b"a\n" * 100_000 + long + b"b\n" + long
    found = list(slices_of(NAME, data))
    assert b"".join(part.data for part in found) == data
    assert [part.at for part in found] == [sum(len(it.data) for it in found[:number]) for number in range(len(found))]
    assert all(len(part.data) <= limits.SLICE_OCTETS or part.data == long for part in found)
    assert list(read_bundle(write_offer(Offer(POINTER, HEAD, tuple(found))))) == [Offer(POINTER, HEAD, tuple(found))]


def test_the_worst_line_fits_a_bundle_line_after_quoting_twice() -> None:
    line = encode({"body": '"' * (limits.BODY_OCTETS)})
    (written,) = list(write_offer(Offer(POINTER, HEAD, (Slice(NAME, 0, line + b"\n"),))))[2:]
    assert len(written) <= limits.BUNDLE_LINE_OCTETS
    assert json.loads(json.loads(written)["data"])["body"] == '"' * limits.BODY_OCTETS


@given(st.lists(st.binary(max_size=40) | st.sampled_from([POINTER, HEAD, slice_line()]), max_size=6))
def test_any_lines_give_offers_or_invalid(lines: list[bytes]) -> None:
    try:
        offers = list(read_bundle(lines))
    except Invalid:
        return
    assert [line for offer in offers for line in write_offer(offer)] == [line + b"\n" for line in lines]
