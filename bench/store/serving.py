"""A node on the store that was measured: how soon it answers when started again, and how much memory it takes."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

SERVE = Path(__file__).resolve().parents[1] / "serve.py"
SETTLED_SECONDS = 3  # the node looks at its own size every two seconds (zbnntp/upkeep.py)
OVERVIEWS, LINES, ARTICLES = 500, 500, 3000
TARGETS = {"start-up": 1.5, "resident": 150.0}  # seconds, MB


class Served(NamedTuple):
    """Of a node that was started for the second time and read from."""

    seconds: float  # until it listened
    processor: float
    total: float  # MB
    own: float


def serving(home: Path) -> None:
    """What counts of it is printed."""
    found = serve(home)
    print(f"\nstart-up           {found.seconds:10.2f} s, {found.processor:.2f} s of processor", end=" ")
    print(_verdict("start-up", found.seconds))
    print(f"resident           {found.total:10.0f} MB, {found.own:.0f} MB of its own,", end=" ")
    print(f"after {OVERVIEWS} x {LINES} overview lines, {ARTICLES} articles", _verdict("resident", found.total))


def serve(home: Path, stays_open: bool = False) -> Served:
    """The first start takes up what the bench has not done as a node does; what counts is the next one."""
    port = _free_port()
    with run_node(home, port, stays_open):
        pass
    began = time.perf_counter()
    with run_node(home, port, stays_open) as pid:
        seconds, used = time.perf_counter() - began, processor(pid)
        _read(port)
        time.sleep(SETTLED_SECONDS)
        return Served(seconds, used, *(status(pid, name) for name in ("VmRSS", "RssAnon")))


def _verdict(name: str, value: float) -> str:
    return f"(goal {TARGETS[name]:g}: {'met' if value <= TARGETS[name] else 'MISSED'})"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def run_node(home: Path, port: int | None = None, stays_open: bool = False) -> Iterator[int]:
    """A node that listens on a port, a free one unless it is given; its process."""
    port = port or _free_port()
    command = [sys.executable, str(SERVE), str(home), "store", str(port), "--corpus", str(home)]
    command += ["--open"] * stays_open
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    pid = int((home / "bench.pid").read_text())
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGTERM)
        while Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
            time.sleep(0.05)


def status(pid: int, name: str) -> float:
    """A figure of a process, MB."""
    rows = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return next(int(row[1]) for row in rows if row[0] == f"{name}:") * 1024 / 1e6


def processor(pid: int) -> float:
    """Seconds of processor that it has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read(port: int) -> None:
    """Overview of random places of the large groups, and random articles of all."""
    dice = random.Random(3)
    with socket.create_connection(("127.0.0.1", port), 60) as connection, connection.makefile("rwb") as wire:
        wire.readline()
        rows = [line.split() for line in _ask(wire, "LIST ACTIVE", True)]
        groups = [(name.decode(), int(low), int(high)) for name, high, low, _ in rows if int(high) >= int(low)]
        large = [it for it in groups if it[2] - it[1] >= LINES] or groups
        for _ in range(OVERVIEWS):
            name, low, high = dice.choice(large)
            last = dice.randint(min(low + LINES - 1, high), high)
            _ask(wire, f"GROUP {name}", False)
            _ask(wire, f"OVER {last - LINES + 1}-{last}", True)
        for name, low, high in dice.choices(groups, [high - low + 1 for _, low, high in groups], k=ARTICLES):
            _ask(wire, f"GROUP {name}", False)
            _ask(wire, f"ARTICLE {dice.randint(low, high)}", True)


def _ask(wire: BinaryIO, command: str, long: bool) -> list[bytes]:
    wire.write(command.encode() + b"\r\n")
    wire.flush()
    if not wire.readline().startswith(b"2") or not long:
        return []
    return list(iter(partial(_line, wire), b".\r\n"))


def _line(wire: BinaryIO) -> bytes:
    if line := wire.readline():
        return line
    raise EOFError("the node has closed the connection; bench.log in its home says why")
