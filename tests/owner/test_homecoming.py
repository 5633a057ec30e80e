"""Who is asked for the newest version of the own manifest, for how long, and when something may be published."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.peers.trio_tests import autojump_clock
from zbnntp import home
from zbnntp.homecoming import LONG_GRACE_SECONDS, PATIENCE_SECONDS, Doubt, Homecoming, doubt_of
from zbnntp.model.errors import Missing, NotPermitted, PeerGone
from zbnntp.model.keys import Signer, sha256, short_id
from zbnntp.model.link import Link

__all__ = ["autojump_clock"]


@dataclass
class Road:
    """Friends by address: the seq they hold, 0 for none, None for no answer; and how long an answer takes."""

    held: dict[str, int | None]
    seconds: dict[str, float] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()  # answer, and go away before it is fetched
    refused: frozenset[str] = frozenset()  # have what is not taken
    has_way: bool = True
    fetched: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    async def wait_connected(self) -> None:
        await trio.lowlevel.checkpoint()

    async def ask_own(self, urls: Sequence[str]) -> int:
        await trio.sleep(self.seconds.get(urls[0], 1))
        seq = self.held[urls[0]]
        if seq is None:
            raise PeerGone("it does not answer")
        if seq == 0:
            raise Missing("it has none")
        return seq

    async def fetch_own(self, urls: Sequence[str]) -> None:
        if urls[0] in self.gone:
            raise PeerGone("it went away")
        if urls[0] in self.refused:
            raise NotPermitted("dated in the future")
        self.fetched += urls

    def friends(self) -> list[Link]:
        return [Link(Signer.from_seed(sha256(url.encode())).identity, (url,)) for url in self.held]

    def coming(self, doubt: Doubt) -> Homecoming:
        return Homecoming(doubt, self, self.friends, self.told.append)


async def until_settled(coming: Homecoming, seconds: float = 10_000) -> float:
    """How long it took, infinite when it did not end."""
    start = trio.current_time()
    with trio.move_on_after(seconds) as scope:
        await coming.run()
    return math.inf if scope.cancelled_caught else trio.current_time() - start


@pytest.mark.parametrize(
    ("published", "held", "anew", "doubt"),
    [
        (0, None, False, Doubt.NONE),
        (0, 7, False, Doubt.NONE),
        (None, None, False, Doubt.KEY),
        (9, None, False, Doubt.KEY),
        (None, 7, False, Doubt.COPY),
        (9, 7, False, Doubt.COPY),
        (7, 7, False, Doubt.START),
        (None, None, True, Doubt.NONE),
    ],
)
def test_what_tells_of_a_copy(published: int | None, held: int | None, anew: bool, doubt: Doubt) -> None:
    assert doubt_of(published, held, anew) is doubt


def test_a_new_identity_and_one_without_friends_publish_at_once() -> None:
    assert Road({"a": 7}).coming(Doubt.NONE).settled
    assert Road({}).coming(Doubt.START).settled
    assert Road({"a": 7}, has_way=False).coming(Doubt.START).settled
    assert not Road({}).coming(Doubt.KEY).settled
    assert not Road({"a": 7}, has_way=False).coming(Doubt.COPY).settled


async def test_the_newest_of_several_is_fetched(autojump_clock: trio.testing.MockClock) -> None:
    road = Road({"a": 7, "b": 9, "c": None, "d": 0}, {"b": 20})
    assert await until_settled(road.coming(Doubt.COPY)) <= LONG_GRACE_SECONDS + 1
    assert road.fetched == ["b"]
    assert road.told == []


async def test_an_ordinary_start_asks_for_two_minutes_at_most(autojump_clock: trio.testing.MockClock) -> None:
    road = Road({"a": None, "b": None}, {"b": math.inf})
    coming = road.coming(Doubt.START)
    assert "asked first" in coming.describe()
    assert await until_settled(coming) <= PATIENCE_SECONDS + 90
    assert coming.describe() == ""
    assert road.told == []


async def test_an_ordinary_start_is_content_with_friends_who_have_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    assert await until_settled(Road({"a": 0}).coming(Doubt.START)) < 10


@pytest.mark.parametrize("doubt", [Doubt.COPY, Doubt.KEY])
@pytest.mark.parametrize("held", [{"a": None}, {"a": 0}, {}])
async def test_a_copy_waits_for_as_long_as_nobody_can_say_and_tells_it_once(
    autojump_clock: trio.testing.MockClock, doubt: Doubt, held: dict[str, int | None]
) -> None:
    road = Road(held)
    coming = road.coming(doubt)
    assert await until_settled(coming, 86_400) == math.inf
    assert not coming.settled
    assert len(road.told) == 1
    assert "othing" in road.told[0]
    assert "--publish-anew" in coming.describe()


async def test_whom_it_asks_is_said_before_they_have_answered(autojump_clock: trio.testing.MockClock) -> None:
    road = Road({"a": None, "b": None})
    coming = road.coming(Doubt.KEY)
    names = ", ".join(short_id(it.identity) for it in road.friends())
    assert coming.describe().endswith(f"; asking {names}")
    assert await until_settled(coming, 1_000) == math.inf
    assert "of 2 asked nobody has it or answers. Follow somebody" in coming.describe()
    assert "there is nobody to ask" in Road({"a": 7}, has_way=False).coming(Doubt.KEY).describe()


async def test_a_friend_who_comes_later_is_asked_at_once(autojump_clock: trio.testing.MockClock) -> None:
    road = Road({})
    coming = road.coming(Doubt.KEY)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(coming.run)
        await trio.sleep(5_000)
        road.held["a"] = 7
        coming.wake()
        await trio.sleep(2)
        assert road.fetched == ["a"]


async def test_the_newest_that_went_away_is_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    road = Road({"a": 7, "b": 9}, gone=frozenset("b"))
    assert await until_settled(road.coming(Doubt.COPY), 1_000) == math.inf
    assert road.fetched == []


async def test_a_version_that_nobody_takes_does_not_keep_one_waiting(autojump_clock: trio.testing.MockClock) -> None:
    road = Road({"a": 7, "b": 9}, refused=frozenset("b"))
    assert await until_settled(road.coming(Doubt.COPY), 1_000) < 100
    assert road.fetched == ["a"]


def test_a_copied_home_is_noticed_and_a_moved_store_too(tmp_path: Path) -> None:
    place = tmp_path / "bert"
    home.make_keys(place, "bert", None)
    store = place / home.STORE_FILE
    store.write_text("x")
    assert home.accounts(place)[0].published == 0
    shutil.copytree(place, tmp_path / "before")
    assert home.accounts(tmp_path / "before")[0].published == 0  # nothing was published: whoever starts first begins
    home.note_published(place, store, 7)
    assert home.accounts(place)[0].published == 7
    shutil.copytree(place, tmp_path / "copy")
    assert home.accounts(tmp_path / "copy")[0].published is None
    store.rename(tmp_path / "kept")
    assert home.accounts(place)[0].published is None
    (place / home.PUBLISHED_FILE).write_text("nonsense")
    assert home.accounts(place)[0].published is None


def test_friends_are_kept_beside_the_key_one_line_each(tmp_path: Path) -> None:
    links = [Link(Signer.from_seed(sha256(bytes([it]))).identity, (f"local:n{it}",)) for it in range(20)]
    home.note_friends(tmp_path, [*links, links[0]])
    assert home.read_friends(tmp_path) == links[:16]
    (tmp_path / home.FRIENDS_FILE).write_text("what?\nzb:x\n")
    assert home.read_friends(tmp_path) == []
    home.note_friends(tmp_path, [])
    assert (tmp_path / home.FRIENDS_FILE).read_text() == "what?\nzb:x\n"
