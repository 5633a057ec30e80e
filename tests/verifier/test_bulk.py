"""Lines that are read in a second process tell what they tell here, and whatever becomes of it, they are read."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trio

from tests.model.making import ALICE, BOB, TIME, opened, opening, reply
from zbnntp.model.believing import believe_all, parse_answer, print_question
from zbnntp.model.entries import Carry, Delete, Post, make_carry, make_delete, make_post
from zbnntp.store.packing import finish, pack
from zbnntp.verifier import bulk
from zbnntp.verifier.bulk import Verifier
from zbnntp.verifier.process import framed, serve

POSTS = [
    make_post(BOB, boards=["test.talk"], subject=f"{number}", body=f"{number} \U0001f600\n" * 40, time=TIME + number)
    for number in range(100)
]
FORGED = opening().replace(b"Hello", b"Hullo")
LINES = [
    *(reply(), make_carry(opening()), make_delete(opened(opening()).header.id, TIME)),
    *(opening(), FORGED, b"{}", b"", b'{"kind":"later"}', b'{"kind":"vote","post":""}', make_carry(FORGED)),
    *POSTS,
]


@asynccontextmanager
async def running(verifier: Verifier) -> AsyncIterator[Verifier]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        yield verifier
        nursery.cancel_scope.cancel()


async def process_of(verifier: Verifier) -> trio.Process:
    """As soon as there is one."""
    with trio.fail_after(60):
        while verifier.process is None:
            await trio.lowlevel.checkpoint()
    return verifier.process


def test_what_stands_in_a_line_comes_through() -> None:
    told = believe_all(BOB.identity, LINES)
    assert [type(it) for it in told[:3]] == [Post, Carry, Delete]
    assert told[3:10] == [None] * 7  # somebody else's, forged, of other kinds, no lines at all
    answers = io.BytesIO()
    serve(io.BytesIO(framed(print_question([(BOB.identity, LINES), (ALICE.identity, [opening()])]))), answers)
    assert [it.told for it in parse_answer(answers.getvalue()[4:])] == [told, [opened(opening())]]


def test_what_the_store_keeps_is_prepared() -> None:
    """The same as it would make itself, of all lines of which it knows what they name."""
    ids = {}
    answers = io.BytesIO()
    serve(io.BytesIO(framed(print_question([(BOB.identity, LINES)]))), answers)
    (reading,) = parse_answer(answers.getvalue()[4:])

    def find(kind: int, octets: bytes) -> int:
        return ids.setdefault((kind, octets), len(ids))

    for line, prepared in zip(LINES, reading.prepared, strict=True):
        assert prepared is None if not line else finish(prepared, find) == pack(line, find)
    assert finish(reading.prepared[0], lambda kind, octets: None) is None


@pytest.mark.parametrize("octets", [2, 4, 9, -1])
def test_a_question_that_a_dying_node_has_cut_off_ends_the_process_quietly(octets: int) -> None:
    question = framed(print_question([(BOB.identity, LINES)]))
    command = [*bulk.COMMAND, *sys.path]
    done = subprocess.run(command, input=question + question[:octets], capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [it.told for it in parse_answer(done.stdout[4:])] == [believe_all(BOB.identity, LINES)]


@pytest.mark.parametrize("lines", [LINES, LINES[:1]])
def test_an_answer_that_nobody_takes_ends_the_process_quietly(lines: list[bytes]) -> None:
    question = framed(print_question([(BOB.identity, lines)]))
    command = [*bulk.COMMAND, *sys.path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        with process.stdin as asked:
            asked.write(question)
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


async def test_a_lot_is_read_in_another_process_which_ends_when_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "IDLE_SECONDS", 0.2)
    async with running(Verifier()) as verifier:
        for _ in range(2):
            told: set[str] = set()

            async def ask(lines: Sequence[bytes], told: set[str] = told) -> None:
                told |= set(map(repr, (await verifier.believe(BOB.identity, lines)).told))

            async with trio.open_nursery() as nursery:
                for at in range(0, len(LINES), 10):
                    nursery.start_soon(ask, LINES[at : at + 10])
                process = await process_of(verifier)
            assert told == set(map(repr, believe_all(BOB.identity, LINES)))
            with trio.fail_after(60):
                await process.wait()


async def test_little_is_read_here() -> None:
    async with running(Verifier(["/nonexistent"])) as verifier:
        assert (await verifier.believe(BOB.identity, LINES[:10])).told == believe_all(BOB.identity, LINES[:10])
        assert verifier.process is None


@pytest.mark.parametrize(
    "program",
    [
        None,
        "",
        "import sys; sys.stdin.buffer.read(1000)",
        "import sys; sys.stdin.buffer.read(1000); print('hello' * 1000)",
        r"import sys; sys.stdout.buffer.write(b'\0\0\0\2[)')",
        r"import sys; sys.stdout.buffer.write(b'\0\0\0\5[\0\0\0\0'); sys.stdin.read()",
    ],
)
async def test_a_process_that_is_of_no_use(program: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not there, silent, ending, or telling nonsense: what it was asked is read here."""
    monkeypatch.setattr(bulk, "ANSWER_SECONDS", 1)
    command = ["/nonexistent"] if program is None else [sys.executable, "-c", program]
    async with running(Verifier(command)) as verifier:
        with trio.fail_after(60):
            assert (await verifier.believe(BOB.identity, LINES)).told == believe_all(BOB.identity, LINES)


async def test_a_process_that_is_killed_is_replaced() -> None:
    told = believe_all(BOB.identity, POSTS)
    async with running(Verifier()) as verifier, trio.open_nursery() as nursery:

        async def ask() -> None:
            assert (await verifier.believe(BOB.identity, POSTS)).told == told

        nursery.start_soon(ask)
        (await process_of(verifier)).kill()
        for _ in range(3):
            nursery.start_soon(ask)


def test_the_process_knows_neither_store_nor_network() -> None:
    """It is small, and nothing that hostile bytes could do to it reaches further."""
    program = """
import io, socket, sys
from zbnntp.verifier.process import main
print(sorted({"trio", "sqlite3", "numpy", "zbnntp.store.database"} & sys.modules.keys()), flush=True)
sys.stdin = io.TextIOWrapper(io.BytesIO())
main()
socket.create_connection(("127.0.0.1", 9))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.stdout, b"zbnntp.guard.Leak" in done.stderr) == (b"[]\n", True)
