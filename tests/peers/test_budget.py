"""Octets a day: what is counted, whom it stops, and what stays free."""

from __future__ import annotations

import pytest

from tests.peers.house import NOW, Author, FakeLibrary, lines
from tests.peers.test_api import get, post, whole
from zbnntp.model.keys import sha256
from zbnntp.peers.api import Api
from zbnntp.peers.budget import DAY_SECONDS, Budget, Metered
from zbnntp.peers.exchange import HttpRefusal

ANNA = Author("anna")
POSTS = lines("post", 20)


class Day:
    """A clock that is set by hand."""

    now = float(NOW)

    def __call__(self) -> float:
        return self.now


def site(octets: int) -> tuple[Metered, Budget, Day]:
    clock = Day()
    author = Author("carol")
    author.publish([POSTS], [])
    library = FakeLibrary("epoch")
    library.keep(author)
    budget = Budget(octets, clock)
    return Metered(Api(ANNA.identity, library, lambda: NOW), budget), budget, clock


async def test_answers_are_counted_whole_ones_and_streams() -> None:
    metered, budget, _ = site(0)
    segment = await get(metered, f"seg/{sha256(POSTS).hex()}")
    first = budget.spent
    assert isinstance(segment.body, bytes)
    assert first == len(segment.body) > 0
    feed = await whole(await get(metered, "changes", {"since": ""}))
    assert budget.spent == first + len(feed)


async def test_a_spent_node_asks_to_come_tomorrow_and_serves_again_then() -> None:
    metered, budget, clock = site(100)
    await get(metered, f"seg/{sha256(POSTS).hex()}")
    for path in (f"seg/{sha256(POSTS).hex()}", "changes", f"head/{ANNA.identity.hex()}"):
        with pytest.raises(HttpRefusal) as refusal:
            await get(metered, path)
        assert refusal.value.status == 503
        assert refusal.value.headers == (("retry-after", str(DAY_SECONDS - NOW % DAY_SECONDS)),)
    clock.now += DAY_SECONDS - NOW % DAY_SECONDS
    assert budget.spent == 0
    assert (await get(metered, f"seg/{sha256(POSTS).hex()}")).status == 200


async def test_a_spent_node_still_takes_what_is_handed_in() -> None:
    metered, budget, _ = site(1)
    budget.spend(1)
    assert (await get(metered, "node")).status == 200
    with pytest.raises(HttpRefusal) as refusal:
        await post(metered, "push", b"{}")
    assert refusal.value.status == 400
    assert metered.body_limit("POST", "/zb/1/push") > 0
