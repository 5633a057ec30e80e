"""JOURNEY 1: an article from a newsreader -> entry -> durable and on the shelf -> 240 -> signed manifest.

`Desk.post` ends when the entry is committed; `seal` turns the outbox into segments and a signed head later and hands it
to ingest, the way in that every other manifest takes. A crash between the two loses nothing. docs/newsgroups.md
"Posting", docs/protocol.md "segment".
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from zbnntp.ingest import keep_post
from zbnntp.local import CONTROL, HELP, LOG, local_message_id, parse_local_id, random_id
from zbnntp.model import limits
from zbnntp.model.canonical import encode
from zbnntp.model.entries import POSTS, Post, make_post, open_entry
from zbnntp.model.errors import NotPermitted, Refused
from zbnntp.model.kept import reopen_post
from zbnntp.model.keys import Identity, PostId, Signer, message_id, parse_message_id, sha256
from zbnntp.model.proto import ProtoArticle, parse_proto
from zbnntp.standing import Standings
from zbnntp.store import evidence, numbers, posts, promises
from zbnntp.store.writer import Writer
from zbnntp.visibility import settle

DUPLICATE_SECONDS = 600  # the same text without a Message-ID within this time is the same post sent again
_REPLY_PREFIX = re.compile(r"^(re(\[\d+\]|\^\d+)?:\s*)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is going to be published, before it has a time."""

    boards: tuple[str, ...]
    subject: str | None
    body: str
    flowed: bool
    sage: bool
    thread: PostId | None
    parents: tuple[PostId, ...]
    alias: str | None  # the newsreader's own Message-ID

    def fingerprint(self, author: Identity) -> bytes:
        """The same for the same text by the same person in the same place."""
        parts = [author.hex(), ",".join(self.boards), self.subject or "", self.body]
        return sha256(encode({"parts": parts, "parents": [parent.hex() for parent in self.parents]}))


class Desk:
    """Takes what newsreaders post for one view. `control` runs a command article; `posted` is called after a post."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        standings: Standings,
        signers: Mapping[Identity, Signer],
        view: Identity,
        clock: Callable[[], float],
        control: Callable[[ProtoArticle], Awaitable[str]],
        posted: Callable[[], None],
    ) -> None:
        self._reader, self._writer, self._standings = reader, writer, standings
        self._signers, self._view = signers, view
        self._clock, self._control, self._posted = clock, control, posted

    def offer_id(self) -> str:
        """A fresh id of this node's own name space; an article sent with it keeps it as an alias."""
        return local_message_id(random_id())

    async def post(self, octets: bytes, offered_id: str) -> str:
        """Commit an article; returns its Message-ID. Raises BadArticle, TooLarge, Refused with a sentence each."""
        proto = parse_proto(octets)
        if CONTROL in proto.newsgroups:
            return await self._command(proto)
        signer = self._signer(proto)
        draft = make_draft(self._reader, self._view, proto)
        now = int(self._clock())
        article = await self._writer.run(lambda database: commit_post(database, self._standings, signer, draft, now))
        self._standings.note(posts.answered_authors(self._reader, [article]))
        self._posted()
        return message_id(posts.post_id(self._reader, article))

    async def _command(self, proto: ProtoArticle) -> str:
        if len(proto.newsgroups) > 1:
            raise NotPermitted(f"send commands to {CONTROL} alone, and the post to its board")
        return await self._control(proto)

    def _signer(self, proto: ProtoArticle) -> Signer:
        author = proto.sender or self._view
        if author not in self._signers:
            raise NotPermitted("the address in From is somebody else's; zb.help has your own")
        return self._signers[author]


