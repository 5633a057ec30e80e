"""Sockets handed over by systemd: port 119 without root."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nntp_client import Client
from tests.node_process import NodeProcess

pytestmark = pytest.mark.slow
RUN = """
import os, sys
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_newsreaders_come_in_by_an_inherited_socket(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "home", "anna", net=tmp_path / "net")
    node.init()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        saved = os.dup(3) if Path("/proc/self/fd/3").exists() else None
        os.dup2(listener.fileno(), 3, inheritable=True)
        try:
            command = [sys.executable, "-c", RUN, "-m", "zbnntp.cli", "run", "--home", str(node.home), "--tor", "off"]
            process = subprocess.Popen(
                command, env={**os.environ, "LISTEN_FDS": "1"}, pass_fds=(3,), stdout=subprocess.PIPE, text=True
            )
        finally:
            if saved is None:
                os.close(3)
            else:
                os.dup2(saved, 3)
                os.close(saved)
        assert process.stdout is not None
        with process, process.stdout:
            for line in process.stdout:
                if line.startswith("ready "):
                    break
            assert line == f"ready nntp://127.0.0.1:{port}\n"
            with Client("127.0.0.1", port) as client:
                assert "zb.help" in client.groups()
            process.terminate()
            assert process.wait(10) == 0
