"""Rendered overview, kept in blocks of 256 numbers, the least recently used going first when there is too much.

A block is right while its version and that of the view's trust are those it was rendered at; what is older is rendered
anew when somebody looks at it, and no sooner.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence

from zbnntp.model.views import Window
from zbnntp.rendering import Stamps, compact, line_ends, render
from zbnntp.store import overview
from zbnntp.store.overview import BLOCK_NUMBERS

# Overview in memory, of all views together: a group of 43,000 articles has 20 MB of it. With what else a node
# keeps, its private memory stays below 80 MB.
RACK_OCTETS = 22 << 20
# What a block takes beside its text.
BLOCK_OVERHEAD_OCTETS = 1500


class Block(Window):
    """The window of a whole block: `numbers` ascending, `ends` where their lines end."""

    __slots__ = ("counted", "ends", "levels", "numbers", "version")

    def __init__(self, text: bytes, numbers: Sequence[int], ends: array[int], version: int, levels: int) -> None:
        super().__init__(text)
        self.octets += BLOCK_OVERHEAD_OCTETS
        self.numbers, self.ends = numbers, ends
        self.version, self.levels = version, levels
        self.counted = 0  # what the rack believes it takes

    def cut(self, low: int, high: int) -> Window | None:
        """The lines of low..high: itself, a part of it, or None when there are none."""
        first, last = bisect_left(self.numbers, low), bisect_right(self.numbers, high)
        if last - first == len(self.numbers):
            return self if last else None
        start = self.ends[first - 1] if first else 0
        return Window(self.text[start : self.ends[last - 1]]) if last > first else None

    def message_id(self, at: int) -> str:
        """The Message-ID in the line at a position."""
        line = self.text[self.ends[at - 1] if at else 0 : self.ends[at]]
        return line.split(b"\t", 5)[4].decode()


class Rack:
    """Blocks of all views, at most `most` octets of them; `octets` is how many there are."""

    def __init__(self, most: int = RACK_OCTETS) -> None:
        self._most = most
        self.octets = 0
        self._blocks: OrderedDict[tuple[int, int], Block] = OrderedDict()

    def find(self, newsgroup: int, block: int, version: int, levels: int) -> Block | None:
        """A block that is ready and right."""
        kept = self._blocks.get((newsgroup, block))
        if kept is None or kept.version != version or kept.levels != levels:
            return None
        self._blocks.move_to_end((newsgroup, block))
        self.octets += kept.octets - kept.counted  # what was derived from it counts too
        kept.counted = kept.octets
        return kept

    def block(
        self, reader: sqlite3.Connection, stamps: Stamps, newsgroup: int, block: int, version: int, levels: int
    ) -> Block:
        """A block, rendered if need be."""
        kept = self.find(newsgroup, block, version, levels)
        if kept is None:
            low = block * BLOCK_NUMBERS
            columns = overview.columns(reader, newsgroup, low, low + BLOCK_NUMBERS - 1)
            text = bytes(memoryview(render(stamps, columns)))  # a copy, without the room that was left for more
            kept = Block(text, compact(columns.numbers), line_ends(text), version, levels)
            self.put(newsgroup, block, kept)
        return kept

    def put(self, newsgroup: int, block: int, made: Block) -> None:
        """Keep a block in place of what stood there."""
        old = self._blocks.pop((newsgroup, block), None)
        self.octets += made.octets - (old.counted if old else 0)
        made.counted = made.octets
        self._blocks[newsgroup, block] = made
        while self.octets > self._most and len(self._blocks) > 1:
            self.octets -= self._blocks.popitem(last=False)[1].counted
