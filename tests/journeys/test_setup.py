"""`zbnntp setup` against a running node: what it prints, writes and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_process import CommandRefused, NodeProcess

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    place = tmp_path_factory.mktemp("n")
    with NodeProcess(place / "anna", "anna", net=place / "net") as running:
        running.do("board add test.talk")
        yield running


def test_without_write_it_only_prints(node: NodeProcess) -> None:
    printed = node.call("setup", "slrn")
    assert f"-h 127.0.0.1:{node.port} " in printed
    assert f'set hostname "{node.identity}.zb.invalid"' in printed
    assert "\ntest.talk:\n" in printed
    assert not (node.home / "newsreaders").exists()


def test_written_where_one_says(node: NodeProcess, tmp_path: Path) -> None:
    said = node.call("setup", "tin", "--write", "--directory", str(tmp_path / "tin"))
    assert said.split()[-1] == str(tmp_path / "tin/start")
    settings = tmp_path / "tin/.tin/tinrc"
    assert f"mail_address={node.sender}\n" in settings.read_text()

    settings.write_text("mine\n")
    with pytest.raises(CommandRefused, match="--replace"):
        node.call("setup", "tin", "--write", "--directory", str(tmp_path / "tin"))
    said = node.call("setup", "tin", "--write", "--replace", "--directory", str(tmp_path / "tin"))
    assert f"kept as {settings}.old." in said


def test_tls_is_refused_where_the_node_has_none(node: NodeProcess) -> None:
    with pytest.raises(CommandRefused, match="the node listens nowhere with TLS"):
        node.call("setup", "gnus", "--tls")


def test_nobody_of_that_name(node: NodeProcess) -> None:
    with pytest.raises(CommandRefused, match="no identity of that name"):
        node.call("setup", "gnus", "--as", "bert")


def test_the_node_has_to_run(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "anna", "anna")
    node.init()
    with pytest.raises(CommandRefused, match="start it with 'zbnntp run'"):
        node.call("setup", "pan")
