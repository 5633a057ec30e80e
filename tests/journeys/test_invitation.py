"""An invitation between two nodes: one link, handed over once, and each sees what the other writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.journeys.boards import BOARD, subjects, text_of
from tests.node_process import NodeProcess, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, NodeProcess]]:
    """anna invites; bert comes; carl finds the link later."""
    folder = tmp_path_factory.mktemp("inv")
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(NodeProcess(folder / name, name, net=folder / "net"))
            for name in ("anna", "bert", "carl")
        }


def post(node: NodeProcess, subject: str) -> None:
    with node.connect() as client:
        assert client.post(BOARD, subject, "Words.", sender=node.sender).code == 240


def test_one_link_and_each_sees_the_other(nodes: dict[str, NodeProcess]) -> None:
    anna, bert, carl = nodes.values()
    anna.do(f"board add {BOARD}")
    post(anna, "From anna")
    link = anna.call("invite", "70", "--for", "Bert").split()[0]
    assert "Your invitation is handed in" in " ".join(bert.call("follow", link).split())
    wait_until(lambda: subjects(bert) == ["From anna"], "anna's thread at bert's", seconds=60)
    post(bert, "From bert")
    wait_until(lambda: sorted(subjects(anna)) == ["From anna", "From bert"], "bert's thread at anna's", seconds=60)
    assert "has let you in, and rates your posts 70 of 100" in text_of(bert, "zb.control")
    assert "has come with your invitation for Bert" in text_of(anna, "zb.control")
    listed = anna.call("invite", "--list")
    assert listed.startswith("bert (")
    assert listed.endswith("for Bert; you rate them 70.")
    wait_until(lambda: "they came with a one-time link of yours for Bert" in text_of(anna, "zb.people"), "zb.people")
    # whoever finds the link afterwards follows her, and she does not see him
    carl.call("follow", link)
    wait_until(lambda: "has not let you in" in text_of(carl, "zb.control"), "a used code is said to be", seconds=60)
    assert "ask for another link" in text_of(carl, "zb.control")
    assert subjects(carl) == ["From anna"]
    assert "carl" not in anna.call("invite", "--list")
