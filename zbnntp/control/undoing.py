"""Taking back what an article of commands did, from what it left in the ledger.

What has been changed again since stays as it is: the later word counts, and the receipt says so.
"""

from __future__ import annotations

import json

from zbnntp.control.facts import FACTS
from zbnntp.control.ledger import After, Before, Receipt
from zbnntp.control.orders import Undo
from zbnntp.control.people import find_article
from zbnntp.control.reports import SHOWN, these_posts
from zbnntp.model.errors import Missing
from zbnntp.model.keys import Identity
from zbnntp.store import deeds
from zbnntp.store.deeds import Deed, Step

NOTHING = "there is nothing to take back"


def undo(before: Before, order: Undo) -> Receipt:
    deed = _deed(before, order.article)
    steps = list(reversed(deeds.steps_of(before.database, deed.pk)))
    lines = [_take_back(before, step) for step in steps]
    deeds.mark_undone(before.database, deed)
    before.undoes = deed.pk
    people = {Identity(bytes.fromhex(step.key)): None for step in steps if FACTS[step.kind].ranked}

    async def receipt(after: After) -> str:
        return "\n".join([*lines, *filter(None, (_became(after, person) for person in people))])

    return receipt


def _deed(before: Before, reference: str) -> Deed:
    """The one named, the one answered, or the last."""
    if not reference and before.answered:
        answered = find_article(before.database, before.me, before.answered)
        found = deeds.find_deed(before.database, before.me, answered) if answered is not None else None
        if found is not None:
            return _fresh(found)
    if not reference:
        last = deeds.last_deed(before.database, before.me)
        if last is None:
            raise Missing(f"{NOTHING}: no command of yours has changed anything in the last 90 days")
        return last
    article = find_article(before.database, before.me, reference)
    found = deeds.find_deed(before.database, before.me, article) if article is not None else None
    if found is None:
        raise Missing(f"{NOTHING}: {reference[:80]} is no article of commands that changed something")
    return _fresh(found)


def _fresh(deed: Deed) -> Deed:
    if deed.undone:
        raise Missing(f"{NOTHING}: what that article did is taken back already")
    return deed


def _take_back(before: Before, step: Step) -> str:
    fact, was, then = FACTS[step.kind], json.loads(step.before), json.loads(step.after)
    subject, now = fact.subject(before.scope, step.key), before.read(step.kind, step.key)
    if now == was:
        return f"{subject} is {fact.text(now)} already."
    if now != then:
        return f"{subject} is {fact.text(now)} by a later command and stays so."
    before.put(step.kind, step.key, was)
    return f"{subject} was {fact.text(then)}, is {fact.text(before.read(step.kind, step.key))} again."


def _became(after: After, person: Identity) -> str:
    moved = after.moved.get(person)
    if moved is None:
        return ""
    counted = these_posts(moved.settled, "of theirs")
    return f"{after.name(person)}: their posts were {SHOWN[moved.before]}, and are now {SHOWN[moved.after]}. {counted}"
