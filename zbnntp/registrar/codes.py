"""The way of those who were handed a link: a one-time code stands in it."""

from __future__ import annotations

import base64
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from zbnntp.model.errors import NotPermitted
from zbnntp.registrar.ways import Answered, Grant, Memo, Question
from zbnntp.store import codes
from zbnntp.store.codes import Code

INVITE = "invite"
CODE_OCTETS = 16  # 128 bits: nobody finds one by trying
CODE_SECONDS = 7 * 86_400
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
        if code is None or code.person is not None or code.until <= self.clock():
            raise NotPermitted(WRONG)

        def use(database: sqlite3.Connection, person: int, now: int) -> None:
            if not codes.use_code(database, self.view, text, person, now):
                raise NotPermitted(WRONG)

        return Grant(code.mt, code.days, use)
