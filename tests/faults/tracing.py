"""System calls of a running process that fail: strace makes them, for as long as it is attached.

with failing(node.pid, "fdatasync", "EIO", node.home / "store.sqlite-wal"): ...
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.programs import leave_out, need, need_root

ATTACH_SECONDS = 30.0


def need_strace() -> None:
    """Skips where strace is missing or may not look into a node, whose memory is its owner's alone."""
    need("strace")
    need_root("strace looks into a process whose memory is closed to other programs")
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode:
        leave_out("this system allows no ptrace")


@contextmanager
def failing(pid: int, calls: str, error: str, *paths: Path, when: str = "1+") -> Iterator[None]:
    """These calls, with commas between them, end with this error where they are about one of these files.

    `when` is strace's: `1+` always, `3` the third of each thread, `2+5` each fifth from the second on.
    """
    where = [word for path in paths for word in ("-P", str(path))]
    with tracing(pid, "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}:when={when}", *where):
        yield


@contextmanager
def tracing(pid: int, *words: str, output: Path = Path("/dev/null")) -> Iterator[None]:
    """strace at work on all threads of a process."""
    command = ["strace", "-f", "-o", str(output), "-p", str(pid), *words]
    with tempfile.TemporaryFile("w+") as said, subprocess.Popen(command, stderr=said) as tracer:
        try:
            _wait_attached(tracer, said.name if isinstance(said.name, str) else f"/proc/self/fd/{said.fileno()}")
            yield
        finally:
            tracer.terminate()


def _wait_attached(tracer: subprocess.Popen[bytes], said: str) -> None:
    deadline = time.monotonic() + ATTACH_SECONDS
    while "attached" not in (text := Path(said).read_text()):
        assert tracer.poll() is None, text
        assert time.monotonic() < deadline, "strace did not attach"
        time.sleep(0.02)
