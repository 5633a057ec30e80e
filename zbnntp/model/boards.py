"""Board names: RFC 5536 newsgroup names within the forum's own bounds (docs/newsgroups.md "Names")."""

from __future__ import annotations

import re
from functools import lru_cache

from zbnntp.model.errors import BadEncoding
from zbnntp.model.limits import BOARD_COMPONENT_OCTETS, BOARD_OCTETS

_COMPONENT = re.compile(rf"[a-z0-9+-][a-z0-9+_-]{{0,{BOARD_COMPONENT_OCTETS - 1}}}")
_NO_COMPONENT = re.compile(r"[^a-z0-9+_-]+")
_VIRTUAL = ("zb.", "via.")
VIRTUAL_OCTETS = tuple(first.encode() for first in _VIRTUAL)  # what names of virtual groups begin with
_RESERVED_FIRST = frozenset({"zb", "via", "control", "to", "example"})
_RESERVED_ANYWHERE = frozenset({"all", "ctl"})
_RESERVED_NAMES = frozenset({"junk", "poster"})


@lru_cache(maxsize=1024)  # the same few names stand in all lines of a segment
def check_board(name: str) -> str:
    """The name, when people may open a board of that name; else BadEncoding with the reason."""
    components = name.split(".")
    if len(name) > BOARD_OCTETS or not all(_COMPONENT.fullmatch(part) for part in components):
        raise BadEncoding(
            f"{name[:BOARD_OCTETS]!r} is no board name: use lower-case letters, digits, + - _ in parts joined by dots, "
            f"{BOARD_OCTETS} characters in all"
        )
    if any(part.isdigit() for part in components):
        raise BadEncoding(f"{name!r} is no board name: a part cannot be all digits")
    if components[0] in _RESERVED_FIRST or name in _RESERVED_NAMES or _RESERVED_ANYWHERE & set(components):
        raise BadEncoding(f"{name!r} is a reserved name; choose another")
    return name


def is_virtual(group: str) -> bool:
    """Whether a group is made by the node itself. Such a name is no board, and no post names it."""
    return group.startswith(_VIRTUAL)


def group_part(nick: str, otherwise: str) -> str:
    """A nick as one part of a group name; `otherwise` when nothing of it can be one."""
    part = _NO_COMPONENT.sub("-", nick.casefold())[:BOARD_COMPONENT_OCTETS].strip("-_")
    return otherwise if not part or part.isdigit() or part in _RESERVED_ANYWHERE else part
