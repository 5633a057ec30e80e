"""What the node has to tell those who live on it: sentences for the daily digest of zb.log, and alarms at once.

Whatever is about one identity goes to that one alone. What is about the node as a whole goes to everybody - but on a
public reader, whose residents are strangers to each other, sentences of the digest name whom the node visits, and go
to its operator alone.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import trio

from zbnntp.control import digest
from zbnntp.model.errors import Refused
from zbnntp.store import diary
from zbnntp.store.writer import Writer

log = logging.getLogger(__name__)

QUEUE = 1_000
A_DAY = 200  # of each kind in zb.log: a hostile peer must not fill the disk with complaints, nor drown an alarm in them
SAME_SECONDS = 3600
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Sentence:
    """`view`: whom it is about; None: the node. An urgent one is an article of its own at once."""

    text: str
    urgent: bool
    view: int | None

    @property
    def kind(self) -> tuple[bool, bool]:
        """What peers do, what is wrong here, and what is wrong with one's own key have a day's number each."""
        return self.urgent, self.view is not None


class Journal:
    """`hearers` gives the views that are told of the node as a whole, by whether it is urgent."""

    def __init__(self, writer: Writer, now: Callable[[], int], hearers: Callable[[bool], Sequence[int]]) -> None:
        self._writer, self._now, self._hearers = writer, now, hearers
        self._in, self._out = trio.open_memory_channel[Sentence](QUEUE)

    def say(self, text: str, urgent: bool = False, view: int | None = None) -> None:
        """One sentence; when too many wait, the newest are dropped."""
        log.info("%s", text)
        with contextlib.suppress(trio.WouldBlock):
            self._in.send_nowait(Sentence(text, urgent, view))

    async def run(self) -> None:
        """Until cancelled."""
        seen: dict[Sentence, int] = {}
        today, told = 0, Counter[tuple[bool, bool]]()
        async for it in self._out:
            now = self._now()
            if now // DAY_SECONDS != today:
                today, told, seen = now // DAY_SECONDS, Counter(), {}
            if told[it.kind] >= A_DAY or now - seen.get(it, 0) < SAME_SECONDS:
                continue
            seen[it] = now
            told[it.kind] += 1
            try:
                await self._writer.run(lambda database, it=it, now=now: self._keep(database, it, now))  # type: ignore[misc]
            except Refused as error:
                log.warning("zb.log could not hold: %s (%s)", it.text, error)

    def _keep(self, database: sqlite3.Connection, sentence: Sentence, now: int) -> None:
        for view in self._hearers(sentence.urgent) if sentence.view is None else [sentence.view]:
            if sentence.urgent:
                digest.file_alarm(database, view, sentence.text, now)
            else:
                diary.add(database, view, "said", sentence.text, now)
