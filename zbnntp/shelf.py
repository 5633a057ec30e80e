"""JOURNEY 3: what a newsreader may see - groups, overview, articles - of one local identity's view.

Implements nntp's Shelf over the read-only connection, synchronously, in windows of bounded size. All connections of a
view share one shelf: groups stand ready in a Roster, overview in a Rack, and whoever reads articles in order finds the
next ones rendered. Whatever is kept ready is checked against the last commit before it is shown.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial

from zbnntp.local import CONTROL, HELP, LOG, NEW, PEOPLE, REPLIES, TOPS, parse_local_id
from zbnntp.model.article import address
from zbnntp.model.boards import is_virtual
from zbnntp.model.errors import NotVisible
from zbnntp.model.keys import Identity, identity_text, parse_message_id
from zbnntp.model.views import Article, Group, Level, Overview, Window
from zbnntp.rack import Block, Rack
from zbnntp.rendering import Stamps, overview_text, render, render_article, render_head
from zbnntp.roster import Place, Roster
from zbnntp.store import evidence, overview, posts, promises, sources
from zbnntp.store.database import data_version, snapshot
from zbnntp.store.numbers import Newsgroup, has_expired
from zbnntp.store.overview import BLOCK_NUMBERS, Row, Spot

READ_ONLY = frozenset({HELP, LOG})
OWN = frozenset({CONTROL, HELP, LOG, PEOPLE})  # what stands there is for the view's owner alone
# Articles read and rendered at once for somebody who reads in order, and how much of them waits to be asked for.
AHEAD_ARTICLES = 32
AHEAD_OCTETS = 2 << 20
EXPECTED_MOST = 512
HEADS_A_WINDOW = 64
LISTING = -1  # in the place of a block: all numbers of a group


class Shelf:
    """One view. `generation` gives a number that every commit changes; without it the store is asked.

    For a `guest` it has none of the owner's own groups, and does not say what the owner's trust made of somebody.
    """

    OVERVIEW_EXTRA: Sequence[str] = ("Xref:full", "X-Zb-Trust:full", "X-Zb-Vote:full")

    def __init__(
        self,
        reader: sqlite3.Connection,
        view: Identity,
        motd: Callable[[], str],
        generation: Callable[[], int] | None = None,
        rack: Rack | None = None,
        guest: bool = False,
    ) -> None:
        self._reader, self._guest = reader, guest
        self._creator = address(view)
        self._view = evidence.find_person(reader, view) or 0
        self._motd = motd
        self._rack = rack or Rack()
        unlisted = OWN if guest else frozenset()
        self._roster = Roster(reader, self._view, generation or partial(data_version, reader), self._group, unlisted)
        self._stamps = Stamps(reader, self._view)
        self._ahead: dict[tuple[int, int], Article] = {}
        self._ahead_octets = 0
        self._expected: set[tuple[int, int]] = set()  # group and number that come next for somebody

    def snapshot(self) -> AbstractContextManager[None]:
        return snapshot(self._reader)

    def groups(self) -> Sequence[Group]:
        self._refresh()
        return self._roster.groups()

    def listed(self, key: str, line: Callable[[Group], bytes]) -> bytes:
        self._refresh()
        return self._roster.listed(key, line)

    def group(self, name: str) -> Group | None:
        place = self._place(name)
        return place.group if place else None

    def first(self, name: str) -> int:
        place = self._place(name)
        return self._roster.first(place) if place else 0

    def subscriptions(self) -> Sequence[str]:
        names = {group.name for group in self.groups()}
        boards = [group for group in self.groups() if not is_virtual(group.name)]
        boards.sort(key=lambda group: (-group.count, group.name))
        wanted = [CONTROL, HELP, *(group.name for group in boards), REPLIES, NEW, TOPS["week"], LOG]
        return [name for name in wanted if name in names]

    def motd(self) -> str:
        return self._motd()

    def numbers(self, group: str, low: int, high: int) -> Iterator[bytes]:
        place = self._place(group)
        if place is None:
            return
        whole = low <= place.group.low and high >= place.group.high
        kept = self._rack.find(place.pk, LISTING, place.version, 0) if whole else None
        if kept is not None:
            yield kept.text
            return
        windows: list[bytes] = []
        while window := overview.numbers_window(self._reader, place.pk, low, high):
            windows.append(b"%d\r\n" * len(window) % tuple(window))
            yield windows[-1]
            low = window[-1] + 1
        if whole and self._place(group) is place:
            self._rack.put(place.pk, LISTING, Block(b"".join(windows), (), array("I"), place.version, 0))

    def overview(self, group: str, low: int, high: int) -> Iterator[Window]:
        place = self._place(group)
        low = max(low, 1)
        while place and low <= high:
            block = place.directory.from_block(low // BLOCK_NUMBERS, 1)
            if block is None or block * BLOCK_NUMBERS > high:
                return
            window = self._window(place, block, low, high)
            if window is not None:
                yield window
            low = (block + 1) * BLOCK_NUMBERS
            place = self._place(group)

    def heads(self, group: str, low: int, high: int) -> Iterator[Sequence[tuple[int, bytes]]]:
        place = self._place(group)
        while place and low <= high:
            rows = list(overview.rows(self._reader, place.pk, low, high, HEADS_A_WINDOW))
            if not rows:
                return
            yield [(row.number, render_head(self._reader, self._view, self._stamps, row)) for row in rows]
            low = rows[-1].number + 1

    def locate(self, group: str, number: int) -> str | None:
        place = self._place(group)
        if place is None:
            return None
        block = self._block_in_order(place, number)
        if block is None:
            return overview.find_name(self._reader, place.pk, number)
        at = bisect_left(block.numbers, number)
        return block.message_id(at) if at < len(block.numbers) and block.numbers[at] == number else None

    def neighbour(self, group: str, number: int, step: int) -> tuple[int, str] | None:
        place = self._place(group)
        at = (number + step) // BLOCK_NUMBERS if place else None
        while place and (at := place.directory.from_block(at or 0, step)) is not None:
            block = self._block(place, at)
            index = bisect_right(block.numbers, number) if step > 0 else bisect_left(block.numbers, number) - 1
            if 0 <= index < len(block.numbers):
                return block.numbers[index], block.message_id(index)
            at += step
        return None

    def article(self, group: str, number: int) -> Article | None:
        place = self._place(group)
        if place is None:
            return None
        key = (place.pk, number)
        ready = self._ahead.pop(key, None)
        if ready is not None:
            self._ahead_octets -= len(ready.octets)
            return ready
        found = self._read_some(place, number)
        if not found or found[0].number != number:
            return None
        if len(found) > 1:
            self._keep_ahead(place, found[1:])
        return self._render(found[0], number)

    def find(self, message_id: str, group: str | None) -> Article | None:
        spot = self._find(message_id, group)
        row = overview.open_spot(self._reader, spot) if spot else None
        return self._render(row, row.number if spot.name == group else 0) if spot and row else None

    def find_overview(self, message_id: str) -> Overview | None:
        spot = self._find(message_id, None)
        row = overview.open_spot(self._reader, spot) if spot else None
        return Overview(0, overview_text(self._stamps, row)) if row else None

    def new_groups(self, since: int) -> Sequence[Group]:
        return [group for group in self.groups() if group.created >= since]

    def new_news(self, match: Callable[[str], bool], since: int) -> Iterator[bytes]:
        groups = [group for group in self.groups() if match(group.name)]
        seen: set[bytes] | None = set() if len(groups) > 1 else None
        for group in groups:
            place = self._place(group.name)
            if place is None or not group.count:
                continue
            first = overview.given_since(self._reader, place.pk, group.high, since)
            for window in self.overview(group.name, first, group.high):
                yield window.derived("ids", ids_of) if seen is None else _unseen(window.text, seen)

    def _refresh(self) -> None:
        if self._roster.refresh():
            self._ahead.clear()
            self._ahead_octets = 0
        self._stamps.version = self._roster.levels

    def _place(self, name: str) -> Place | None:
        self._refresh()
        return self._roster.find(name)

    def _group(self, row: Newsgroup) -> Group:
        status = "n" if self._guest or row.name in READ_ONLY else "y"
        high = row.high if row.high >= row.low else row.low - 1
        return Group(row.name, row.low, high, row.count, status, row.description, row.created, self._creator)

    def _window(self, place: Place, block: int, low: int, high: int) -> Window | None:
        """Those of the numbers that are in a block; what others are in it is left alone until somebody comes back."""
        first, last = (
            max(block * BLOCK_NUMBERS, place.group.low),
            min((block + 1) * BLOCK_NUMBERS - 1, place.group.high),
        )
        version = place.directory.version(block) or 0
        is_ready = self._rack.find(place.pk, block, version, self._roster.levels) is not None
        if is_ready or (low <= first and high >= last) or self._is_expected(place, ~block):
            return self._block(place, block).cut(low, high)
        self._expect(place, ~block)  # below 0, which no number is
        columns = overview.columns(self._reader, place.pk, max(low, first), min(high, last))
        return Window(render(self._stamps, columns)) if columns.numbers else None

    def _block(self, place: Place, block: int) -> Block:
        version = place.directory.version(block) or 0
        return self._rack.block(self._reader, self._stamps, place.pk, block, version, self._roster.levels)

    def _block_in_order(self, place: Place, number: int) -> Block | None:
        """The block of a number if it stands ready or if somebody goes through it; a single line costs less without."""
        at = number // BLOCK_NUMBERS
        version = place.directory.version(at)
        if version is None:
            return None
        block = self._rack.find(place.pk, at, version, self._roster.levels)
        if block is None and self._is_expected(place, number):
            block = self._block(place, at)
        if block is None:
            self._expect(place, number + 1)
        return block

    def _read_some(self, place: Place, number: int) -> list[Row]:
        """An article, and those after it when somebody reads in order."""
        if self._is_expected(place, number):
            found = overview.rows(self._reader, place.pk, number, place.group.high, AHEAD_ARTICLES, filed=True)
        else:
            row = overview.find_row(self._reader, place.pk, number)
            found = [row] if row else []
        self._expect(place, found[-1].number + 1 if found else number + 1)
        return found

    def _keep_ahead(self, place: Place, found: Sequence[Row]) -> None:
        if self._ahead_octets > AHEAD_OCTETS:
            self._ahead.clear()
            self._ahead_octets = 0
        for row in found:
            try:
                article = self._render(row, row.number)
            except NotVisible:
                continue
            before = self._ahead.get((place.pk, row.number))
            self._ahead_octets += len(article.octets) - (len(before.octets) if before else 0)
            self._ahead[place.pk, row.number] = article

    def _render(self, row: Row, number: int) -> Article:
        return render_article(self._reader, self._view, self._stamps, row, number)

    def _is_expected(self, place: Place, number: int) -> bool:
        key = (place.pk, number)
        if key in self._expected:
            self._expected.discard(key)
            return True
        return False

    def _expect(self, place: Place, number: int) -> None:
        if len(self._expected) >= EXPECTED_MOST:
            self._expected.clear()
        self._expected.add((place.pk, number))

    def _find(self, wanted: str, group: str | None) -> Spot | None:
        """Where the article of an id or alias stands, in a group if it can be. Raises NotVisible when it is hidden."""
        self._refresh()
        identifier = parse_message_id(wanted) or parse_local_id(wanted)
        if identifier is not None:
            spot = self._chosen(overview.places_by_id(self._reader, identifier), group)
            if spot:
                return spot
        article = posts.find_article(self._reader, identifier) if identifier else None
        article = article or promises.find_alias(self._reader, self._view, wanted)
        if article is None:
            return None
        spot = self._chosen(overview.places(self._reader, article), group)
        if spot is None and not self._guest:
            self._explain_absence(article)
        return spot

    def _chosen(self, spots: Iterable[Spot], group: str | None) -> Spot | None:
        """One that is in a group of this view: the one asked for, else the first by name."""
        named = self._roster.name
        own = [spot for spot in spots if named(spot.newsgroup) is not None]
        if len(own) < 2:
            return own[0] if own else None
        return min(own, key=lambda spot: (spot.name != group, spot.name))

    def _explain_absence(self, article: int) -> None:
        source = sources.find_source(self._reader, self._view, article)
        if source is None:
            return
        if source.deleted:
            raise NotVisible("its author has taken it back")
        if source.boards is None:
            raise NotVisible("the opening of its thread has not arrived yet; try again later")
        if source.boards != source.own_boards:
            raise NotVisible("it names other boards than its thread stands in, so it is never shown")
        if has_expired(self._reader, self._view, article):
            raise NotVisible("it has expired here")
        who = identity_text(source.identity)
        if source.level not in (Level.LIMITED, Level.FULL):
            raise NotVisible(f"your trust hides its author; send 'why {who}' to {CONTROL}")
        board = source.boards.partition(",")[0]
        if self._roster.find(board) is None:
            raise NotVisible(f"you have hidden its board; send 'board show {board}' to {CONTROL}")
        raise NotVisible(f"one of your filters hides it; send 'filter' to {CONTROL} for a list of them")


def ids_of(text: bytes) -> bytes:
    """The Message-IDs in overview lines, one a line."""
    return b"".join([line.split(b"\t", 5)[4] + b"\r\n" for line in text.split(b"\r\n")[:-1]])


def _unseen(text: bytes, seen: set[bytes]) -> bytes:
    """The same, without those seen before; only what stands in several groups can be."""
    found: list[bytes] = []
    for line in text.split(b"\r\n")[:-1]:
        fields = line.split(b"\t", 9)
        if fields[8].count(b":") > 2:
            if fields[4] in seen:
                continue
            seen.add(fields[4])
        found.append(fields[4])
    return b"".join([identifier + b"\r\n" for identifier in found])
