"""conf/zbnntp.toml shows every setting at its default; config.py is where they are."""

from __future__ import annotations

import tomllib

from tests.house.source import ROOT
from zbnntp import config

SHOWN = ROOT / "conf" / "zbnntp.toml"


def test_the_shown_file_is_what_the_code_has() -> None:
    """After a change of settings: zbnntp's config.default_toml() is the new file."""
    assert SHOWN.read_text() == config.default_toml()


def test_the_shown_file_sets_nothing_new() -> None:
    values = _flat(tomllib.loads(SHOWN.read_text()))
    assert values == {setting.key: setting.default for setting in config.SETTINGS if setting.key in values}


def test_every_setting_says_what_it_does() -> None:
    keys = [setting.key for setting in config.SETTINGS]
    assert len(keys) == len(set(keys))
    for setting in config.SETTINGS:
        assert setting.help.strip(), setting.key
        assert setting.key in SHOWN.read_text() or setting.key.rpartition(".")[2] in SHOWN.read_text(), setting.key


def _flat(table: dict[str, object], prefix: str = "") -> dict[str, object]:
    """{"nntp": {"port": 119}} as {"nntp.port": 119}."""
    found: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found
