"""JOURNEY 1: an article from a newsreader -> entry -> durable and on the shelf -> 240 -> signed manifest.

`Desk.post` ends when the entry is committed; `seal` turns the outbox into segments and a signed head later and hands it
to ingest, the way in that every other manifest takes. A crash between the two loses nothing. docs/newsgroups.md
"Posting", docs/protocol.md "segment".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from zbnntp.departing import NO_DELAY, Delay
from zbnntp.drafting import Draft, check_date, make_draft, make_replacement, own_article
from zbnntp.keeping import keep_post
from zbnntp.local import CONTROL, PEOPLE, local_message_id, random_id
from zbnntp.model.entries import POSTS, Post, make_delete, make_post, open_entry
from zbnntp.model.errors import NotPermitted, Refused
from zbnntp.model.keys import Identity, Signer, message_id
from zbnntp.model.proto import ProtoArticle, parse_proto
from zbnntp.standing import Standings
from zbnntp.store import endings, evidence, numbers, posts, promises
from zbnntp.store.writer import Writer
from zbnntp.visibility import settle

DUPLICATE_SECONDS = 600  # the same text without a Message-ID within this time is the same post sent again


Commit = Callable[[sqlite3.Connection], int]


class Commands(Protocol):
    """What runs commands: control.actions."""

    async def post(self, proto: ProtoArticle) -> str:
        """An article of commands alone; its Message-ID."""

    def with_post(self, proto: ProtoArticle) -> tuple[ProtoArticle, Callable[[Commit], Awaitable[int]]]:
        """What is published of a post with commands at its top, and what commits it with them."""


class Desk:
    """Takes what one view's newsreaders post, as one of `signers`; `control` runs commands, `posted` hears of posts."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        standings: Standings,
        signers: Callable[[], Mapping[Identity, Signer]],
        view: Identity,
        clock: Callable[[], float],
        control: Commands,
        posted: Callable[[Identity], None],
        trust: Any = None,
        mirror_only: bool = False,
        delay: Delay = NO_DELAY,
    ) -> None:
        self._mirror_only, self._delay = mirror_only, delay
        self.trust = trust  # nntp's TrustDesk: what ratings are read and written with on the same connection
        self._reader, self._writer, self._standings = reader, writer, standings
        self._signers, self._view = signers, view
        self._clock, self._control, self._posted = clock, control, posted

    def offer_id(self) -> str:
        """A fresh id of this node's own name space; an article sent with it keeps it as an alias."""
        return local_message_id(random_id())

    async def post(self, octets: bytes, offered_id: str) -> str:
        """Commit an article; returns its Message-ID. Raises BadArticle, TooLarge, Refused with a sentence each."""
        proto = parse_proto(octets)
        now = int(self._clock())
        commit: Callable[[Commit], Awaitable[int]] = self._writer.run
        if proto.cancels:
            check_date(proto, now)
            return await self._cancel(proto, proto.cancels, offered_id, now)
        if not {CONTROL, PEOPLE}.isdisjoint(proto.newsgroups):
            if {CONTROL, PEOPLE}.issuperset(proto.newsgroups):
                return await self._control.post(proto)
            proto, commit = self._control.with_post(proto)
        check_date(proto, now)
        return await self._publish(proto, commit, now)

    async def _publish(self, proto: ProtoArticle, commit: Callable[[Commit], Awaitable[int]], now: int) -> str:
        if self._mirror_only:
            raise NotPermitted("this node is a mirror: it passes on what others write and publishes nothing of its own")
        signers = self._signers()
        signer = self._signer(proto, signers)
        if proto.supersedes:
            draft = make_replacement(self._reader, self._view, signers, proto, proto.supersedes)
        else:
            draft = make_draft(self._reader, self._view, proto)
        article = await commit(
            lambda database: commit_post(database, self._standings, self._view, signer, draft, now, self._delay)
        )
        self._standings.note(posts.answered_authors(self._reader, [article]))
        self._posted(signer.identity)
        return message_id(posts.post_id(self._reader, article))

    async def _cancel(self, proto: ProtoArticle, target: str, offered_id: str, now: int) -> str:
        """Take an own post back; the control article itself is not kept."""
        signers = self._signers()
        author = await self._writer.run(
            lambda database: cancel_post(database, self._standings, self._view, signers, target, now)
        )
        self._posted(author)
        return proto.message_id or offered_id

    def _signer(self, proto: ProtoArticle, signers: Mapping[Identity, Signer]) -> Signer:
        author = proto.sender or self._view
        if author not in signers:
            raise NotPermitted("the address in From is somebody else's; zb.help has your own")
        if endings.find(self._reader, evidence.find_person(self._reader, author)):
            raise NotPermitted("your recovery words have ended this identity: nobody takes what it publishes now")
        return signers[author]


def cancel_post(
    database: sqlite3.Connection,
    standings: Standings,
    view: Identity,
    signers: Mapping[Identity, Signer],
    reference: str,
    now: int,
) -> Identity:
    """Take an own post back: out of every group at once, out of the manifest with the next head. Returns its author."""
    article, post, author = own_article(database, view, signers, reference)
    person = evidence.person_pk(database, author)
    posts.record_deletion(database, person, post, now)  # also of one that is being sealed just now
    if not drop_unpublished(database, standings, article):
        evidence.add_pending(database, person, POSTS, make_delete(post, now))
        for view in standings.views:
            settle(database, evidence.person_pk(database, view), [article], now)
    return author


def drop_unpublished(database: sqlite3.Connection, standings: Standings, article: int) -> bool:
    """Forget a post that has left the node nowhere yet; False when it is published, or answers need its header."""
    if not posts.is_pending(database, article) or posts.is_answered(database, article):
        return False
    for view in standings.views:
        numbers.hide(database, evidence.person_pk(database, view), article)
    posts.drop_post(database, article)
    return True


def commit_post(
    database: sqlite3.Connection,
    standings: Standings,
    view: Identity,
    signer: Signer,
    draft: Draft,
    now: int,
    delay: Delay,
) -> int:
    """The transaction behind 240: outbox, numbers, overview, alias. Raises Refused (435) for what was posted before."""
    since, me = now - DUPLICATE_SECONDS, evidence.person_pk(database, view)
    fingerprint = draft.fingerprint(signer.identity)
    if draft.alias:
        double = promises.find_alias(database, me, draft.alias)
    else:
        double = promises.find_fingerprint(database, fingerprint, since)
    if double is not None:
        raise Refused(f"435 already posted as {message_id(posts.post_id(database, double))}")
    line = make_post(
        signer,
        boards=draft.boards,
        body=draft.body,
        time=_date(database, signer.identity, now, delay),
        subject=draft.subject,
        thread=draft.thread,
        parents=draft.parents,
        sage=draft.sage,
        flowed=draft.flowed,
        replaces=draft.replaces,
    )
    article = _record(database, standings.views, signer.identity, line, now)
    for replaced in draft.replaces:
        drop_unpublished(database, standings, posts.article_pk(database, replaced, now))
    promises.add_fingerprint(database, fingerprint, article, now, since)
    if draft.alias:
        promises.add_alias(database, me, draft.alias, article)
    return article


def _date(database: sqlite3.Connection, author: Identity, now: int, delay: Delay) -> int:
    """The time that a post bears: now, or when it leaves."""
    if not delay.seconds:
        return now
    waiting = evidence.outbox(database, evidence.person_pk(database, author))
    return delay.date(now, [it.octets for it in waiting])


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
