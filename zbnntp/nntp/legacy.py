"""Commands that RFC 3977 left behind and some newsreader may still send: XROVER, XPATH, SLAVE.

RFC 2980 sections 2.10 and 2.11, RFC 977 section 3.12.
"""

from __future__ import annotations

from zbnntp.nntp.articles import find
from zbnntp.nntp.fields import header, xhdr
from zbnntp.nntp.replies import Code, Refusal, Reply
from zbnntp.nntp.session import Session
from zbnntp.nntp.syntax import parse_message_id


def xrover(session: Session, which: str = "") -> Reply:
    """XROVER: what XHDR says of the references, under another code."""
    return xhdr(session, "references", which)._replace(code=Code.OVER)


def xpath(session: Session, message_id: str) -> Reply:
    """XPATH: there are no files, so where an article is filed is told as group/number."""
    xref = header(find(session, parse_message_id(message_id)).octets, "xref") or b""
    places = xref.decode().split()[1:]
    if not places:
        raise Refusal(Code.NO_ID, "that article is in no group")
    return Reply(Code.STAT, " ".join(place.replace(":", "/") for place in places))


def slave(session: Session) -> Reply:
    """SLAVE: nothing is done about it."""
    return Reply(Code.SLAVE, "noted, and no different from other connections")
