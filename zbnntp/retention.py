"""What of others' posts is kept: not what is too old, not more than the quota, not what stands in other boards.

Segments go whole, the oldest first, and with a quota those of the least trusted first. What fades unless somebody seeds
it is seeded by a vote up, by a pin, and by its author. Settings: retention_months, quota_megabytes, mirror_boards.
docs/mirrors.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Protocol

from zbnntp.model.keys import Identity
from zbnntp.model.manifest import SegmentRef
from zbnntp.store import carries, compaction, evidence, keeps, numbers, posts, promises
from zbnntp.store.keeps import Droppable
from zbnntp.visibility import settle

STEP_SEGMENTS = 64  # looked for at the same time, which may take a look at all
STEP_OCTETS = 1 << 17  # of them, or of the first, go in one transaction: about a hundred posts
ROOM = 0.8  # of the quota: whatever fits into this much may come again
META_QUOTA, META_BOARDS = "quota", "mirror boards"
MEGABYTE = 1_000_000


class Settings(Protocol):
    """What is read of the settings."""

    @property
    def retention_months(self) -> int: ...
    @property
    def quota_megabytes(self) -> int: ...
    @property
    def mirror_boards(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Keeping:
    """The limits; 0 and none: no limit."""

    months: int = 0
    quota_octets: int = 0
    boards: tuple[str, ...] = ()

    def oldest(self, now: int) -> int:
        """Segments of months that began before this are not kept; unix seconds."""
        if not self.months:
            return 0
        today = datetime.fromtimestamp(now, UTC)
        year, month = divmod(today.year * 12 + today.month - 1 - self.months, 12)
        return int(datetime(year, month + 1, 1, tzinfo=UTC).timestamp()) if year > 0 else 0


@dataclass(frozen=True, slots=True)
class Swept:
    """What one step dropped. `stale`: persons whose answers count differently now."""

    segments: int = 0
    posts: int = 0
    stale: frozenset[int] = frozenset()


def make_keeping(settings: Settings) -> Keeping:
    return Keeping(settings.retention_months, settings.quota_megabytes * MEGABYTE, settings.mirror_boards)


def report(database: sqlite3.Connection, keeping: Keeping, views: Collection[Identity]) -> dict[str, int]:
    """For `zbnntp status`: what others take up, and the limits."""
    own = [evidence.find_person(database, view) or 0 for view in views]
    octets = keeps.octets_of_others(database, own)
    sealed, _ = compaction.progress(database)
    return {
        "octets": octets,
        "quota_octets": keeping.quota_octets,
        "months": keeping.months,
        "sealed_octets": sealed,
    }


def everything(ref: SegmentRef) -> bool:
    """Of one's own, and of what the owner brings by hand."""
    return True


def chooser(
    database: sqlite3.Connection, keeping: Keeping, identity: Identity, own: Collection[Identity], now: int
) -> Callable[[SegmentRef], bool]:
    """Which posts segments of somebody are wanted here."""
    person = evidence.find_person(database, identity)
    if identity in own:
        return everything
    shed = keeps.shed_until(database, person) if person else -1
    passed = keeps.off_boards_of(database, person) if person else frozenset()
    oldest = keeping.oldest(now)
    return lambda ref: ref.since >= oldest and ref.since > shed and ref.sha256 not in passed


def adopt(database: sqlite3.Connection, keeping: Keeping) -> None:
    """At the start: when a limit has changed, what went by the old one may come again."""
    for key, value, forget in (
        (META_QUOTA, str(keeping.quota_octets), keeps.forgive),
        (META_BOARDS, " ".join(keeping.boards), keeps.forget_boards),
    ):
        if promises.find_meta(database, key) != value:
            forget(database)
            promises.put_meta(database, key, value)


def sweep(database: sqlite3.Connection, keeping: Keeping, views: Sequence[int], now: int) -> Swept:
    """Drop a few segments that are not to be kept, in the caller's transaction; none when all is as it should be."""
    oldest = keeping.oldest(now)
    if oldest and (found := keeps.older_than(database, views, oldest, STEP_SEGMENTS)):
        return _drop(database, views, _step_of(found), now)
    if keeping.boards and (found := keeps.off_boards(database, views, keeping.boards, STEP_SEGMENTS)):
        return _drop(database, views, _step_of(found), now, off_boards=True)
    if keeping.quota_octets:
        return _shrink(database, keeping.quota_octets, views, now)
    return Swept()


def _step_of(found: Sequence[Droppable]) -> Sequence[Droppable]:
    sums = accumulate(segment.octets for segment in found)
    return found[: max(1, sum(octets <= STEP_OCTETS for octets in sums))]


def _shrink(database: sqlite3.Connection, quota: int, views: Sequence[int], now: int) -> Swept:
    over = keeps.octets_of_others(database, views) - quota
    going: list[Droppable] = []
    for segment in _step_of(keeps.least_trusted(database, views, STEP_SEGMENTS)) if over > 0 else ():
        if over > 0:
            going.append(segment)
            over -= segment.octets
            keeps.shed(database, segment.person, segment.since)
    if not going:
        keeps.forgive_trusted(database, views)
        keeps.forgive_one(database, int(-over - quota * (1 - ROOM)))
        return Swept()
    return _drop(database, views, going, now)


def _drop(
    database: sqlite3.Connection,
    views: Sequence[int],
    segments: Sequence[Droppable],
    now: int,
    off_boards: bool = False,
) -> Swept:
    """Whole segments go; their articles expire, and threads whose headers others pass on keep these."""
    gone: list[int] = []
    threads: list[int] = []
    for segment in segments:
        gone += keeps.articles_in(database, segment)
    stale = posts.answered_authors(database, gone)
    for segment in segments:
        threads += carries.release(database, segment.pk)
        evidence.drop_segment(database, segment.pk)
        keeps.note_dropped(database, segment, off_boards)
    for person in {segment.person for segment in segments}:
        posts.drop_missing(database, person)
    for view in views:
        numbers.expire_articles(database, view, gone)
        settle(database, view, [*gone, *threads], now)
    return Swept(len(segments), len(gone), frozenset(stale))
