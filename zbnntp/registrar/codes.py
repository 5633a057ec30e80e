"""The way of those who were handed a link: a one-time code stands in it."""

from __future__ import annotations

import base64
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import fill

from zbnntp.local import CONTROL, Note, file_note
from zbnntp.model.entries import SCALE
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity, short_id
from zbnntp.registrar.ways import Answered, Grant, Memo, Question
from zbnntp.store import codes, evidence, ratings
from zbnntp.store.codes import Code

INVITE = "invite"
FOR_GOOD = 0  # days: that of an invitation to a friend; a registrar rates newcomers for a while
CODE_OCTETS = 16  # 128 bits: nobody finds one by trying
CODE_SECONDS = 7 * 86_400
HUNDREDTH = SCALE // 100
ANSWER_SECONDS = 3600
ASK = "Write the one-time code that was handed to you; in a link it stands behind the #."
WRONG = "that code is not known here, has run out, or was used before; ask for another link"


def new_code(mt: int, days: int, note: str, now: int) -> Code:
    """A code for one newcomer, good for a week."""
    text = base64.b32encode(secrets.token_bytes(CODE_OCTETS)).decode().rstrip("=").lower()
    return Code(text, mt, days, note, now, now + CODE_SECONDS)


@dataclass(frozen=True, slots=True)
class Invitations:
    """Codes of one local identity (the view)."""

    reader: sqlite3.Connection
    view: int
    clock: Callable[[], float]

    @property
    def text(self) -> str:
        return "a one-time code that somebody handed to you, as part of a link"

    async def ask(self) -> Question:
        return Question(ASK, {}, ANSWER_SECONDS)

    async def check(self, answered: Answered, memo: Memo) -> Grant:
        text = answered.answer.strip().lower()
        code = codes.find_code(self.reader, self.view, text)
        if code is None or code.until <= self.clock() or code.person not in (None, answered.newcomer):
            raise NotPermitted(WRONG)
        if code.person is not None:
            return Grant(code.mt, code.days, self._check_welcome)

        def use(database: sqlite3.Connection, person: int, now: int) -> None:
            if not codes.use_code(database, self.view, text, person, now):
                raise NotPermitted(WRONG)
            if code.days == FOR_GOOD:
                file_note(database, self.view, _arrival(code, evidence.identity_of(database, person)), now)

        return Grant(code.mt, code.days, use)

    def _check_welcome(self, database: sqlite3.Connection, person: int, now: int) -> None:
        """Who hands it in twice is told the same twice, unless the owner has taken the rating back meanwhile."""
        if not ratings.is_positive(database, self.view, person):
            raise NotPermitted(WRONG)


def _arrival(code: Code, newcomer: Identity) -> Note:
    """What the owner is told when a friend comes; the name is known when the manifest has come."""
    whose = f"your invitation for {code.note}" if code.note else "your invitation"
    text = (
        f"{short_id(newcomer)} has come with {whose}. You rate their posts {code.mt // HUNDREDTH}: their name and what "
        f"they write come within a minute. 'why {short_id(newcomer)}' says more, 'trust {short_id(newcomer)} N list M' "
        "changes it.\n"
    )
    return Note(CONTROL, "Somebody has come with your invitation", fill(text), references=code.thread.split())
