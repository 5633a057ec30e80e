"""Links that another user laid into a home before its owner used it: nothing is written where they point."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local.neighbours import as_nobody, open_dir
from zbnntp import cli, home
from zbnntp.config import FILE_NAME, load_config
from zbnntp.home import KEY_FILE, LOCK_FILE
from zbnntp.model.errors import NotPermitted
from zbnntp.premises import check_owner, is_private, make_own, open_own
from zbnntp.store.copying import write_copy
from zbnntp.store.database import prepare

__all__ = ["open_dir"]
PRECIOUS = "precious\n"
COMMANDS = [
    ["check"],
    ["check", "--repair"],
    ["backup", "copy"],
    ["search", "word"],
    ["export", "all.zb"],
    ["rebuild"],
    ["status"],
    ["do", "help"],
    ["run", "--tor", "off"],
]
NAMES = ["key.json", "key.json.new", "lock", "store.sqlite", "admin.sock", "published", "zbnntp.toml"]


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    path.write_text(PRECIOUS)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_what_another_user_laid_into_a_home_is_refused(open_dir: Path, precious: Path, name: str) -> None:
    assert as_nobody(lambda: os.symlink(precious, open_dir / name)) == "None"
    for use in (home.make_directory, _lock):
        with pytest.raises(NotPermitted, match=f"{name} belongs to another user"):
            use(open_dir)
    assert precious.read_text() == PRECIOUS


def test_the_home_of_another_user_is_refused_and_left_as_it_is(open_dir: Path) -> None:
    assert as_nobody(lambda: os.mkdir(open_dir / "home", 0o755)) == "None"
    (open_dir / "home").chmod(0o755)  # whatever the umask was
    with pytest.raises(NotPermitted, match="belongs to another user"):
        home.make_directory(open_dir / "home")
    assert (open_dir / "home").stat().st_mode & 0o777 == 0o755


def test_directories_of_identities_are_looked_through_too(open_dir: Path) -> None:
    (open_dir / "identities").mkdir()
    (open_dir / "identities").chmod(0o777)
    assert as_nobody(lambda: os.mkdir(open_dir / "identities" / "00", 0o755)) == "None"
    with pytest.raises(NotPermitted, match="00 belongs to another user"):
        check_owner(open_dir)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_reads_what_another_user_laid_into_a_home(
    open_dir: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    prepare(open_dir / "elsewhere")
    (open_dir / "elsewhere").chmod(0o644)
    assert as_nobody(lambda: shutil.copy(open_dir / "elsewhere", open_dir / "store.sqlite")) != "PermissionError"
    assert cli.main([*words, "--home", str(open_dir)]) == 1
    assert capsys.readouterr().err == (
        f"zbnntp: {open_dir / 'store.sqlite'} belongs to another user; look what it is, and remove it\n"
    )
    assert sorted(it.name for it in open_dir.iterdir()) == ["elsewhere", "store.sqlite"]


@pytest.mark.parametrize(
    "words", [["run", "--tor", "off"], ["init", "--no-passphrase"], ["account", "list"]], ids=" ".join
)
@pytest.mark.parametrize("name", ["zbnntp.toml", KEY_FILE])
def test_a_pipe_of_another_user_holds_no_command_up(
    open_dir: Path, capsys: pytest.CaptureFixture[str], name: str, words: list[str]
) -> None:
    assert as_nobody(lambda: os.mkfifo(open_dir / name)) == "None"
    assert cli.main([*words, "--home", str(open_dir)]) == 1
    assert f"{name} belongs to another user" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "read"), [(FILE_NAME, load_config), (KEY_FILE, home.needs_passphrase)])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, name: str, read: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / name, 0o600)
    with pytest.raises(NotPermitted, match=f"{name} cannot be read: it is no file"):
        read(tmp_path)


def test_settings_that_others_could_write_are_closed_before_they_are_read(open_dir: Path) -> None:
    file = open_dir / FILE_NAME
    file.write_text('login = "demanded"\n')
    file.chmod(0o666)
    assert load_config(open_dir).login == "demanded"
    assert file.stat().st_mode & 0o777 == 0o600
    assert as_nobody(lambda: file.write_text("")) == "PermissionError"


def test_settings_of_another_user_are_refused(open_dir: Path) -> None:
    assert as_nobody(lambda: (open_dir / "theirs").write_text('login = "open"\n')) != "PermissionError"
    (open_dir / FILE_NAME).symlink_to(open_dir / "theirs")
    with pytest.raises(NotPermitted, match=f"{FILE_NAME} belongs to another user"):
        load_config(open_dir)


def test_settings_with_a_second_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('login = "demanded"\n')
    os.link(tmp_path / FILE_NAME, tmp_path / "other")
    with pytest.raises(NotPermitted, match="another name elsewhere"):
        load_config(tmp_path)


def test_ones_own_links_are_ones_own(tmp_path: Path) -> None:
    """A store on a larger disk."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "store.sqlite").symlink_to(tmp_path / "elsewhere")
    check_owner(tmp_path / "home")


def _lock(place: Path) -> None:
    with home.locked(place):
        pass


def _write_key(place: Path) -> None:
    home.write_private(place / KEY_FILE, "{}")


@pytest.mark.parametrize(("name", "write"), [(f"{KEY_FILE}.new", _write_key), (LOCK_FILE, _lock)])
@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_nothing_is_written_through_a_link(
    tmp_path: Path, precious: Path, name: str, write: Callable[[Path], None], make: Callable[[Path, Path], None]
) -> None:
    place = tmp_path / "home"
    place.mkdir()
    make(precious, place / name)
    if (name, make) == (LOCK_FILE, os.symlink):
        with pytest.raises(NotPermitted):
            write(place)
    else:
        write(place)
    assert precious.read_text() == PRECIOUS


@pytest.mark.parametrize("name", ["copy", "copy.part"])
def test_a_backup_is_not_written_through_a_link(tmp_path: Path, precious: Path, name: str) -> None:
    prepare(tmp_path / "store.sqlite")
    (tmp_path / name).symlink_to(precious)
    write_copy(tmp_path / "store.sqlite", tmp_path / "copy", lambda done, total: None)
    assert precious.read_text() == PRECIOUS
    assert not (tmp_path / "copy").is_symlink()


def test_a_home_is_held_by_whatever_name_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "home")
    with home.locked(tmp_path / "home"), pytest.raises(NotPermitted, match="another zbnntp runs"):
        _lock(tmp_path / "link")


def test_files_are_made_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        for descriptor in (make_own(tmp_path / "a"), open_own(tmp_path / "b", os.O_WRONLY)):
            assert os.fstat(descriptor).st_mode & 0o777 == 0o600
            os.close(descriptor)
    finally:
        os.umask(umask)


def test_a_private_directory_is_a_directory_of_ones_own_that_nobody_else_enters(open_dir: Path) -> None:
    own = open_dir / "own"
    own.mkdir(mode=0o700)
    assert is_private(own)
    (open_dir / "link").symlink_to(own)
    assert not is_private(open_dir / "link")
    own.chmod(0o710)
    assert not is_private(own)
    assert as_nobody(lambda: os.mkdir(open_dir / "foreign", 0o700)) == "None"
    assert not is_private(open_dir / "foreign")
