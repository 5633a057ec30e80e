"""The keys of devices, and who comes through tor's socket."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from zbnntp import home
from zbnntp.cli import main
from zbnntp.devices import DEVICES_FILE, DEVICES_MOST, add_device, open_devices, remove_device
from zbnntp.model.errors import BadEncoding, NotPermitted


def test_a_device_has_a_key_of_which_the_home_keeps_the_public_half(tmp_path: Path) -> None:
    kept, secret = add_device(tmp_path, "phone")
    assert open_devices(tmp_path) == kept
    path = tmp_path / DEVICES_FILE
    assert secret not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    more, other = add_device(tmp_path, "laptop")
    assert more.address == kept.address
    assert other != secret
    assert list(remove_device(tmp_path, "phone").clients) == ["laptop"]


@pytest.mark.parametrize("name", ["", "my phone", "x" * 33, "a\nb", "phone"])
def test_names_are_plain_and_given_once(tmp_path: Path, name: str) -> None:
    add_device(tmp_path, "phone")
    with pytest.raises(NotPermitted):
        add_device(tmp_path, name)


def test_who_has_no_device_removes_none(tmp_path: Path) -> None:
    with pytest.raises(NotPermitted, match="device list"):
        remove_device(tmp_path, "phone")


def test_a_descriptor_has_room_for_so_many(tmp_path: Path) -> None:
    for number in range(DEVICES_MOST):
        add_device(tmp_path, f"d{number}")
    with pytest.raises(NotPermitted, match="the most there can be"):
        add_device(tmp_path, "more")


@pytest.mark.parametrize("text", ["", "{}", '{"seed": "00", "devices": {}}', '{"seed": 1, "devices": 2}', "[]"])
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, text: str) -> None:
    (tmp_path / DEVICES_FILE).write_text(text)
    with pytest.raises(BadEncoding, match="damaged"):
        open_devices(tmp_path)


def test_the_command_prints_what_a_device_needs_and_says_when_the_onion_is_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def device(*words: str) -> tuple[int, str]:
        code = main(["device", words[0], "--home", str(tmp_path), *words[1:]])
        return code, capsys.readouterr().out

    assert device("add", "phone") == (1, "")  # a slip in --home makes nothing
    assert not (tmp_path / DEVICES_FILE).exists()
    home.make_keys(tmp_path, "anna", None)
    code, printed = device("add", "phone")
    assert code == 0
    onion = open_devices(tmp_path).address
    assert f"Host       {onion}" in printed
    assert f"{onion.removesuffix('.onion')}:descriptor:x25519:" in printed
    assert "The onion is off" in printed
    (tmp_path / "zbnntp.toml").write_text('nntp_onion = "closed"\n')
    assert "The onion is off" not in device("add", "laptop")[1]
    assert device("list")[1].splitlines() == [f"onion {onion}", "phone", "laptop"]
    assert device("remove", "phone") == (0, "phone is turned away from now on.\n")
    assert device("remove", "phone")[0] == 1
