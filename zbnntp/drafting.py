"""What an article becomes before it has a time: its boards, thread and parents, read off the store.

The thread is that of the nearest ancestor that References names and the store holds; a reply stands in its thread's
boards. docs/newsgroups.md "Posting", docs/protocol.md "Threads".
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace

from zbnntp.local import CONTROL, HELP, LOG, VIA
from zbnntp.model import limits
from zbnntp.model.boards import is_virtual
from zbnntp.model.canonical import encode
from zbnntp.model.errors import BadArticle, Missing, NotPermitted
from zbnntp.model.kept import reopen_post
from zbnntp.model.keys import Identity, PostId, Signer, parse_message_id, sha256
from zbnntp.model.proto import ProtoArticle
from zbnntp.store import evidence, numbers, posts, promises

DATE_AHEAD_SECONDS = 86_400
DATE_BACK_SECONDS = 10 * 86_400  # as INN; never below 72 hours
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
    replaces: tuple[PostId, ...] = ()

    def fingerprint(self, author: Identity) -> bytes:
        """The same for the same text by the same person in the same place."""
        parts = [author.hex(), ",".join(self.boards), self.subject or "", self.body]
        return sha256(encode({"parts": parts, "parents": [parent.hex() for parent in self.parents]}))


def check_date(proto: ProtoArticle, now: int) -> None:
    """RFC 5537 section 3.5, step 3: a date that is off tells of a wrong clock. The date itself is never published."""
    if proto.date is not None and not now - DATE_BACK_SECONDS <= proto.date <= now + DATE_AHEAD_SECONDS:
        raise BadArticle("the article's Date is days off; set your computer's clock and send it again")


def make_draft(reader: sqlite3.Connection, view: Identity, proto: ProtoArticle) -> Draft:
    """Where an article goes and what it answers; raises NotPermitted."""
    me = evidence.find_person(reader, view) or 0
    boards = _boards(reader, me, proto)
    place = next(filter(None, (_find_place(reader, me, item) for item in reversed(proto.references))), None)
    if place and (not boards or set(boards) & set(place.boards)):
        subject = _changed_subject(reader, place.thread, proto.subject)
        parents = place.parents[-limits.PARENTS_PER_POST :]
        return Draft(
            place.boards, subject, proto.body, proto.flowed, proto.sage, place.thread, parents, proto.message_id
        )
    if not boards:
        raise NotPermitted(_placed_sentence(proto.newsgroups[0]))
    if len(boards) > limits.BOARDS_PER_POST:
        raise NotPermitted(f"a thread stands in at most {limits.BOARDS_PER_POST} boards; name fewer and send it again")
    return Draft(boards, proto.subject, proto.body, proto.flowed, proto.sage, None, (), proto.message_id)


def make_replacement(
    reader: sqlite3.Connection, view: Identity, signers: Mapping[Identity, Signer], proto: ProtoArticle, target: str
) -> Draft:
    """A draft that takes an own post's place in its thread; raises Missing, NotPermitted."""
    article, post, _ = own_article(reader, view, signers, target)
    found = posts.ancestry(reader, article)
    if found is None:
        raise Missing(f"there is no post {target} here; nothing was changed")
    old = reopen_post(found[1]).header
    draft = make_draft(reader, view, replace(proto, references=(), newsgroups=old.boards))
    subject = draft.subject if old.thread is None else _changed_subject(reader, old.thread, proto.subject)
    return replace(
        draft,
        boards=old.boards,
        subject=subject,
        thread=old.thread_id,
        parents=old.parents or (old.id,),
        replaces=(post,),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an answer goes: thread, its boards, and the ancestors with the one answered last."""

    thread: PostId
    boards: tuple[str, ...]
    parents: tuple[PostId, ...]


def _find_place(reader: sqlite3.Connection, view: int, reference: str) -> _Place | None:
    """The place below a post that is held, or below the opening of a thread of which only the header is."""
    article = _find_article(reader, view, reference)
    if article is None:
        return None
    found = posts.ancestry(reader, article)
    if found:
        thread, line, _ = found
        answered = reopen_post(line).header
        if posts.opening_boards(reader, posts.find_article(reader, thread) or 0) != ",".join(answered.boards):
            return None  # never shown, or not yet; an answer would not be either
        return _Place(thread, answered.boards, (*(it for it in answered.parents if it != thread), answered.id))
    boards = posts.opening_boards(reader, article)
    post = posts.post_id(reader, article)
    return _Place(post, tuple(boards.split(",")), (post,)) if boards else None


def _boards(reader: sqlite3.Connection, view: int, proto: ProtoArticle) -> tuple[str, ...]:
    """The boards among the groups named that this view knows; others beside them are left out.

    None at all when only groups are named that the node fills itself: an answer goes to the boards of its thread.
    """
    known = [name for name in proto.newsgroups if numbers.find_newsgroup(reader, view, name)]
    if any(name in (HELP, LOG) for name in known):
        raise NotPermitted(f"only the node writes there; send commands to {CONTROL}")
    if not known:
        name = proto.newsgroups[0][: limits.BOARD_OCTETS]
        raise NotPermitted(f"there is no board {name} here; make it with 'board add {name}' in {CONTROL}")
    return tuple(name for name in known if not is_virtual(name))


def _placed_sentence(group: str) -> str:
    """What to do instead of opening a thread in a group that the node fills itself."""
    board = group.split(".", 2)[2] if group.startswith(VIA) and group.count(".") > 1 else "a board"
    return f"the node fills {group} by itself; answer an article in it, or open your thread in {board}"


def _find_article(reader: sqlite3.Connection, view: int, reference: str) -> int | None:
    """The article behind an id or an alias of this view; it may be known by name only."""
    identifier = parse_message_id(reference)
    found = posts.find_article(reader, identifier) if identifier else None
    return promises.find_alias(reader, view, reference) if found is None else found


def _changed_subject(reader: sqlite3.Connection, thread: PostId, subject: str) -> str | None:
    """The subject of a reply, when it is more than its thread's with `Re:` before it."""
    opening = posts.opening_subject(reader, thread)
    return None if _plain(subject) == _plain(opening) else subject


def _plain(subject: str) -> str:
    return " ".join(_REPLY_PREFIX.sub("", subject.strip()).split())


def own_article(
    database: sqlite3.Connection, view: Identity, signers: Mapping[Identity, Signer], reference: str
) -> tuple[int, PostId, Identity]:
    """The own post behind an id or alias: article, id, author. Raises Missing, NotPermitted."""
    article = _find_article(database, evidence.find_person(database, view) or 0, reference)
    found = posts.ancestry(database, article) if article is not None else None
    if article is None or found is None:
        raise Missing(f"there is no post {reference} here; nothing was changed")
    if found[2] not in signers:
        raise NotPermitted("that post is somebody else's; only its author can take it back or replace it")
    return article, posts.post_id(database, article), found[2]
