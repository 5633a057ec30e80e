"""Names that people give themselves, as this node takes them from its own people. What others are called is theirs.

A direction character would turn around what stands behind the name, and what has no width cannot be told apart.
"""

from __future__ import annotations

import unicodedata

from zbnntp.model.errors import NotPermitted
from zbnntp.model.fields import one_line
from zbnntp.model.limits import NICK_CHARACTERS
from zbnntp.model.shown import JOINERS, seen


def new_nick(text: str) -> str:
    """The name in NFC, without blanks around it; raises NotPermitted."""
    name = unicodedata.normalize("NFC", text).strip()
    if len(name) > NICK_CHARACTERS:
        raise NotPermitted(f"a nick has at most {NICK_CHARACTERS} characters; choose a shorter one")
    if not one_line(name) or any(unicodedata.category(it)[0] == "C" and it not in JOINERS for it in name):
        raise NotPermitted("a nick has no control or direction characters; write it with visible ones")
    if not "".join(seen(name).split()).strip(JOINERS):
        raise NotPermitted("a nick has a visible character at least, for example: Alice")
    return name
