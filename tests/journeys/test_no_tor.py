"""A first run where something is wrong with tor, or with the port: one sentence that says what to do next."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.node_process import CommandRefused, NodeProcess, wait_until

pytestmark = pytest.mark.slow
OLD_TOR = "#!/bin/sh\necho 'Tor version 0.3.5.18.'\n"
TOO_OLD = "tor 0.3.5 is too old to serve onions with keys; install 0.4.6 or newer"
MISSING = "not installed: nothing is fetched or published; install it (apt install tor) and start again"


class Newcomer(NodeProcess):
    """Somebody whose machine has no other programs than what is in `programs`."""

    def __init__(self, place: Path, way: str) -> None:
        super().__init__(place / "anna", "anna", args=("--tor", way))
        self.programs = place / "bin"
        self.programs.mkdir()

    def run_in_vain(self, *options: str) -> str:
        """What `zbnntp run` says that does not start."""
        with pytest.raises(CommandRefused) as refused:
            self._zbnntp("run", *options)
        return str(refused.value)

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"PATH": str(self.programs)}


def test_without_tor_the_node_runs_for_its_owner_and_says_what_is_missing(tmp_path: Path) -> None:
    with Newcomer(tmp_path, "auto") as node:
        assert f"tor      {MISSING}" in node.lines
        assert MISSING in node.call("status")
        node.do("board add test.talk")


def test_a_tor_that_is_too_old_is_said_with_the_remedy(tmp_path: Path) -> None:
    node = Newcomer(tmp_path, "auto")
    (node.programs / "tor").write_text(OLD_TOR)
    (node.programs / "tor").chmod(0o755)
    with node:
        wait_until(lambda: TOO_OLD in node.call("status"), "status says so")
        assert TOO_OLD in node.output


def test_what_cannot_start_says_how_it_could(tmp_path: Path) -> None:
    node = Newcomer(tmp_path, "own")
    node.init()
    said = node.run_in_vain("--tor", "own", "--listen", "127.0.0.1:0")
    assert said == "zbnntp: tor is not installed; install it (apt install tor), or start with --tor off"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = node.run_in_vain("--tor", "off", "--listen", f"127.0.0.1:{port}")
    assert said.startswith(f"zbnntp: port {port} is taken (Address already in use); choose another with --listen 127.")
    with pytest.raises(CommandRefused, match="no node runs on that home; start it with 'zbnntp run'"):
        node.call("status")
