"""Command -> change, for invitations: links with a one-time code, each for one friend, who is rated when he comes.

The other side is `follow LINK`, which rates who invited and hands in the code (changes.py). So both see each other, and
neither has to do anything more. docs/newsgroups.md "Commands".
"""

from __future__ import annotations

from dataclasses import replace

from zbnntp.control.joining import thread_of
from zbnntp.control.language import FOLLOW_DEFAULT
from zbnntp.control.ledger import After, Before, Receipt, constant
from zbnntp.control.orders import DropInvite, Invite, ListInvites
from zbnntp.control.reports import day_text, rating_text
from zbnntp.model.entries import SCALE
from zbnntp.model.errors import Missing, NotPermitted
from zbnntp.model.link import format_link, parse_link
from zbnntp.registrar.codes import FOR_GOOD, new_code
from zbnntp.store import codes
from zbnntp.store.codes import Code

HUNDREDTH = SCALE // 100
OPEN_MOST = 100  # invitations of one owner: strangers may have accounts on a node
FORGET_SECONDS = 30 * 86_400  # after which one that was not used is listed no more
INVITATION = """\
{link}

This invitation is for one person, until {until}. Hand it over in private: whoever comes with it first is rated {mt} \
by you. Your friend sends the line 'follow LINK' with it to zb.control; then you see each other within a minute, while \
both nodes are on line, and you are told here who came.

'invite list' shows what became of your invitations, 'invite revoke LINK' takes one back. A link for everybody, whom \
you do not rate by it, stands in 'status'."""


def invite(before: Before, order: Invite) -> Receipt:
    mt = FOLLOW_DEFAULT if order.mt is None else order.mt
    codes.forget_codes(before.database, before.now - FORGET_SECONDS)
    if sum(code.person is None and code.until > before.now for code in _invitations(before)) >= OPEN_MOST:
        raise NotPermitted(f"{OPEN_MOST} invitations of yours are open; take some back, or wait until they run out")
    made = new_code(mt * HUNDREDTH, FOR_GOOD, order.note, before.now)
    code = replace(made, thread=" ".join(thread_of(before)))
    codes.add_code(before.database, before.me, code)

    async def receipt(after: After) -> str:
        link = replace(parse_link(after.house.link()), code=code.code)
        return INVITATION.format(link=format_link(link), until=day_text(code.until), mt=mt)

    return receipt


def list_invites(before: Before, order: ListInvites) -> Receipt:
    lines = [_text(before, code) for code in _invitations(before)]
    return constant("\n".join(lines) or "You have invited nobody; make an invitation with: invite")


def drop_invite(before: Before, order: DropInvite) -> Receipt:
    if not codes.drop_code(before.database, before.me, order.code):
        raise Missing("there is no unused invitation like that; 'invite list' lists them")
    return constant("That invitation is worth nothing any more.")


def _invitations(before: Before) -> list[Code]:
    return [code for code in codes.codes(before.database, before.me) if code.days == FOR_GOOD]


def _text(before: Before, code: Code) -> str:
    note = f", for {code.note}" if code.note else ""
    if code.person is not None and code.came is not None:
        rated = rating_text(before.rating(code.person))
        return f"{before.name(code.person)} came on {day_text(code.came)}{note}; you rate them {rated}."
    if code.until > before.now:
        return f"Open until {day_text(code.until)}{note}: {code.code}"
    return f"Not used until {day_text(code.until)}{note}."
