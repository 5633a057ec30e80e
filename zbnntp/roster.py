"""The groups of one view, kept ready: marks, first articles, the lines of LIST, and which blocks hold articles.

Everything here is right as of the last commit. `refresh` compares a number that every commit changes; when it has
changed, the groups whose version is newer are read again, and nothing else is. Of their blocks those are looked up
near which somebody reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from zbnntp.model.views import Group
from zbnntp.store import numbers, overview
from zbnntp.store.numbers import Newsgroup

UNKNOWN = -1
STRETCH = 64  # blocks, which take 30 us
STRETCHES_MOST = 64  # of a group: 0.4 MB


class Directory:
    """Blocks of a group that hold articles, each with its version, until the group changes; read some at a time."""

    def __init__(self, reader: sqlite3.Connection, newsgroup: int) -> None:
        self._reader, self._newsgroup = reader, newsgroup
        self._stretches: dict[int, dict[int, int]] = {}  # versions of blocks, ascending

    def version(self, block: int) -> int | None:
        """None for a block that holds no article."""
        return self._stretch(block // STRETCH).get(block)

    def from_block(self, block: int, step: int) -> int | None:
        """The nearest block with articles: that one, or one above (step 1) or below (-1)."""
        stretch = self._stretch(block // STRETCH)
        if block in stretch:
            return block
        beside = [it for it in stretch if (it - block) * step > 0]
        if beside:
            return beside[0 if step > 0 else -1]
        return overview.nearest_block(self._reader, self._newsgroup, block, step)

    def _stretch(self, at: int) -> dict[int, int]:
        found = self._stretches.get(at)
        if found is None:
            if len(self._stretches) >= STRETCHES_MOST:
                self._stretches.clear()
            first = at * STRETCH
            found = dict(overview.versions(self._reader, self._newsgroup, first, first + STRETCH - 1))
            self._stretches[at] = found
        return found


@dataclass(slots=True)
class Place:
    """One group. `first` is the number of its first article, 0 when it is empty, UNKNOWN until somebody asks."""

    pk: int
    group: Group
    version: int
    directory: Directory
    first: int = UNKNOWN


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
        self._rows: dict[str, Newsgroup] = {}  # of groups that are not hidden
        self._places: dict[str, Place] = {}  # of those that somebody asked for
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
        row = self._rows.get(name)
        return self._place(row) if row else None

    def name(self, newsgroup: int) -> str | None:
        """The name of a group, hidden or not; None when it is another view's."""
        return self._names.get(newsgroup)

    def first(self, place: Place) -> int:
        """The number of a group's first article; 0 when it is empty."""
        if place.first == UNKNOWN:
            window = overview.numbers_window(self._reader, place.pk, place.group.low, place.group.high)
            place.first = next(iter(window), 0)
        return place.first

    def groups(self) -> Sequence[Group]:
        """All that are not hidden, by name."""
        if self._groups is None:
            self._groups = tuple(self._place(row).group for _, row in sorted(self._rows.items()))
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
        self._places.pop(row.name, None)
        self._rows.pop(row.name, None)
        if not row.hidden:
            self._rows[row.name] = row

    def _place(self, row: Newsgroup) -> Place:
        place = self._places.get(row.name)
        if place is None:
            place = Place(row.pk, self._make(row), row.version, Directory(self._reader, row.pk))
            self._places[row.name] = place
        return place
