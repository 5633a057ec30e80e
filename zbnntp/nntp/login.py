"""AUTHINFO: USER and PASS, and SASL PLAIN. RFC 4643; RFC 4616 for PLAIN; RFC 4648 section 4 for base64.

USER is always answered 381, whoever is named: names are not told from guesses. Whether a password is right is for the
house to say, so that PASS and SASL end in a Login, which the server takes there. Names and passwords are never logged.
"""

from __future__ import annotations

import base64
import re

from zbnntp.nntp.replies import Answer, Code, Login, Refusal, Reply
from zbnntp.nntp.session import Session

# Names and passwords of PLAIN have 255 octets at most in practice; this is what one line may carry.
SASL_LINE_OCTETS = 8192
WRONG = "the name or the password is wrong"
# slrn posts an empty article to find out whether it may, unless it reads these two words
POSTING_ALLOWED = "Posting Allowed"
# Never 480: a newsreader that logged in only now would go on with the article numbers of the guests' view.
AS_GUEST = "guests only read; if you have an account, let your newsreader log in as soon as it connects"
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def is_offered(session: Session) -> bool:
    """Whether AUTHINFO is a known command."""
    return session.terms.offers_login


def would_help(session: Session) -> bool:
    """Whether somebody who may not do something could be somebody who may."""
    return is_offered(session) and not session.logged_in and not session.locked


def capability_lines(session: Session) -> list[str]:
    """AUTHINFO until somebody has logged in, with what may be used now; SASL stays (RFC 4643 section 2.2)."""
    if not is_offered(session):
        return []
    usable = session.private and not session.compressed
    lines = [] if session.logged_in else ["AUTHINFO USER SASL" if usable else "AUTHINFO"]
    return [*lines, "SASL PLAIN"] if session.private else lines


def due(session: Session) -> Refusal:
    """What is said to a command before the login: never 480 where the password would be sent in the open."""
    if session.private:
        return Refusal(Code.LOGIN_DUE, "log in first: this server wants a name and a password")
    return _tls_due()


def user(session: Session, name: str) -> Answer:
    """AUTHINFO USER, RFC 4643 section 2.3."""
    _check(session)
    session.user = name
    return Reply(Code.PASSWORD, "send the password")


def password(session: Session, secret: str) -> Answer:
    """AUTHINFO PASS, RFC 4643 section 2.3: everything after the blank, blanks included."""
    _check(session)
    if not session.user:
        raise Refusal(Code.OUT_OF_ORDER, "send AUTHINFO USER with your name first")
    name, session.user = session.user, ""
    return Login(name, secret)


def sasl(session: Session, mechanism: str, response: str = "") -> Answer:
    """AUTHINFO SASL, RFC 4643 section 2.4; the only mechanism is PLAIN."""
    _check(session)
    if mechanism.upper() != "PLAIN":
        raise Refusal(Code.NOT_KEPT, "the only mechanism here is PLAIN")
    if response:
        return _plain(response.encode())
    return Reply(Code.SASL, "=", expects=sasl_response)


def sasl_response(session: Session, line: bytes) -> Answer:
    """The line after 383: base64, "=" for nothing, "*" to give up."""
    if len(line) > SASL_LINE_OCTETS:
        raise Refusal(Code.OUT_OF_ORDER, f"the line is longer than {SASL_LINE_OCTETS} octets")
    if line == b"*":
        raise Refusal(Code.NOT_LOGGED_IN, "the login was broken off, as you asked")
    return _plain(line)


def _check(session: Session) -> None:
    if session.logged_in:
        raise Refusal(Code.FORBIDDEN, "you are logged in already; for another name open a new connection")
    if session.compressed:
        raise Refusal(Code.FORBIDDEN, "a login is not possible after COMPRESS; open a new connection")
    if not session.private:
        raise _tls_due()


def _tls_due() -> Refusal:
    return Refusal(Code.TLS_DUE, "turn on TLS first (in most newsreaders: SSL, or STARTTLS): others could read along")


def _plain(response: bytes) -> Login:
    """`[authzid] NUL authcid NUL password`, in base64."""
    parts = _decode(response).split(b"\0")
    if len(parts) != 3 or not parts[1] or not parts[2] or parts[0] not in (b"", parts[1]):
        raise Refusal(Code.NOT_LOGGED_IN, WRONG)
    return Login(parts[1].decode(errors="surrogateescape"), parts[2].decode(errors="surrogateescape"))


def _decode(response: bytes) -> bytes:
    if response == b"=":
        return b""
    if not response or not _BASE64.fullmatch(response):
        raise Refusal(Code.NOT_BASE64, "that is not base64")
    return base64.b64decode(response)
