"""The groups of one view, kept ready: marks, first articles, the lines of LIST, and which blocks hold articles.

Everything here is right as of the last commit. `refresh` compares a number that every commit changes; when it has
changed, the groups whose version is newer are read again, and nothing else is.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from zbnntp.model.views import Group
from zbnntp.store import numbers, overview
from zbnntp.store.numbers import Newsgroup

UNKNOWN = -1


@dataclass(slots=True)
class Directory:
    """Blocks of a group that hold articles, ascending, each with its version."""

    version: int = 0
    blocks: list[int] = field(default_factory=list)
    versions: dict[int, int] = field(default_factory=dict)

    def update(self, reader: sqlite3.Connection, newsgroup: int) -> None:
        """Read what has changed."""
        found = overview.blocks_since(reader, newsgroup, self.version)
        self.version = max([self.version, *(version for _, _, version in found)])
        if not self.blocks:
            self.versions = {block: version for block, count, version in found if count}
            self.blocks = list(self.versions)
            return
        for block, count, version in found:
            if count and block not in self.versions:
                self.blocks.insert(bisect_left(self.blocks, block), block)
            elif not count and block in self.versions:
                self.blocks.remove(block)
            if count:
                self.versions[block] = version
            else:
                self.versions.pop(block, None)

    def from_block(self, block: int, step: int) -> int | None:
        """The nearest block with articles: that one, or one above (step 1) or below (-1)."""
        at = bisect_left(self.blocks, block) if step > 0 else bisect_right(self.blocks, block) - 1
        return self.blocks[at] if 0 <= at < len(self.blocks) else None


@dataclass(slots=True)
class Place:
    """One group. `first` is the number of its first article, 0 when it is empty, UNKNOWN until somebody asks."""

    pk: int
    group: Group
    version: int
    directory: Directory
    first: int = UNKNOWN
    looked: int = 0  # the version at which the directory was updated


class Roster:
    """`generation` changes with every commit; `make` prints a row as a Group; `unlisted` groups are left out."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        view: int,
        generation: Callable[[], int],
        make: Callable[[Newsgroup], Group],
        unlisted: Collection[str] = (),
    ) -> None:
        self._reader, self._view = reader, view
        self._generation, self._make, self._unlisted = generation, make, unlisted
        self._seen: int | None = None
        self._version = -1
        self.levels = 0  # the version of the view's trust
        self._places: dict[str, Place] = {}
        self._names: dict[int, str] = {}  # of all the view's groups, hidden ones too
        self._groups: tuple[Group, ...] | None = None
        self._lines: dict[str, dict[str, bytes]] = {}
        self._lists: dict[str, bytes] = {}

    def refresh(self) -> bool:
        """Catch up with the last commit; True when anything changed that newsreaders are shown."""
        generation = self._generation()
        if generation == self._seen:
            return False
        self._seen = generation
        before = (self._version, self.levels)
        self.levels = overview.level_version(self._reader, self._view)
        for row in numbers.newsgroups_since(self._reader, self._view, self._version):
            self._note(row)
        return before != (self._version, self.levels)

    def find(self, name: str) -> Place | None:
        """A group that is not hidden."""
        return self._places.get(name)

    def name(self, newsgroup: int) -> str | None:
        """The name of a group, hidden or not; None when it is another view's."""
        return self._names.get(newsgroup)

    def directory(self, place: Place) -> Directory:
        """Where the articles of a group are."""
        if place.looked != place.version:
            place.looked = place.version
            place.directory.update(self._reader, place.pk)
        return place.directory

    def first(self, place: Place) -> int:
        """The number of a group's first article; 0 when it is empty."""
        if place.first == UNKNOWN:
            window = overview.numbers_window(self._reader, place.pk, place.group.low, place.group.high)
            place.first = next(iter(window), 0)
        return place.first

    def groups(self) -> Sequence[Group]:
        """All that are not hidden, by name."""
        if self._groups is None:
            self._groups = tuple(place.group for _, place in sorted(self._places.items()))
        return self._groups

    def listed(self, key: str, line: Callable[[Group], bytes]) -> bytes:
        """A line for each group by name; `key` tells one way of printing from the others."""
        whole = self._lists.get(key)
        if whole is None:
            lines = self._lines.setdefault(key, {})
            for group in self.groups():
                if group.name not in lines:
                    lines[group.name] = line(group)
            whole = self._lists[key] = b"".join([lines[group.name] for group in self.groups()])
        return whole

    def _note(self, row: Newsgroup) -> None:
        self._version = max(self._version, row.version)
        if row.name in self._unlisted:
            return
        self._names[row.pk] = row.name
        self._groups = None
        self._lists.clear()
        for lines in self._lines.values():
            lines.pop(row.name, None)
        before = self._places.pop(row.name, None)
        if not row.hidden:
            directory = before.directory if before else Directory()
            self._places[row.name] = Place(row.pk, self._make(row), row.version, directory)
