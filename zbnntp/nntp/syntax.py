"""The small languages of NNTP arguments: wildmat, ranges, dates, message ids, header names, encoded words.

`parse_` functions raise Refusal with 501. Sources: RFC 3977 sections 3.6, 4, 6.1.2.2, 7.3.2, 8.5; RFC 2980 sections 2.9
and 3.3 for the patterns of XPAT; RFC 2047 for encoded words.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import datetime
import quopri
import re
from collections.abc import Callable
from functools import lru_cache

from zbnntp.nntp.replies import Code, Refusal

NUMBER_MAX = (1 << 31) - 1  # RFC 3977 section 6; larger ones may be asked for, up to 16 digits
_RANGE = re.compile(r"([0-9]{1,16})(?:(-)([0-9]{1,16})?)?")
_MESSAGE_ID = re.compile(r"<[!-=?-~]{1,248}>")
_HEADER = re.compile(r":?[!-9;-~]+")
_DATE = re.compile(r"([0-9]{2})?([0-9]{2})([0-9]{2})([0-9]{2})")
_TIME = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})")
# "!" begins a part, "," ends it, "[", "]" and "\" are not allowed: RFC 3977 section 4.1
_WILDMAT_PART = re.compile(r"!?[^!,\[\]\\\s]+")
_ENCODED_WORD = re.compile(r"=\?([!-<>@-~]{1,40})\?([bBqQ])\?([!->@-~]*)\?=(?:\s+(?==\?))?")


def parse_range(text: str) -> tuple[int, int]:
    """`5`, `5-` or `5-9` as inclusive bounds; 9-5 is a range with nothing in it."""
    match = _RANGE.fullmatch(text)
    if not match:
        raise Refusal(Code.SYNTAX, "an article range is written 5, 5- or 5-9")
    low = int(match[1])
    if not match[2]:
        return low, low
    return low, int(match[3]) if match[3] else NUMBER_MAX


def parse_number(text: str) -> int:
    """An article number of at most 16 digits."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 16):
        raise Refusal(Code.SYNTAX, "an article is named by its number or by its <message-id>")
    return int(text)


def is_message_id(text: str) -> bool:
    """Whether an argument means a message id rather than a number or range."""
    return text.startswith("<")


def parse_message_id(text: str) -> str:
    """`<...>` of 3 to 250 printable ASCII octets."""
    if not _MESSAGE_ID.fullmatch(text):
        raise Refusal(Code.SYNTAX, "a message id is written <left@right>, at most 250 characters, without blanks")
    return text


def parse_field(text: str) -> str:
    """A header name, or a metadata name with its colon, in lower case."""
    if not _HEADER.fullmatch(text):
        raise Refusal(Code.SYNTAX, "a field is a header name without its colon, or :bytes or :lines")
    return text.lower()


def parse_since(date: str, time: str, zone: str, now: float) -> int:
    """Unix seconds of `[yy]yymmdd hhmmss [GMT]`. Our local time zone is UTC, so GMT may be left out."""
    day, clock = _DATE.fullmatch(date), _TIME.fullmatch(time)
    if not day or not clock or zone.upper() not in ("", "GMT"):
        raise Refusal(Code.SYNTAX, "a date is written yyyymmdd hhmmss GMT")
    century, year, month, day_of_month = day.groups()
    hour, minute, second = (int(part) for part in clock.groups())
    leap = second == 60
    try:
        moment = datetime.datetime(
            _year(century, int(year), now),
            int(month),
            int(day_of_month),
            hour,
            minute,
            second - leap,
            tzinfo=datetime.UTC,
        )
    except ValueError:
        raise Refusal(Code.SYNTAX, "there is no such date; it is written yyyymmdd hhmmss GMT") from None
    return calendar.timegm(moment.timetuple()) + leap


def _year(century: str | None, year: int, now: float) -> int:
    if century:
        return int(century) * 100 + year
    this_year = datetime.datetime.fromtimestamp(now, datetime.UTC).year
    return this_year - this_year % 100 + year - (100 if year > this_year % 100 else 0)


