"""`zbnntp feed` as it is typed: what it needs, and the command by which an operator has groups made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from zbnntp import cli
from zbnntp.cli_feed import make_group


def test_a_feed_needs_a_node_and_a_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["feed", "a b", "--home", str(tmp_path)]) == 1
    assert "no HOST or HOST:PORT" in capsys.readouterr().err
    assert cli.main(["feed", "127.0.0.1:1", "--once", "--home", str(tmp_path)]) == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_the_name_of_a_board_goes_into_the_command_as_one_word(tmp_path: Path) -> None:
    made = tmp_path / "made"
    script = f"import pathlib, sys; pathlib.Path({str(made)!r}).write_text(' '.join(sys.argv[1:]))"
    assert make_group([sys.executable, "-c", script, "newgroup", "{}", "n"], "test.talk")
    assert made.read_text() == "newgroup test.talk n"


@pytest.mark.parametrize(
    ("command", "board"),
    [
        ([], "test.talk"),
        (["/nowhere/ctlinnd", "{}"], "test.talk"),
        ([sys.executable, "-c", "raise SystemExit(1)"], "test.talk"),
        ([sys.executable, "-c", "pass", "{}"], "-s.option"),  # a board may be named so, and is an option there
    ],
)
def test_what_cannot_be_made(command: list[str], board: str) -> None:
    assert not make_group(command, board)
