"""The node's side of the second process: it is started when a lot is asked at the same time, and then asked everything.

Whatever becomes of the process, every question gets its answer: what it leaves undone is done here.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import math
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from itertools import chain

import trio

from zbnntp.model.believing import Reading, Told, believe_all, parse_answer, print_question
from zbnntp.model.keys import Identity
from zbnntp.verifier.process import LENGTH, framed

log = logging.getLogger(__name__)

BULK_OCTETS = 48 * 1024  # of lines to be read at the same time: some milliseconds, from which on the process is asked
BATCH_OCTETS = 128 * 1024  # of lines in one question
STEP_LINES = 32  # read in this process before others have their turn: some milliseconds
IDLE_SECONDS = 10  # after which it ends; another one starts within a fraction of a second
ANSWER_SECONDS = 120  # for one question, on the busiest of machines
PIPE_OCTETS = 1 << 20
READ_OCTETS = 256 * 1024  # of answers at once
_MAIN = "import sys; sys.path[:] = sys.argv[1:]; from zbnntp.verifier.process import main; main()"
COMMAND = (sys.executable, "-I", "-c", _MAIN)  # followed by where this process finds its modules
_BROKEN = (trio.BrokenResourceError, trio.TooSlowError, EOFError, ValueError, TypeError)


class _Question:
    __slots__ = ("author", "done", "lines", "octets", "reading")

    def __init__(self, author: Identity, lines: Sequence[bytes], octets: int) -> None:
        self.author, self.lines = author, lines
        self.octets = octets
        self.reading: Reading | None = None  # None: to be read here
        self.done = trio.Event()


_Batch = list[_Question]


class Verifier:
    """Reads the lines of posts segments, beside all else when there are many; `run` is a task of its own."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._send, self._receive = trio.open_memory_channel[_Question](math.inf)
        self._octets = 0  # of lines that are being read now
        self.process: trio.Process | None = None  # while there is one

    async def believe(self, author: Identity, lines: Sequence[bytes]) -> Reading:
        """What the lines tell."""
        octets = sum(map(len, lines))
        self._octets += octets
        try:
            await trio.lowlevel.checkpoint()  # so that all who come now are counted
            if self.process is None and self._octets < BULK_OCTETS:
                return await _believe_here(author, lines)
            return await self._ask(_Question(author, lines, octets))
        finally:
            self._octets -= octets

    async def _ask(self, question: _Question) -> Reading:
        self._send.send_nowait(question)
        await question.done.wait()
        return question.reading or await _believe_here(question.author, question.lines)

    async def run(self) -> None:
        """Until cancelled."""
        async for question in self._receive:
            asked = deque([self._batch(question)])
            try:
                await self._converse(asked)
            except* (OSError, *_BROKEN) as group:
                log.warning("the second process cannot be used (%s); this one does its work", group.exceptions[0])
            finally:
                for question in chain.from_iterable(asked):
                    question.done.set()

    def _batch(self, first: _Question) -> _Batch:
        """All that wait, up to so much that its answer is not long in coming."""
        batch, octets = [first], first.octets
        while octets < BATCH_OCTETS:
            try:
                batch.append(self._receive.receive_nowait())
            except trio.WouldBlock:
                break
            octets += batch[-1].octets
        return batch

    async def _converse(self, asked: deque[_Batch]) -> None:
        """As long as there are questions; those that are not answered stay in `asked`."""
        process = self.process = await trio.lowlevel.open_process(
            [*self._command, *sys.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        _widen(process)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_hear, process, asked)
                await self._speak(process, asked)
                nursery.cancel_scope.cancel()
        finally:
            process.kill()
            self.process = None
            with trio.CancelScope(shield=True):
                await _end(process)

    async def _speak(self, process: trio.Process, asked: deque[_Batch]) -> None:
        assert process.stdin is not None
        batch: _Batch | None = asked[0]
        while batch or asked:
            if batch:
                await process.stdin.send_all(framed(print_question([(it.author, it.lines) for it in batch])))
                batch = None
            with trio.move_on_after(IDLE_SECONDS):
                batch = self._batch(await self._receive.receive())
                asked.append(batch)


def _widen(process: trio.Process) -> None:
    """Room for whole questions and answers in the pipes, so that neither process waits for the other's turn."""
    for stream in (process.stdin, process.stdout):
        if isinstance(stream, trio.lowlevel.FdStream) and hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):  # the system allows less
                fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, PIPE_OCTETS)


async def _hear(process: trio.Process, asked: deque[_Batch]) -> None:
    assert process.stdout is not None
    heard = bytearray()
    while True:
        with trio.fail_after(ANSWER_SECONDS):
            octets = await process.stdout.receive_some(READ_OCTETS)
        if not octets:
            raise EOFError("it has ended")
        heard += octets
        while len(heard) >= (begin := LENGTH.size) and len(heard) >= (end := begin + LENGTH.unpack_from(heard)[0]):
            _answer(asked, bytes(heard[begin:end]))
            del heard[:end]


def _answer(asked: deque[_Batch], printed: bytes) -> None:
    """An answer has come to the first of those that were asked."""
    answers = parse_answer(printed)
    if [(len(it.told), len(it.prepared)) for it in answers] != [(len(it.lines),) * 2 for it in asked[0]]:
        raise ValueError("it answers something else than what it was asked")
    for question, reading in zip(asked.popleft(), answers, strict=True):
        question.reading = reading
        question.done.set()


async def _end(process: trio.Process) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            await stream.aclose()
    await process.wait()


async def _believe_here(author: Identity, lines: Sequence[bytes]) -> Reading:
    told: list[Told | None] = []
    for at in range(0, len(lines), STEP_LINES):
        told += believe_all(author, lines[at : at + STEP_LINES])
        await trio.lowlevel.checkpoint()
    return Reading(told)
