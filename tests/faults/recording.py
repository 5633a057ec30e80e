"""What a process writes into a file and when it reaches the disk, as strace saw it; and what a power cut leaves of it.

Until a file is synced, each 512 octets of what was written into it may be on the disk or not, in whatever order.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SECTOR_OCTETS = 512
CALLS = "pwrite64,ftruncate,fdatasync,fsync,sendto"
STRACE = ("-y", "-xx", "-s", "100000", "-e", f"trace={CALLS}")
_BEGUN = re.compile(r"(?P<pid>\d+) +(?P<call>\w+)\(\d+<(?P<file>[^>]*)>(?P<rest>.*)")
_RESUMED = re.compile(r"(?P<pid>\d+) +<\.\.\. (?P<call>\w+) resumed>.* = (?P<result>-?\d+)")
_WRITE = re.compile(r', "(?P<data>(?:\\x[0-9a-f]{2})*)", \d+, (?P<offset>\d+)')


@dataclass(frozen=True)
class Event:
    """`kind`: write, truncate, sync, or said: what went through a socket. `at`: offset, or the new length."""

    kind: str
    file: str
    at: int = 0
    data: bytes = b""


def read_record(path: Path) -> list[Event]:
    """Writes count from when they begin, syncs when they have ended."""
    events: list[Event] = []
    syncing: dict[str, str] = {}
    for line in path.read_text().splitlines():
        if found := _BEGUN.match(line):
            if found["call"] in ("fdatasync", "fsync") and "unfinished" in found["rest"]:
                syncing[found["pid"]] = _name(found["file"])
            else:
                events += _event(found["call"], _name(found["file"]), found["rest"])
        elif (found := _RESUMED.match(line)) and found["result"] == "0" and found["pid"] in syncing:
            events.append(Event("sync", syncing.pop(found["pid"])))
    return events


def _name(quoted: str) -> str:
    """With -xx names of files come in hexadecimal as well."""
    octets = bytes.fromhex(quoted.replace("\\x", "")) if quoted.startswith("\\x") else quoted.encode()
    return Path(octets.decode("utf-8", "replace")).name


def _event(call: str, file: str, rest: str) -> Iterator[Event]:
    if call in ("fdatasync", "fsync") and rest.endswith("= 0"):
        yield Event("sync", file)
    elif call == "ftruncate":
        yield Event("truncate", file, int(re.findall(r"\d+", rest)[0]))
    elif found := _WRITE.match(rest):
        data = bytes.fromhex(found["data"].replace("\\x", ""))
        yield Event("said" if call == "sendto" else "write", file, int(found["offset"]), data)


def left_over(before: bytes, events: Sequence[Event], file: str, chance: random.Random) -> bytes:
    """A file after a power cut at the end of these events, `before` them it held that."""
    own = [it for it in events if it.file == file]
    synced = max((at for at, it in enumerate(own) if it.kind == "sync"), default=0)
    image = bytearray(before)
    for event in own[:synced]:
        _apply(image, event, lambda: True)
    part = chance.choice((0.0, 0.5, 0.9, 1.0))
    for event in own[synced:]:
        _apply(image, event, lambda: chance.random() < part)
    return bytes(image)


def _apply(image: bytearray, event: Event, reaches_disk: object) -> None:
    if event.kind == "truncate" and reaches_disk():  # type: ignore[operator]
        del image[event.at :]
    if event.kind != "write":
        return
    for start in range(0, len(event.data), SECTOR_OCTETS):
        piece, at = event.data[start : start + SECTOR_OCTETS], event.at + start
        if reaches_disk():  # type: ignore[operator]
            image.extend(bytes(max(0, at + len(piece) - len(image))))
            image[at : at + len(piece)] = piece
