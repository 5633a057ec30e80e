"""Command -> change, for posts and for what one keeps to oneself: votes, labels, notes, filters, watched threads,
groups of one person, borrowed eyes, pins, mirrors; and the profile. See changes.py for how handlers work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from zbnntp.control.changes import visit
from zbnntp.control.facts import filter_key, filter_name, filter_text, group_name, mirror_text, quoted
from zbnntp.control.ledger import After, Before, Receipt, constant
from zbnntp.control.orders import (
    AddFilter,
    By,
    DropFilter,
    ListFilters,
    Mirror,
    Note,
    Pin,
    Profile,
    Purge,
    Report,
    SetMirror,
    SetSame,
    Via,
    ViaLink,
    Vote,
    Watch,
)
from zbnntp.control.parsing import QUOTES
from zbnntp.control.people import find_who
from zbnntp.control.reports import SHOWN, day_text
from zbnntp.filters import FILTERS_MOST
from zbnntp.model import limits
from zbnntp.model.errors import Missing, NotPermitted, Refused
from zbnntp.model.keys import Identity, message_id
from zbnntp.purging import Purged, purge_person, purge_post
from zbnntp.store import choices, evidence, posts, promises, purges

NICK_WORDS = 5  # so many words at the beginning of a note are tried as a name
_NAME = re.compile(r"(?P<quote>[\"“„«])(?P<quoted>[^\"”“«»]+)[\"”“»](?::|\s|$)(?P<rest>.*)")


def vote(before: Before, order: Vote) -> Receipt:
    _, post, author = before.post(order.post)
    if author == before.view:
        raise NotPermitted("that post is your own; nobody votes on himself")
    old = before.put("vote", post.hex(), [author.hex(), order.value] if order.value else None)
    was = {None: "none", 1: "up", -1: "down"}[old[1] if old else None]
    now = {0: "none", 1: "up", -1: "down"}[order.value]
    spread = " Your node passes on what they publish." if order.value > 0 else ""
    if was == now:
        return constant(f"Your vote on {message_id(post)} was {now} already; nothing has changed.")
    return constant(f"Your vote on {message_id(post)} by {before.name(author)} was {was}, is now {now}.{spread}")


def report(before: Before, order: Report) -> Receipt:
    _, post, author = before.post(order.post)
    old = before.put("label", f"{post.hex()} {order.name}", order.note)
    reason = f'{order.name}, "{order.note}"' if order.note else order.name
    if old == order.note:
        return constant(f"You had reported {message_id(post)} so already ({reason}); nothing has changed.")
    was = "" if old is None else f", in place of {order.name}, {quoted(old)}"
    return constant(
        f"Reported {message_id(post)} by {before.name(author)}: {reason}{was}. Whoever trusts your judgement is told; "
        "nothing is hidden by it. To hide them from yourself: mute."
    )


def note(before: Before, order: Note) -> Receipt:
    target, text = _split_note(before, order.text)
    old = before.put("note", target.hex(), text)
    name = before.name(target)
    if old == text:
        return constant(f"Your note about {name} was {quoted(text)} already; nothing has changed.")
    return constant(f"Your note about {name} was {quoted(old)}, is now {quoted(text)}. Only you see it.")


def _split_note(before: Before, text: str) -> tuple[Identity, str]:
    """Whom a note is about: the longest name at its beginning; without one, the author of the article answered."""
    marked = _NAME.fullmatch(text)
    if marked:
        return before.who(marked["quoted"]), marked["rest"].strip()
    words = text.split(" ") if text else []
    for size in range(min(NICK_WORDS, len(words)), 0, -1):
        name = " ".join(words[:size]).rstrip(":,").strip(QUOTES)
        try:
            return find_who(before.database, before.me, name, None), " ".join(words[size:])
        except Missing:
            continue
    if before.answered is None:
        raise Missing("it does not begin with the name of anybody known; write: note WHO TEXT")
    return before.who(""), text


def profile(before: Before, order: Profile) -> Receipt:
    if order.text is None:
        return constant(f"Your profile is {quoted(before.read('profile', ''))}.")
    if len(order.text.encode(errors="replace")) > limits.PROFILE_OCTETS:
        raise NotPermitted("a profile has at most 64 KiB; shorten it")
    old = before.put("profile", "", order.text)
    if old == order.text:
        return constant("Your profile said so already; nothing has changed.")
    return constant(f"Your profile was {quoted(old)}, is now {quoted(order.text)}. It is published with your posts.")


# filters


def add_filter(before: Before, order: AddFilter) -> Receipt:
    if order.until is not None and order.until <= before.now:
        raise NotPermitted(f"{day_text(order.until - 1)} is over; name a day to come, or leave 'until' out")
    key = filter_key(order.pattern, order.is_regex)
    new = before.read("filter", key) is None
    if new and len(choices.filters(before.database, before.me)) >= FILTERS_MOST:
        raise NotPermitted(f"you have {FILTERS_MOST} filters, and more would make your node slow; take some out first")
    old = before.put("filter", key, [order.until])
    now = filter_text([order.until])
    if old == [order.until]:
        return constant(f"Filter {filter_name(key)} was {now} already; nothing has changed.")
    return constant(f"Filter {filter_name(key)} was {filter_text(old)}, is now {now}. {_listed(before)}")


def list_filters(before: Before, order: ListFilters) -> Receipt:
    rows = choices.filters(before.database, before.me)
    if not rows:
        return constant("You have no filters. To hide posts by their words: filter cheap watches")
    lines = [f"{number:>4}  {_filter_line(row, before.now)}" for number, row in enumerate(rows, 1)]
    return constant("\n".join(["Your filters; 'unfilter NUMBER' takes one out:", *lines]))


def _filter_line(row: choices.Filter, now: int) -> str:
    name = filter_name(filter_key(row.pattern, bool(row.is_regex)))
    if row.until is None:
        return name
    return f"{name} until {day_text(row.until - 1)}" + (", which is over" if row.until <= now else "")


def drop_filter(before: Before, order: DropFilter) -> Receipt:
    rows = choices.filters(before.database, before.me)
    found = _named(rows, order.which, str) or _named(rows, order.which, str.casefold)
    if order.which.isdecimal() and 0 < int(order.which[:9]) <= len(rows) and not found:
        found = [rows[int(order.which[:9]) - 1]]
    if not found:
        raise Missing(f"there is no filter {order.which[:60]!r}; 'filter' alone lists yours")
    key = filter_key(found[0].pattern, bool(found[0].is_regex))
    before.put("filter", key, None)
    return constant(f"Filter {filter_name(key)} was in force, is now not there. {_listed(before)}")


def _named(rows: Sequence[choices.Filter], which: str, folded: Callable[[str], str]) -> list[choices.Filter]:
    """Those of these words or this /expression/, compared as `folded`."""
    words, expression = folded(which.strip(QUOTES)), folded(which)
    return [it for it in rows if folded(f"/{it.pattern}/" if it.is_regex else it.pattern) in (words, expression)]


def _listed(before: Before) -> str:
    count = len(choices.filters(before.database, before.me))
    return "You have 1 filter." if count == 1 else f"You have {count} filters."


# threads and groups


def watch(before: Before, order: Watch) -> Receipt:
    article, _, _ = before.post(order.post)
    thread = posts.thread_of(before.database, article)
    opening = posts.post_id(before.database, thread)
    old = before.put("watch", opening.hex(), order.on)
    subject = posts.opening_subject(before.database, opening)
    named = f'The thread "{subject}"' if subject else f"The thread of {message_id(opening)}"
    was, now = ("watched" if it else "not watched" for it in (old, order.on))
    if was == now:
        return constant(f"{named} was {now} already; nothing has changed.")
    return constant(f"{named} was {was}, is now {now}.{' New answers in it stand in zb.replies too.' * order.on}")


def by(before: Before, order: By) -> Receipt:
    return _person_group(before, before.who(order.who), "by", order.on)


def via(before: Before, order: Via) -> Receipt:
    target = before.other(order.who, "that is you; the boards are as your own ratings show them")
    return _person_group(before, target, "via", order.on)


def via_link(before: Before, order: ViaLink) -> Receipt:
    """A board seen through the lists of the owner of a link: their address is kept, and they are fetched."""
    target = order.link.identity
    if target == before.view:
        raise NotPermitted("that is your own link; hand it to others, who see the board through your ratings")
    for url in order.link.urls:
        promises.add_address(before.database, target, url)
    made = _person_group(before, target, "via", True)
    prefix = group_name(before.scope, "via", target.hex())

    async def receipt(after: After) -> str:
        came = await visit(after, target, order.link.urls)
        return f"{await made(after)} The board is {prefix}.{order.board}. {came}"

    return receipt


def _person_group(before: Before, target: Identity, kind: str, on: bool) -> Receipt:
    """Make the groups of a person, or take them away."""
    key, person = target.hex(), before.name(target)
    was = group_name(before.scope, kind, key)
    before.put(kind, key, on)
    groups = f"{group_name(before.scope, kind, key) or was}{'.*' if kind == 'via' else ''}"
    if bool(was) == on:
        there = f"are there already: {groups}" if on else "were not there"
        return constant(f"The groups of {person} {there}; nothing has changed.")
    if not on:
        return constant(f"{groups} of {person} was there, is now gone.")
    what = "boards as their ratings show them" if kind == "via" else "all that they write"
    return constant(f"{groups} was not there, is now made for {person}: {what}. Refresh the group list.")


# versions and mirrors


def pin(before: Before, order: Pin) -> Receipt:
    target = before.other(order.who, "that is you; your own posts stay in any case")
    name, key = before.name(target), target.hex()
    if not order.on:
        if before.put("pin", key, None) is None:
            return constant(f"{name} was not pinned; nothing has changed.")
        return constant(f"{name} was pinned, is now not pinned: your trust in them alone decides again.")
    held = evidence.find_manifest(before.database, target)
    if held is None:
        raise Missing(f"nothing of {name} is here that could be kept")
    if before.read("pin", key) is not None:
        return constant(f"{name} was pinned already; nothing has changed.")
    level = before.standing(target).level
    before.put("pin", key, [held.seq, held.head_sha256.hex(), int(level)])
    return constant(
        f"{name} was not pinned, is now pinned: their posts stay {SHOWN[level]}, and nothing newer is fetched."
    )


def purge(before: Before, order: Purge) -> Receipt:
    if not order.what.startswith(("<", "news:")):
        target = before.other(order.what, "that is you; a post of yours is taken back with your newsreader's cancel")
        _not_ours(before, target)
        name = before.name(target)
        gone = purge_person(before.database, target, before.now)
        return _purged(before, target, f"All that {name} has published", gone)
    article, post, author = before.post(f"<{order.what.removeprefix('news:').strip('<>')}>")
    _not_ours(before, author)
    text = f"The post {message_id(post)} by {before.name(author)}"
    return _purged(before, author, text, purge_post(before.database, article, post, author))


def _not_ours(before: Before, author: Identity) -> None:
    if before.person(author) in {before.me, *purges.views(before.database)}:
        raise NotPermitted("that was written here; it is taken back with the newsreader's cancel")


def _purged(before: Before, whose: Identity, what: str, purged: Purged) -> Receipt:
    before.stale |= purged.stale
    text = f"{what} is deleted here for good ({purged.posts} posts, {purged.octets} octets) and never fetched again."

    async def receipt(after: After) -> str:
        after.house.know([whose])
        try:
            await after.house.scrub()
        except Refused as error:
            return f"{text} Traces of it are still on the disk, and the node tries again by itself: {error}."
        return text

    return receipt


def set_same(before: Before, order: SetSame) -> Receipt:
    target = before.other(order.who, "that is this identity; name another one of yours")
    name = before.name(target)
    if before.put("same", target.hex(), order.on or None) == (order.on or None):
        return constant(f"You said {'so' if order.on else 'nothing'} of {name} already; nothing has changed.")
    if not order.on:
        return constant(f"You no longer say that {name} is you.")
    return constant(f"You say that {name} is you; others are shown that when {name} says the same of you.")


def set_mirror(before: Before, order: SetMirror) -> Receipt:
    target = before.other(order.who, "that is you; what you publish is always passed on")
    choice = {Mirror.ON: True, Mirror.OFF: False, Mirror.AUTO: None}[order.choice]
    old = before.put("mirror", target.hex(), choice)
    name = before.name(target)
    if old == choice:
        return constant(f"Passing on what {name} publishes was {mirror_text(choice)} already; nothing has changed.")
    return constant(f"Passing on what {name} publishes was {mirror_text(old)}, is now {mirror_text(choice)}.")
