"""All modes at once against a node with a hundred newsreaders, shortly; `make hostile` does it for longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.modes import MODES
from tests.hostile.together import measure

pytestmark = pytest.mark.slow
MEMORY_OCTETS = 128 << 20
CPU_SHARE = 0.6  # of one core
TIMES_AS_LONG = 2.0
SLACK_SECONDS = 10.0  # a retry, on a machine that does ten other things


def test_friends_are_heard_and_readers_answered_whatever_peers_do(tmp_path: Path) -> None:
    found = measure(tmp_path, 2)
    quiet, loud = max(found.quiet.arrivals), max(found.loud.arrivals)
    assert loud < TIMES_AS_LONG * quiet + SLACK_SECONDS
    assert all(len(found.loud.answers[name]) > 100 for name in found.loud.answers)
    assert found.after.memory_octets - found.before.memory_octets < MEMORY_OCTETS
    assert found.after.cpu_seconds - found.before.cpu_seconds < CPU_SHARE * (found.after.at - found.before.at)
    assert all(mode in found.done for mode in MODES)
