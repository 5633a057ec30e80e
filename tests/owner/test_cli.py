"""The command line without a node behind it: what is asked, printed, refused, and the exit code."""

from __future__ import annotations

import getpass
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.node_process import words_in
from zbnntp import __version__, cli, cli_ask, home, node
from zbnntp.model import keys
from zbnntp.model.errors import NotPermitted, TorDown
from zbnntp.node import Plan


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No terminal, no settings of whoever runs the tests, the least that argon2id takes."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for name in ("ZBNNTP_HOME", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(keys, "ARGON2_OPS", 1)
    monkeypatch.setattr(keys, "ARGON2_OCTETS", 8192)


class Terminal(io.StringIO):
    """Answers to what is asked, in order; `asked` are the questions for a passphrase."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, lines: str, secrets: Sequence[str] = ()) -> None:
        super().__init__(lines)
        self.asked: list[str] = []
        left = list(secrets)

        def answer(question: str) -> str:
            self.asked.append(question)
            return left.pop(0)

        monkeypatch.setattr(getpass, "getpass", answer)
        monkeypatch.setattr(sys, "stdin", self)

    def isatty(self) -> bool:
        return True


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """What would have run."""
    found: list[Plan] = []
    monkeypatch.setattr(node, "run_node", found.append)
    return found


def run(*words: str | Path) -> int:
    return cli.main([str(word) for word in words])


def test_init_makes_an_identity_and_prints_the_words_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init", "--home", tmp_path, "--nick", "anna", "--no-passphrase") == 0
    out = capsys.readouterr().out
    assert "anna" in out
    assert len(words_in(out).split()) == 24
    assert home.load_keys(tmp_path, None).nick == "anna"
    assert run("init", "--home", tmp_path, "--nick", "anna", "--no-passphrase") == 1
    assert "holds an identity already" in capsys.readouterr().err


def test_one_more_identity_on_a_home(tmp_path: Path) -> None:
    for nick in ("anna", "bert"):
        assert run("init", "--home", tmp_path, "--nick", nick, "--no-passphrase", "--add") == 0
    assert [it.nick for it in home.accounts(tmp_path)] == ["anna", "bert"]


def test_where_nobody_reads_its_words_there_is_no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.make_keys(tmp_path, "anna", None)
    reading, writing = os.pipe()
    os.close(reading)
    with monkeypatch.context() as patched, os.fdopen(writing, "w") as hung_up:
        patched.setattr(sys, "stdout", hung_up)
        assert run("account", "add", "dora", "--random", "--home", tmp_path) != 0
    assert [it.nick for it in home.accounts(tmp_path)] == ["anna"]
    assert run("account", "add", "dora", "--random", "--home", tmp_path) == 0
    assert [it.nick for it in home.accounts(tmp_path)] == ["anna", "dora"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--nick", "anna"], "--no-passphrase"),
        (["--no-passphrase"], "--nick"),
        (["--nick", "x" * 41, "--no-passphrase"], "a nick has at most 40"),
        (["--nick", "a\u202eb", "--no-passphrase"], "direction characters"),
        (["--nick", "\u200d", "--no-passphrase"], "a visible character"),
        (["--nick", "anna", "--passphrase-file", "/nowhere"], "cannot be read"),
    ],
)
def test_init_without_a_terminal_needs_to_be_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert run("init", "--home", tmp_path, *words) == 1
    assert sentence in capsys.readouterr().err
    assert not home.has_keys(tmp_path)


@pytest.mark.parametrize(("octets", "sentence"), [(b"", "is empty"), (b"\nx", "is empty"), (b"\xff", "cannot be read")])
def test_a_passphrase_file_without_a_passphrase(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], octets: bytes, sentence: str
) -> None:
    (tmp_path / "p").write_bytes(octets)
    assert run("init", "--home", tmp_path / "h", "--nick", "anna", "--passphrase-file", tmp_path / "p") == 1
    assert sentence in capsys.readouterr().err


def test_init_at_a_terminal_asks_twice_for_the_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch, "anna\n", ["secret", "secret"])
    assert run("init", "--home", tmp_path) == 0
    assert len(terminal.asked) == 2
    assert home.load_keys(tmp_path, "secret").nick == "anna"


def test_init_at_a_terminal_suggests_a_name_and_takes_an_empty_passphrase_as_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal(monkeypatch, "\n", [""])
    assert run("init", "--home", tmp_path) == 0
    assert len(terminal.asked) == 1
    assert f"[{home.load_keys(tmp_path, None).nick}]" in capsys.readouterr().out


def test_two_passphrases_that_differ_make_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Terminal(monkeypatch, "anna\n", ["secret", "secrets"])
    assert run("init", "--home", tmp_path) == 1
    assert "differ" in capsys.readouterr().err
    assert not home.has_keys(tmp_path)


def test_control_d_where_something_is_asked_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Terminal(monkeypatch, "")
    assert run("init", "--home", tmp_path) == 130


def test_run_on_an_empty_home_without_a_terminal_makes_a_clear_text_identity_and_says_so(
    tmp_path: Path, plans: list[Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", "--home", tmp_path / "new", "--tor", "off") == 0
    out = capsys.readouterr().out
    assert "clear text" in out
    assert len(words_in(out).split()) == 24
    assert plans[0].keys == home.load_keys(tmp_path / "new", None)
    assert (plans[0].config.tor, plans[0].local_net) == ("off", None)
    assert run("run", "--home", tmp_path / "new", "--local-net", tmp_path) == 0
    assert capsys.readouterr().out == ""
    assert plans[1].keys == plans[0].keys
    assert plans[1].local_net == tmp_path


def test_the_first_run_explains_itself_in_four_lines(
    tmp_path: Path, plans: list[Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init", "--home", tmp_path / "one", "--nick", "anna", "--no-passphrase") == 0
    assert run("run", "--home", tmp_path / "two", "--nick", "bert") == 0
    out = capsys.readouterr().out
    assert plans[0].keys.nick == "bert"
    for beginning in (" 1. Your node", " 2. You see", " 3. What you write", " 4. Read 'Welcome'"):
        assert out.count(f"\n{beginning}") == 2


def test_run_on_an_empty_home_with_a_passphrase_file_seals(
    tmp_path: Path, plans: list[Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p").write_text("secret\nignored\n")
    assert run("run", "--home", tmp_path / "new", "--passphrase-file", tmp_path / "p") == 0
    assert "under your passphrase" in capsys.readouterr().out
    assert home.load_keys(tmp_path / "new", "secret") == plans[0].keys


def test_run_under_systemd_seals_and_opens_with_its_credential(
    tmp_path: Path, plans: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / home.PASSPHRASE_CREDENTIAL).write_text("secret\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for _ in range(2):
        assert run("run", "--home", tmp_path / "new") == 0
    assert home.load_keys(tmp_path / "new", "secret") == plans[0].keys == plans[1].keys
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "new"))
    assert run("run", "--home", tmp_path / "new") == 1


def test_no_passphrase_is_stronger_than_a_credential(
    tmp_path: Path, plans: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / home.PASSPHRASE_CREDENTIAL).write_text("secret\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert run("run", "--home", tmp_path / "new", "--no-passphrase") == 0
    assert not home.needs_passphrase(tmp_path / "new")


def test_run_on_an_empty_home_at_a_terminal_asks(
    tmp_path: Path, plans: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    Terminal(monkeypatch, "anna\n", ["secret", "secret", "secret"])
    assert run("run", "--home", tmp_path) == 0
    assert plans[0].keys.nick == "anna"
    terminal = Terminal(monkeypatch, "", ["secret"])
    assert run("run", "--home", tmp_path) == 0
    assert len(terminal.asked) == 1
    Terminal(monkeypatch, "", ["wrong"])
    assert run("run", "--home", tmp_path) == 1
    assert len(plans) == 2


def test_a_sealed_key_without_a_terminal_needs_its_passphrase(
    tmp_path: Path, plans: list[Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    home.make_keys(tmp_path, "anna", "secret")
    assert run("run", "--home", tmp_path) == 1
    assert "--passphrase-file" in capsys.readouterr().err
    (tmp_path / "p").write_text("wrong\n")
    assert run("run", "--home", tmp_path, "--passphrase-file", tmp_path / "p") == 1
    assert "not the passphrase" in capsys.readouterr().err
    assert plans == []


def test_a_second_node_on_one_home_is_refused(
    tmp_path: Path, plans: list[Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    home.make_keys(tmp_path, "anna", None)
    with home.locked(tmp_path):
        assert run("run", "--home", tmp_path) == 1
    assert "another zbnntp runs" in capsys.readouterr().err
    assert plans == []


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("colour = 1", "colour"),
        ('listen = "127.0.0.1:99999"', "no HOST:PORT"),
        ('registrar_command = ["/nowhere/let-in"]', "no program /nowhere/let-in"),
        ('tls_certificate = "cert.pem"', "both tls_certificate and tls_key"),
    ],
)
def test_settings_are_checked_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], setting: str, sentence: str
) -> None:
    (tmp_path / "zbnntp.toml").write_text(f"{setting}\n")
    assert run("run", "--home", tmp_path) == 1
    assert sentence in capsys.readouterr().err
    assert not home.has_keys(tmp_path)


def test_the_home_comes_from_the_environment(
    tmp_path: Path, plans: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZBNNTP_HOME", str(tmp_path / "there"))
    assert run("run") == 0
    assert plans[0].home == tmp_path / "there"
    assert run("run", "--home", tmp_path / "else") == 0
    assert plans[1].home == tmp_path / "else"


def test_errors_out_of_the_task_tree_are_sentences_and_bugs_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raised: list[Exception] = [ExceptionGroup("x", [ExceptionGroup("y", [TorDown("no tor")])]), NotPermitted("no")]

    def fail(plan: Plan) -> None:
        raise raised.pop(0)

    monkeypatch.setattr(node, "run_node", fail)
    for sentence in ("no tor", "no"):
        assert run("run", "--home", tmp_path) == 1
        assert capsys.readouterr().err == f"zbnntp: {sentence}\n"
    raised.append(ExceptionGroup("x", [KeyError("a bug")]))
    with pytest.raises(KeyError):
        run("run", "--home", tmp_path)


def test_control_c_is_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(plan: Plan) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(node, "run_node", interrupt)
    assert run("run", "--home", tmp_path) == 130


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Requests to a node that says yes to everything but `no`."""
    found: list[dict[str, Any]] = []

    def answer(path: Path, request: dict[str, Any]) -> dict[str, Any]:
        found.append(request)
        ok = request.get("do") != "no"
        return {"ok": ok, "text": "so it is" if ok else "that is not so", "status": {"nick": "anna"}}

    monkeypatch.setattr(cli_ask, "ask_node", answer)
    return found


