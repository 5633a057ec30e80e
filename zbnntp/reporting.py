"""What a local identity's part of the node is doing, for programs (`zbnntp status --json`) and for what people read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from zbnntp import joining, retention
from zbnntp.control import help as manual
from zbnntp.control.progress import fetching
from zbnntp.control.reached import newest_reach
from zbnntp.model.boards import is_virtual
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import identity_text
from zbnntp.store import evidence, numbers, ratings, silent, versions

if TYPE_CHECKING:
    from zbnntp.resident import Resident


def report(resident: Resident) -> dict[str, Any]:
    """What `zbnntp status --json` prints of one identity."""
    commons, view, peering = resident.commons, resident.view, resident.peering
    reader = commons.reader
    own = evidence.find_manifest(reader, resident.identity)
    boards = [row for row in numbers.newsgroups(reader, view) if not is_virtual(row.name)]
    link = ""
    with contextlib.suppress(NotPermitted):
        link = resident.link()
    return {
        "identity": identity_text(resident.identity),
        "nick": resident.nick(),
        "from": manual.own_sender(resident.identity, resident.nick()),
        "listening": commons.listening,
        "guests": commons.public_reader,
        "locked": resident.keys is None,
        "tor": peering.describe() if peering else "waits for the key",
        "link": link,
        "people": ratings.count_standings(reader, view),
        "trouble": commons.writer.trouble,
        "fetching": fetching(reader, view, peering.under_way if peering else {}),
        "boards": {row.name: row.count - silent.is_told(reader, row.pk) for row in boards if not row.hidden},
        "kept": retention.report(reader, commons.intake.keeping, commons.standings.views)
        | {"served_octets_today": commons.network.budget.spent},
        "reach": newest_reach(reader, resident.view),
        "forked": versions.count_conflicts(reader, view) > 0,
        "joining": [joining.state_text(reader, it) for it in joining.under_way(reader, view, commons.now())],
        "waits": resident.homecoming.describe() if resident.homecoming else "",
        "unpublished": len(evidence.outbox(reader, view)),
        "published_seq": own.seq if own else 0,
        "ended": resident.has_ended(),
    }
