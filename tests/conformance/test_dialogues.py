"""Every check of this folder, against the machine and over sockets, whole and octet by octet."""

from __future__ import annotations

import pytest

from tests.conformance.access_checks import CARRIER, GATE, LOGIN, SASL
from tests.conformance.checks import Check, Expected
from tests.conformance.list_checks import LISTS
from tests.conformance.more_checks import MORE
from tests.conformance.overview_checks import FIELDS, OVERVIEW
from tests.conformance.posting_checks import NEWSREADERS, POSTING
from tests.conformance.reading_checks import ARTICLES, GROUPS, STEPS
from tests.conformance.session_checks import FRAMING, SESSION
from tests.nntp.dialogue import Response, exchange_in_turns, parse_responses

CHECKS = [*SESSION, *FRAMING, *GROUPS, *STEPS, *ARTICLES, *OVERVIEW, *FIELDS, *LISTS, *POSTING, *NEWSREADERS]
CHECKS += [*LOGIN, *SASL, *GATE, *CARRIER, *MORE]
ENOUGH = 200


def fits(response: Response, expected: Expected) -> bool:
    head, lines = expected if isinstance(expected, tuple) else (expected, None)
    if lines is not None and response.lines != lines:
        return False
    return response.code == head if isinstance(head, int) else f"{response} ".startswith(f"{head}")


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_machine(check: Check) -> None:
    """Whole, octet by octet and in odd pieces."""
    responses = parse_responses(exchange_in_turns(check.turns, terms=check.terms))
    assert len(responses) == len(check.expected), [str(response) for response in responses]
    for response, expected in zip(responses, check.expected, strict=True):
        assert fits(response, expected), f"{response} {response.lines} is not {expected}"


def test_enough_checks(capsys: pytest.CaptureFixture[str]) -> None:
    """Each says where its rule stands; most stand in an RFC, the others in what newsreaders do."""
    of_rfcs = [check for check in CHECKS if check.source.startswith("RFC")]
    with capsys.disabled():
        print(f"\n{len(CHECKS)} conformance checks, {len(of_rfcs)} of them name their RFC and section")
    assert len({str(check) for check in CHECKS}) == len(CHECKS)
    assert len(of_rfcs) >= ENOUGH
    assert all(len(check.source.split()) >= 3 for check in of_rfcs)
