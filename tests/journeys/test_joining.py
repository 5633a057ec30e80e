"""Getting in: a registrar and newcomers, as real processes on the local transport."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.node_process import CommandRefused, NodeProcess, wait_until

pytestmark = pytest.mark.slow
CONTROL = "zb.control"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, NodeProcess]]:
    """rita lets people in; nina and otto are new."""
    folder = tmp_path_factory.mktemp("join")
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(NodeProcess(folder / name, name, net=folder / "net"))
            for name in ("rita", "nina", "otto")
        }


def told(node: NodeProcess, words: str) -> str:
    """The newest article of zb.control in which these words stand; waits for it."""

    def look() -> str:
        with node.connect() as client:
            client.group(CONTROL)
            bodies = [client.article(row.message_id).get_content() for row in client.over()]
        return next((body for body in reversed(bodies) if words in " ".join(body.split())), "")

    return wait_until(look, f"{words!r} in {node.nick}'s zb.control", seconds=60)


def link_in(text: str) -> str:
    return next(word for word in text.split() if word.startswith("zb:"))


def test_a_one_time_code_lets_one_newcomer_in(nodes: dict[str, NodeProcess]) -> None:
    rita, nina, otto = nodes["rita"], nodes["nina"], nodes["otto"]
    link = link_in(rita.do("registrar code for nina"))
    nina.do(f"register {link}")
    assert "rates your posts 0.1 of 100 for 30 days" in " ".join(told(nina, "has let you in").split())
    assert "nina" in wait_until(lambda: "came with it" in (text := rita.do("registrar codes")) and text, "nina's name")
    wait_until(lambda: "nina" in rita.do(f"why {nina.identity}"), "nina's manifest at rita's", seconds=60)
    otto.do(f"register {link}")
    assert "used before" in " ".join(told(otto, "has not let you in").split())


def test_a_revoked_code_lets_nobody_in(nodes: dict[str, NodeProcess]) -> None:
    rita, otto = nodes["rita"], nodes["otto"]
    link = link_in(rita.do("registrar code"))
    rita.do(f"registrar revoke {link}")
    with pytest.raises(CommandRefused, match="no unused code"):
        rita.do(f"registrar revoke {link}")
    otto.do(f"register {link}")
    assert "not known here" in " ".join(told(otto, "not known here").split())
