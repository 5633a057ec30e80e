"""Command -> change, for one's own registrar: the codes that were handed out. docs/joining.md."""

from __future__ import annotations

from zbnntp.control.ledger import After, Before, Receipt, constant
from zbnntp.control.orders import DropCode, ListCodes, MakeCode
from zbnntp.control.reports import day_text
from zbnntp.model.errors import Missing
from zbnntp.registrar.codes import FOR_GOOD, new_code
from zbnntp.registrar.ways import DAYS, MT
from zbnntp.store import codes
from zbnntp.store.codes import Code


def make_code(before: Before, order: MakeCode) -> Receipt:
    code = new_code(MT, DAYS, order.note, before.now)
    codes.add_code(before.database, before.me, code)

    async def receipt(after: After) -> str:
        return (
            f"{after.house.link()}#{code.code}\n\nThis link lets one newcomer in, until {day_text(code.until)}. They "
            "write 'register LINK' to zb.control, and get a first rating from you, for a month."
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