def parse_wildmat(text: str) -> Callable[[str], bool]:
    """Matches group names: the last part that matches decides (RFC 3977 section 4.2)."""
    rules: list[tuple[bool, re.Pattern[str]]] = []
    for part in text.split(","):
        if not _WILDMAT_PART.fullmatch(part):
            raise Refusal(Code.SYNTAX, "a group pattern has names, *, ? and ! between commas, and none of [ ] \\")
        rules.append((not part.startswith("!"), re.compile(_glob(_plain_items(part.removeprefix("!"))))))
    rules.reverse()

    def matches(name: str) -> bool:
        return next((wanted for wanted, pattern in rules if pattern.fullmatch(name)), False)

    return matches


@lru_cache(maxsize=64)
def pattern_matcher(text: str) -> Callable[[str], bool]:
    """Matches header contents as XPAT does: *, ?, sets like [Aa] or [^a-z], and backslash for the next character.

    One pattern: "," and "!" mean themselves. The longest run of plain characters is looked for first, which spares the
    regular expression nearly all lines.
    """
    items = _set_items(text)
    literal = pattern_literal(text)
    fits = re.compile(_glob(items), re.DOTALL).fullmatch

    def matches(value: str) -> bool:
        return literal in value and fits(value) is not None

    return matches


def pattern_literal(text: str) -> str:
    """The longest run of plain characters in a pattern: what does not contain it does not match."""
    return _longest_literal(_set_items(text))


# A pattern as items: "*", or a regular expression for one character.
_Items = list[str]


def _plain_items(text: str) -> _Items:
    return ["*" if c == "*" else "." if c == "?" else re.escape(c) for c in text]


def _set_items(text: str) -> _Items:
    items: _Items = []
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "[" and (end := text.find("]", at + 1 + text.startswith("^", at))) > 0:
            items.append(_set(text[at:end]))
            at = end + 1
        elif char == "\\" and at < len(text):
            items.append(re.escape(text[at]))
            at += 1
        else:
            items += _plain_items(char)
    return items


def _set(inside: str) -> str:
    """A character set as a regular expression; a range that runs backwards holds nothing."""
    negated = inside.startswith("^")
    chars, ranges, at = inside.removeprefix("^"), "", 0
    while at < len(chars):
        first, last = chars[at], chars[at]
        if chars[at + 1 : at + 2] == "-" and at + 2 < len(chars):
            last = chars[at + 2]
            at += 2
        at += 1
        if first <= last:
            ranges += f"{re.escape(first)}-{re.escape(last)}"
    if not ranges:
        return "." if negated else r"(?!)"
    return f"[{'^' if negated else ''}{ranges}]"


def _glob(items: _Items) -> str:
    """A regular expression that cannot backtrack: between two stars, the first place that fits is as good as any."""
    pieces = [""]
    for item in items:
        if item == "*":
            pieces.append("")
        else:
            pieces[-1] += item
    if len(pieces) == 1:
        return pieces[0]
    middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1] if piece)
    return f"{pieces[0]}{middle}.*{pieces[-1]}"


def _longest_literal(items: _Items) -> str:
    runs = [""]
    for item in items:
        char = item[-1]
        if (item == char and item not in "*.") or item == "\\" + char:
            runs[-1] += char
        else:
            runs.append("")
    return max(runs, key=len)


def decode_words(text: str) -> str:
    """Header text with its RFC 2047 encoded words decoded; what cannot be decoded stays as it is."""
    return _ENCODED_WORD.sub(_decode_word, text) if "=?" in text else text


def _decode_word(match: re.Match[str]) -> str:
    charset, encoding, payload = match[1].partition("*")[0], match[2].lower(), match[3]
    try:
        if encoding == "b":
            octets = base64.b64decode(payload + "=" * (-len(payload) % 4), validate=True)
        else:
            octets = quopri.decodestring(payload.encode().replace(b"_", b" "), header=True)
        return octets.decode(charset, "replace")
    except (LookupError, ValueError, binascii.Error):
        return match[0]
