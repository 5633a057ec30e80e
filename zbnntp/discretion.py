"""What the program leaves on this machine is its owner's alone: the files it makes, and the image of its memory.

The owner's keys and all that he reads are in memory. No core file of it is written when the process dies, and another
program of the same user cannot look into it (PR_SET_DUMPABLE of prctl(2), where the kernel is Linux); a core pattern
that names a program is not held back by the limit alone, so both are set.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from contextlib import suppress

OWNER_ALONE = 0o077  # umask
_PR_SET_DUMPABLE = 4  # linux/prctl.h


def keep_memory_private() -> None:
    """From now on, in this process and in those that it starts; what the system forbids to set is left as it is."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def keep_files_private() -> None:
    """Files that are made from now on can be read by their owner alone, whatever the umask was."""
    os.umask(OWNER_ALONE)
