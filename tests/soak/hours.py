"""Hours of real time: `python -m tests.soak.hours [HOURS]`. Three nodes that follow each other, and people who write.

Every few seconds somebody posts at one node, and the others wait for it. Every five minutes is a row: posts, how
long they took to arrive, and what each node's process takes. The exit code is 1 unless everything arrived, memory
stayed flat after the first quarter, and no node warned of anything.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.node_process import NodeProcess, wait_until

NAMES = ("anna", "bert", "carl")
BOARD = "test.talk"
POST_SECONDS, ROW_SECONDS = 12.0, 300.0
ARRIVAL_SECONDS = 120.0
FLAT = 1.25


@dataclass
class Row:
    """`megabytes`: resident, of the largest of the nodes."""

    posts: int
    arrival_seconds: float
    megabytes: float


def live(place: Path, seconds: float, row_seconds: float = ROW_SECONDS, pause: float = POST_SECONDS) -> list[Row]:
    """So long, a row printed each time; raises TimeoutError when a post does not arrive, RuntimeError on a warning."""
    rows: list[Row] = []
    with ExitStack() as stack:
        nodes = [stack.enter_context(NodeProcess(place / name, name, net=place / "net")) for name in NAMES]
        for node in nodes:
            node.do(f"board add {BOARD}")
            for other in nodes:
                if other is not node:
                    node.do(f"follow {other.invite()}")
        began = time.monotonic()
        print(f"{'minute':>7}{'posts':>8}{'arrive after':>15}{'MB':>7}", flush=True)
        posts = 0
        while time.monotonic() - began < seconds:
            delays = []
            until = min(time.monotonic() + row_seconds, began + seconds)
            while not delays or time.monotonic() < until:
                delays.append(_write(nodes, posts))
                posts += 1
                time.sleep(max(0.0, pause - delays[-1]))
            rows.append(Row(posts, median(delays), max(map(_megabytes, nodes))))
            minute = (time.monotonic() - began) / 60
            print(f"{minute:7.1f}{posts:8,}{rows[-1].arrival_seconds:13.2f} s{rows[-1].megabytes:7.0f}", flush=True)
        if warned := [line for node in nodes for line in node.lines if "WARNING" in line or "Traceback" in line]:
            raise RuntimeError(warned[0])
    return rows


def _write(nodes: list[NodeProcess], number: int) -> float:
    """One post; how long until the other nodes show it."""
    author = nodes[number % len(nodes)]
    began = time.monotonic()
    with author.connect() as client:
        posted = client.post(BOARD, f"post {number}", f"Number {number}.\n", sender=author.sender).message_id
    for node in nodes:
        if node is not author:
            with node.connect() as client:
                wait_until(
                    lambda client=client: client.command(f"STAT {posted}", 223, 430).code == 223,
                    f"{posted} at {node.nick}",
                    ARRIVAL_SECONDS,
                )
    return time.monotonic() - began


def _megabytes(node: NodeProcess) -> float:
    for line in Path(f"/proc/{node.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def main(hours: float) -> int:
    with tempfile.TemporaryDirectory(prefix="zbh") as place:
        rows = live(Path(place), hours * 3600)
    quarter = max(1, len(rows) // 4)
    grown = max(row.megabytes for row in rows[-quarter:]) / max(row.megabytes for row in rows[:quarter])
    print(f"memory at the end: {grown:.2f} times that at the beginning")
    return 0 if grown <= FLAT else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))
