"""The second process: questions come in, answers go out, until there are no more.

It has no key, no store and no socket; all it ever sees is what peers publish. Beside what lines tell it says in what
form the store can keep them, for to compress them takes as long as to read them.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import BinaryIO

from zbnntp.guard import Guard
from zbnntp.model.believing import answer
from zbnntp.store.packing import prepare

LENGTH = struct.Struct(">I")  # before each question and each answer, in octets


def main() -> None:
    """Until standard input ends, which it does when the node does, however that ends."""
    Guard((), ()).install()
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:  # the node has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes there at the end


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """One answer a question; a question that is cut off was nobody's any more."""
    while (question := _read(questions)) is not None:
        answers.write(framed(answer(question, prepare)))
        answers.flush()


def _read(questions: BinaryIO) -> bytes | None:
    """The next one; None at the end."""
    head = questions.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (octets,) = LENGTH.unpack(head)
    question = questions.read(octets)
    return question if len(question) == octets else None


def framed(octets: bytes) -> bytes:
    return LENGTH.pack(len(octets)) + octets
