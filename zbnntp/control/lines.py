"""The lines of an article that are meant for the node: without quotes, attributions, signature and white space.

Newsreaders quote what is answered, wrap long lines and use blanks that look like others; none of that may change what
a command means. Pure. Sources: RFC 3676 (flowed text, the signature separator).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

SIGNATURE = "--"  # "-- " when the blank has survived the trip
_IGNORED = frozenset("\u200b\u2060\ufeff\u00ad")  # zero width: pasted along, never meant
_BLANKS = frozenset({"Zs", "Cc", "Cs", "Zl", "Zp"})
_MINUS = re.compile(r"(?<!\S)[\u2010-\u2015\u2212](?=[0-9])")  # what editors make of a typed "-"
_SIGNED = re.compile(r"[+-][0-9]")
_WROTE = re.compile(
    r"\b(wrote|writes|said|schrieb|schreibt|écrit|escribió|scritto|scrive|escreveu|schreef|skrev|napisał)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(19|20)[0-9]{2}\b")
_ADDRESS = re.compile(r"<[^<>\s]+@[^<>\s]+>,?")
# a text ends lines that begin so, or in which there is a comment
_PROSE = re.compile(r"(note|profile|report|filter|search|board add)\b", re.IGNORECASE)
_COMMENT = re.compile(r"\bcomment\b", re.IGNORECASE)
_BEGINNING_CHARACTERS = 200  # of a line that is put together, by which it is told what it is
_ALSO_WORDS = frozenset({  # commands that begin lines of prose too
    "by", "down", "filter", "help", "like", "mirror", "note", "pin", "report", "search", "status", "up", "via", "watch",
    "why",
})  # fmt: skip

IsCommand = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Line:
    """One line meant for the node; `number` counts from 1 in the text as it came, `count` lines were put together."""

    number: int
    text: str
    count: int = 1

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        return f'line {self.number}, "{shown}"'


@dataclass(frozen=True, slots=True)
class Top:
    """The command lines at the top of a post, and the post without them."""

    lines: tuple[Line, ...]
    rest: str


def split_top(body: str, flowed: bool, is_command: IsCommand) -> Top:
    """Commands down to the first blank line; quotes and attributions among them stay with the post."""
    lines = body.split("\n")
    start = next((at for at, line in enumerate(lines) if clean(line)), len(lines))
    end = next((at for at in range(start, len(lines)) if not clean(lines[at])), len(lines))
    block = "\n".join(lines[:end])
    block = unflow(block, is_command) if flowed else block
    found = tuple(command_lines(block, is_command))
    gone = {at for line in found for at in range(line.number - 1, line.number - 1 + line.count)}
    rest = [line for at, line in enumerate(block.split("\n")) if at not in gone]
    return Top(found, "\n".join([*rest, *lines[end:]]).lstrip("\n"))


def unflow(body: str, is_command: IsCommand) -> str:
    """A format=flowed body with its soft line ends taken back, but none before a line that is a command itself."""
    whole: list[_Flowing] = []
    for line in body.split("\n"):
        text = line[1:] if line.startswith(" ") else line
        if not whole or text.startswith(">") or not whole[-1].goes_on(text, is_command):
            whole.append(_Flowing())
        whole[-1].add(text)
    return "\n".join("".join(it.parts) for it in whole)


class _Flowing:
    """A line that is put together. What is asked for each part takes no longer when there are many."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._beginning = ""
        self._has_comment = False

    def add(self, text: str) -> None:
        if text or not self.parts:
            self.parts.append(text)
        self._beginning = (self._beginning + text)[:_BEGINNING_CHARACTERS]
        self._has_comment = self._has_comment or _COMMENT.search(clean(text)) is not None

    def goes_on(self, text: str, is_command: IsCommand) -> bool:
        """Whether a line continues this one; one that is a command itself does not, unless both may be prose."""
        if not self._is_soft():
            return False
        order = clean(text)
        return not _is_order(order, is_command) or (order.split(" ")[0].casefold() in _ALSO_WORDS and self._is_prose())

    def _is_soft(self) -> bool:
        first, last = self.parts[0], self.parts[-1]
        return last.endswith(" ") and not first.startswith(">") and (len(self.parts) > 1 or first.rstrip() != SIGNATURE)

    def _is_prose(self) -> bool:
        return self._has_comment or _PROSE.match(clean(self._beginning)) is not None


def command_lines(body: str, is_command: IsCommand) -> Iterator[Line]:
    """What is left of a body; `is_command` tells whether a word begins a command."""
    lines = [clean(line) for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    if SIGNATURE in lines:
        lines = lines[: lines.index(SIGNATURE)]
    numbers = iter(range(len(lines)))
    for at in numbers:
        text = lines[at]
        if not text or text.startswith(">") or _is_attribution(lines, at, is_command):
            continue
        if (
            text.casefold() in ("follow", "register")
            and lines[at + 1 : at + 2]
            and lines[at + 1].casefold().startswith("zb:")
        ):
            yield Line(at + 1, f"{text} {lines[next(numbers)]}", 2)  # a link is longer than newsreaders let a line be
            continue
        yield Line(at + 1, text)


def clean(line: str) -> str:
    """One line with single plain blanks, without what has no width, with a plain minus before numbers."""
    kept = (" " if unicodedata.category(it) in _BLANKS else it for it in line if it not in _IGNORED)
    return _MINUS.sub("-", " ".join("".join(kept).split()))


def _is_order(text: str, is_command: IsCommand) -> bool:
    return bool(_SIGNED.match(text)) or is_command(text.split(" ")[0].casefold())


def _is_attribution(lines: Sequence[str], at: int, is_command: IsCommand) -> bool:
    """`On …, Bob wrote:`, also wrapped into two or three lines: its end tells, or the quote below it."""
    text, quoted = lines[at], _is_quote_below(lines, at)
    if text.endswith(":") and _WROTE.search(text) and (quoted or not _is_order(text, is_command)):
        return True
    if _is_order(text, is_command):
        return False
    if text.endswith(":"):
        return quoted
    wrapped = _wrapped_by(lines, at)
    return wrapped > 0 and _is_attribution(lines, at + wrapped, is_command)


def _wrapped_by(lines: Sequence[str], at: int) -> int:
    """How many lines below this one an attribution of which it is the beginning ends; 0: it is none.

    Gnus fills `Bob`, `<id@...>`, `writes:` into three lines, because the address is long.
    """
    following = [*lines[at + 1 : at + 3], "", ""]
    if _ADDRESS.fullmatch(following[0]) and following[1].endswith(":"):
        return 2
    wrapped = "@" in lines[at] or _YEAR.search(lines[at]) is not None
    return 1 if wrapped and following[0].endswith(":") else 0


def _is_quote_below(lines: Sequence[str], at: int) -> bool:
    return next((lines[below] for below in range(at + 1, len(lines)) if lines[below]), "").startswith(">")
