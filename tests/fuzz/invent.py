"""Hypothesis at the NNTP machine for as long as wanted: `python -m tests.fuzz.invent SECONDS`.

Coverage-guided fuzzing changes octets; hypothesis makes whole sessions out of commands, noise and cuts, and shrinks
what breaks. Each round has a new seed, so that a long run goes on where a short one ends; the first is CHANCE, if that
is set in the environment.
"""

from __future__ import annotations

import os
import sys
import time

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.nntp.dialogue import feed, parse_responses, pieces_of
from zbnntp.nntp.commands import COMMANDS

ROUND_EXAMPLES = 500
WORDS = sorted({word.encode() for command in COMMANDS for word in command.name.split()})
ARGUMENTS = (b"1", b"1-", b"2-1", b"<a@b>", b"*", b"tech.linux", b"20261125 000000", b"Subject", b":bytes", b"")

noise = st.binary(max_size=300)
line = st.builds(
    lambda words, end: b" ".join(words) + end,
    st.lists(st.one_of(st.sampled_from(WORDS), st.sampled_from(ARGUMENTS), noise), min_size=1, max_size=6),
    st.sampled_from((b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\0\r\n", b"\r\n.\r\n")),
)
session = st.lists(st.one_of(line, noise), max_size=12).map(b"".join)


@settings(max_examples=ROUND_EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(session, st.integers(min_value=1, max_value=9))
def check(octets: bytes, size: int) -> None:
    """Well-formed replies or a close, wherever the octets are cut."""
    whole = feed([octets])
    assert feed(pieces_of(octets, size)) == whole
    parse_responses(whole)


def main(seconds: str) -> None:
    end, rounds = time.monotonic() + float(seconds), 0
    first = int(os.environ.get("CHANCE") or time.time_ns())
    while time.monotonic() < end:
        seed(first + rounds)(check)()
        rounds += 1
    print(f"stat::number_of_executed_units: {rounds * ROUND_EXAMPLES}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
