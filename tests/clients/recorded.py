"""What newsreaders really post: the files in tests/data/clients, and what in each of them gives its author away.

slrn 1.0.3, tin 2.6.2, NeoMutt 20220429, Gnus 5.13 and Thunderbird 153 were recorded from the programs, set up by
somebody who filled in everything on a computer named grete-laptop.example.net. Pan, Claws, KNode, a script and a
Windows reader are written by hand from what such articles look like. Replies answer PARENT; articles are in CRLF form,
not dot-stuffed, as they are between 340 and the final dot.
"""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default as modern
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "data" / "clients"
PARENT = b"<parent@parent.zb.example>"
BOARD = "test.talk"

# What is published, in some form; every other header must leave no trace.
KEPT = {"newsgroups", "subject", "references", "in-reply-to", "mime-version", "content-type"}
KEPT |= {"content-transfer-encoding", "content-disposition", "lines", "path"}
AUTHOR = (b"Grete", b"grete", b"Musterfrau", b"musterfrau", b"Cottbus", b"laptop", b"example.net", b"198.51.100.23")


@dataclass(frozen=True)
class Recorded:
    """One article. `name` is program-case; `says` is a line of its own text, decoded."""

    name: str
    octets: bytes
    says: str

    @property
    def is_reply(self) -> bool:
        return PARENT in self.octets

    def answering(self, message_id: str) -> bytes:
        """The article as an answer to another parent."""
        return self.octets.replace(PARENT, message_id.encode())

    @property
    def identifying(self) -> tuple[bytes, ...]:
        """Octets that nothing published may contain: the author's words and the values of all dropped headers."""
        message = message_from_bytes(self.octets)
        dropped = [value for name, value in message.items() if name.lower() not in KEPT]
        values = ["".join(str(value).splitlines()).strip() for value in dropped]
        return (*AUTHOR, *(value.encode() for value in values if len(value) > len("Normal")))


def recorded() -> list[Recorded]:
    found = []
    for path in sorted(FOLDER.glob("*.eml")):
        octets = path.read_bytes()
        found.append(Recorded(path.stem, octets, _says(octets)))
    return found


def _says(octets: bytes) -> str:
    """The longest line of the text that is not quoted, nor an attribution."""
    part = message_from_bytes(octets, policy=modern).get_body(("plain",))  # type: ignore[attr-defined]
    lines = [line.strip() for line in part.get_content().splitlines()]
    own = [
        line for line in lines if not line.startswith((">", "On ", ".")) and "wrote:" not in line and "@" not in line
    ]
    return str(max(own, key=len))
