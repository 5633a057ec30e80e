"""Who comes through the Unix socket to which tor leads: a stranger whose words nobody reads on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from tests.fakes import NOW, FakeHouse
from tests.nntp.dialogue import PASSWORDS, forum
from tests.nntp.serving import Reader, run
from tests.peers.trio_tests import short_dir
from zbnntp.nntp.server import Limits, listen_at, serve
from zbnntp.nntp.shares import Share

__all__ = ["short_dir"]


@asynccontextmanager
async def connected(path: Path, house: FakeHouse, share: Share) -> AsyncIterator[Reader]:
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: _serve(path, house, share, task_status))
        reader = Reader(await trio.open_unix_socket(path))
        yield reader
        reader.socket.close()
        nursery.cancel_scope.cancel()


async def _serve(path: Path, house: FakeHouse, share: Share, task_status: trio.TaskStatus[None]) -> None:
    limits = Limits(share=share)
    await serve([], house, lambda: NOW, onion_listeners=[listen_at(path)], limits=limits, task_status=task_status)


def test_nothing_is_shown_before_a_login_and_the_password_may_be_sent(short_dir: Path) -> None:
    async def main() -> None:
        house = FakeHouse(forum, PASSWORDS, offers_login=True)
        async with connected(short_dir / "r.sock", house, Share()) as reader:
            await reader.line()
            await reader.say("GROUP tech.linux")
            assert (await reader.line()).startswith(b"480 ")
            await reader.say("AUTHINFO USER anna", f"AUTHINFO PASS {PASSWORDS['anna']}", "GROUP tech.linux")
            codes = [(await reader.line())[:3] for _ in range(3)]
            assert codes == [b"381", b"281", b"211"]

    run(main)


@pytest.mark.parametrize("guests", [False, True])
def test_a_stranger_has_a_share_there(short_dir: Path, guests: bool) -> None:
    async def main() -> None:
        house = FakeHouse(forum, PASSWORDS, offers_login=True, welcomes_guests=guests)
        async with connected(short_dir / "r.sock", house, Share(1, 1)) as reader:
            await reader.line()
            began = trio.current_time()
            for _ in range(15):
                await reader.say("CAPABILITIES")
                await reader.until(b"\r\n.\r\n")
            assert trio.current_time() - began > 3

    run(main)
