"""Articles that this node makes itself: receipts, help, log, and the owner's commands. Never published.

Their ids are `<26 characters@local.zb.invalid>`, a name space that no peer's post can be in. docs/newsgroups.md.
"""

from __future__ import annotations

import base64
import re
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from zbnntp.model.article import encoded, overview_fields, transferred
from zbnntp.model.shown import seen
from zbnntp.store import numbers, posts, promises

CONTROL, HELP, LOG, PEOPLE = "zb.control", "zb.help", "zb.log", "zb.people"
NEW, REPLIES = "zb.new", "zb.replies"
TOPS = {name: f"zb.top.{name}" for name in ("day", "week", "month", "year")}
BY, VIA = "zb.by.", "via."  # what names of these groups begin with
PLACED = {  # groups that hold posts, and are there even when they are empty
    NEW: "Threads opened by people whom you know little of",
    REPLIES: "Replies to you, and to threads that you watch",
    **{name: f"The most valued threads of the {span}" for span, name in TOPS.items()},
}
NODE_SENDER = "zbnntp <node@local.zb.invalid>"
ID_OCTETS = 16
PICTURE_NAME = "picture.png"
_LOCAL_ID = re.compile(r"<([a-z2-7]{26})@local\.zb\.invalid>")


@dataclass(frozen=True, slots=True)
class Note:
    """A text to file in one of the node's own groups. `identifier`: 16 octets, random unless the text has its own."""

    newsgroup: str
    subject: str
    body: str
    sender: str = NODE_SENDER
    references: Sequence[str] = ()
    identifier: bytes = b""
    supersedes: str = ""
    picture: bytes = b""  # a PNG, attached


def local_message_id(identifier: bytes) -> str:
    return f"<{base64.b32encode(identifier).decode().rstrip('=').lower()}@local.zb.invalid>"


def parse_local_id(text: str) -> bytes | None:
    match = _LOCAL_ID.fullmatch(text)
    return base64.b32decode(match[1].upper() + "======") if match else None


def random_id() -> bytes:
    return secrets.token_bytes(ID_OCTETS)


def file_note(database: sqlite3.Connection, view: int, note: Note, now: int) -> str:
    """File a note in a view's group; returns its Message-ID. One that is already there stays as it is."""
    identifier = note.identifier or random_id()
    article = posts.find_article(database, identifier)
    if article is not None and numbers.is_exposed(database, view, article):
        return local_message_id(identifier)
    article = posts.article_pk(database, identifier, now)
    octets = _compose(note, local_message_id(identifier), now)
    newsgroup = numbers.add_newsgroup(database, view, note.newsgroup, now)
    promises.keep_local(database, article, newsgroup, octets)
    numbers.expose(database, view, article, None, {note.newsgroup: ""}, overview_fields(octets), now)
    return local_message_id(identifier)


def _compose(note: Note, message_id: str, now: int) -> bytes:
    octets, form = _with_picture(note, message_id) if note.picture else _text(seen(note.body))
    fields = [
        ("Path", "zbnntp!not-for-mail"),
        ("From", note.sender),
        ("Newsgroups", note.newsgroup),
        ("Subject", encoded(" ".join(note.subject.split()))),  # what peers say may stand in it
        ("Date", formatdate(now)[:-5] + "+0000"),
        ("Message-ID", message_id),
        ("References", " ".join(note.references)),
        ("Supersedes", note.supersedes),
        ("MIME-Version", "1.0"),
        *form,
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields if value)
    return head.encode() + b"\r\n" + octets


def _text(body: str) -> tuple[bytes, list[tuple[str, str]]]:
    """A body's octets, and the fields that say of what form they are."""
    octets, encoding = transferred(body)
    return octets, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", encoding)]


def _with_picture(note: Note, message_id: str) -> tuple[bytes, list[tuple[str, str]]]:
    """The same with a picture behind the text, RFC 2046 section 5.1.3."""
    mail = EmailMessage(policy=SMTP)
    mail.set_content(seen(note.body))
    mail.add_attachment(note.picture, maintype="image", subtype="png", filename=PICTURE_NAME, disposition="inline")
    boundary = message_id.strip("<>").replace("@", ".")
    mail.set_boundary(boundary)
    octets = mail.as_bytes().partition(b"\r\n\r\n")[2]
    return octets, [("Content-Type", f'multipart/mixed; boundary="{boundary}"')]
