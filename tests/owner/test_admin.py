"""The owner's door: one line in, one out; whatever comes in, the node goes on."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.peers.trio_tests import short_dir
from zbnntp import admin
from zbnntp.admin import ask_node, serve_admin
from zbnntp.model.errors import NotPermitted, Unreachable

__all__ = ["short_dir"]


async def handle(request: dict[str, Any]) -> dict[str, Any]:
    if request.get("do") == "forbidden":
        raise NotPermitted("that may not be done")
    if request.get("do") == "broken":
        raise KeyError("a bug")
    return {"ok": True, "text": "ä " + str(request.get("do"))}


@asynccontextmanager
async def door(directory: Path) -> AsyncIterator[Path]:
    path = directory / "admin.sock"
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_admin, path, handle)
        yield path
        nursery.cancel_scope.cancel()


async def send(path: Path, octets: bytes, *, finish: bool = False) -> dict[str, Any]:
    """What is answered to these octets."""
    stream = await trio.open_unix_socket(path)
    async with stream:
        await stream.send_all(octets)
        if finish:
            await stream.send_eof()
        answer = b"".join([chunk async for chunk in stream])
    assert answer.count(b"\n") == 1
    found: dict[str, Any] = json.loads(answer)
    return found


async def test_a_request_is_answered_and_the_socket_is_the_owners(short_dir: Path) -> None:
    async with door(short_dir) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        answer = await trio.to_thread.run_sync(ask_node, path, {"do": "x"})
        assert answer == {"ok": True, "text": "ä x"}
    assert not path.exists()


async def test_an_old_socket_is_nobodys(short_dir: Path) -> None:
    (short_dir / "admin.sock").write_text("left behind by a crash")
    async with door(short_dir) as path:
        assert (await send(path, b'{"do":"x"}\n'))["ok"]


@pytest.mark.parametrize(
    "octets",
    [b"\n", b"hello\n", b"[1]\n", b"5\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n", b'{"do":\n', b"GET / HTTP/1.1\r\n"],
)
async def test_garbage_is_answered_and_the_next_request_as_well(short_dir: Path, octets: bytes) -> None:
    async with door(short_dir) as path:
        assert await send(path, octets) == {"ok": False, "text": "that request cannot be read"}
        assert (await send(path, b'{"do":"x"}\n'))["ok"]


async def test_a_request_that_ends_early_or_never_is_answered(short_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "REQUEST_SECONDS", 0.1)
    async with door(short_dir) as path:
        assert (await send(path, b'{"do":"x"}', finish=True))["ok"]
        assert not (await send(path, b"", finish=True))["ok"]
        assert not (await send(path, b'{"do"'))["ok"]


async def test_a_request_that_does_not_end_is_cut_off(short_dir: Path) -> None:
    async with door(short_dir) as path:
        stream = await trio.open_unix_socket(path)
        async with stream:
            with pytest.raises(trio.BrokenResourceError):
                await stream.send_all(b"x" * 64 * admin.REQUEST_OCTETS)
        assert (await send(path, b'{"do":"x"}\n'))["ok"]


async def test_whoever_hangs_up_is_forgotten(short_dir: Path) -> None:
    async with door(short_dir) as path:
        for octets in (b"", b'{"do":"x"}\n'):
            stream = await trio.open_unix_socket(path)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            await stream.send_all(octets)
            await stream.aclose()
        assert (await send(path, b'{"do":"x"}\n'))["ok"]


async def test_an_answer_of_no_is_no_failure_and_a_bug_is_logged(
    short_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with door(short_dir) as path:
        assert await send(path, b'{"do":"forbidden"}\n') == {"ok": False, "text": "that may not be done"}
        assert not caplog.records
        assert (await send(path, b'{"do":"broken"}\n'))["text"].startswith("that failed inside the node")
        assert "a bug" in caplog.text


async def test_out_of_descriptors_a_request_waits_and_one_sentence_says_so(
    short_dir: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept, problems = trio.SocketListener.accept, [OSError(errno.EMFILE, "Too many open files") for _ in range(3)]

    async def accept_poorly(listener: trio.SocketListener) -> trio.SocketStream:
        if problems:
            raise problems.pop()
        return await accept(listener)

    monkeypatch.setattr(trio.SocketListener, "accept", accept_poorly)
    async with door(short_dir) as path:
        assert (await send(path, b'{"do":"x"}\n'))["ok"]
    assert caplog.messages == ["cannot accept a request of the owner: Too many open files"]
    assert not any(record.exc_info for record in caplog.records)


@pytest.fixture
def answering(short_dir: Path) -> Iterator[Path]:
    """A program that answers whatever is in the file `answer`, or nothing at all where there is none."""
    path = short_dir / "admin.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.fspath(path))
    listener.listen()

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(1000)
            answer = short_dir / "answer"
            if answer.exists():
                connection.sendall(answer.read_bytes())
            else:
                connection.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    yield path
    thread.join()


def test_nobody_at_home(short_dir: Path) -> None:
    with pytest.raises(Unreachable, match="zbnntp run"):
        ask_node(short_dir / "admin.sock", {})
    with pytest.raises(Unreachable, match="zbnntp run"):
        ask_node(short_dir / ("x" * 200), {})


@pytest.mark.parametrize("answer", [b"", b"hello\n"])
def test_somebody_else_answers(answering: Path, answer: bytes) -> None:
    (answering.parent / "answer").write_bytes(answer)
    with pytest.raises(Unreachable, match="no node runs"):
        ask_node(answering, {})


def test_an_answer_that_is_no_object_is_none(answering: Path) -> None:
    (answering.parent / "answer").write_bytes(b"[1]\n")
    assert ask_node(answering, {}) == {}


def test_a_node_that_does_not_answer(answering: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "ANSWER_SECONDS", 0.05)
    with pytest.raises(Unreachable, match="does not answer"):
        ask_node(answering, {})
