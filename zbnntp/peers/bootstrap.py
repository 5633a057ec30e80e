"""What tor says on its way into the network, and what to tell people who wait for it.

Sources: tor's control-spec, STATUS_CLIENT BOOTSTRAP and STATUS_GENERAL CLOCK_SKEW; its versions of ADD_ONION.
"""

from __future__ import annotations

import re

from zbnntp.model.errors import TorDown

OLDEST = (0, 4, 6)  # since then ADD_ONION knows the keys of visitors
_PROGRESS = re.compile(r"\bBOOTSTRAP PROGRESS=(\d{1,3})\b")
_WARNING = re.compile(r'\bWARNING="([^"]*)"')
_SKEW = re.compile(r"\bCLOCK_SKEW SKEW=-?(\d+)\b")
_VERSION = re.compile(r"(?:^Tor version |^version=)(\d+)\.(\d+)\.(\d+)")


def read_progress(event: str) -> int | None:
    """Percent of the way; None when it tells of something else."""
    found = _PROGRESS.search(event)
    return int(found[1]) if found else None


def read_warning(event: str) -> str:
    """What tor found in its way; empty for nothing."""
    if skew := _SKEW.search(event):
        return f"this computer's clock is {skew[1]} seconds off"
    found = _WARNING.search(event)
    return found[1] if found else ""


def describe_stuck(percent: int, warning: str) -> str:
    """For a tor that comes no further."""
    why = f": {warning}" if warning else ""
    return (
        f"tor comes no further than {percent} % on its way into the network{why}; see that this computer is on line "
        "and its clock right, and where Tor is blocked, give it bridges in tor_options"
    )


def check_version(told: str) -> None:
    """Raises TorDown for what is too old; `told`, as `tor --version` or GETINFO has it."""
    found = _VERSION.search(told)
    if found and tuple(map(int, found.groups())) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise TorDown(
            f"tor {'.'.join(found.groups())} is too old to serve onions with keys; install {oldest} or newer "
            "(https://support.torproject.org/apt/) and start again."
        )
