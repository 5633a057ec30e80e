"""Lines that were verified before they were kept: read again fast, without checking again."""

from __future__ import annotations

import json
from typing import Any

from zbnntp.model.canonical import reprint
from zbnntp.model.entries import Header, Post
from zbnntp.model.keys import Identity, PostId, sha256

_KEYED = frozenset({"trust", "vote", "profile", "label", "same", "move"})


def reopen_post(raw: bytes) -> Post:
    """The post of a line that `entries.open_entry` once believed."""
    line: dict[str, Any] = json.loads(raw)
    body: str = line.pop("body")
    line.pop("sig", None)
    line["body_sha256"] = sha256(body.encode()).hex()
    return Post(reopen_header(line), body)


def reopen_header(line: dict[str, Any]) -> Header:
    """The header in a carry line, or of a post with `body_sha256` in place of its body."""
    thread = line.get("thread")
    return Header(
        id=PostId(sha256(reprint(line))),
        author=Identity(bytes.fromhex(line["author"])),
        boards=tuple(line["boards"]),
        time=line["time"],
        subject=line.get("subject"),
        thread=PostId(bytes.fromhex(thread)) if thread else None,
        parents=tuple(PostId(bytes.fromhex(parent)) for parent in line.get("parents", ())),
        sage=line.get("sage", False),
        flowed=line.get("flowed", False),
        replaces=tuple(PostId(bytes.fromhex(post)) for post in line.get("replaces", ())),
    )


def has_ended(octets: bytes, now: int) -> bool:
    """Whether a state line is a rating whose time is over: it says nothing any more."""
    if b'"until":' not in octets:
        return False
    try:
        line = json.loads(octets)
        return bool(line["kind"] == "trust" and line["until"] <= now)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def state_key(octets: bytes) -> str:
    """What a state line is about: of lines of one key the last counts. One that is not understood is about itself."""
    try:
        line = json.loads(octets)
        kind = line["kind"]
    except (ValueError, TypeError, KeyError, RecursionError):
        kind = ""
    if not isinstance(kind, str) or kind not in _KEYED:
        return repr(octets)
    about = line.get("id") or line.get("post") or line.get("from") or ""
    return f"{kind} {about} {line.get('name', '')}"
