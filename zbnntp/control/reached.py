"""Whether an own post has left this node: for `why` and `status`."""

from __future__ import annotations

import sqlite3

from zbnntp.control.reports import day_text
from zbnntp.store import fetched, posts

WAITS = "It waits here to be published."
NOBODY = "Nobody has fetched it from here yet: whoever follows you does within a minute, when both nodes are on line."


def reach_text(database: sqlite3.Connection, view: int, article: int) -> str:
    """A sentence on an own post. Who passes it on to whom is not known here, so what is counted is the least."""
    if posts.is_pending(database, article):
        return WAITS
    found = fetched.find(database, view, article)
    if found is None:
        return NOBODY
    often = "once" if found.times == 1 else f"{found.times} times"
    return f"Others have fetched it from here {often}, first on {day_text(found.first)}."


def newest_reach(database: sqlite3.Connection, view: int) -> str:
    """The same on the newest own post; empty without one."""
    article = fetched.newest_own(database, view)
    return reach_text(database, view, article) if article else ""
