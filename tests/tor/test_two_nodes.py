"""The whole thing: two nodes, two onions on a private Tor network, slrn at one and a plain client at the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.conftest import set_up
from tests.clients.slrn import Header, Slrn
from tests.node_process import NodeProcess, wait_until
from tests.programs import need
from tests.tor.onions import tor_node

pytestmark = [pytest.mark.tor, pytest.mark.client, pytest.mark.slow]
BOARD = "test.talk"


@pytest.fixture
def nodes(tmp_path: Path, network_torrc: Sequence[str]) -> Iterator[tuple[NodeProcess, NodeProcess]]:
    need("slrn")
    with ExitStack() as stack:
        found = [tor_node(tmp_path, nick, network_torrc) for nick in ("anna", "bert")]
        for node in found:
            node.start()
            stack.callback(lambda it=node: it.running and it.stop())
        for node in found:
            wait_until(lambda it=node: "reachable" in it.status()["tor"], f"{node.nick}'s onion to be published", 90)
        yield found[0], found[1]


def test_a_post_from_slrn_is_answered_over_tor_and_the_answer_is_read_in_slrn(
    nodes: tuple[NodeProcess, NodeProcess], tmp_path: Path
) -> None:
    anna, bert = nodes
    link = anna.call("invite", "--for", "bert").split()[0]  # one link for both directions
    assert ".onion#" in link
    bert.call("follow", link)
    anna.do(f"board add {BOARD}")
    home = tmp_path / "person"
    home.mkdir()
    with Slrn(home, set_up(anna, "slrn")) as slrn:
        slrn.show_all_groups()
        slrn.select_group(BOARD)
        assert slrn.post("Through the onions", "Is this thing on?\n") == "Posting...done."

        def arrived() -> bool:
            with bert.connect() as client:
                return BOARD in client.groups() and client.group(BOARD).count == 1

        wait_until(arrived, "anna's post at bert's", 120)
        with bert.connect() as client:
            client.group(BOARD)
            row = client.over()[0]
            assert row.subject == "Through the onions"
            assert row.sender == anna.sender
            assert client.article(row.number).get_content().strip() == "Is this thing on?"
            answer = client.post(
                BOARD, "Re: Through the onions", "Loud and clear.", sender=bert.sender, references=row.message_id
            )
            assert answer.code == 240

        def came_back() -> bool:
            with anna.connect() as client:
                return client.group(BOARD).count == 2

        wait_until(came_back, "bert's answer at anna's", 120)
        rows = slrn.open_group(BOARD)
        assert rows == [Header("anna", "Through the onions", 0), Header("bert", "Re: Through the onions", 2)]
        assert "Loud and clear." in slrn.read("bert", "Re: Through the onions")
