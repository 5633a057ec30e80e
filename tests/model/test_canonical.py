"""Canonical lines: one object has one form, and nothing else is taken for it."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.model.making import vectors
from zbnntp.model import limits
from zbnntp.model.canonical import decode, encode, reprint
from zbnntp.model.errors import BadEncoding, Invalid, TooLarge

CANONICAL = vectors("canonical")
KEYS = st.text("abz09_", min_size=1, max_size=32)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, range(32)))), max_size=20)
LEAVES = TEXTS | st.just("\n\t") | st.booleans() | st.integers(-limits.INTEGER, limits.INTEGER)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=6)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def octets(case: dict) -> bytes:
    return bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode() * case.get("times", 1)


@pytest.mark.parametrize("text", CANONICAL["accepted"])
def test_canonical_lines_are_read_and_printed_alike(text: str) -> None:
    assert decode(text.encode()) == json.loads(text)
    assert encode(json.loads(text)) == text.encode()


@pytest.mark.parametrize("case", CANONICAL["refused"], ids=lambda case: case["why"])
def test_refused(case: dict) -> None:
    with pytest.raises(BadEncoding):
        decode(octets(case))


def test_refused_forms_of_an_accepted_object_do_not_slip_through_whole() -> None:
    """Each form that JSON allows for the same object and that is not the canonical one."""
    for text in ('{"a":1,"b":"é"}', '{"a":[1,{"b":true}]}'):
        value = json.loads(text)
        for form in (json.dumps(value), json.dumps(value, indent=1), json.dumps(value, separators=(", ", ":"))):
            if form != text:
                with pytest.raises(BadEncoding):
                    decode(form.encode())


def test_a_line_above_the_limit_is_not_parsed() -> None:
    line = b'{"a":"' + b"x" * limits.LINE_OCTETS + b'"}'
    with pytest.raises(TooLarge):
        decode(line)
    assert decode(line, limits.BUNDLE_LINE_OCTETS)["a"] == "x" * limits.LINE_OCTETS


def test_the_limit_itself_is_allowed() -> None:
    assert decode(b'{"a":"xx"}', 10) == {"a": "xx"}
    with pytest.raises(TooLarge):
        decode(b'{"a":"xxx"}', 10)


def test_a_body_of_64_kib_that_doubles_in_escaping_fits_a_line() -> None:
    assert len(encode({"body": '"' * limits.BODY_OCTETS})) < limits.LINE_OCTETS


@pytest.mark.parametrize(
    "value",
    [
        {"a": None},
        {"a": 1.5},
        {"a": float("nan")},
        {"a": b"bytes"},
        {"a": (1, 2)},
        {"a": {1, 2}},
        {1: "a"},
        {None: 1},
        {"A": 1},
        {"a": {"B": 1}},
        {"a": [{"": 1}]},
        {"a": 2**53},
        {"a": -(2**53)},
        {"a": "\x00"},
        {"a": "\x0b"},
        {"a": "\ud800"},
        {"a": ["\x1f"]},
    ],
)
def test_what_has_no_canonical_form_is_not_written(value: dict) -> None:
    with pytest.raises(BadEncoding):
        encode(value)


def test_an_object_within_itself_is_too_deep() -> None:
    knot: dict = {}
    knot["a"] = knot
    with pytest.raises(BadEncoding):
        encode(knot)


@settings(deadline=None)
@given(OBJECTS)
def test_what_encode_makes_decode_accepts(value: dict) -> None:
    if depth(value) > limits.DEPTH:
        with pytest.raises(BadEncoding):
            encode(value)
    else:
        assert decode(encode(value)) == value
        assert reprint(value) == encode(value)


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b'{"a":1e999}')
@example(b'{"a":"\\ud800\\udc00"}')
@example(b"[" * 200)
def test_any_bytes_give_an_object_or_invalid(data: bytes) -> None:
    try:
        value = decode(data)
    except Invalid:
        return
    assert encode(value) == data


@settings(deadline=None)
@given(OBJECTS.filter(lambda value: depth(value) <= limits.DEPTH), st.data())
def test_decode_accepts_only_what_encode_makes(value: dict, data: st.DataObject) -> None:
    """One byte replaced, put in or taken out: refused, or another object with this very form."""
    line = bytearray(encode(value))
    at = data.draw(st.integers(0, len(line) - 1))
    octet = data.draw(st.integers(0, 255))
    line[at : at + data.draw(st.integers(0, 1))] = bytes([octet])[: data.draw(st.integers(0, 1))]
    try:
        found = decode(bytes(line))
    except Invalid:
        return
    assert encode(found) == bytes(line)
