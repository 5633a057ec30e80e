"""What tor says on its way into the network, as tor 0.4.9 says it."""

from __future__ import annotations

import pytest

from zbnntp.model.errors import TorDown
from zbnntp.peers.bootstrap import check_version, describe_stuck, read_progress, read_warning

REFUSED = (
    'STATUS_CLIENT WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting to a relay" WARNING="Connection refused" '
    'REASON=CONNECTREFUSED COUNT=1 RECOMMENDATION=ignore HOSTID="BB" HOSTADDR="127.0.0.1:5001"'
)
SKEWED = "STATUS_GENERAL WARN CLOCK_SKEW SKEW=-7200 SOURCE=CONSENSUS"


@pytest.mark.parametrize(
    ("event", "progress", "warning"),
    [
        (REFUSED, 5, "Connection refused"),
        ('status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"', 100, ""),
        (SKEWED, None, "this computer's clock is 7200 seconds off"),
        ("STATUS_CLIENT NOTICE CIRCUIT_ESTABLISHED", None, ""),
        ("", None, ""),
    ],
    ids=["refused", "done", "clock", "something else", "nothing"],
)
def test_progress_and_what_keeps_it(event: str, progress: int | None, warning: str) -> None:
    assert (read_progress(event), read_warning(event)) == (progress, warning)


def test_the_sentence_names_what_tor_found_in_its_way_and_what_to_do() -> None:
    said = describe_stuck(5, "Connection refused")
    assert said.startswith("tor comes no further than 5 % on its way into the network: Connection refused; see that")
    assert "network; see that" in describe_stuck(0, "")


@pytest.mark.parametrize("told", ["Tor version 0.4.5.16.\n", "version=0.3.5.18 (git-abc)"])
def test_a_tor_that_is_too_old(told: str) -> None:
    with pytest.raises(TorDown, match=r"^tor 0\.\d\.5 is too old .* install 0\.4\.6 or newer"):
        check_version(told)


@pytest.mark.parametrize(
    "told", ["Tor version 0.4.6.1-alpha.\n", "version=0.4.9.11", "Tor version 1.0.0.", "something"]
)
def test_one_that_is_not(told: str) -> None:
    check_version(told)
