"""The node's side of `zbnntp feed`: what a news server is to get next, and what it has got.

It asks over the owner's door, and gets the work of one block of a board at a time: articles that are shown and that
the server has not been sent, and the withdrawal of those that it was sent and that are shown no longer. What it says
was done is kept before there is more. So either side may stop at any moment: nothing is left out, and what was sent and
not noted is offered once more, which the server declines.

Sent is what stands in a board, with its text: neither groups that are this node's own nor placeholders, whose
Message-ID is that of the text to come. What has expired here is withdrawn as well.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from zbnntp.feeding.relayed import relayed, withdrawal
from zbnntp.model.boards import is_virtual
from zbnntp.model.errors import NotVisible, Refused
from zbnntp.model.keys import PostId, message_id
from zbnntp.shelf import Shelf
from zbnntp.store import feeds, numbers, promises
from zbnntp.store.feeds import Fed
from zbnntp.store.overview import BLOCK_NUMBERS
from zbnntp.store.writer import Writer

BATCH_OCTETS = 1 << 20  # of articles in one answer; one more may be above it
BATCH_ARTICLES = 64  # newsreaders wait while an answer is made: some 10 ms
AGAIN_SECONDS = 3600  # what was sent so long ago may be lost to a server that was killed: it is offered once more
ID_OCTETS = 32  # of a post; the node's own articles have others
SECRET = "cancel secret"  # noqa: S105 - the name of a row in meta
_TEXT = ("utf-8", "surrogateescape")  # any octets, in what JSON can say


@dataclass
class Batch:
    """What is to be sent of one block: number, Message-ID and octets each. `dropped` needs nothing but to be noted."""

    board: str
    fed: Fed
    articles: list[tuple[int, str, bytes]] = field(default_factory=list)
    withdrawn: list[tuple[int, str, bytes]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    is_whole: bool = True

    def described(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "board": self.board,
            "block": self.fed.block,
            "version": self.fed.version if self.is_whole else 0,
            "dropped": self.dropped,
            "articles": [(number, own, octets.decode(*_TEXT)) for number, own, octets in self.articles],
            "withdrawn": [(number, own, octets.decode(*_TEXT)) for number, own, octets in self.withdrawn],
        }


class Rounds:
    """Feeds of one view."""

    def __init__(
        self, reader: sqlite3.Connection, writer: Writer, view: int, shelf: Shelf, now: Callable[[], int]
    ) -> None:
        self._reader, self._writer, self._view, self._shelf, self._now = reader, writer, view, shelf, now

    async def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """`feed` names the server; `boards` those that it has (absent: it does not say); `done` the last batch."""
        server, boards = str(request["feed"]), request.get("boards")
        feed = feeds.find_feed(self._reader, self._view, server)
        if feed is None or request.get("begin"):
            feed = await self._writer.run(lambda database: self._begin(database, server))
        if isinstance(request.get("done"), dict):
            await self._note_done(feed, request["done"])
        while True:
            waiting = [it for it in feeds.waiting(self._reader, self._view, feed) if not is_virtual(it[1])]
            missing = [name for _, name in waiting if boards is not None and name not in boards]
            found = next((it for it in waiting if it[1] not in missing), None)
            batch = self._plan(feed, *found) if found else None
            if batch is None or batch.articles or batch.withdrawn:
                return {"ok": True, "missing": missing, "batch": batch.described() if batch else None}
            await self._note(feed, batch.fed, batch.dropped, (), batch.fed.version)

    def _begin(self, database: sqlite3.Connection, server: str) -> int:
        if promises.find_meta(database, SECRET) is None:
            promises.put_meta(database, SECRET, secrets.token_hex(32))
        feed = feeds.feed_pk(database, self._view, server)
        feeds.offer_again(database, feed, self._now() - AGAIN_SECONDS)
        return feed

    def _plan(self, feed: int, newsgroup: int, board: str) -> Batch | None:
        fed = feeds.next_block(self._reader, feed, newsgroup)
        if fed is None:
            return None
        batch = Batch(board, fed)
        with self._shelf.snapshot():
            shown = self._shown(board, fed)
            self._add_articles(batch, {it: shown[it] for it in sorted(shown.keys() - fed.sure)})
            self._add_withdrawn(batch, fed.sent - shown.keys())
        return batch

    def _shown(self, board: str, fed: Fed) -> dict[int, str]:
        """What stands there with its text: number and Message-ID."""
        low = fed.block * BLOCK_NUMBERS
        shown: dict[int, str] = {}
        for window in self._shelf.overview(board, low, low + BLOCK_NUMBERS - 1):
            shown |= {line.number: line.text.split(b"\t", 4)[3].decode() for line in window}
        keys = {article: number for number, (article, _) in feeds.articles(self._reader, fed.newsgroup, shown).items()}
        for article in numbers.placeholders(self._reader, self._view, keys):
            del shown[keys[article]]
        return shown

    def _add_articles(self, batch: Batch, shown: Mapping[int, str]) -> None:
        secret, octets = self._secret(), 0
        for number, own in shown.items():
            if octets > BATCH_OCTETS or len(batch.articles) >= BATCH_ARTICLES:
                batch.is_whole = False
                return
            try:
                article = self._shelf.find(own, batch.board)
            except NotVisible:  # it went while we looked: its block has another version by now
                continue
            if article is not None:
                text = relayed(article.octets, own, secret)
                batch.articles.append((number, own, text))
                octets += len(text)

    def _add_withdrawn(self, batch: Batch, gone: Collection[int]) -> None:
        held = feeds.articles(self._reader, batch.fed.newsgroup, gone)
        for number in sorted(gone):
            article, identifier = held.get(number, (0, b""))
            if len(identifier) != ID_OCTETS or self._stands_elsewhere(article):
                batch.dropped.append(number)
                continue
            own, secret = message_id(PostId(identifier)), self._secret()
            batch.withdrawn.append((number, *withdrawal(own, batch.board, secret, batch.fed.version, self._now())))

    def _stands_elsewhere(self, article: int) -> bool:
        return any(not is_virtual(it) for it in numbers.shown_in(self._reader, self._view, article))

    def _secret(self) -> bytes:
        return bytes.fromhex(promises.find_meta(self._reader, SECRET) or "")

    async def _note_done(self, feed: int, done: Mapping[str, Any]) -> None:
        """What the server has taken, and what it has let go."""
        place = numbers.find_newsgroup(self._reader, self._view, str(done["board"]))
        fed = feeds.find_block(self._reader, feed, place.pk, int(done["block"])) if place else None
        if fed is None:
            raise Refused("there is no such block of a board")
        await self._note(feed, fed, done["gone"], done["sent"], int(done["version"]))

    async def _note(self, feed: int, fed: Fed, gone: Collection[int], sent: Collection[int], version: int) -> None:
        lost, taken = frozenset(gone), frozenset(sent)
        noted = replace(fed, sent=fed.sent - lost | taken, sure=fed.sure - lost | taken, version=version)
        await self._writer.run(lambda database: feeds.note_sent(database, feed, noted, self._now()))
