"""Command -> change, for one's own registrar: which ways in it offers, its codes, what became of newcomers.

docs/joining.md.
"""

from __future__ import annotations

from zbnntp.control.ledger import After, Before, Receipt, constant
from zbnntp.control.orders import DropCode, ListCodes, MakeCode, Offer, TellNewcomers, TellOffers
from zbnntp.control.reports import day_text
from zbnntp.model.errors import Missing, NotPermitted
from zbnntp.registrar.codes import FOR_GOOD, new_code
from zbnntp.registrar.kinds import KINDS
from zbnntp.store import admissions, codes, offers
from zbnntp.store.admissions import Tally
from zbnntp.store.codes import Code

DAY_SECONDS = 86_400
NO_OFFER = "You offer newcomers no way in. To be a registrar write, for example: registrar offer captcha"
REPORT_HELP = (
    "Counted are ratings above and below 0 by you, by hand, and by those whose judgement you trust. A registrar whose "
    "newcomers are often rated below 0 lets in whom it should not."
)


def offer(before: Before, order: Offer) -> Receipt:
    lacks = KINDS[order.way].lacks(before.rules) if order.a_day is not None else ""
    if lacks:
        raise NotPermitted(f"{order.way} cannot be offered yet: {lacks}")
    old = before.put("offer", order.way, order.a_day)
    if order.a_day is None:
        return constant(f"{order.way} is no longer offered." if old is not None else f"{order.way} was not offered.")

    async def receipt(after: After) -> str:
        link, what = after.house.link(), KINDS[order.way].help
        return (
            f"You offer newcomers a way in: {what}, to {order.a_day} a day. Your profile says that you are a "
            f"registrar. Publish your link where newcomers find it; they write:\n\nregister {link}"
        )

    return receipt


def tell_offers(before: Before, order: TellOffers) -> Receipt:
    begun = before.now - before.now % DAY_SECONDS
    lines = [
        f"{way}: {admissions.count_since(before.database, before.me, begun, way)} of {most} newcomers today"
        for way, most in offers.offers(before.database, before.me).items()
    ]
    return constant("\n".join(lines) or NO_OFFER)


def tell_newcomers(before: Before, order: TellNewcomers) -> Receipt:
    found = admissions.tally(before.database, before.me)
    if not found:
        return constant("You have let nobody in yet.")
    return constant("\n".join([*map(_tally_text, found), "", REPORT_HELP]))


def _tally_text(tally: Tally) -> str:
    it = tally
    again = f" ({it.renewed} came again)" if it.renewed else ""
    unknown = it.newcomers - it.praised - it.blamed
    return f"{it.way}: {it.newcomers} newcomers{again}; {it.praised} rated well, {it.blamed} badly, {unknown} not yet"


def make_code(before: Before, order: MakeCode) -> Receipt:
    code = new_code(before.rules.mt, before.rules.days, order.note, before.now)
    codes.add_code(before.database, before.me, code)

    async def receipt(after: After) -> str:
        return (
            f"{after.house.link()}#{code.code}\n\nThis link lets one newcomer in, until {day_text(code.until)}. They "
            f"write 'register LINK' to zb.control, and get a first rating from you, for {before.rules.days} days."
        )

    return receipt


def list_codes(before: Before, order: ListCodes) -> Receipt:
    found = [code for code in codes.codes(before.database, before.me) if code.days != FOR_GOOD]
    lines = [_code_text(before, code) for code in found]
    return constant("\n".join(lines) or "You have handed out no codes; make one with: registrar code.")


def drop_code(before: Before, order: DropCode) -> Receipt:
    if not codes.drop_code(before.database, before.me, order.code):
        raise Missing("there is no unused code like that; 'registrar codes' lists them")
    return constant("That code is worth nothing any more.")


def _code_text(before: Before, code: Code) -> str:
    note = f", for {code.note}" if code.note else ""
    if code.person is not None and code.came is not None:
        return f"{code.code}{note}: {before.name(code.person)} came with it on {day_text(code.came)}"
    state = "good" if code.until > before.now else "not used"
    return f"{code.code}{note}: {state} until {day_text(code.until)}"
