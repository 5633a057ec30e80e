"""The way that a program of the operator decides: a forum's private messages, short messages, anything.

It reads one JSON object and writes one:

    {"step": "ask"}                                                -> {"ask": TEXT, "memo": {...}}
    {"step": "check", "id": HEX, "answer": TEXT, "memo": {...}}    -> {"admit": true}, {"refuse": TEXT} or {"ask": ...}

What it puts into `memo` comes back with the answer, unseen by the newcomer. docs/joining.md has an example.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from zbnntp.model.errors import NotPermitted, PeerGone
from zbnntp.model.intro import ASK_OCTETS
from zbnntp.registrar.tools import Tools
from zbnntp.registrar.ways import Answered, Grant, Memo, Question

SECONDS = 86_400
MEMO_OCTETS = 300  # sealed and in base64 it has to fit into a nonce
BROKEN = "the registrar's own program gives no sensible answer; its owner has to look at it"


@dataclass(frozen=True, slots=True)
class Programs:
    tools: Tools

    @property
    def text(self) -> str:
        return "questions that the registrar's owner has thought of"

    async def ask(self) -> Question:
        return _question(await self._run({"step": "ask"}))

    async def check(self, answered: Answered, memo: Memo) -> Grant | Question:
        said = {"step": "check", "id": answered.newcomer.hex(), "answer": answered.answer, "memo": memo}
        outcome = await self._run(said)
        if outcome.get("admit") is True:
            return Grant(self.tools.rules.mt, self.tools.rules.days)
        if "refuse" in outcome:
            raise NotPermitted(_text(outcome["refuse"]))
        return _question(outcome)

    async def _run(self, said: dict[str, Any]) -> dict[str, Any]:
        try:
            outcome = json.loads(await self.tools.run(self.tools.rules.command, json.dumps(said).encode()))
        except (ValueError, RecursionError) as error:
            raise PeerGone(BROKEN) from error
        if not isinstance(outcome, dict):
            raise PeerGone(BROKEN)
        return outcome


def _text(value: object) -> str:
    """What people are shown; halves of surrogate pairs, which JSON can hold, are nothing that can be sent."""
    if not isinstance(value, str) or not 0 < len(value.encode(errors="replace")) <= ASK_OCTETS:
        raise PeerGone(BROKEN)
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise PeerGone(BROKEN)
    return value


def _question(outcome: dict[str, Any]) -> Question:
    text, memo = _text(outcome.get("ask")), outcome.get("memo", {})
    if not isinstance(memo, dict) or len(json.dumps(memo)) > MEMO_OCTETS:
        raise PeerGone(BROKEN)
    return Question(text, memo, SECONDS)
