"""What others wrote, as it is shown: without what nobody sees, and without what turns the direction of writing.

One character that is not seen would make another name of the same look; one that turns the direction would turn what
stands behind it, too. The joiners are part of emoji and of scripts without capitals, and stay between these. Variation
selectors go: an emoji without one looks plainer and is still what it was.
Source: Default_Ignorable_Code_Point of Unicode 14 (DerivedCoreProperties.txt), which `unicodedata` does not have; the
controls of ISO 6429, and the characters of Unicode that have a width but no ink.
"""

from __future__ import annotations

import re
import unicodedata

JOINERS = "\u200c\u200d"
_DEFAULT_IGNORABLE = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
_CONTROLS = ((0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x7F, 0x9F))  # those that neither end a line nor are a tab
_BLANK = ((0x2800, 0x2800), (0xFFF9, 0xFFFB))  # Braille without a dot, and the marks of annotations
_JOINED = re.compile(f"[{JOINERS}]+")
_UNSEEN = dict.fromkeys(
    code
    for first, last in (*_DEFAULT_IGNORABLE, *_CONTROLS, *_BLANK)
    for code in range(first, last + 1)
    if chr(code) not in JOINERS
)


def seen(text: str) -> str:
    """A text of one line or several without what is not seen or turns its direction; line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return _JOINED.sub(_joint, text.translate(_UNSEEN))


def _joint(match: re.Match[str]) -> str:
    """The first of some joiners, when there is something to be joined on both sides."""
    text, start, end = match.string, match.start(), match.end()
    return text[start] if all(map(_can_join, (text[max(start - 1, 0) : start], text[end : end + 1]))) else ""


def _can_join(character: str) -> bool:
    return character > "\x7f" and not character.isspace() and character.lower() == character.upper()


def visible(nick: str) -> str:
    """A nick as a part of sentences, and to be compared: without joiners and private characters, too."""
    return "".join(it for it in seen(nick) if unicodedata.category(it)[0] != "C").strip()
