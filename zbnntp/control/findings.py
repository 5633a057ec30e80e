"""`search`: whom a query means, and what was found as people read it, each post with a link that newsreaders follow."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from zbnntp.control.ledger import After, Before, Receipt
from zbnntp.control.orders import Search
from zbnntp.control.people import find_who
from zbnntp.control.reports import day_text, flat
from zbnntp.model.boards import is_virtual
from zbnntp.model.keys import Identity, message_id
from zbnntp.searching import Found, Hit, Query
from zbnntp.store import evidence

DAY_SECONDS = 86_400


def search(before: Before, order: Search) -> Receipt:
    people = meant(before.database, before.me, order.query)

    async def receipt(after: After) -> str:
        return found_text(await after.house.search(order.query, people), after.name)

    return receipt


def meant(database: sqlite3.Connection, view: int, query: Query) -> list[int]:
    """Whom a query's authors are; those of whom nothing is held are left out. Raises Missing, NotPermitted."""
    found = {evidence.find_person(database, find_who(database, view, who, None)) for who in query.authors}
    return sorted(person for person in found if person is not None)


def found_text(found: Found, name: Callable[[Identity], str]) -> str:
    if not found.hits:
        return (
            f"Nothing was found in the posts that you see; {found.looked} are held. Words are whole words, linu* is "
            "whatever begins so; what is quoted from others is left out."
        )
    count = len(found.hits)
    head = f"{count} post{'' if count == 1 else 's'}, the newest first:"
    last = (
        f"\n\nThere may be older ones; add before:{day_text(found.hits[-1].time + DAY_SECONDS)}" if found.full else ""
    )
    return "\n\n".join([head, *(_hit_text(number, hit, name) for number, hit in enumerate(found.hits, 1))]) + last


def _hit_text(number: int, hit: Hit, name: Callable[[Identity], str]) -> str:
    boards = [it for it in hit.groups if not is_virtual(it)] or hit.groups
    lines = [
        f"{number:3}. {flat(hit.subject)}",
        f"     {name(hit.author)}, {day_text(hit.time)}, {', '.join(boards)}",
        f"     <news:{message_id(hit.id).strip('<>')}>",
    ]
    text = flat(hit.snippet)
    return "\n".join([*lines, f"     {text}"] if text else lines)
