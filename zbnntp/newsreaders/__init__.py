"""Set-ups of newsreaders: for each the files with which it reads and writes at this node, safely and without typing.

kit.py says what holds for all of them. A newsreader is a row of MAKERS and a module with `make`; docs/newsreaders.md
has the words for people, and tests/clients drives the real programs on what is made here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from zbnntp.newsreaders import gnus, neomutt, pan, slrn, thunderbird, tin
from zbnntp.newsreaders.kit import File, Reader

MAKERS: Mapping[str, Callable[[Reader], Sequence[File]]] = {
    "thunderbird": thunderbird.make,
    "slrn": slrn.make,
    "tin": tin.make,
    "gnus": gnus.make,
    "neomutt": neomutt.make,
    "pan": pan.make,
}
