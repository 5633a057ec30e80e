"""The home directory: who may read it, what the key file holds, one node at a time, sockets with short paths."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zbnntp import home
from zbnntp.model import keys
from zbnntp.model.errors import BadEncoding, Invalid, NotPermitted, ZbError


@pytest.fixture(autouse=True)
def _quick_kdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that argon2id takes."""
    monkeypatch.setattr(keys, "ARGON2_OPS", 1)
    monkeypatch.setattr(keys, "ARGON2_OCTETS", 8192)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_words_are_shown_before_there_is_a_key(tmp_path: Path) -> None:
    shown: list[tuple[str, bool]] = []
    words = home.make_keys(tmp_path, "anna", None, lambda it: shown.append((it, home.has_keys(tmp_path))))
    assert shown == [(words, False)]


def test_directory_and_key_file_are_the_owners_alone(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    old = os.umask(0)
    try:
        home.make_keys(place, "anna", None)
    finally:
        os.umask(old)
    assert mode(place) == 0o700
    assert mode(place / home.KEY_FILE) == 0o600
    assert sorted(path.name for path in place.iterdir()) == [home.KEY_FILE, home.PUBLISHED_FILE]


def test_a_directory_that_others_could_read_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    home.make_directory(tmp_path)
    assert mode(tmp_path) == 0o700


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotPermitted, match="cannot be used as home directory"):
        home.make_directory(tmp_path / "file")


def test_the_words_give_the_recovery_key_and_are_kept_nowhere(tmp_path: Path) -> None:
    from mnemonic import Mnemonic

    words = home.make_keys(tmp_path, "anna", None)
    assert len(words.split()) == 24
    recovery = keys.Signer.from_seed(bytes(Mnemonic("english").to_entropy(words)))
    assert home.load_keys(tmp_path, None).next_key == keys.sha256(recovery.identity)
    beginning = " ".join(words.split()[:3])
    assert all(beginning not in path.read_text() for path in tmp_path.iterdir())


def test_identity_and_onion_have_different_keys(tmp_path: Path) -> None:
    home.make_keys(tmp_path, "anna", None)
    found = home.load_keys(tmp_path, None)
    assert keys.Signer.from_seed(found.onion_seed).identity != found.signer.identity
    assert found.nick == "anna"


def test_a_passphrase_seals_the_key(tmp_path: Path) -> None:
    home.make_keys(tmp_path, "anna", "correct horse")
    assert home.needs_passphrase(tmp_path)
    content = json.loads((tmp_path / home.KEY_FILE).read_text())
    found = home.load_keys(tmp_path, "correct horse")
    assert content["identity"] == keys.identity_text(found.signer.identity)
    assert found.onion_seed.hex() not in json.dumps(content)
    for wrong in ("Correct horse", "", None):
        with pytest.raises(NotPermitted, match="not the passphrase"):
            home.load_keys(tmp_path, wrong)


def test_without_a_passphrase_it_is_clear_text_and_needs_none(tmp_path: Path) -> None:
    home.make_keys(tmp_path, "anna", None)
    assert not home.needs_passphrase(tmp_path)
    assert home.load_keys(tmp_path, None) == home.load_keys(tmp_path, "whatever")


def test_an_identity_is_never_written_over(tmp_path: Path) -> None:
    home.make_keys(tmp_path, "anna", None)
    before = (tmp_path / home.KEY_FILE).read_bytes()
    with pytest.raises(NotPermitted, match="holds an identity already"):
        home.make_keys(tmp_path, "bert", None)
    assert (tmp_path / home.KEY_FILE).read_bytes() == before


@pytest.mark.parametrize("nick", ["", "  ", "a\nb", "x" * 41, "a\u2028b"])
def test_a_nick_that_no_head_could_have_is_refused(tmp_path: Path, nick: str) -> None:
    with pytest.raises(NotPermitted, match="a nick has"):
        home.make_keys(tmp_path, nick, None)
    assert not home.has_keys(tmp_path)
    assert home.check_nick(f" {'x' * 38} ") == "x" * 38
    assert home.check_nick(home.random_nick())


Change = Callable[[dict[str, Any]], object]


