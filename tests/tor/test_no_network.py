"""The same tests where there is no network at all: in a network namespace of their own with only the loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import need

pytestmark = [pytest.mark.tor, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
INSIDE = "ZBNNTP_WITHOUT_NETWORK"
SAME = ("tests/tor/test_exchange.py", "tests/tor/test_two_identities.py", "tests/peers/test_transport.py")
SECONDS = 600  # as long as on a very busy machine


def namespace() -> list[str]:
    """The command that runs another one without any network but a loopback; skips where the system forbids it."""
    need("unshare", "util-linux")
    ip = shutil.which("ip") or shutil.which("ip", path="/usr/sbin:/sbin")
    if ip is None:
        need("ip", "iproute2")
    command = ["unshare", "--net", *([] if os.getuid() == 0 else ["--map-root-user"])]
    start = [*command, "sh", "-c", f'{ip} link set lo up && exec "$@"', "sh"]
    if subprocess.run([*start, "true"], capture_output=True).returncode:
        pytest.skip("this system allows no network namespaces here")
    return start


@pytest.mark.skipif(INSIDE in os.environ, reason="this is the run inside")
def test_nothing_changes_where_there_is_only_a_loopback(tmp_path: Path) -> None:
    start = namespace()
    interfaces = subprocess.run(
        [*start, sys.executable, "-c", "import socket; print(socket.if_nameindex())"], capture_output=True, text=True
    )
    assert interfaces.stdout.count("(") == 1, interfaces.stdout
    done = subprocess.run(
        [*start, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-x", f"--basetemp={tmp_path}", *SAME],
        cwd=ROOT,
        env=os.environ | {INSIDE: "1", "CI": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
