"""The whole examination of a store, on a copy of it: file, evidence, derived tables. Nothing is changed by it.

What is derived is compared with what a rebuild makes, which is done on the copy. docs/store.md "Checking".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from zbnntp import toplists
from zbnntp.checking import Fault, check_people
from zbnntp.model.keys import Identity
from zbnntp.rebuild import rebuild
from zbnntp.store import evidence, mends, soundness
from zbnntp.store.copying import open_copy

COPY_FILE = "store.check"  # beside the store, while it is looked at
Progress = Callable[[str, int, int], None]  # what is being done; how much of it, of how much


@dataclass
class Findings:
    """What is damaged, as sentences, by what mends it: a new file, others who have it, a rebuild."""

    file: list[str] = field(default_factory=list)
    evidence: list[Fault] = field(default_factory=list)
    derived: list[str] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        return [*self.file, *(it.text for it in self.evidence), *self.derived]


def examine(store: Path, views: Collection[Identity], now: int, progress: Progress) -> Findings:
    """Look through a store, in use or not; raises NotPermitted when there is no room for a copy."""
    found = Findings()
    try:
        with open_copy(store, store.with_name(COPY_FILE), lambda done, of: progress("copying", done, of)) as copy:
            _look(copy, found, views, now, progress)
    except soundness.UNREADABLE as error:
        found.file += [] if found.file else [f"The file cannot be read: {error}."]
    return found


def _look(copy: sqlite3.Connection, found: Findings, views: Collection[Identity], now: int, progress: Progress) -> None:
    steps = len(soundness.tables()) + 2
    for done, problem in enumerate(soundness.look_through(copy)):
        found.file += [problem] if problem else []
        progress("looking through the file", done + 1, steps)
    for fault in check_people(copy, lambda done, of: progress("verifying", done, of)):
        found.evidence.append(fault)
    if not found.file and not found.evidence:
        for view in views:  # which the clock alone may have changed
            toplists.recompute(copy, evidence.person_pk(copy, view), now)
        soundness.remember(copy)
        mends.forget_openings(copy)
        rebuild(copy, views, now, lambda done, of: progress("comparing", done, of))
        found.derived = soundness.changed(copy)
