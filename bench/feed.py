#!/usr/bin/env python3
"""How fast `zbnntp feed` fills an INN, and what newsreaders of the node notice of it.

    python bench/feed.py HOME

HOME is the home of a node that does not run, for example DIR/20000/home of `bench/store … --work DIR`. A copy of it
runs without peers; an INN as in conf/inn/ is started beside it on the loopback (Debian: inn2).
Prints articles a second, and how long GROUP takes at the node meanwhile.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.inn import Inn
from tests.node_process import NodeProcess


def main() -> None:
    place = Path(tempfile.mkdtemp(prefix="zb", dir="/tmp"))
    place.chmod(0o711)
    try:
        home = shutil.copytree(sys.argv[1], place / "home", ignore=shutil.ignore_patterns("*.sock"))
        node = NodeProcess(home, "bench", args=("--tor", "off"))
        node.start()
        with Inn(place / "inn") as inn:
            measure(node, inn)
        node.stop()
    finally:
        shutil.rmtree(place)


def measure(node: NodeProcess, inn: Inn) -> None:
    command = [*node._program("feed"), f"127.0.0.1:{inn.port}", "--once", "--make", inn.newgroup_command()]
    waits: list[float] = []
    over = threading.Event()
    reader = threading.Thread(target=ask_groups, args=(node, waits, over))
    reader.start()
    start = time.monotonic()
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds = time.monotonic() - start
    over.set()
    reader.join()
    with inn.read() as there:
        count = sum(there.group(it).count for it in there.groups())
    print(printed.splitlines()[-1])
    print(f"{count} articles in their groups at INN after {seconds:.1f} s: {count / seconds:.0f} a second")
    slowest = quantiles(waits, n=100)[98]
    print(f"GROUP at the node meanwhile: median {median(waits):.1f} ms, 99 of 100 within {slowest:.0f} ms")


def ask_groups(node: NodeProcess, waits: list[float], over: threading.Event) -> None:
    with node.connect() as reader:
        name = max(reader.groups().values(), key=lambda it: it.count).name
        while not over.is_set():
            start = time.monotonic()
            reader.group(name)
            waits.append((time.monotonic() - start) * 1000)
            over.wait(0.02)


if __name__ == "__main__":
    main()
