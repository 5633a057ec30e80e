"""Command -> change, for people and boards. Each handler runs inside the one transaction of its article and returns how
its receipt is made.

A handler that raises takes the whole article back. Receipts are made after the commit and after trust was computed
anew, so they can say what became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zbnntp import joining
from zbnntp.control.joining import thread_of
from zbnntp.control.language import FOLLOW_DEFAULT, SHIFT
from zbnntp.control.ledger import After, Before, Receipt, constant
from zbnntp.control.orders import AddBoard, Follow, HideBoard, Nick, Rate, SetRating, Shift, Untrust
from zbnntp.control.reports import SHOWN, rating_text, these_posts
from zbnntp.model.entries import SCALE
from zbnntp.model.errors import Missing, NotPermitted, Refused, Unreachable
from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.store import endings, evidence, numbers, promises, purges, ratings, silent
from zbnntp.store.ratings import Standing, StoredRating

HUNDREDTH = SCALE // 100  # commands speak of -100..100
SELF = "that is you; your own posts are always shown, and nobody can rate himself"
ONLY_HERE = " It counts for you alone and is never published."


@dataclass(frozen=True, slots=True)
class Rated:
    """A changed rating, and the standing before it."""

    target: Identity
    old: StoredRating | None
    new: StoredRating | None
    before: Standing
    remark: str = ""

    async def receipt(self, after: After) -> str:
        name, now = after.name(self.target), after.standing(self.target)
        changed = f"{name}: trust was {rating_text(self.old)}, is now {rating_text(self.new)}.{self.remark}"
        shown = f"{_became(self.before.level, now.level)}{_counted(after, self.target)}"
        return f"{changed} {shown}{_hint(after, self.target, now)}"


def publish_rating(before: Before, new: StoredRating, remark: str = "") -> Rated:
    """A published rating takes the place of a private one; both numbers None take it back."""
    key, old, standing = new.target.hex(), before.rating(new.target), before.standing(new.target)
    before.put("private", key, None)
    given = new.mt is not None or new.tlt is not None
    before.put("rating", key, [new.mt, new.tlt, new.note] if given else None)
    return Rated(new.target, old, new if given else None, standing, remark)


def keep_private(before: Before, new: StoredRating) -> Rated:
    key, old, standing = new.target.hex(), before.rating(new.target), before.standing(new.target)
    before.put("private", key, [new.mt, new.tlt])
    published = ratings.find_rating(before.database, before.me, before.person(new.target))
    shown = f" What you published before, {rating_text(published)}, stays published." if published else ""
    return Rated(new.target, old, new, standing, ONLY_HERE + shown)


def rate(before: Before, order: Rate) -> Receipt:
    """Not said stays as it was, but a rating below 0 takes trust in their ratings back unless it is said again."""
    target = before.other(order.who, SELF)
    old = before.rating(target)
    if not order.private and before.read("private", target.hex()) is not None:
        old = ratings.find_rating(before.database, before.me, before.person(target))  # what was private stays so
    tlt = old.tlt if order.tlt is None and old and order.mt >= 0 else _wire(order.tlt)
    note = (old.note if old else "") if order.note is None else order.note
    new = StoredRating(target, order.mt * HUNDREDTH, tlt, note, None)
    return (keep_private(before, new) if order.private else publish_rating(before, new)).receipt


def set_rating(before: Before, order: SetRating) -> Receipt:
    if order.target == before.view:
        raise NotPermitted(SELF)
    return publish_rating(before, StoredRating(order.target, order.mt, order.tlt, order.note, None)).receipt


def shift(before: Before, order: Shift) -> Receipt:
    """From where trust stands now, computed where it was not rated; a private rating stays private."""
    target = before.other(order.who, SELF)
    old, standing = before.rating(target), before.standing(target)
    mt, tlt = (old.mt, old.tlt) if old else (None, None)
    mt = _whole(standing.mt) if mt is None else mt
    step = SHIFT * HUNDREDTH
    if order.more:
        tlt = min(SCALE, (_whole(standing.tlt) if tlt is None else tlt) + step)
        mt = min(SCALE, mt + step)
    else:
        mt = max(-SCALE, mt - step)
    new = StoredRating(target, mt, tlt, old.note if old else "", None)
    if before.read("private", target.hex()):
        return keep_private(before, new).receipt
    computed = old is None and standing.mt != 0
    remark = (
        f" Without a rating of yours it was {standing.mt * 100:.0f}, computed from what others say." if computed else ""
    )
    return publish_rating(before, new, remark).receipt


def untrust(before: Before, order: Untrust) -> Receipt:
    target = before.who(order.who)
    if before.rating(target) is None:
        return constant(f"You had not rated {before.name(target)}; nothing had to be taken back.")
    return publish_rating(before, StoredRating(target, None, None, "", None)).receipt


async def visit(after: After, target: Identity, urls: Sequence[str]) -> str:
    """Go to somebody at once; a sentence on what came of it."""
    if purges.is_purged(after.database, target):
        return "What they publish was purged here: it is not fetched any more."
    try:
        return await after.house.follow(target, urls)
    except (Unreachable, Refused) as error:
        return f"Nothing came yet: {str(error).rstrip('.')}. Your node tries again by itself."


def follow(before: Before, order: Follow) -> Receipt:
    target, urls = order.link.identity, order.link.urls
    if target == before.view:
        raise NotPermitted("that is your own link; hand it to a friend, who follows it")
    for url in urls:
        promises.add_address(before.database, target, url)
    old = before.rating(target)
    mt = max(FOLLOW_DEFAULT * HUNDREDTH, (old.mt if old else None) or 0) if order.mt is None else _wire(order.mt)
    tlt = max(FOLLOW_DEFAULT * HUNDREDTH, (old.tlt if old else None) or 0) if order.tlt is None else _wire(order.tlt)
    note = (old.note if old else "") if order.note is None else order.note
    rated = publish_rating(before, StoredRating(target, mt, tlt, note, None))

    invited = order.link.code and not ratings.is_positive(before.database, before.person(target), before.me)
    if invited:
        joining.apply(before.database, before.me, target, "", order.link.code or "", thread_of(before), before.now)

    async def receipt(after: After) -> str:
        came, name = await visit(after, target, urls), after.name(target)
        text = f"You follow {name}: trust was {rating_text(rated.old)}, is now {rating_text(rated.new)}. {came}"
        if not invited:
            return (
                f"{text} They trust you already: your invitation is left for somebody else."
                if order.link.code
                else text
            )
        after.house.apply()
        return f"{text} Your invitation is handed in; what they say to it comes as an article below this one."

    return receipt


def add_board(before: Before, order: AddBoard) -> Receipt:
    old = numbers.find_newsgroup(before.database, before.me, order.name)
    before.put("board", order.name, [0, order.description or (old.description if old else "")])
    if old is None:
        return constant(f"Board {order.name} is there now; refresh the group list, subscribe and start a thread.")
    if old.hidden:
        return constant(f"Board {order.name} was hidden and is shown again.")
    if order.description and order.description != old.description:
        was = f'"{old.description}"' if old.description else "none"
        return constant(f'Board {order.name}: description was {was}, is now "{order.description}".')
    return constant(f"Board {order.name} was there already; nothing has changed.")


def hide_board(before: Before, order: HideBoard) -> Receipt:
    if order.name.startswith("zb."):
        raise NotPermitted("groups that begin with zb. are the node's own and always shown")
    board = numbers.find_newsgroup(before.database, before.me, order.name)
    if board is None:
        raise Missing(f"there is no board {order.name[:64]} here; make it with: board add {order.name[:64]}")
    before.put("board", order.name, [int(order.hidden), board.description])
    was, now = ("hidden" if it else "shown" for it in (board.hidden, order.hidden))
    if was == now:
        return constant(f"Board {order.name} was {now} already; nothing has changed.")
    back = f" To have it back: board show {order.name}." if order.hidden else ""
    count = board.count - silent.is_told(before.database, board.pk)
    return constant(f"Board {order.name} with {count} articles was {was}, is now {now}.{back}")


def nick(before: Before, order: Nick) -> Receipt:
    old = before.put("nick", "", order.name)
    if old == order.name:
        return constant(f"You were called {old} already; nothing has changed.")
    seen = "" if endings.find(before.database, before.me) else "; others see it when they fetch you next"
    return constant(f"You were called {old}, now you are called {order.name}{seen}.")


def _wire(number: int | None) -> int | None:
    return None if number is None else number * HUNDREDTH


def _whole(value: float) -> int:
    """A computed trust in whole hundredths, on the wire's scale."""
    return round(value * 100) * HUNDREDTH


def _became(before: Level, now: Level) -> str:
    if before == now:
        return f"Their posts stay {SHOWN[now]}."
    return f"Their posts were {SHOWN[before]}, and are now {SHOWN[now]}."


def _counted(after: After, target: Identity) -> str:
    """How many posts of theirs that showed and hid."""
    moved = after.moved.get(target)
    return f" {these_posts(moved.settled, 'of theirs')}" if moved and these_posts(moved.settled) else ""


def _hint(after: After, target: Identity, now: Standing) -> str:
    """What is missing when somebody is to be seen of whom nothing is held."""
    held = evidence.find_manifest(after.database, target) or promises.addresses(after.database, target)
    if held or not now.fetch:
        return ""
    return " Nothing of theirs is here and no address of theirs is known; follow LINK fetches it."