def make_draft(reader: sqlite3.Connection, view: Identity, proto: ProtoArticle) -> Draft:
    """Where an article goes and what it answers; raises NotPermitted."""
    boards = _boards(reader, evidence.find_person(reader, view) or 0, proto)
    parent = next(filter(None, (_find_post(reader, item) for item in reversed(proto.references))), None)
    found = posts.ancestry(reader, parent) if parent else None
    if found:
        thread, line, _ = found
        answered = reopen_post(line).header
        if set(boards) & set(answered.boards):
            subject = _changed_subject(reader, thread, proto.subject)
            parents = (*tuple(it for it in answered.parents if it != thread), answered.id)
            return Draft(
                answered.boards, subject, proto.body, proto.flowed, proto.sage, thread,
                parents[-limits.PARENTS_PER_POST :], proto.message_id,
            )  # fmt: skip
    if len(boards) > limits.BOARDS_PER_POST:
        raise NotPermitted(f"a thread stands in at most {limits.BOARDS_PER_POST} boards; name fewer and send it again")
    return Draft(boards, proto.subject, proto.body, proto.flowed, proto.sage, None, (), proto.message_id)


def _boards(reader: sqlite3.Connection, view: int, proto: ProtoArticle) -> tuple[str, ...]:
    """The boards among the groups named that this view knows; others beside them are left out."""
    known = [name for name in proto.newsgroups if numbers.find_newsgroup(reader, view, name)]
    if any(name in (HELP, LOG) for name in known):
        raise NotPermitted(f"only the node writes there; send commands to {CONTROL}")
    if not known:
        name = proto.newsgroups[0][: limits.BOARD_OCTETS]
        raise NotPermitted(f"there is no board {name} here; make it with 'board add {name}' in {CONTROL}")
    return tuple(known)


def _find_post(reader: sqlite3.Connection, reference: str) -> int | None:
    """The post held here behind an id or alias."""
    identifier = parse_message_id(reference)
    if identifier is None and parse_local_id(reference) is None:
        return promises.find_alias(reader, reference)
    article = posts.find_article(reader, identifier) if identifier else promises.find_alias(reader, reference)
    return article if article is not None and posts.ancestry(reader, article) else None


def _changed_subject(reader: sqlite3.Connection, thread: PostId, subject: str) -> str | None:
    """The subject of a reply, when it is more than its thread's with `Re:` before it."""
    opening = posts.opening_subject(reader, thread)
    return None if _plain(subject) == _plain(opening) else subject


def _plain(subject: str) -> str:
    return " ".join(_REPLY_PREFIX.sub("", subject.strip()).split())


def commit_post(database: sqlite3.Connection, standings: Standings, signer: Signer, draft: Draft, now: int) -> int:
    """The transaction behind 240: outbox, numbers, overview, alias. Raises Refused (435) for what was posted before."""
    since = now - DUPLICATE_SECONDS
    fingerprint = draft.fingerprint(signer.identity)
    if draft.alias:
        double = promises.find_alias(database, draft.alias)
    else:
        double = promises.find_fingerprint(database, fingerprint, since)
    if double is not None:
        raise Refused(f"435 already posted as {message_id(posts.post_id(database, double))}")
    line = make_post(
        signer,
        boards=draft.boards,
        body=draft.body,
        time=now,
        subject=draft.subject,
        thread=draft.thread,
        parents=draft.parents,
        sage=draft.sage,
        flowed=draft.flowed,
    )
    article = _record(database, standings.views, signer.identity, line, now)
    promises.add_fingerprint(database, fingerprint, article, now, since)
    if draft.alias:
        promises.add_alias(database, draft.alias, article)
    return article


def _record(database: sqlite3.Connection, views: Sequence[Identity], author: Identity, line: bytes, now: int) -> int:
    post = open_entry(line, author, POSTS)
    if not isinstance(post, Post):
        raise TypeError("what was made is no post")
    if posts.find_article(database, post.header.id) is not None:
        raise Refused(f"435 already posted as {message_id(post.header.id)}")
    person = evidence.person_pk(database, author)
    touched = keep_post(database, post, evidence.add_pending(database, person, POSTS, line), now)
    for view in views:
        settle(database, evidence.person_pk(database, view), touched, now)
    return touched[0]
