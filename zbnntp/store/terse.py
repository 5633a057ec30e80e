"""Overview fields in little space: what the store says of an article elsewhere is left out, and found there again.

    terse = VERBATIM fields | flags reference ... text ...
    flags = one octet, with how many references there are in its highest four bits
    reference = four octets, the store's key of the article whose id it is, in the order of References
    text = varint length, octets: of the subject, the sender and the date each where its flag says that it stands here

A subject is the thread's or that of an answer, a sender what the author's identity and nick make, a date the time of
the post, the Message-ID the article's id. What is another stands here; what does not come back is kept as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct, pack
from typing import Any, NamedTuple

from zbnntp.model.article import date_field, reply_subject, sender_fields, subject_field
from zbnntp.model.keys import Identity, PostId, message_ids, parse_message_id
from zbnntp.store.folding import read_varint, varint

OTHER_SUBJECT, OTHER_SENDER, OTHER_DATE, REPLY = 1, 2, 4, 8  # flags
OTHERS = OTHER_SUBJECT | OTHER_SENDER | OTHER_DATE
COUNT = 4  # bits to shift
VERBATIM = 255
REFERENCES_MOST = 14  # a post has at most nine
_KEYS = [Struct(f"<{count}I").unpack_from for count in range(REFERENCES_MOST + 1)]


class Known(NamedTuple):
    """What the store says of an article; empty or 0 what it does not."""

    id: bytes
    time: int  # unix seconds
    subject: str  # of its thread
    identity: Identity
    nick: str


def shorten(fields: bytes, known: Known, find: Callable[[PostId], int | None]) -> bytes:
    """What to keep of subject, sender, date, Message-ID and References, tab-separated. `find`: the key of an id."""
    subject, sender, date, _, references = fields.split(b"\t")
    ids = [parse_message_id(it.decode()) for it in references.split()]
    keys = [find(it) if it else None for it in ids]
    numbers = [key for key in keys if key is not None]
    if len(numbers) < len(keys) or len(keys) > REFERENCES_MOST or len(known.id) != 32:
        return verbatim(fields)
    flags, texts = len(numbers) << COUNT, b""
    if subject == _subject(known.subject, True):
        flags |= REPLY
    elif subject != _subject(known.subject, False):
        flags |= OTHER_SUBJECT
    senders = sender_fields([(known.identity, known.nick)])
    flags |= OTHER_SENDER if [sender] != [*senders.values()] else 0
    flags |= OTHER_DATE if date != date_field(known.time) else 0
    for flag, text in ((OTHER_SUBJECT, subject), (OTHER_SENDER, sender), (OTHER_DATE, date)):
        texts += varint(len(text)) + text if flags & flag else b""
    terse = b"%c%b%b" % (flags, pack(f"<{len(numbers)}I", *numbers), texts)
    names = dict(zip(numbers, references.split(), strict=True))
    again = expand(terse, keys_in(terse), known, message_ids([known.id])[0], names, senders)
    return terse if again == fields else verbatim(fields)


def verbatim(fields: bytes) -> bytes:
    """Fields kept as they are."""
    return b"%c%b" % (VERBATIM, fields)


def keys_in(terse: bytes) -> tuple[int, ...]:
    """Of the articles in References."""
    return () if terse[0] == VERBATIM else _KEYS[terse[0] >> COUNT](terse, 1)


def expand(
    terse: bytes,
    keys: Iterable[int],
    known: Sequence[Any],
    identifier: bytes,
    names: Mapping[int, bytes],
    senders: Mapping[tuple[Identity, str], bytes],
) -> bytes:
    """The fields. `known` as above, `identifier`: the Message-ID, `names`: those of what `keys_in` says."""
    flags = terse[0]
    if flags == VERBATIM:
        return terse[1:]
    _, time, thread, identity, nick = known
    subject = sender = date = None
    if flags & OTHERS:
        subject, sender, date = _others(terse)
    return b"%b\t%b\t%b\t%b\t%b" % (
        _subject(thread, bool(flags & REPLY)) if subject is None else subject,
        senders[identity, nick] if sender is None else sender,
        date_field(time) if date is None else date,
        identifier,
        b" ".join([names[key] for key in keys]),
    )


def _others(terse: bytes) -> list[bytes | None]:
    """Subject, sender and date where they stand here."""
    texts: list[bytes | None] = []
    at = 1 + 4 * (terse[0] >> COUNT)
    for flag in (OTHER_SUBJECT, OTHER_SENDER, OTHER_DATE):
        text = None
        if terse[0] & flag:
            length, at = read_varint(terse, at)
            text = terse[at : at + length]
            at += length
        texts.append(text)
    return texts


@lru_cache(maxsize=4096)
def _subject(thread: str, reply: bool) -> bytes:
    return subject_field(reply_subject(thread) if reply else thread)
