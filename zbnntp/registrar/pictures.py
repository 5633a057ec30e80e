"""The way of those who can read a crooked picture; or, where the operator has set questions, answer one instead.

The picture is made by the library captcha (BSD licence). A program that reads pictures gets in as well: what that is
worth is bounded by what all registrars together can give, docs/trust.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from zbnntp.model.errors import NotPermitted
from zbnntp.registrar.tools import Tools
from zbnntp.registrar.ways import Answered, Grant, Memo, Question

LETTERS = "ACDEFGHJKLMNPQRTUVWXY3479"  # none that looks like another one
LENGTH = 6
WIDTH, HEIGHT = 240, 80  # pixels; a picture has about 11 kB
SECONDS = 86_400  # who reads by newsreader may look tomorrow


@dataclass(frozen=True, slots=True)
class Pictures:
    tools: Tools

    @property
    def text(self) -> str:
        other = ", or a question to answer" if self.tools.rules.questions else ""
        return f"a picture of {LENGTH} letters and digits to read{other}"

    async def ask(self) -> Question:
        chance, questions = self.tools.chance, self.tools.rules.questions
        shown = "".join(chance.choice(LETTERS) for _ in range(LENGTH))
        picture = await self.tools.in_worker(lambda: draw(shown))
        text = f"The attached picture shows {LENGTH} letters and digits. Which?"
        if not questions:
            return Question(text, {"answers": [shown]}, SECONDS, picture)
        question, answer = chance.choice(questions)
        text = f"{text}\n\nIf you cannot see it, answer this instead: {question}"
        return Question(text, {"answers": [shown, answer]}, SECONDS, picture)

    async def check(self, answered: Answered, memo: Memo) -> Grant:
        if _plain(answered.answer) not in map(_plain, memo["answers"]):
            raise NotPermitted("that is not what it shows; another picture is easier, perhaps")
        return Grant(self.tools.rules.mt, self.tools.rules.days)


def draw(shown: str) -> bytes:
    """A PNG in which these letters stand, crooked."""
    from captcha.image import ImageCaptcha  # here: it brings Pillow along, which every start would wait for

    return ImageCaptcha(WIDTH, HEIGHT).generate(shown).read()


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
