"""Boards as a mailbox file, for archives: what this identity sees, in the form that every mail program reads.

The form is mboxrd (RFC 4155 names the family): a line `From `, the article with line ends of Unix, an empty line; in
the article a line that begins with `From `, after any number of `>`, gets one more. What tells about the reader and not
about the article - Xref, X-Zb-Trust and its like - is left out. docs/bundles.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from typing import Protocol

from zbnntp.model.article import address
from zbnntp.model.boards import is_virtual
from zbnntp.model.keys import Identity
from zbnntp.model.views import Article, Group, Overview, Window

_OWN_HEADERS = re.compile(rb"^(?:Xref|X-Zb-[A-Za-z-]+):.*\n(?:[ \t].*\n)*", re.MULTILINE | re.IGNORECASE)
_FROM = re.compile(rb"^(>*From )", re.MULTILINE)
_ADDRESS = re.compile(rb"<([^<>\s]+)>$")


class Shelf(Protocol):
    """What is asked of a view."""

    def groups(self) -> Iterable[Group]: ...
    def overview(self, group: str, low: int, high: int) -> Iterator[Window]: ...
    def article(self, group: str, number: int) -> Article | None: ...


def boards_of(shelf: Shelf, chosen: frozenset[str]) -> list[Group]:
    """The boards that hold something, by name; of those chosen, if any are."""
    found = [group for group in shelf.groups() if not is_virtual(group.name) and group.count]
    return sorted((it for it in found if not chosen or it.name in chosen), key=lambda it: it.name)


def mbox_messages(
    shelf: Shelf, group: Group, authors: frozenset[Identity], since: int, seen: set[str]
) -> Iterator[bytes]:
    """The articles of one board in order of number, each once: `seen` are Message-IDs that were written already."""
    wanted = {address(identity).encode() for identity in authors}
    for window in shelf.overview(group.name, group.low, group.high):
        for row in window:
            if not _is_chosen(row, wanted, since):
                continue
            article = shelf.article(group.name, row.number)
            if article is not None and article.message_id not in seen:
                seen.add(article.message_id)
                yield mbox_message(article.octets)


def _is_chosen(row: Overview, authors: set[bytes], since: int) -> bool:
    _, sender, date, _ = row.text.split(b"\t", 3)
    named = _ADDRESS.search(sender)
    if authors and (named is None or named[1] not in authors):
        return False
    return not since or parsedate_to_datetime(date.decode()).timestamp() >= since


def mbox_message(octets: bytes) -> bytes:
    """An article (CRLF line ends) as one message of a mailbox."""
    head, _, body = octets.replace(b"\r\n", b"\n").partition(b"\n\n")
    head = _OWN_HEADERS.sub(b"", head + b"\n")
    return b"%b\n%b\n%b\n" % (_from_line(head), head, _FROM.sub(rb">\1", body))


def _from_line(head: bytes) -> bytes:
    """`From `, the address, and the date as asctime has it, UTC."""
    fields = dict(line.split(b": ", 1) for line in re.sub(rb"\n[ \t]+", b" ", head).splitlines() if b": " in line)
    named = _ADDRESS.search(fields[b"From"])
    date = parsedate_to_datetime(fields[b"Date"].decode())
    return b"From %b %b" % (named[1] if named else b"MAILER-DAEMON", date.ctime().encode())
