"""THE table: which handler carries out which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zbnntp.control import answers, changes, findings, inviting, joining, lettingin, orders, undoing, wishes
from zbnntp.control.ledger import Before, Receipt

HANDLERS: dict[type[orders.Order], Callable[[Before, Any], Receipt]] = {
    orders.Help: answers.help_,
    orders.Follow: changes.follow,
    orders.Rate: changes.rate,
    orders.SetRating: changes.set_rating,
    orders.Shift: changes.shift,
    orders.Untrust: changes.untrust,
    orders.Note: wishes.note,
    orders.Why: answers.why_,
    orders.Search: findings.search,
    orders.Vote: wishes.vote,
    orders.Report: wishes.report,
    orders.AddFilter: wishes.add_filter,
    orders.ListFilters: wishes.list_filters,
    orders.DropFilter: wishes.drop_filter,
    orders.Watch: wishes.watch,
    orders.By: wishes.by,
    orders.Via: wishes.via,
    orders.ViaLink: wishes.via_link,
    orders.Pin: wishes.pin,
    orders.SetSame: wishes.set_same,
    orders.SetMirror: wishes.set_mirror,
    orders.Purge: wishes.purge,
    orders.AddBoard: changes.add_board,
    orders.HideBoard: changes.hide_board,
    orders.Nick: changes.nick,
    orders.Profile: wishes.profile,
    orders.Invite: inviting.invite,
    orders.ListInvites: inviting.list_invites,
    orders.DropInvite: inviting.drop_invite,
    orders.Register: joining.register,
    orders.Reply: joining.reply,
    orders.Rest: joining.rest,
    orders.Offer: lettingin.offer,
    orders.TellOffers: lettingin.tell_offers,
    orders.TellNewcomers: lettingin.tell_newcomers,
    orders.MakeCode: lettingin.make_code,
    orders.ListCodes: lettingin.list_codes,
    orders.DropCode: lettingin.drop_code,
    orders.Status: answers.status,
    orders.Undo: undoing.undo,
}


def carry_out(before: Before, order: orders.Order) -> Receipt:
    """Do what an order says within the transaction; raises Refused with a sentence."""
    return HANDLERS[type(order)](before, order)
