"""`zbnntp restore` on files: what it makes of a key file, from wherever it comes, and what it refuses."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import pytest

from zbnntp import cli, home
from zbnntp.model.keys import Signer, sha256
from zbnntp.model.link import Link, format_link

ANNA, CARL = (Link(Signer.from_seed(sha256(it)).identity, ("local:x",)) for it in (b"anna", b"carl"))


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A backup of bert's key file, on something that has no owners."""
    home.make_keys(tmp_path / "bert", "bert", None)
    (tmp_path / "stick").mkdir()
    key = Path(shutil.copy(tmp_path / "bert" / home.KEY_FILE, tmp_path / "stick" / "bert.json"))
    key.chmod(0o755)
    return key


def restore(place: Path, *words: str | Path) -> int:
    return cli.main(["restore", "--home", str(place), *map(str, words)])


def test_a_key_file_becomes_a_home_of_somebody_who_has_published_before(
    stick: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "again"
    assert restore(place, stick) == 0
    out = capsys.readouterr().out
    assert "Restored the key of bert" in out
    assert "There is nobody to ask yet" in out
    assert (place / home.KEY_FILE).stat().st_mode & 0o777 == 0o600
    (account,) = home.accounts(place)
    assert account.identity == home.accounts(tmp_path / "bert")[0].identity
    assert account.published is None
    assert home.load_keys(place, None).signer.identity == account.identity


def test_friends_come_from_the_command_line_and_from_beside_the_key(
    stick: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.note_friends(stick.parent, [CARL])
    assert restore(tmp_path / "again", stick, format_link(ANNA)) == 0
    assert "asks 2 friends for" in capsys.readouterr().out
    assert home.read_friends(tmp_path / "again") == [ANNA, CARL]


def test_one_more_identity_on_a_home(stick: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.make_keys(tmp_path / "carl", "carl", None)
    assert restore(tmp_path / "carl", stick) == 1
    assert "or --add one more" in capsys.readouterr().err
    assert restore(tmp_path / "carl", stick, "--add") == 0
    assert [it.nick for it in home.accounts(tmp_path / "carl")] == ["carl", "bert"]
    assert restore(tmp_path / "carl", stick, "--add") == 1
    assert "bert lives in this home already" in capsys.readouterr().err
    assert restore(tmp_path / "new", stick, "--add") == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read"),
        ("hello", "is damaged"),
        ("{}", "another version"),
        ('{"version": 1}', "is damaged"),
    ],
)
def test_what_is_no_key_file_leaves_no_home(
    text: str | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (tmp_path / "file").write_text(text)
    assert restore(tmp_path / "again", tmp_path / "file") == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "again").exists()
