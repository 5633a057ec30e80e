"""What an answer of a peer means to us: statuses as our errors, and a head as pointer and line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from zbnntp.model.errors import BadEncoding, BadSignature, Missing, PeerGone, Refused
from zbnntp.model.keys import Identity
from zbnntp.model.manifest import Pointer, open_pointer
from zbnntp.peers.backends import NoAnswer, Remedy
from zbnntp.peers.carrier import Answer

BUSY_SECONDS = 60  # how long to leave a peer alone that is busy and does not say for how long
PAUSE_SECONDS = 1800  # the longest that it may ask for
_SECONDS = re.compile(r"\d{1,9}")


def answered_pointer(answer: Answer, identity: Identity) -> tuple[Pointer, bytes]:
    """The pointer of an answer, verified, and its head line as it came."""
    lines = answer.body.split(b"\n")
    if len(lines) != 3 or lines[2]:
        raise BadEncoding("a peer's head is not two lines")
    pointer = open_pointer(lines[0])
    if pointer.identity != identity:
        raise BadSignature("a peer answered with somebody else's head")
    return pointer, lines[1]


def check_status(answer: Answer, wanted: int) -> None:
    """Any other status as the error it means to us."""
    if answer.status == wanted:
        return
    if answer.status == 404:
        raise Missing("that peer does not keep it")
    if answer.status in (400, 403, 413):
        raise Refused(f"that peer answered {answer.status}")
    if answer.status in (429, 503):
        raise NoAnswer("that peer is busy", Remedy.BACK_OFF, retry_after(answer.headers))
    raise PeerGone(f"that peer answered {answer.status}")


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds; RFC 9110 section 10.2.3, without the form that is a date."""
    text = headers.get("retry-after", "")
    return float(min(int(text), PAUSE_SECONDS)) if _SECONDS.fullmatch(text) else float(BUSY_SECONDS)
