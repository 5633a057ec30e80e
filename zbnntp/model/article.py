"""Served articles: a post as RFC 5536 octets, the same on every node but for Path, From's nick, Xref and X-Zb-*.

Header order and content are those of docs/newsgroups.md "Served articles". References come from the post alone.
Sources: RFC 5536 section 3, RFC 2047, RFC 3676 (flowed), RFC 3977 section 8.3 (overview).
"""

from __future__ import annotations

import quopri
import re
from dataclasses import dataclass
from email.utils import formatdate
from enum import IntFlag
from functools import lru_cache

from zbnntp.model.boards import VIRTUAL_OCTETS
from zbnntp.model.entries import Header
from zbnntp.model.keys import Identity, identity_text, message_id, short_id
from zbnntp.model.shown import JOINERS, seen
from zbnntp.model.words import encode_words

PATH = "zbnntp!not-for-mail"
NO_SUBJECT = "(no subject)"  # for one in which nothing is seen: newsreaders drop articles without
LINE_OCTETS = 998  # RFC 5322 section 2.1.1
_SPECIALS = re.compile(r'[()<>@,:;.\[\]\\"]|  ')
_FOLDED = re.compile(rb"\r\n[ \t]")
_BREAKS = bytes.maketrans(b"\t\r\n\0", b"    ")
_MINUTES = [b"%02d:%02d:" % divmod(minute, 60) for minute in range(1440)]
_SECONDS = [b"%02d +0000" % second for second in range(60)]
_ADDRESS = "id@{}.zb.invalid"
ADDRESS_BEFORE, ADDRESS_BEHIND = b" <id@", b".zb.invalid>"  # around what is written of an identity
DAY_SECONDS, DAY_OCTETS = 86400, 17  # of a Date, up to the time of the day
_TYPE, _FLOWED = b"text/plain; charset=utf-8", b"; format=flowed"
_HEAD = (
    b"Path: %b\r\nFrom: %%b\r\nNewsgroups: %%b\r\nSubject: %%b\r\nDate: %%b\r\nMessage-ID: %%b%%b\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: %b%%b\r\nContent-Transfer-Encoding: 8bit\r\n%%b"
) % (PATH.encode(), _TYPE)
_XREF_START = len("Xref: zbnntp ")


class Form(IntFlag):
    """What `served_head` has to know beside an overview line."""

    PLAIN = 0
    FLOWED = 1
    SPECIAL = 2  # a header or an encoding that only `compose` writes
    PLACEHOLDER = 4  # a header without its text


@dataclass(frozen=True, slots=True)
class Rendered:
    """The parts of a served article that are kept for the overview and to make the whole.

    `subject` and `sender` are encoded and unfolded; `octets` counts the article without its Xref and X-Zb- lines.
    """

    subject: bytes
    sender: bytes
    date: bytes
    message_id: bytes
    references: bytes
    octets: int
    lines: int
    form: int  # Form


def address(identity: Identity) -> str:
    """The e-mail-like address of an identity; its local part is a constant."""
    return _ADDRESS.format(identity_text(identity))


def sender(identity: Identity, nick: str) -> str:
    """The From of an identity's articles."""
    name = seen(nick)
    shown = name.strip() if "".join(name.split()).strip(JOINERS) else short_id(identity)
    return f"{_phrase(shown)} <{address(identity)}>"


def body_octets(body: str) -> bytes:
    """A body's octets with CRLF line ends, the last line ended; nothing of it is left out."""
    return served_body(body.encode())


def served_body(octets: bytes) -> bytes:
    """The same of a body's octets as written."""
    text = octets if octets.endswith(b"\n") or not octets else octets + b"\n"
    return text.replace(b"\n", b"\r\n")


