"""Whom feeds have listed: found again, and never more than there is room for."""

from __future__ import annotations

from zbnntp.model.keys import Identity
from zbnntp.peers.listings import OF_ALL, OF_ONE, Listings


def somebody(number: int) -> Identity:
    return Identity(number.to_bytes(32))


def test_who_was_listed_is_found_by_all_feeds_that_did() -> None:
    listings = Listings()
    for endpoint, number in (("a", 1), ("b", 1), ("b", 2), ("a", 1)):
        listings.add(endpoint, somebody(number))
    assert [listings.find(somebody(number)) for number in (1, 2, 3)] == [["a", "b"], ["b"], []]
    assert len(listings) == 3


def test_a_feed_that_lists_without_end_is_remembered_so_far() -> None:
    listings = Listings()
    for number in range(1_000_000):
        listings.add("a", somebody(number))
    assert len(listings) == OF_ONE
    assert listings.find(somebody(0)) == ["a"]


def test_many_feeds_that_list_all_the_world_crowd_out_themselves() -> None:
    listings = Listings()
    friends = [somebody(number) for number in range(1_000)]
    for friend in friends:
        listings.add("a friend", friend)
    for number in range(1_000_000):
        listings.add(f"stranger {number % 70}", somebody(1_000_000 + number))
    assert len(listings) <= OF_ALL
    assert all(listings.find(friend) == ["a friend"] for friend in friends)
    assert listings.find(somebody(1_999_999)) == ["stranger 49"]
