"""The way of those who have a computer and some time: a proof of work, which their node does by itself."""

from __future__ import annotations

from dataclasses import dataclass

from zbnntp.model.proof import TRIES_MOST, Proof, check_proof, estimate, make_proof, open_proof
from zbnntp.registrar.tools import Tools
from zbnntp.registrar.ways import Answered, Grant, Memo, Question

KIB = 64 * 1024  # for one try: more than a graphics card has for each of its cores
PARTS = 8
SECONDS = 7 * 86_400  # to do it: nodes are not always on


@dataclass(frozen=True, slots=True)
class Work:
    tools: Tools

    @property
    def text(self) -> str:
        return f"work for your computer, about {self.tools.rules.work_minutes:g} minutes of one processor core"

    async def ask(self) -> Question:
        tries = round(self.tools.rules.work_minutes / estimate(Proof(KIB, 1, PARTS, 1)))
        proof = Proof(KIB, 1, PARTS, min(max(tries, 1), TRIES_MOST))
        return Question(f"This is {self.text}.", {"proof": make_proof(proof)}, SECONDS, proof=proof)

    async def check(self, answered: Answered, memo: Memo) -> Grant:
        proof, who = open_proof(memo["proof"]), answered.newcomer
        await self.tools.in_worker(lambda: check_proof(proof, who, answered.nonce, answered.answer))
        return Grant(self.tools.rules.mt, self.tools.rules.days)
