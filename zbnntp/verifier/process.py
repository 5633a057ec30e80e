"""The second process: questions come in, answers go out, until there are no more.

It has no key, no store and no socket; all it ever sees is what peers publish.
"""

from __future__ import annotations

import struct
import sys
from typing import BinaryIO

from zbnntp.guard import Guard
from zbnntp.model.believing import answer

LENGTH = struct.Struct(">I")  # before each question and each answer, in octets


def main() -> None:
    """Until standard input ends, which it does when the node does, however that ends."""
    Guard((), ()).install()
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    while head := questions.read(LENGTH.size):
        answers.write(framed(answer(questions.read(*LENGTH.unpack(head)))))
        answers.flush()


def framed(octets: bytes) -> bytes:
    return LENGTH.pack(len(octets)) + octets
