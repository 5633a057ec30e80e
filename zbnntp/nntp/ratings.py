"""Trust commands as FMS has them: XGETTRUST, XSETTRUST, XGETTRUSTLIST, for front ends that were written for it.

FMS answers with codes that mean a login elsewhere (280, 281, 480); here they are 290, 291, 490 from the range that RFC
3977 section 3.2 leaves to private use, 491 where FMS has none of its own and 591 for its 501, unless the setting
fms_codes asks for FMS's. What follows the codes is FMS's to the letter. docs/nntp.md "Trust commands of FMS".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from zbnntp.model.errors import Invalid, Missing, Refused
from zbnntp.model.views import Rated, RatedField
from zbnntp.nntp.protocols import TrustDesk
from zbnntp.nntp.replies import Answer, Code, Later, Refusal, Reply, line_block
from zbnntp.nntp.session import Session

LOWEST, HIGHEST = 0, 100
NULL = "null"
COMMENT_OCTETS = 250  # of each of the two; both fit a published rating's one
_VALUE = re.compile(r"(?P<name>.+?)[ \t]+(?P<value>-?[0-9]{1,9}|null)", re.IGNORECASE)
_COMMENT = re.compile(r"(?P<name>.+?)[ \t]+\"(?P<text>.*)\"")


@dataclass(frozen=True, slots=True)
class Codes:
    """`unknown`: no such identity; `no`: this cannot be; `wrong`: not of the right form."""

    value: int
    unset: int
    unknown: int
    no: int
    wrong: int


PRIVATE = Codes(Code.TRUST, Code.NO_TRUST, Code.NO_IDENTITY, Code.NOT_RATED, Code.BAD_RATING)
AS_FMS = Codes(280, 281, 480, 480, Code.SYNTAX)


def is_offered(session: Session) -> bool:
    """Whether there is anybody whose ratings these are."""
    return session.desk is not None and session.desk.trust is not None


def get_message(session: Session, who: str) -> Answer:
    """XGETTRUST MESSAGE: the own rating of somebody's posts."""
    return _get(session, who, RatedField.MESSAGE)


def get_trust_list(session: Session, who: str) -> Answer:
    """XGETTRUST TRUSTLIST: the own rating of somebody's ratings."""
    return _get(session, who, RatedField.TRUST_LIST)


def get_peer_message(session: Session, who: str) -> Answer:
    """XGETTRUST PEERMESSAGE: what others make of somebody's posts."""
    return _get(session, who, RatedField.PEER_MESSAGE)


def get_peer_trust_list(session: Session, who: str) -> Answer:
    """XGETTRUST PEERTRUSTLIST: what others make of somebody's ratings."""
    return _get(session, who, RatedField.PEER_TRUST_LIST)


def set_message(session: Session, rest: str) -> Answer:
    """XSETTRUST MESSAGE: rates somebody's posts; null or -1 takes that back."""
    return _set_value(session, rest, RatedField.MESSAGE)


def set_trust_list(session: Session, rest: str) -> Answer:
    """XSETTRUST TRUSTLIST: rates somebody's ratings; null or -1 takes that back."""
    return _set_value(session, rest, RatedField.TRUST_LIST)


def set_message_comment(session: Session, rest: str) -> Answer:
    """XSETTRUST MESSAGECOMMENT: comments on the rating of somebody's posts, in quotes."""
    return _set_comment(session, rest, RatedField.MESSAGE_COMMENT)


def set_trust_list_comment(session: Session, rest: str) -> Answer:
    """XSETTRUST TRUSTLISTCOMMENT: comments on the rating of somebody's ratings, in quotes."""
    return _set_comment(session, rest, RatedField.TRUST_LIST_COMMENT)


def list_trust(session: Session) -> Answer:
    """XGETTRUSTLIST: everybody known, fields separated by tabs."""
    desk = _desk(session)
    windows = (line_block(_line(it) for it in window) for window in desk.everybody())
    return Reply(_codes(desk).value, "trust list follows", windows)


def _get(session: Session, who: str, field: RatedField) -> Answer:
    desk = _desk(session)
    codes = _codes(desk)
    name = _name(who, codes)
    try:
        value = desk.rated(name).value(field)
    except Refused as error:
        raise _refusal(error, codes) from error
    return Reply(codes.unset, NULL) if value is None else Reply(codes.value, str(value))


def _set_value(session: Session, rest: str, field: RatedField) -> Answer:
    desk = _desk(session)
    codes = _codes(desk)
    match = _VALUE.fullmatch(rest.strip())
    if not match:
        raise Refusal(Code(codes.wrong), "the syntax is: name, then 0 to 100, or null")
    number = -1 if match["value"].lower() == NULL else int(match["value"])
    if not -1 <= number <= HIGHEST:
        raise Refusal(Code(codes.wrong), f"{number} is out of range: trust goes from {LOWEST} to {HIGHEST}")
    return _rate(desk, _name(match["name"], codes), field, None if number < 0 else number)


def _set_comment(session: Session, rest: str, field: RatedField) -> Answer:
    desk = _desk(session)
    codes = _codes(desk)
    match = _COMMENT.fullmatch(rest.strip())
    if not match:
        raise Refusal(Code(codes.wrong), "the syntax is: name, then the comment in quotes")
    if len(match["text"].encode(errors="replace")) > COMMENT_OCTETS:
        raise Refusal(Code(codes.wrong), f"a comment has at most {COMMENT_OCTETS} octets; shorten it")
    return _rate(desk, _name(match["name"], codes), field, _name(match["text"] or " ", codes).strip())


def _rate(desk: TrustDesk, name: str, field: RatedField, value: int | str | None) -> Later:
    codes = _codes(desk)

    async def make() -> Reply:
        try:
            await desk.rate(name, field, value)
        except (Refused, Invalid) as error:
            no = _refusal(error, codes)
            return Reply(no.code, str(no))
        return Reply(codes.value, "trust set")

    return Later(make)


def _line(rated: Rated) -> str:
    """One person of XGETTRUSTLIST; what would end a field or a line cannot stand in a comment."""
    fields = [rated.name, *(rated.value(field) for field in RatedField)]
    return "\t".join(NULL if it is None else str(it).replace("\t", " ") for it in fields)


def _desk(session: Session) -> TrustDesk:
    if session.desk is None or session.desk.trust is None:
        raise Refusal(Code.FORBIDDEN, "nobody has logged in whose ratings these would be")
    return session.desk.trust


def _codes(desk: TrustDesk) -> Codes:
    return AS_FMS if desk.fms_codes else PRIVATE


def _name(text: str, codes: Codes) -> str:
    """The argument as text; names come from outside, and may not be UTF-8."""
    if any("\ud800" <= it <= "\udfff" for it in text):
        raise Refusal(Code(codes.wrong), "commands are sent in UTF-8")
    return text.strip()


def _refusal(error: Exception, codes: Codes) -> Refusal:
    return Refusal(Code(codes.unknown if isinstance(error, Missing) else codes.no), str(error))
