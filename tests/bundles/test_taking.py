"""Many offers of a bundle are taken in at the same time, within bounds, and none overtakes another of its version."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trio

from zbnntp import importing
from zbnntp.importing import take_all
from zbnntp.model.bundle import Offer, Slice
from zbnntp.model.errors import BadEncoding, ZbError
from zbnntp.model.keys import Sha256


class FakeIntake:
    """Takes one turn of the event loop for each octet of an offer; what is odd is damaged."""

    def __init__(self) -> None:
        self.begun: list[bytes] = []
        self.ended: list[bytes] = []
        self.together = 0

    async def offer(self, offer: Offer, source: str, now: int) -> bool:
        self.begun.append(offer.pointer)
        self.together = max(self.together, len(self.begun) - len(self.ended))
        octets = sum(len(part.data) for part in offer.slices)
        for _ in range(octets):
            await trio.lowlevel.checkpoint()
        self.ended.append(offer.pointer)
        if octets % 2:
            raise BadEncoding("odd")
        return True


def offer(name: str, octets: int = 10) -> Offer:
    return Offer(name.encode(), b"", (Slice(Sha256(b""), 0, bytes(octets)),))


async def taken(*offers: Offer, failing: bool = False) -> tuple[FakeIntake, list[tuple[bytes, bool]]]:
    """What came of them: whose, and whether it was good."""
    intake, found = FakeIntake(), list[tuple[bytes, bool]]()

    def told(offer: Offer, is_news: bool, error: ZbError | None) -> None:
        found.append((offer.pointer, error is None))

    def given() -> Iterator[Offer]:
        yield from offers
        if failing:
            raise BadEncoding("the file is damaged")

    try:
        await take_all(intake, given(), told)  # type: ignore[arg-type]
    except BadEncoding:
        assert failing
    else:
        assert not failing
    return intake, found


async def test_many_at_the_same_time_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "OFFERS_AT_ONCE", 4)
    intake, found = await taken(*(offer(f"{number}") for number in range(20)))
    assert (intake.together, len(found)) == (4, 20)


async def test_no_more_octets_than_fit_but_for_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "OCTETS_AT_ONCE", 30)
    intake, found = await taken(*(offer(f"{number}", 8) for number in range(20)))
    assert (intake.together, len(found)) == (3, 20)
    intake, found = await taken(offer("large", 100), *(offer(f"{number}", 16) for number in range(5)))
    assert (intake.together, len(found)) == (1, 6)


async def test_what_is_of_one_version_comes_in_order() -> None:
    _, found = await taken(offer("a", 31), offer("a", 2), offer("b", 50), offer("a", 7), offer("c", 2))
    assert [good for name, good in found if name == b"a"] == [False, True, False]
    intake, _ = await taken(*(offer("a", 4) for _ in range(5)))
    assert intake.together == 1


async def test_what_is_refused_says_so_and_what_the_file_raises_comes_last() -> None:
    _, found = await taken(offer("good", 20), offer("odd", 7), failing=True)
    assert sorted(found) == [(b"good", True), (b"odd", False)]
