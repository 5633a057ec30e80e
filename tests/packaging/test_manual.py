"""The manual pages and the completion say what --help says, and the programs that read them have nothing to object."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import pytest

from tests.programs import need
from zbnntp import cli


def parsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """All commands, by what is typed."""
    found = {parser.prog: parser}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                found |= parsers(command)
    return found


def rendered(page: Path) -> str:
    """What man(1) shows; it warns of nothing."""
    done = subprocess.run(
        ["man", "--warnings", "-l", page],
        env={"MANWIDTH": "200", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "MANPAGER": "cat"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), page
    return done.stdout


@pytest.mark.slow
def test_every_command_has_a_page_with_all_its_options(tmp_path: Path) -> None:
    need("man", "man-db")
    assert cli.main(["man", "--write", str(tmp_path)]) == 0
    commands = parsers(cli._parser())
    assert {it.stem for it in tmp_path.iterdir()} == {name.replace(" ", "-") for name in commands}
    for name, parser in commands.items():
        shown = rendered(tmp_path / f"{name.replace(' ', '-')}.1")
        for option in (option for action in parser._actions for option in action.option_strings):
            assert option in shown, f"{name}: {option}"
        assert str(Path.home() / ".local") not in shown


def test_every_argument_says_what_it_is() -> None:
    for name, parser in parsers(cli._parser()).items():
        silent = [it.dest for it in parser._actions if not it.help and not isinstance(it, argparse._SubParsersAction)]
        assert not silent, f"{name}: {silent}"


def test_a_page_is_printed_and_a_command_that_there_is_not_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["man", "trust", "compute"]) == 0
    assert capsys.readouterr().out.startswith('.TH ZBNNTP\\-TRUST\\-COMPUTE 1 "" "zbnntp ')
    assert cli.main(["man", "sing"]) == 1
    assert "no command sing" in capsys.readouterr().err


def test_bash_completes_commands_and_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", "bash"]) == 0
    script = tmp_path / "zbnntp"
    script.write_text(capsys.readouterr().out)
    assert completed(script, "ru") == {"run"}
    assert {"--home", "--listen", "--tor"} <= completed(script, "run", "--")
    assert completed(script, "run", "--tor", "o") == {"own", "off"}
    assert "init" in completed(script, "")


def completed(script: Path, *words: str) -> set[str]:
    typed = " ".join(f"'{it}'" for it in ("zbnntp", *words))
    commands = f"source {script}; COMP_WORDS=({typed}); COMP_CWORD={len(words)}; COMP_LINE={typed!r}; _shtab_zbnntp"
    done = subprocess.run(
        ["bash", "-c", f"{commands}; echo ${{COMPREPLY[@]}}"], capture_output=True, text=True, timeout=30
    )
    return set(done.stdout.split())


def test_zsh_is_told_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", "zsh"]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("feed", "--once", "rebuild"))