def transferred(body: str) -> tuple[bytes, str]:
    """A body's octets and their Content-Transfer-Encoding: as they are, unless a line is longer than articles allow."""
    octets = body_octets(body)
    if max(map(len, octets.split(b"\r\n"))) <= LINE_OCTETS:
        return octets, "8bit"
    return quopri.encodestring(octets.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n"), "quoted-printable"


def references(header: Header) -> str:
    """References of a post: the thread's OP, then the ancestors it names (at most 9 ids, so never too long)."""
    if header.thread is None:
        return ""
    chain = (header.thread, *(parent for parent in header.parents if parent != header.thread))
    return " ".join(message_id(post) for post in chain)


def subject_text(header: Header, thread_subject: str) -> str:
    """What a post's Subject shows; a reply without one shows its thread's."""
    return reply_subject(thread_subject) if header.subject is None else header.subject


def reply_subject(thread_subject: str) -> str:
    """The subject of an answer that has none of its own."""
    return thread_subject if thread_subject[:3].lower() == "re:" else f"Re: {thread_subject}"


def subject_field(subject: str) -> bytes:
    """What the overview shows of a subject."""
    return _unfolded(encoded(subject) or NO_SUBJECT)


def sender_field(name: bytes, letters: bytes) -> bytes:
    """What the overview shows of an author: the name as `sender_name` found it, and the identity as it is written."""
    return b"%b%b%b%b" % (name, ADDRESS_BEFORE, letters, ADDRESS_BEHIND)


def sender_name(field: bytes, identity: Identity) -> bytes | None:
    """What stands before the address in what the overview shows of an author; None where that is another's."""
    name, _, address = field.rpartition(ADDRESS_BEFORE)
    return name if address == identity_text(identity).encode() + ADDRESS_BEHIND else None


def date_field(time: int) -> bytes:
    """The Date of an article, from unix seconds."""
    return _day(time // DAY_SECONDS) + _MINUTES[time // 60 % 1440] + _SECONDS[time % 60]


@lru_cache(maxsize=1024)
def _day(day: int) -> bytes:
    return formatdate(day * DAY_SECONDS)[:DAY_OCTETS].encode()


def _unfolded(value: str) -> bytes:
    return _FOLDED.sub(b" ", value.encode()).strip().translate(_BREAKS)


def compose(header: Header, body: str, thread_subject: str, nick: str, extra: bytes = b"") -> bytes:
    """The whole article; `extra` are the lines of one reader alone (Xref, X-Zb-*), each with CRLF."""
    octets, encoding = transferred(body)
    fields = [
        ("Path", PATH),
        ("From", sender(header.author, nick)),
        ("Newsgroups", ",".join(header.boards)),
        ("Subject", encoded(subject_text(header, thread_subject)) or NO_SUBJECT),
        ("Date", date_field(header.time).decode()),
        ("Message-ID", message_id(header.id)),
        ("References", references(header)),
        ("Supersedes", message_id(header.replaces[0]) if header.replaces else ""),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8" + ("; format=flowed" if header.flowed else "")),
        ("Content-Transfer-Encoding", encoding),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields if value)
    return head.encode() + extra + b"\r\n" + octets


def overview_fields(octets: bytes) -> Rendered:
    """What the overview keeps of an article (RFC 3977 section 8.3: unfolded, tabs and line ends as spaces)."""
    head, _, body = octets.partition(b"\r\n\r\n")
    found: dict[bytes, bytes] = {}
    for line in _FOLDED.sub(b" ", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        found.setdefault(name.lower(), value.strip().translate(_BREAKS))
    return Rendered(
        found.get(b"subject", b""),
        found.get(b"from", b""),
        found.get(b"date", b""),
        found.get(b"message-id", b""),
        found.get(b"references", b""),
        len(octets),
        body.count(b"\r\n"),
        _form(found),
    )


def _form(found: dict[bytes, bytes]) -> int:
    if found.get(b"content-transfer-encoding") != b"8bit" or b"supersedes" in found:
        return Form.SPECIAL
    return Form.FLOWED if found.get(b"content-type") == _TYPE + _FLOWED else Form.PLAIN


def served_head(fields: bytes, xref: bytes, form: int, extra: bytes) -> bytes:
    """The header lines that `compose` writes for a post, from what the overview keeps of it; not for SPECIAL ones.

    `fields` are tab-separated, `xref` is the header line; all boards of the post stand in it, virtual groups after
    them. Encoded words are folded at each blank.
    """
    subject, sender, date, identifier, references = fields.split(b"\t")
    if subject[:2] == b"=?":
        subject = subject.replace(b" ", b"\r\n ")
    if sender[:2] == b"=?":
        sender = sender.replace(b" ", b"\r\n ")
    places = xref[_XREF_START:]
    newsgroups = _boards_of(places) if b" " in places else places.partition(b":")[0]
    return _HEAD % (
        sender, newsgroups, subject, date, identifier, b"\r\nReferences: " + references if references else b"",
        _FLOWED if form else b"", extra,
    )  # fmt: skip


def _boards_of(places: bytes) -> bytes:
    names = [place.partition(b":")[0] for place in places.split(b" ")]
    return b",".join([name for name in names if not name.startswith(VIRTUAL_OCTETS)])


def encoded(text: str) -> str:
    """A header text as US-ASCII: without what is not seen, in encoded words where it has to be."""
    text = seen(text).replace("\t", " ").strip()
    return text if text.isascii() and "=?" not in text else encode_words(text)


def _phrase(nick: str) -> str:
    if not nick.isascii() or "=?" in nick:
        return encode_words(nick) + "\r\n"
    if _SPECIALS.search(nick):
        return '"' + nick.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return nick
