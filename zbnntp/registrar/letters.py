"""The way of those who can read mail at an allowed domain: a code is sent to the address that they name.

An address is good for one newcomer while a first rating lasts; it is not kept, but a keyed hash of it. Letters are few
each day, and few to one address: the node must not be a way to flood somebody's mailbox.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from zbnntp.model.errors import Busy, NotPermitted
from zbnntp.registrar.pace import Pace
from zbnntp.registrar.tools import Tools
from zbnntp.registrar.ways import Answered, Grant, Memo, Question

ADDRESS = re.compile(r"[A-Za-z0-9._+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
ADDRESS_CHARACTERS = 254
DIGITS = 8
SECONDS = 3600
PER_HOUR, BURST = 60, 20  # letters to all
REMEMBERED = 1_000  # addresses to which a letter went lately
AGAIN_SECONDS = 900  # until there is another one to the same
LETTER = """\
Somebody, you we hope, asks to be let in by the registrar {name}, and gave
this address. The code is

    {code}

Write it as a reply to the article in zb.control that asks for it. If it
was not you, there is nothing to do.
"""


@dataclass(slots=True)
class Post:
    """What is remembered of letters that went out."""

    pace: Pace = field(default_factory=lambda: Pace(PER_HOUR / 60, BURST))
    sent: dict[bytes, float] = field(default_factory=dict)

    def take(self, mark: bytes, now: float) -> None:
        """Raises Busy when there are too many, or one went there lately."""
        self.sent = {key: at for key, at in self.sent.items() if at > now - AGAIN_SECONDS}
        if mark in self.sent or len(self.sent) >= REMEMBERED:
            raise Busy("a letter went to that address a short while ago; look for it", AGAIN_SECONDS)
        self.pace.take(now)
        self.sent[mark] = now


@dataclass(frozen=True, slots=True)
class Letters:
    """`mark_of` gives the keyed hash of an address; `name`: the registrar, as letters say it."""

    tools: Tools
    post: Post
    mark_of: Callable[[str], bytes]
    name: str

    @property
    def text(self) -> str:
        domains = self.tools.rules.mail_domains
        where = f"at {' or '.join(domains)}" if domains else "of yours"
        return f"a code that is sent to a mail address {where}"

    async def ask(self) -> Question:
        return Question(f"This is {self.text}. Which address is it?", {"step": "address"}, SECONDS)

    async def check(self, answered: Answered, memo: Memo) -> Grant | Question:
        if memo["step"] == "address":
            return await self._send(answered.answer.strip())
        if "".join(answered.answer.split()) != memo["code"]:
            raise NotPermitted("that is not the code that was sent")
        return Grant(self.tools.rules.mt, self.tools.rules.days, mark=bytes.fromhex(memo["mark"]))

    async def _send(self, address: str) -> Question:
        domain = address.rpartition("@")[2].lower()
        if len(address) > ADDRESS_CHARACTERS or not ADDRESS.fullmatch(address):
            raise NotPermitted("that is no mail address; write it as name@example.org")
        if self.tools.rules.mail_domains and domain not in self.tools.rules.mail_domains:
            raise NotPermitted(f"only addresses at {' or '.join(self.tools.rules.mail_domains)} are taken here")
        mark = self.mark_of(bare(address))
        self.post.take(mark, self.tools.clock())
        code = "".join(self.tools.chance.choice("0123456789") for _ in range(DIGITS))
        await self.tools.post(address, "Your code for zbnntp", LETTER.format(name=self.name, code=code))
        text = f"A letter with a code of {DIGITS} digits was sent to that address. What is the code?"
        return Question(text, {"step": "code", "code": code, "mark": mark.hex()}, SECONDS)


def bare(address: str) -> str:
    """The mailbox behind an address: what stands behind a + is the owner's own affair."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
