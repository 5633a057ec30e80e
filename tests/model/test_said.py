"""State lines about posts: votes and labels."""

import pytest

from tests.model.making import ALICE, BOB, line_of
from zbnntp.model import entries, limits
from zbnntp.model.entries import STATE, open_entry
from zbnntp.model.errors import BadEncoding, Invalid
from zbnntp.model.keys import PostId


def test_votes() -> None:
    post = PostId(b"p" * 32)
    found = open_entry(entries.make_vote(post, ALICE.identity, -1), BOB.identity, STATE)
    assert found == entries.Vote(post, ALICE.identity, -1)
    for value in (2, -2, True, "1", None):
        with pytest.raises(BadEncoding):
            open_entry(line_of(kind="vote", post="00" * 32, author="00" * 32, value=value), BOB.identity, STATE)


def test_labels() -> None:
    post = PostId(b"p" * 32)
    found = open_entry(entries.make_label(post, "spam", "sells watches"), BOB.identity, STATE)
    assert found == entries.Label(post, None, "spam", "sells watches", False)
    assert found.key == f"label {post.hex()} spam"
    gone = open_entry(entries.make_label(post, "spam", "", off=True), BOB.identity, STATE)
    assert gone == entries.Label(post, None, "spam", "", True)
    person = open_entry(line_of(kind="label", id="00" * 32, name="org.example.friend"), BOB.identity, STATE)
    assert person == entries.Label(None, bytes(32), "org.example.friend", "", False)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "spam"},
        {"name": "spam", "post": "00" * 32, "id": "00" * 32},
        {"post": "00" * 32},
        {"post": "00" * 32, "name": "  "},
        {"post": "00" * 32, "name": "two\nlines"},
        {"post": "00" * 32, "name": "x" * (limits.LABEL_CHARACTERS + 1)},
        {"post": "00" * 32, "name": "spam", "note": "x" * (limits.NOTE_OCTETS + 1)},
        {"post": "00" * 32, "name": "spam", "off": 1},
        {"post": "00", "name": "spam"},
    ],
)
def test_labels_that_break_a_rule(fields: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        open_entry(line_of(kind="label", **fields), BOB.identity, STATE)
