"""A folder for what a target has to write: below TMPDIR, which those who start targets set and clear."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_IN_MEMORY = Path("/dev/shm")


@functools.cache
def scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="zbfuzz"))


@contextmanager
def scratch_environment() -> Iterator[dict[str, str]]:
    """For processes of targets, which end without tidying up; in memory where the system has such a place."""
    with tempfile.TemporaryDirectory(prefix="zbfuzz", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
        yield {"TMPDIR": folder}
