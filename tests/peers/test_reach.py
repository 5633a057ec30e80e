"""When an address is tried again, and when tor should forget its descriptors."""

from __future__ import annotations

import random

from zbnntp.peers.backends import Remedy
from zbnntp.peers.reach import ADDRESSES_MOST, LAST_RETRY_SECONDS, Book, retry_seconds


def test_retries_double_up_to_half_an_hour_with_full_jitter() -> None:
    rng = random.Random(1)
    longest = [max(retry_seconds(failures, rng) for _ in range(300)) for failures in (1, 2, 3, 50)]
    assert [round(seconds, -1) for seconds in longest] == [20, 40, 80, LAST_RETRY_SECONDS]
    assert min(retry_seconds(50, rng) for _ in range(300)) < 100
    assert all(retry_seconds(1, rng) >= 1 for _ in range(300))


def test_an_answer_forgets_the_failures() -> None:
    book = Book(random.Random(1))
    for _ in range(5):
        book.note_failure("a", 100, Remedy.TRY_AGAIN)
    assert (book["a"].failures, book["a"].timeouts) == (5, 5)
    assert book["a"].due > 100
    book.note_answer("a", 200)
    assert (book["a"].failures, book["a"].timeouts) == (0, 0)
    assert book["a"].due < 0
    assert book.is_online("a", 700)
    assert not book.is_online("a", 900)


def test_the_address_that_is_due_first_is_tried() -> None:
    book = Book(random.Random(1))
    assert book.find_best([]) is None
    assert book.find_best(["a", "b"]) == "a"
    book.note_failure("a", 0, Remedy.BACK_OFF)
    assert book.find_best(["a", "b"]) == "b"
    book.note_failure("b", 0, Remedy.STOP)
    assert book["b"].due == 86_400
    assert book.find_best(["a", "b"]) == "a"


def test_descriptors_are_forgotten_rarely_and_for_a_reason() -> None:
    book = Book(random.Random(1))
    book.note_answer("a", 0)
    book.note_failure("a", 100, Remedy.TRY_AGAIN)
    book.note_answer("b", 100)
    assert not book.advises_renewal("a", 100), "one timeout is none"
    book.note_failure("a", 110, Remedy.TRY_AGAIN)
    assert not book.advises_renewal("b", 110), "it answers"
    assert not book.advises_renewal("a", 900), "nobody else answers: we are off line"
    book.note_answer("b", 900)
    assert book.advises_renewal("a", 900)
    assert not book.advises_renewal("a", 1400), "ten minutes are not over"
    book.note_answer("b", 1500)
    assert book.advises_renewal("a", 1500)
    book.note_answer("b", 90_000)
    assert not book.advises_renewal("a", 90_000), "it has not answered for a day"


def test_a_peer_that_is_off_line_has_no_stale_descriptor() -> None:
    book = Book(random.Random(1))
    book.note_answer("a", 0)
    book.note_answer("b", 0)
    for _ in range(3):
        book.note_failure("a", 10, Remedy.BACK_OFF)
    assert not book.advises_renewal("a", 10)


def test_heads_that_name_ever_new_addresses_fill_no_book() -> None:
    """To be looked up costs no room, and of those that were asked the latest are remembered."""
    book = Book(random.Random(1))
    addresses = [f"http://{number}.onion" for number in range(2 * ADDRESSES_MOST)]
    for first in range(0, len(addresses), 8):
        book.find_best(addresses[first : first + 8])
    assert len(book) == 0
    book.note_failure("a", 0, Remedy.STOP)
    for number, address in enumerate(addresses):
        book.note_failure(address, 0, Remedy.BACK_OFF)
        if number % 10_000 == 0:
            book.note_failure("a", number, Remedy.STOP)
    assert len(book) == ADDRESSES_MOST
    assert book["a"].failures == 9
    assert book[addresses[-1]].failures == 1
    assert book[addresses[0]].failures == 0
