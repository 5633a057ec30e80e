"""How far the fetching of people has come: for `status`, and for zb.log on the day after somebody's first visit.

At first contact the newest posts come first, and of somebody who wrote very much only a part is shown a day; so for a
while not everything is there, and whoever waits should see that it goes on. docs/protocol.md "Quotas".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from zbnntp.control.people import name_of
from zbnntp.model.keys import Identity
from zbnntp.store import evidence, posts, quotas, ratings

UNDER_WAY_SHOWN = 3
MEGABYTE = 1_000_000


def fetching(reader: sqlite3.Connection, view: int, under_way: Mapping[Identity, tuple[int, int]]) -> dict[str, Any]:
    """What is still missing of those whom a view fetches; `under_way`: octets here and octets in all, of each."""
    people, lines = quotas.count_waiting(reader, view)
    return {
        "absent": ratings.count_absent(reader, view),
        "waiting_people": people,
        "waiting_posts": lines,
        "under_way": [
            {"who": name_of(reader, identity), "octets": octets, "of": total}
            for identity, (octets, total) in under_way.items()
        ],
    }


def fetching_text(found: Mapping[str, Any]) -> str:
    """The same in a sentence."""
    under_way = found["under_way"]
    parts = [f"{it['who']} {_megabytes(it['octets'])} of {_megabytes(it['of'])} MB" for it in under_way]
    if len(parts) > UNDER_WAY_SHOWN:
        parts[UNDER_WAY_SHOWN:] = [f"and {len(parts) - UNDER_WAY_SHOWN} more people"]
    if found["absent"]:
        parts.append(_people(found["absent"], "has not come yet", "have not come yet"))
    if found["waiting_posts"]:
        many = _people(found["waiting_people"], "wrote", "wrote")
        parts.append(f"{many} more than is shown a day, {found['waiting_posts']} posts wait")
    return "; ".join(parts) or "nothing is missing"


def first_visit_text(database: sqlite3.Connection, person: int) -> str:
    """For the digest: what is here of somebody who was fetched for the first time."""
    held, waiting = posts.count_by(database, person), quotas.count_excess(database, person)
    more = f", {waiting} more wait for another day" if waiting else ""
    name = name_of(database, evidence.identity_of(database, person))
    return f"{name}: {held} post{'' if held == 1 else 's'}{more}."


def _megabytes(octets: int) -> str:
    return f"{octets / MEGABYTE:.1f}"


def _people(count: int, one: str, many: str) -> str:
    return f"1 person {one}" if count == 1 else f"{count} people {many}"