def changed(content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return content | fields


DAMAGES: dict[str, Change] = {
    "not an object": lambda content: [content],
    "no secret": lambda content: {name: value for name, value in content.items() if name != "secret"},
    "no identity": lambda content: {name: value for name, value in content.items() if name != "identity"},
    "secret is a number": lambda content: changed(content, secret=5),
    "secret is no JSON": lambda content: changed(content, secret="x"),
    "secret is a list": lambda content: changed(content, secret="[]"),
    "short seed": lambda content: changed(content, secret='{"seed":"00","onion":"' + "00" * 32 + '"}'),
    "no onion": lambda content: changed(content, secret='{"seed":"' + "00" * 32 + '"}'),
    "somebody else's seed": lambda content: changed(content, secret='{{"seed":"{0}","onion":"{0}"}}'.format("00" * 32)),
    "short next": lambda content: changed(content, next="00"),
    "nick is a number": lambda content: changed(content, nick=5),
    "sealed half": lambda content: changed(content, secret={"kdf": "argon2id"}),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_key_file_says_so(tmp_path: Path, damage: str) -> None:
    home.make_keys(tmp_path, "anna", None)
    path = tmp_path / home.KEY_FILE
    path.write_text(json.dumps(DAMAGES[damage](json.loads(path.read_text()))))
    with pytest.raises(ZbError, match=r"damaged|another version"):
        home.load_keys(tmp_path, "x" if home.needs_passphrase(tmp_path) else None)


@pytest.mark.parametrize("octets", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_key_file_that_is_no_json_is_damaged(tmp_path: Path, octets: bytes) -> None:
    home.make_keys(tmp_path, "anna", None)
    (tmp_path / home.KEY_FILE).write_bytes(octets)
    with pytest.raises(BadEncoding, match="restore it from your backup"):
        home.load_keys(tmp_path, None)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_a_key_file_of_another_version_or_program_is_refused(tmp_path: Path, version: object) -> None:
    home.make_keys(tmp_path, "anna", None)
    path = tmp_path / home.KEY_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": version}))
    with pytest.raises(NotPermitted, match="another version"):
        home.load_keys(tmp_path, None)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o666, 0o610])
def test_a_key_file_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path, bits: int) -> None:
    home.make_keys(tmp_path, "anna", None)
    (tmp_path / home.KEY_FILE).chmod(bits)
    with pytest.raises(NotPermitted, match="chmod 600"):
        home.load_keys(tmp_path, None)


def test_a_key_file_that_is_a_directory_or_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotPermitted, match="zbnntp init"):
        home.load_keys(tmp_path, None)
    (tmp_path / home.KEY_FILE).mkdir()
    with pytest.raises(NotPermitted, match="cannot be read"):
        home.load_keys(tmp_path, None)


def test_one_node_a_home(tmp_path: Path) -> None:
    with home.locked(tmp_path), pytest.raises(NotPermitted, match="another zbnntp runs"), home.locked(tmp_path):
        pass
    with home.locked(tmp_path):
        pass


def test_the_default_identity_comes_first_and_others_in_order(tmp_path: Path) -> None:
    home.make_keys(tmp_path, "first", None)
    for nick in ("second", "third"):
        home.make_keys(home.new_place(tmp_path), nick, "secret" if nick == "third" else None)
    first, *others = home.accounts(tmp_path)
    assert (first.nick, first.sealed) == ("first", False)
    assert sorted((it.nick, it.sealed) for it in others) == [("second", False), ("third", True)]
    assert [it.identity for it in others] == sorted(it.identity for it in others)
    path = others[0].place / home.KEY_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"identity": "x"}))
    with pytest.raises(Invalid):
        home.accounts(tmp_path)


def test_a_socket_lies_in_the_home_when_its_path_is_short(tmp_path: Path) -> None:
    assert home.socket_path(Path("/h"), "admin.sock") == Path("/h/admin.sock")


@pytest.mark.parametrize("odd", ["My Files", 'quote"', "Büro"])
def test_a_home_with_an_odd_name_has_its_sockets_where_tor_can_forward_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    path = home.socket_path(Path("/h") / odd, "onion.sock")
    assert path.parent.parent == tmp_path
    assert mode(path.parent) == 0o700


def long_home(tmp_path: Path) -> Path:
    return tmp_path / ("x" * 120)


@pytest.mark.parametrize("runtime", ["", "nowhere", "relative", "run"])
def test_a_long_home_has_its_sockets_in_a_private_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.setenv(
        "XDG_RUNTIME_DIR", "run" if runtime == "relative" else str(tmp_path / runtime) if runtime else ""
    )
    monkeypatch.setattr(home.tempfile, "gettempdir", lambda: str(tmp_path))
    path = home.socket_path(long_home(tmp_path), "admin.sock")
    assert path == home.socket_path(long_home(tmp_path), "admin.sock")
    assert path.parent.parent == (tmp_path / "run" if runtime == "run" else tmp_path)
    assert mode(path.parent) == 0o700
    assert path.parent != home.socket_path(long_home(tmp_path) / "other", "admin.sock").parent


def test_a_private_directory_that_is_not_ours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    directory = home.socket_path(long_home(tmp_path), "admin.sock").parent
    directory.chmod(0o755)
    with pytest.raises(NotPermitted, match="belongs to somebody else"):
        home.socket_path(long_home(tmp_path), "admin.sock")
    directory.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    directory.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotPermitted, match="belongs to somebody else"):
        home.socket_path(long_home(tmp_path), "admin.sock")
    directory.unlink()
    directory.write_text("x")
    with pytest.raises(NotPermitted, match="cannot be made"):
        home.socket_path(long_home(tmp_path), "admin.sock")
