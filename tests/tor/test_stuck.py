"""A tor that does not get into its network: here one whose only authority does not answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio

from tests.tor.onions import own_tor, running

pytestmark = [pytest.mark.tor, pytest.mark.slow]
WAIT_SECONDS = 60


async def test_a_tor_that_comes_no_further_says_why_and_what_to_do(
    network_torrc: Sequence[str], short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zbnntp.peers.onion.STUCK_SECONDS", 1.0)
    deaf = [re.sub(r"(:|orport=)\d+ ", r"\g<1>1 ", line) for line in network_torrc]
    assert deaf != list(network_torrc)
    said: list[str] = []
    tor, _ = own_tor(short_dir, deaf, said)
    async with running(tor):
        with trio.fail_after(WAIT_SECONDS):
            while not any("Connection refused" in text for text in said):
                await trio.sleep(0.1)
        assert tor.problem == said[-1]
        assert re.match(r"tor comes no further than \d+ % .*: Connection refused; see that .*bridges", said[-1])
