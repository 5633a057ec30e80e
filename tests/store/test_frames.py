"""Frames: what is sealed together comes back octet for octet, with a dictionary and without."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.test_packing import KEYS, VALUES, Ids
from zbnntp.model.canonical import encode
from zbnntp.store.folding import body_of, fold, unfold
from zbnntp.store.frames import TEXT_OCTETS, Codec, Frame, grouped, grow_dictionary, shrink_dictionary, train


def posts() -> list[bytes]:
    """Real ones, from the demonstration, as lines."""
    said = [json.loads(line) for line in files("zbnntp.data").joinpath("demo.jsonl").read_text().splitlines()]
    return [
        encode({"author": f"{it['author']:064x}", "boards": [it["board"]], "body": it["body"], "kind": "post"})
        for it in said
    ]


@cache
def codec(trained: bool) -> Codec:
    return Codec(train([fold(line, lambda kind, octets: None)[0] for line in posts()], 1 << 25) if trained else b"")


def again(frame: Frame, count: int, ids: Ids) -> list[bytes]:
    return [unfold(frame.text(index), frame.references(index, ids.name)) for index in range(count)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=6), min_size=1, max_size=20), st.booleans())
def test_any_lines_come_back(lines: list[dict], trained: bool) -> None:
    ids = Ids()
    raw = [encode(line) for line in lines]
    made = codec(trained).make([fold(line, ids.find) for line in raw])
    assert again(codec(trained).open(made, len(raw)), len(raw), ids) == raw


def test_a_corpus_comes_back_in_little_room() -> None:
    ids, raw = Ids(), posts()
    sizes = []
    for trained in (False, True):
        made = [(codec(trained).make(group), len(group)) for group in grouped(fold(line, ids.find) for line in raw)]
        opened = [(codec(trained).open(frame, count), count) for frame, count in made]
        assert [line for frame, count in opened for line in again(frame, count, ids)] == raw
        sizes.append(sum(len(frame) for frame, _ in made))
    assert sizes[1] < sizes[0] < sum(map(len, raw)) / 2.2
    bodies = [body_of(frame.text(index)) for frame, count in opened for index in range(count)]
    assert bodies == [json.loads(line)["body"].encode() for line in raw]


def test_the_same_signature_is_kept_once() -> None:
    """Many carry lines are of one header."""
    ids = Ids()
    carry = encode({"kind": "carry", "header": {"body_sha256": "ab" * 32}, "sig": "cd" * 64})
    other = encode({"kind": "carry", "header": {"body_sha256": "01" * 32}, "sig": "cd" * 64})
    raw = [carry, other, carry, carry]
    made = codec(False).make([fold(line, ids.find) for line in raw])
    assert made.count(b"\xcd" * 64) == 1
    assert again(codec(False).open(made, len(raw)), len(raw), ids) == raw


@settings(max_examples=30, deadline=None)
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=6), min_size=1, max_size=20), st.sets(st.integers(0, 19)))
def test_what_is_taken_out_leaves_the_others_in_their_places(lines: list[dict], gone: set[int]) -> None:
    ids = Ids()
    raw = [encode(line) for line in lines]
    made = codec(False).make([fold(line, ids.find) for line in raw])
    kept = codec(False).open(codec(False).without(codec(False).open(made, len(raw)), gone), len(raw))
    assert again(kept, len(raw), ids) == [b"" if at in gone else line for at, line in enumerate(raw)]
    assert kept.held == len([at for at in range(len(raw)) if at not in gone])


def test_frames_are_of_bounded_size() -> None:
    lines = [(b"x" * size, b"") for size in (1, TEXT_OCTETS, 5, 3 * TEXT_OCTETS, 2, 3)]
    assert [len(group) for group in grouped(lines)] == [1, 1, 1, 1, 2]
    assert list(grouped([])) == []


def test_a_dictionary_is_kept_compressed() -> None:
    dictionary = bytes(range(256)) * 4096
    assert grow_dictionary(shrink_dictionary(dictionary)) == dictionary


@pytest.mark.parametrize("trained", [False, True])
def test_frames_are_opened_in_any_order(trained: bool) -> None:
    ids, raw = Ids(), posts()
    made = codec(trained).make([fold(line, ids.find) for line in raw])
    frame = codec(trained).open(made, len(raw))
    for index in (len(raw) - 1, 0, len(raw) // 2, 1):
        assert unfold(frame.text(index), frame.references(index, ids.name)) == raw[index]
