"""Settings: defaults, the file, flags; and sentences that name file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from zbnntp.config import FILE_NAME, SETTINGS, default_toml, load_config
from zbnntp.model.errors import NotPermitted


def write(home: Path, text: str) -> None:
    (home / FILE_NAME).write_text(text)


def test_no_file_means_defaults(tmp_path: Path) -> None:
    config = load_config(tmp_path)
    for setting in SETTINGS:
        found = getattr(config, setting.key)
        assert (list(found) if isinstance(found, tuple) else found) == setting.default


def test_the_default_file_says_nothing_new(tmp_path: Path) -> None:
    write(tmp_path, default_toml())
    assert load_config(tmp_path) == load_config(tmp_path / "nowhere")


def test_flags_go_before_the_file_and_the_file_before_the_defaults(tmp_path: Path) -> None:
    write(tmp_path, 'listen = "127.0.0.1:2000"\ntor = "off"\ntor_options = ["HTTPSProxy 10.0.0.1:80"]\n')
    config = load_config(tmp_path, listen="127.0.0.1:3000", tor=None)
    assert (config.listen, config.tor, config.mirror) == ("127.0.0.1:3000", "off", "fetched")
    assert config.tor_options == ("HTTPSProxy 10.0.0.1:80",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 1", "there is no setting 'colour'"),
        ("listen = 119", "listen is a string"),
        ("idle_seconds = true", "idle_seconds is a whole number"),
        ("idle_seconds = 1.5", "idle_seconds is a whole number"),
        ("idle_seconds = 179", "idle_seconds is between 180 and"),
        ("connections = 0", "connections is between 1 and 100000"),
        ('mirror = "all"', "mirror is one of none, rated, fetched"),
        ("tor_options = [1]", "tor_options is a list of strings"),
        ('mirror_boards = ["tech.*", "Bad Board"]', "mirror_boards: 'Bad Board' is no board name"),
        ('mirror_boards = ["*"]', "mirror_boards: '\\*' is no board name"),
        ('tor_options = "x"', "tor_options is a list of strings"),
        ("listen =", "cannot be read"),
        ("tor_options = " + "[" * 50_000, "cannot be read"),
        ("idle_seconds = " + "1" * 5_000, "cannot be read"),
        ('[tor]\nmode = "own"', "tor is a string"),
        ("idle_seconds = 200\nidle_seconds = 300", "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, text)
    with pytest.raises(NotPermitted, match=words) as failure:
        load_config(tmp_path)
    assert str(tmp_path / FILE_NAME) in str(failure.value)


def test_a_wrong_flag_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotPermitted, match="--mirror: mirror is one of"):
        load_config(tmp_path, mirror="all")


def test_a_settings_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b'listen = "\xff"')
    with pytest.raises(NotPermitted, match="cannot be read"):
        load_config(tmp_path)
    (tmp_path / FILE_NAME).unlink()
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(NotPermitted, match="cannot be read"):
        load_config(tmp_path)
