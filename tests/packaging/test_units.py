"""conf/ as it lies there: the units are what systemd takes, and what they start runs."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nntp_client import Client
from tests.node_process import ROOT, NodeProcess, wait_until
from tests.packaging.conftest import command
from tests.programs import need

pytestmark = pytest.mark.slow
CONF = ROOT / "conf"
SERVICES = ("zbnntp.service", "zbnntp-feed@.service")
UNITS = (*SERVICES, "zbnntp.socket")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with this interpreter where the program would be: systemd looks whether it is there."""
    need("systemd-analyze", "systemd")
    for name in UNITS:
        text = (CONF / name).read_text()
        (tmp_path / name).write_text(text.replace("/usr/local/bin/zbnntp", sys.executable))
    return tmp_path


def test_systemd_has_nothing_to_object(units: Path) -> None:
    (units / "zbnntp-feed@.service").rename(units / "zbnntp-feed@inn.example.net.service")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(map(str, units.iterdir()))], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_exposed_as_little_as_the_operating_page_says(units: Path, name: str) -> None:
    (promised,) = set(re.findall(r"exposure level\s+of\s+([0-9]+\.[0-9]+)", (ROOT / "docs/operating.md").read_text()))
    printed = command("systemd-analyze", "security", "--offline=yes", "--no-pager", units / name, place=units)
    found = re.search(r"exposure level for \S+: ([0-9.]+)", printed)
    assert found is not None
    assert float(found[1]) <= float(promised)


def test_user_and_home_are_made(tmp_path: Path) -> None:
    need("systemd-sysusers", "systemd")
    (tmp_path / "etc").mkdir()
    command("systemd-sysusers", f"--root={tmp_path}", CONF / "sysusers.d/zbnntp.conf", place=tmp_path)
    assert re.search(r"^zbnntp:.*:/var/lib/zbnntp:", (tmp_path / "etc/passwd").read_text(), re.MULTILINE)
    if os.getuid() == 0:
        command("systemd-tmpfiles", "--create", f"--root={tmp_path}", CONF / "tmpfiles.d/zbnntp.conf", place=tmp_path)
        assert (tmp_path / "var/lib/zbnntp").stat().st_mode & 0o777 == 0o700


def test_a_node_takes_over_the_port_that_systemd_opened(short_place: Path) -> None:
    """The command of the unit, behind the socket of the other one."""
    need("systemd-socket-activate", "systemd")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (start,) = re.findall(r"^ExecStart=\S+ (.*)$", (CONF / "zbnntp.service").read_text(), re.MULTILINE)
    words = start.replace("/var/lib/zbnntp", str(short_place / "home")).split()
    node = subprocess.Popen(
        ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", sys.executable, "-m", "zbnntp.cli", *words, "--tor=off"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _listens(port), "systemd's socket")
        with Client("127.0.0.1", port) as reader:  # waits in the socket until the node has started
            assert "zb.control" in reader.groups()
    finally:
        node.terminate()
        node.wait(20)


def _listens(port: int) -> bool:
    """Without a connection, which would start the node."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def test_a_node_starts_with_the_settings_as_they_are_listed(short_place: Path) -> None:
    node = NodeProcess(short_place / "a", "anna", net=short_place / "n")
    node.init()
    shutil.copy(CONF / "zbnntp.toml", node.home)
    node.start()
    assert node.status()["nick"] == "anna"
    node.stop()
