"""What an input may cost, whatever is in it: a second of processor, and memory.

Seconds of processor and not of the clock: on a busy machine an innocent input may have to wait.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

EXECUTION_SECONDS = 1.0
HANG_SECONDS = 60  # of the clock; libFuzzer stops an input that does not come back
MEMORY_MIB = 300  # of the whole process; atheris and what it has learnt included
LONG_OCTETS = 256 * 1024
TELLING_SECONDS = 0.02  # a new slowest input is told from here on


class Watch:
    """A target that also fails when an input takes too long; tells of the slowest, and writes down what breaks it.

    `found`: the beginning of the name of the file for that.
    """

    def __init__(self, run: Callable[[bytes], None], found: str) -> None:
        self._run, self._found = run, found
        self.runs = 0
        self.slowest = TELLING_SECONDS

    def __call__(self, data: bytes) -> None:
        try:
            self._try(data)
        except BaseException:
            Path(f"{self._found}{hashlib.sha256(data).hexdigest()}").write_bytes(data)
            raise

    def _try(self, data: bytes) -> None:
        self.runs += 1
        began = time.thread_time()
        self._run(data)
        seconds = time.thread_time() - began
        if seconds > self.slowest:
            self.slowest = seconds
            print(f"slowest: {seconds:.3f} s for {len(data)} octets", file=sys.stderr, flush=True)
        assert seconds <= EXECUTION_SECONDS, f"{seconds:.2f} s for {len(data)} octets"
