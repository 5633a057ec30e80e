"""Whom a command means, and how people are called in answers. docs/newsgroups.md "Commands".

A name means somebody only when it can mean nobody else: nicks are chosen by those who bear them, so two bearers of one
are told apart by their ids. Names in answers carry the short id for the same reason.
"""

from __future__ import annotations

import base64
import re
import sqlite3
import unicodedata

from zbnntp.local import parse_local_id
from zbnntp.model.errors import BadEncoding, Missing, NotPermitted
from zbnntp.model.keys import (
    SHORT_ID_CHARACTERS,
    Identity,
    identity_text,
    parse_identity,
    parse_message_id,
    short_id,
)
from zbnntp.model.shown import visible
from zbnntp.store import cards, evidence, posts, promises

CANDIDATES_SHOWN = 5
SHORT_ID_OCTETS = SHORT_ID_CHARACTERS * 5 // 8
_FULL = re.compile(r"(?:zb:|.*\bid@)?([a-z2-7]{56})(?:@.*|\.zb\.invalid>?)?", re.IGNORECASE | re.ASCII)
_SHORT = re.compile(rf"[a-z2-7]{{{SHORT_ID_CHARACTERS},55}}", re.IGNORECASE | re.ASCII)
_NAMED = re.compile(r".*\(([a-z2-7]{8,55})\)", re.IGNORECASE | re.ASCII)  # as answers write it: bob (ei5f2vf5)
_MESSAGE_ID = re.compile(r"(?:news:)?<?([^\s<>@]+@[^\s<>@]+)>?")
_OWN_FROM = re.compile(rb"^From: .*<id@([a-z2-7]{56})\.zb\.invalid>\r$", re.MULTILINE)


def find_who(database: sqlite3.Connection, view: int, who: str, answered: str | None) -> Identity:
    """The one person that `who` means, empty: the author of the article `answered`. Raises Missing, NotPermitted.

    Articles may be called by the Message-IDs that newsreaders of `view` gave; of view 0 there are none.
    """
    if not who:
        return _answered_author(database, view, answered)
    full = _FULL.fullmatch(who)
    if full:
        return _parse_full(full[1].lower())
    message = _MESSAGE_ID.fullmatch(who)
    if message:
        return author_of(database, view, f"<{message[1]}>")
    named = _NAMED.fullmatch(who)
    found = candidates(database, named[1] if named else who)
    if not found:
        raise Missing(
            f"nobody known here is called {who[:60]!r}; give the whole id, a link, or a <message-id> of theirs"
        )
    if len(found) > 1:
        shown = ", ".join(name_of(database, it) for it in found[:CANDIDATES_SHOWN])
        raise NotPermitted(f"{who[:60]!r} can mean {len(found)} people: {shown}; write the id in brackets")
    return found[0]


def candidates(database: sqlite3.Connection, who: str) -> list[Identity]:
    """Everybody whom a nick or the beginning of an id can mean, sorted."""
    wanted = _folded(who)
    found = {it for _, it, nick in evidence.nicks(database) if _folded(nick) == wanted}
    if _SHORT.fullmatch(who):
        prefix = who.lower()
        octets = base64.b32decode(prefix[:SHORT_ID_CHARACTERS].upper())
        near = evidence.people_from(database, octets)
        found.update(it for it in near if identity_text(it).startswith(prefix))
    return sorted(found)


def find_article(database: sqlite3.Connection, view: int, message_id: str) -> int | None:
    """The article behind an id of ours or one that a newsreader of this view gave; it may be known by name only."""
    identifier = parse_message_id(message_id) or parse_local_id(message_id)
    article = posts.find_article(database, identifier) if identifier else None
    return article or promises.find_alias(database, view, message_id)


def author_of(database: sqlite3.Connection, view: int, message_id: str) -> Identity:
    """Who wrote an article (a post, the opening of a thread, one of the owner's own commands), or whom it is about."""
    article = find_article(database, view, message_id)
    if article is None:
        raise Missing(f"there is no article {message_id[:80]} here")
    author = posts.author_of(database, article) or cards.subject_of(database, article)
    author = author or _local_author(database, article)
    if author is None:
        raise Missing(f"article {message_id[:80]} was written by this node or has not arrived yet; name the person")
    return author


def name_of(database: sqlite3.Connection, identity: Identity) -> str:
    """How somebody is called in answers."""
    manifest = evidence.find_manifest(database, identity)
    nick = visible(manifest.nick) if manifest else ""
    return f"{nick} ({short_id(identity)})" if nick else short_id(identity)


def _answered_author(database: sqlite3.Connection, view: int, answered: str | None) -> Identity:
    if answered is None:
        raise Missing("it does not say whom you mean; name the person, or send it as a reply to an article of theirs")
    return author_of(database, view, answered)


def _parse_full(text: str) -> Identity:
    try:
        return parse_identity(text)
    except BadEncoding as error:
        raise NotPermitted(f"{error}; copy it again") from error


def _local_author(database: sqlite3.Connection, article: int) -> Identity | None:
    octets = promises.find_local(database, article)
    match = _OWN_FROM.search(octets.partition(b"\r\n\r\n")[0]) if octets else None
    return _parse_full(match[1].decode()) if match else None


def _folded(name: str) -> str:
    return visible(unicodedata.normalize("NFKC", name)).casefold()
