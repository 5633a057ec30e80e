"""What a local identity chose for itself: written, replaced, taken back; never another view's business."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from zbnntp.model.keys import Identity, Sha256
from zbnntp.model.views import Level
from zbnntp.store import choices, evidence, posts
from zbnntp.store.choices import Filter, Pin, PrivateRating, Shown
from zbnntp.store.database import prepare

ANNA, BOB, CARL = (Identity(bytes([number]) * 32) for number in (1, 2, 3))
HEAD = Sha256(bytes(32))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    prepare(tmp_path / "store")
    with closing(sqlite3.connect(tmp_path / "store")) as connection:
        for identity in (ANNA, BOB, CARL):
            evidence.person_pk(connection, identity)
        yield connection


def test_private_ratings_are_one_a_person_and_view(database: sqlite3.Connection) -> None:
    choices.put_private_rating(database, 1, 3, 5000, None)
    choices.put_private_rating(database, 1, 2, None, 100)
    choices.put_private_rating(database, 2, 3, -10000, None)
    choices.put_private_rating(database, 1, 3, 4000, 0)
    assert choices.private_ratings(database, 1) == [PrivateRating(2, BOB, None, 100), PrivateRating(3, CARL, 4000, 0)]
    assert choices.find_private_rating(database, 2, 3) == PrivateRating(3, CARL, -10000, None)
    choices.put_private_rating(database, 1, 3, None, None)
    assert choices.find_private_rating(database, 1, 3) is None


def test_notes_are_replaced_and_taken_away(database: sqlite3.Connection) -> None:
    assert choices.note(database, 1, 3) == ""
    for text in ("tall", "tall, Übersee"):
        choices.put_note(database, 1, 3, text)
        assert choices.note(database, 1, 3) == text
    assert choices.note(database, 2, 3) == ""
    choices.put_note(database, 1, 3, "")
    assert choices.note(database, 1, 3) == ""


def test_a_filter_said_twice_has_the_newer_date(database: sqlite3.Connection) -> None:
    first = choices.add_filter(database, 1, "buy now", False, None)
    second = choices.add_filter(database, 1, "buy now", True, 100)
    assert choices.add_filter(database, 1, "buy now", False, 50) == first
    assert choices.filters(database, 1) == [Filter(first, "buy now", 0, 50), Filter(second, "buy now", 1, 100)]
    assert not choices.drop_filter(database, 2, first)
    assert choices.drop_filter(database, 1, first)
    assert not choices.drop_filter(database, 1, first)
    assert len(choices.filters(database, 1)) == 1


def test_threads_are_watched_until_they_are_not(database: sqlite3.Connection) -> None:
    threads = [posts.article_pk(database, bytes([number]) * 32, 0) for number in (1, 2)]
    for thread in (*threads, *threads):
        choices.put_watch(database, 1, thread, True)
    assert choices.watched(database, 1) == threads
    assert choices.watched(database, 2) == []
    choices.put_watch(database, 1, threads[0], False)
    assert [choices.is_watched(database, 1, thread) for thread in threads] == [False, True]


def test_groups_of_people(database: sqlite3.Connection) -> None:
    for listed, put, first in ((choices.by, choices.put_by, "zb.by."), (choices.via, choices.put_via, "via.")):
        put(database, 1, 3, f"{first}carl")
        put(database, 1, 2, f"{first}bob")
        put(database, 1, 3, f"{first}charles")
        assert listed(database, 1) == [Shown(2, BOB, f"{first}bob"), Shown(3, CARL, f"{first}charles")]
        assert listed(database, 2) == []
        with pytest.raises(sqlite3.IntegrityError):
            put(database, 1, 1, f"{first}bob")
        put(database, 1, 3, "")
        assert listed(database, 1) == [Shown(2, BOB, f"{first}bob")]
    choices.put_via(database, 2, 2, "via.robert")
    assert choices.all_via(database) == [(2, BOB)]


def test_mirroring_has_three_states(database: sqlite3.Connection) -> None:
    for choice in (True, False, None):
        choices.put_mirror_choice(database, 1, 3, choice)
        assert choices.mirror_choice(database, 1, 3) is choice
        assert choices.mirror_choice(database, 2, 3) is None


def test_pins(database: sqlite3.Connection) -> None:
    assert not choices.is_pinned(database, 3)
    pin = Pin(3, CARL, 7, HEAD, Level.LIMITED)
    choices.put_pin(database, 1, 3, pin)
    assert choices.find_pin(database, 1, 3) == pin
    assert choices.pins(database, 1) == [pin]
    assert choices.pins(database, 2) == []
    assert choices.is_pinned(database, 3)
    choices.put_pin(database, 1, 3, None)
    assert choices.find_pin(database, 1, 3) is None
