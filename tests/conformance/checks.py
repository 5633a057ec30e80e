"""What the RFCs and the newsreaders ask for, as dialogues.

A check names its source, says the rule, and gives command lines with what must come back for each: a code, the
beginning of a status line, or a pair of one of these and the exact lines of the block. What the listener offers is
nothing special, or what `terms` say. The forum is small_forum() of
tests/fakes.py: tech.linux has 3, 4, 6, 7 (marks 3..7), tech.empty is empty with low 12,
misc.new is virgin, zb.help is read-only.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.nntp.dialogue import PLAIN, octets_of
from zbnntp.nntp.session import Terms

Expected = int | str | tuple[int | str, list[str]]


@dataclass(frozen=True)
class Check:
    """One rule: where it stands, what it says, the dialogue, the answers."""

    source: str
    rule: str
    sent: tuple[str | bytes, ...]
    expected: tuple[Expected, ...]
    terms: Terms = PLAIN

    @property
    def turns(self) -> list[bytes]:
        """What is sent; as one turn where it may be pipelined."""
        turns = [octets_of(sent) for sent in self.sent]
        return [b"".join(turns)] if self.terms == PLAIN else turns

    def __str__(self) -> str:
        return f"{self.source}: {self.rule}"


def check(source: str, rule: str, *turns: tuple[str | bytes, Expected] | bytes, terms: Terms = PLAIN) -> Check:
    """A check from turns; a turn of octets alone is sent and answered by nothing."""
    sent = tuple(turn if isinstance(turn, bytes) else turn[0] for turn in turns)
    return Check(source, rule, sent, tuple(turn[1] for turn in turns if not isinstance(turn, bytes)), terms)


IN_GROUP = ("GROUP tech.linux", "211 4 3 7 tech.linux")
IN_EMPTY = ("GROUP tech.empty", "211 0 12 11 tech.empty")
STAT_3 = ("STAT", "223 3 <a3@zb.invalid>")
HEAD_3 = [
    "Path: zb!not-for-mail",
    "From: Alice <id@alice3.zb.invalid>",
    "Newsgroups: tech.linux",
    "Subject: Subject 3",
    "Date: Thu, 01 Jan 2026 00:00:00 +0000",
    "Message-ID: <a3@zb.invalid>",
    "Xref: zb tech.linux:3",
    "X-Zb-Trust: +0.50",
]
BODY_3 = ["This is the body of article 3."]


def over(number: int, shown: int | None = None) -> str:
    """The overview line of an article of tech.linux."""
    return (
        f"{number if shown is None else shown}\tSubject {number}\tAlice <id@alice{number}.zb.invalid>\t"
        f"Thu, 01 Jan 2026 00:00:00 +0000\t<a{number}@zb.invalid>\t\t247\t1\t"
        f"Xref: zb tech.linux:{number}\tX-Zb-Trust: +0.50"
    )


ACTIVE = ["misc.new 0 1 y", "tech.empty 11 12 y", "tech.linux 7 3 y", "zb.help 1 1 n"]
