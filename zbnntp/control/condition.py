"""What the node is doing, as `status` says it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zbnntp.control.progress import fetching_text

ENDED = (
    "A recovery key has ended this identity: nobody takes what it publishes now. If that was not you, somebody has "
    "your recovery words."
)
FORKED = "Warning     your key has signed two versions of your manifest; see zb.log, and recovery.md for what to do"


def status_lines(report: Mapping[str, Any]) -> list[str]:
    """What `status` answers, from the report that `zbnntp status --json` prints."""
    people, boards = report["people"], report["boards"]
    unpublished = report["unpublished"]
    return [
        *([ENDED] if report["ended"] else []),
        f"You are     {report['nick']}",
        f"Identity    {report['identity']}",
        f"From        {report['from']}",
        f"Link        {report['link'] or 'none: this node cannot be reached by others'}",
        f"Listening   {', '.join(report['listening']) or 'not yet'}",
        f"Tor         {report['tor']}",
        f"People      {people['fetched']} fetched; {people['full']} shown in full, {people['limited']} replies only",
        f"Fetching    {fetching_text(report['fetching'])}",
        f"Boards      {len(boards)} with {sum(boards.values())} articles",
        *([f"Newest post {report['reach'][:1].lower()}{report['reach'][1:]}"] if report["reach"] else []),
        f"Keeps       {kept_text(report['kept'])}",
        *([f"Disk        only reading is possible: {report['trouble']}"] if report["trouble"] else []),
        *(f"Joining     {line}" for line in report["joining"]),
        *([FORKED] if report["forked"] else []),
        f"To publish  {_waiting(unpublished)}" + (f"; {report['waits']}" if report["waits"] else ""),
    ]


def kept_text(kept: Mapping[str, int]) -> str:
    """What a node keeps of others and has handed out today; megabytes of a million octets."""
    most = f" (at most {megabytes(kept['quota_octets'])})" if kept["quota_octets"] else ""
    span = f"for {kept['months']} months" if kept["months"] else "for ever"
    sealed = f", {megabytes(kept['sealed_octets'])} of posts sealed" if kept["sealed_octets"] else ""
    served = f"served {megabytes(kept['served_octets_today'])} today"
    return f"{megabytes(kept['octets'])} of others{most}, {span}{sealed}; {served}"


def megabytes(octets: int) -> str:
    return f"{octets / 1e6:.1f} MB"


def _waiting(lines: int) -> str:
    if not lines:
        return "nothing waits"
    number = "1 line waits" if lines == 1 else f"{lines} lines wait"
    return f"{number}; votes and the like for your next post, six hours at most"
