"""What is fuzzed: everything that reads octets from outside. A target takes any octets and fails where a rule breaks.

Refusing is right (Invalid, Refused, a reply, LayerBroken); any other exception is not, and limits.py says how long
an input may take. The targets stand in wire.py, formats.py, words.py, peering.py, visiting.py and
intake.py.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz import formats, intake, peering, visiting, wire, words
from tests.fuzz.limits import LONG_OCTETS
from zbnntp.config import SETTINGS
from zbnntp.control.language import NAMES
from zbnntp.nntp.commands import COMMANDS

TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for module in (wire, formats, words, peering, visiting, intake) for each in module.TARGETS
}
# What a fuzzer should not have to guess.
WORDS = {
    "nntp": [name for command in COMMANDS for name in (command.name, f"{command.name} ")],
    "language": [f"{name} " for name in NAMES],
    "config": [f"{setting.key} = " for setting in SETTINGS],
}
# Of what is many requests and not one thing that is read, and of what is never long, the longest input is shorter.
LONGEST = {name: LONG_OCTETS for name in TARGETS} | {
    "arguments": 8 * 1024,
    "config": 32 * 1024,
    "nntp": 32 * 1024,
    "visitor": 32 * 1024,
    "api": 32 * 1024,
    "desk": 8 * 1024,
    "feed": 64 * 1024,
    "intake": 64 * 1024,
    "language": 64 * 1024,
}
