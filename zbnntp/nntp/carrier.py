"""STARTTLS and COMPRESS: what carries the session changes under it.

RFC 4642 with RFC 8143 for TLS, RFC 8054 for compression. The reply is the last thing said the old way; the machine
throws away whatever came with the command, so that nothing said in the open is taken for something said in TLS.
"""

from __future__ import annotations

from zbnntp.model.errors import Refused
from zbnntp.nntp.replies import Code, Refusal, Reply
from zbnntp.nntp.session import Session


def offers_tls(session: Session) -> bool:
    """Whether STARTTLS is a known command."""
    return session.terms.make_tls is not None


def offers_deflate(session: Session) -> bool:
    """Whether COMPRESS is a known command."""
    return session.terms.make_deflate is not None


def capability_lines(session: Session) -> list[str]:
    """STARTTLS until TLS, login or compression; COMPRESS until compression."""
    tls = offers_tls(session) and not (session.tls or session.logged_in or session.compressed)
    deflate = offers_deflate(session) and not session.compressed
    return ["STARTTLS"] * tls + ["COMPRESS DEFLATE"] * deflate


def starttls(session: Session) -> Reply:
    """STARTTLS, RFC 4642 section 2.2; never answered 480 or 483."""
    if session.tls:
        raise Refusal(Code.FORBIDDEN, "TLS is on already")
    if session.logged_in or session.compressed:
        raise Refusal(Code.FORBIDDEN, "TLS comes first or not at all; open a new connection")
    assert session.terms.make_tls is not None
    try:
        layer = session.terms.make_tls()
    except Refused as no:
        raise Refusal(Code.NO_TLS, str(no)) from no
    session.tls = True
    session.forget()
    return Reply(Code.BEGIN_TLS, "begin TLS now", layer=layer)


def compress(session: Session, algorithm: str) -> Reply:
    """COMPRESS, RFC 8054 section 2.2."""
    if session.compressed:
        raise Refusal(Code.FORBIDDEN, "compression is on already")
    if algorithm.upper() != "DEFLATE":
        raise Refusal(Code.NOT_KEPT, "the only algorithm here is DEFLATE")
    assert session.terms.make_deflate is not None
    layer = session.terms.make_deflate()  # Refused is 403
    session.compressed = True
    return Reply(Code.COMPRESSING, "compression is on", layer=layer)
