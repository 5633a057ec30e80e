#!/usr/bin/env python3
"""Starts a node on a home that bench/load.py made, and describes it for bench/run.

    serve.py HOME NAME PORT [--corpus DIR] [--python PROGRAM] [--open]

A node that runs on HOME already is stopped first. It listens on 127.0.0.1 alone and has no tor. The description goes
to HOME/NAME.json; `restart` in it is this very call. The node runs on until it is stopped (pid in HOME/bench.pid).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

START_SECONDS = 600  # the first start on a store of 1.5 million posts, which writes everybody's level, takes minutes
RUN = "import sys; from zbnntp.cli import main; sys.exit(main())"
OPEN = "from zbnntp import housekeeping; housekeeping.SEAL_AFTER_SECONDS = 1 << 40; "  # no month is ever over


def stop(home: Path) -> None:
    """Stop the node that an earlier call started here."""
    file = home / "bench.pid"
    if not file.exists():
        return
    pid = int(file.read_text())
    with suppress(ProcessLookupError, FileNotFoundError):
        if str(home.absolute()) not in Path(f"/proc/{pid}/cmdline").read_text():
            return
        os.kill(pid, signal.SIGTERM)
        while Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
            time.sleep(0.02)


def start(home: Path, port: int, python: str, stays_open: bool) -> int:
    """Start a node; returns its pid when it accepts newsreaders."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        raise SystemExit(f"something else listens on 127.0.0.1:{port}")
    command = [python, "-c", OPEN * stays_open + RUN, "run"]
    command += ["--home", str(home.absolute()), "--no-passphrase", "--tor", "off", "--listen", f"127.0.0.1:{port}"]
    root = Path(__file__).resolve().parent.parent
    with (home / "bench.log").open("ab") as log:
        node = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=root, start_new_session=True
        )
    (home / "bench.pid").write_text(str(node.pid))
    for _ in range(START_SECONDS * 50):
        time.sleep(0.02)
        if node.poll() is not None:
            break
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as probe:
            probe.recv(512)
            return node.pid
    raise SystemExit(f"the node did not start; see {home / 'bench.log'}")


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("name")
    parser.add_argument("port", type=int)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--open", action="store_true", help="months that are over are not sealed")
    options = parser.parse_args()
    stop(options.home)
    pid = start(options.home, options.port, options.python, options.open)
    description = {
        "name": options.name,
        "host": "127.0.0.1",
        "port": options.port,
        "feed_port": None,
        "post": True,
        "corpus": str(options.corpus.absolute()),
        "ids": str((options.home / "corpus.idx").absolute()),
        "pids": [pid],
        "data": [str((options.home / "store.sqlite").absolute()), str((options.home / "store.sqlite-wal").absolute())],
        "restart": [sys.executable, *map(os.path.abspath, sys.argv[:2]), *sys.argv[2:]],
    }
    path = options.home / f"{options.name}.json"
    path.write_text(json.dumps(description, indent=1) + "\n")
    print(path)


main()
