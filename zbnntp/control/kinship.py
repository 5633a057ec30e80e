"""What ties one identity to another: moves that recovery keys signed, and people who say that they are one.

For `why` and zb.people. docs/recovery.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from zbnntp.model.believing import believe
from zbnntp.model.entries import STATE, Same
from zbnntp.model.keys import Identity
from zbnntp.store import endings, evidence, notices

SAME_MARK = b'"kind":"same"'

Name = Callable[[Identity], str]


def kinship_text(database: sqlite3.Connection, person: int | None, name: Name) -> str:
    """A sentence for each tie, on lines of their own; empty for most people."""
    if person is None:
        return ""
    return "\n".join(
        [*_ended(database, person, name), *_followed(database, person, name), *_same(database, person, name)]
    )


def _ended(database: sqlite3.Connection, person: int, name: Name) -> list[str]:
    ending = endings.find(database, person)
    if ending is None:
        return _claimed(database, person, name)
    if ending.heir:
        heir = name(evidence.identity_of(database, ending.heir))
        return [f"Their recovery key says that they moved to {heir}: good ratings of them count for that one."]
    named = [it.about for it in notices.of_person(database, person, notices.MOVE) if it.proved and it.about]
    if len(named) > 1:
        claims = " and to ".join(name(Identity(it)) for it in named)
        return [f"Their recovery key says that they moved to {claims}: rate the right one above 0, or none."]
    return ["Their recovery key has ended them: nothing newer than their last good version is taken."]


def _claimed(database: sqlite3.Connection, person: int, name: Name) -> list[str]:
    """Moves that nothing proves yet."""
    waiting = [it for it in notices.of_person(database, person, notices.MOVE) if not it.proved]
    heirs = [f"to {name(Identity(it.about))}" if it.about else "away" for it in waiting]
    return [f"Somebody says that they moved {heir}; whether that is true is not known here." for heir in heirs]


def _followed(database: sqlite3.Connection, person: int, name: Name) -> list[str]:
    old = [name(evidence.identity_of(database, it)) for it in endings.forebears(database, person)]
    return [f"They were {it} before: good ratings of that one count for them." for it in old]


def _same(database: sqlite3.Connection, person: int, name: Name) -> list[str]:
    """Those of whom they say that they are one person, and who say so too."""
    me = evidence.identity_of(database, person)
    found = []
    for other in _said_same(database, person):
        their = evidence.find_person(database, other)
        if their is not None and me in _said_same(database, their):
            found.append(f"They and {name(other)} say that they are one person.")
    return found


def _said_same(database: sqlite3.Connection, person: int) -> list[Identity]:
    author = evidence.identity_of(database, person)
    lines = (line for _, line in evidence.lines_of(database, person, STATE) if SAME_MARK in line)
    newest: dict[Identity, bool] = {}
    for entry in (believe(line, author, STATE) for line in lines):
        if isinstance(entry, Same):
            newest[entry.target] = not entry.off
    return [target for target, on in newest.items() if on]