def test_do_why_and_status(tmp_path: Path, asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--home", str(tmp_path)]
    assert run("do", *place, "board add x.y") == run("why", *place, "bob") == run("status", *place) == 0
    assert asked == [{"do": "board add x.y"}, {"do": "why bob"}, {"ask": "status"}]
    assert capsys.readouterr().out == "so it is\n" * 3
    assert run("status", *place, "--json", "--as", "bert") == 0
    assert json.loads(capsys.readouterr().out) == {"nick": "anna"}
    assert asked[-1] == {"ask": "status", "as": "bert"}


def test_a_command_that_is_refused_says_so_on_stderr(
    tmp_path: Path, asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("do", "--home", tmp_path, "--as", "bert", "no") == 1
    assert capsys.readouterr() == ("", "that is not so\n")
    assert asked == [{"do": "no", "as": "bert"}]


@pytest.mark.parametrize("words", [["do", "help"], ["invite"], ["status"], ["status", "--json"]])
def test_where_no_node_runs_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert run(*words, "--home", tmp_path) == 1
    assert "zbnntp run" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [[], ["walk"], ["do"], ["run", "--tor", "off", "--local-net", "x"], ["run", "--tor", "x"]]
)
def test_what_argparse_refuses_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as failure:
        run(*words)
    assert failure.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_version_and_demo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run("--version")
    assert end.value.code == 0
    assert capsys.readouterr().out == f"zbnntp {__version__}\n"
    from zbnntp import demo

    found: list[str | None] = []
    monkeypatch.setattr(demo, "run_demo", lambda listen, say: found.append(listen))
    assert run("demo", "--listen", "127.0.0.1:0") == 0
    assert found == ["127.0.0.1:0"]


def test_rebuild_says_what_is_held_and_needs_the_home_for_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.make_keys(tmp_path, "anna", None)
    assert run("rebuild", "--home", tmp_path) == 0
    assert capsys.readouterr().out.startswith("0 posts")
    with home.locked(tmp_path):
        assert run("rebuild", "--home", tmp_path) == 1
    assert "another zbnntp runs" in capsys.readouterr().err
