"""The owner's door: a Unix socket in the home directory, one JSON line in, one out. `zbnntp do`, `invite`, `status`.

The directory is 0700, so whoever can connect is the owner. Requests: {"do": TEXT}, {"ask": "link" | "status"},
{"import": one offer of a bundle}, {"repair": identities, "derived": bool}; answers: {"ok": bool, "text": TEXT, ...}.
"""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import trio

from zbnntp.model.errors import Invalid, Unreachable, ZbError

log = logging.getLogger(__name__)

REQUEST_OCTETS = 16 * 1024 * 1024  # an offer of 4 MiB, each quote in it escaped once more
REQUEST_SECONDS = 10
ANSWER_SECONDS = 180  # a follow over Tor may take two minutes
ACCEPT_PAUSE_SECONDS = 0.1  # when the process has no descriptors left
COMPLAINT_SECONDS = 60.0  # between two words about it
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


async def serve_admin(
    path: Path, handler: Handler, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Answer requests until cancelled. The caller holds the home's lock, so an old socket is nobody's."""
    await trio.Path(path).unlink(missing_ok=True)
    listener = trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    await listener.bind(os.fspath(path))
    await trio.Path(path).chmod(0o600)
    listener.listen(16)
    try:
        async with trio.SocketListener(listener) as door, trio.open_nursery() as nursery:
            task_status.started()
            await _admit(door, handler, nursery)
    finally:
        with trio.CancelScope(shield=True):
            await trio.Path(path).unlink(missing_ok=True)


async def _admit(door: trio.SocketListener, handler: Handler, nursery: trio.Nursery) -> None:
    """Accept until cancelled; while there are no descriptors requests wait in the backlog."""
    quiet_until = -math.inf
    while True:
        try:
            nursery.start_soon(_serve_one, handler, await door.accept())
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            if trio.current_time() >= quiet_until:
                quiet_until = trio.current_time() + COMPLAINT_SECONDS
                log.warning("cannot accept a request of the owner: %s", error.strerror)
            await trio.sleep(ACCEPT_PAUSE_SECONDS)


async def _serve_one(handler: Handler, stream: trio.SocketStream) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # whoever asked has gone
        async with stream:
            answer = await _answer(handler, stream)
            await stream.send_all(json.dumps(answer).encode() + b"\n")


async def _answer(handler: Handler, stream: trio.SocketStream) -> dict[str, Any]:
    try:
        request = await _receive(stream)
    except (ValueError, RecursionError, trio.TooSlowError):
        return {"ok": False, "text": "that request cannot be read"}
    try:
        return await handler(request)
    except ZbError as error:
        return {"ok": False, "text": str(error)} | ({"damaged": True} if isinstance(error, Invalid) else {})
    except Exception:
        log.exception("a request of the owner failed")
        return {"ok": False, "text": "that failed inside the node; its log says more"}


async def _receive(stream: trio.SocketStream) -> dict[str, Any]:
    data = bytearray()
    with trio.fail_after(REQUEST_SECONDS):
        while not data.endswith(b"\n") and len(data) <= REQUEST_OCTETS:
            chunk = await stream.receive_some()
            if not chunk:
                break
            data += chunk
    request = json.loads(data)
    if not isinstance(request, dict):
        raise ValueError("a request is one object")
    return request


def ask_node(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """The running node's answer; Unreachable when none runs on that home."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(os.fspath(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as answers:
                answer = json.loads(answers.readline())
        except TimeoutError as error:
            raise Unreachable("the node does not answer; look at what it prints, or stop and start it") from error
        except (OSError, ValueError) as error:
            raise Unreachable("no node runs on that home; start it with 'zbnntp run'") from error
    return answer if isinstance(answer, dict) else {}
