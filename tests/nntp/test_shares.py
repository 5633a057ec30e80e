"""What strangers may take: connections and commands, of one address and of one account; at home nothing is counted."""

from __future__ import annotations

import pytest
import trio

from tests.fakes import FakeDesk, FakeHouse, FakeShelf, small_forum
from tests.nntp.dialogue import PASSWORDS
from tests.nntp.serving import GREETING, Reader, Server, run, serving
from zbnntp.model.errors import Refused
from zbnntp.nntp.server import Limits
from zbnntp.nntp.shares import Share, Shares, stranger_of

SHARE = Share(connections=2, commands=10)


class Gateway(FakeHouse):
    """Guests, and one shelf for all connections of an account."""

    def __init__(self) -> None:
        shelf = small_forum()
        super().__init__(lambda: (shelf, None), PASSWORDS, offers_login=True, welcomes_guests=True)
        self.shelves: dict[str, FakeShelf] = {}

    async def login(self, user: str, password: str) -> tuple[FakeShelf, FakeDesk | None]:
        shelf, desk = await super().login(user, password)
        return self.shelves.setdefault(user, shelf), desk


async def greeted(server: Server) -> Reader:
    reader = await server.connect()
    assert (await reader.line()).startswith(b"200 ")
    return reader


async def log_in(reader: Reader) -> bytes:
    await reader.say("AUTHINFO USER anna")
    await reader.line()
    await reader.say(f"AUTHINFO PASS {PASSWORDS['anna']}")
    return await reader.line()


def test_an_address_has_so_many_connections() -> None:
    async def main() -> None:
        async with serving(Gateway(), limits=Limits(share=SHARE)) as server:
            first, _ = await greeted(server), await greeted(server)
            third = await server.connect()
            assert (await third.rest()).startswith(b"400 you have 2 connections already")
            await first.say("QUIT")
            await first.rest()
            await greeted(server)

    run(main)


def test_an_account_has_so_many_besides() -> None:
    async def main() -> None:
        async with serving(Gateway(), limits=Limits(share=SHARE)) as server:
            inside = [await greeted(server), await greeted(server)]
            for reader in inside:
                assert (await log_in(reader)).startswith(b"281 ")
            outside = await greeted(server)
            assert (await log_in(outside)).startswith(b"481 you have 2 connections already")
            await inside[0].say("QUIT")
            await inside[0].rest()
            assert (await log_in(outside)).startswith(b"281 ")

    run(main)


def test_who_asks_too_much_waits_and_others_do_not() -> None:
    async def main() -> None:
        async with serving(Gateway(), limits=Limits(share=SHARE)) as server:
            hasty, calm = await greeted(server), await greeted(server)
            assert (await log_in(calm)).startswith(b"281 ")
            began = trio.current_time()
            await hasty.say(*["DATE"] * 200)
            for _ in range(200):
                assert (await hasty.line()).startswith(b"111 ")
            await hasty.say("DATE")
            assert (await hasty.line()).startswith(b"111 ")
            assert trio.current_time() - began >= 9  # 100 at once, 10 a second
            began = trio.current_time()
            await calm.say("DATE")
            await calm.line()
            assert trio.current_time() - began < 1

    run(main)


def test_a_long_answer_counts_for_what_it_is() -> None:
    async def main() -> None:
        async with serving(Gateway(), limits=Limits(share=Share(2, 1))) as server:
            reader = await greeted(server)
            began = trio.current_time()
            for _ in range(10):
                await reader.say("LISTGROUP tech.linux")
                await reader.until(b"\r\n.\r\n")
            await reader.say("DATE")
            await reader.line()
            assert trio.current_time() - began >= 9  # a command and a window each

    run(main)


def test_at_home_nobody_counts() -> None:
    async def main() -> None:
        async with serving(limits=Limits(share=Share(1, 1))) as server:
            first, second = await server.connect(), await server.connect()
            assert await first.line() == await second.line() == GREETING
            began = trio.current_time()
            await first.say(*["DATE"] * 100)
            for _ in range(100):
                await first.line()
            assert trio.current_time() - began < 1

    run(main)


@pytest.mark.parametrize(("guests", "codes"), [(True, [b"211", b"440", b"483"]), (False, [b"483", b"483", b"483"])])
def test_guests_read_from_other_machines_and_passwords_stay_secret(
    monkeypatch: pytest.MonkeyPatch, guests: bool, codes: list[bytes]
) -> None:
    monkeypatch.setattr("zbnntp.nntp.server.is_private", lambda address: False)

    async def main() -> None:
        house = Gateway()
        house.welcomes_guests = guests
        async with serving(house) as server:
            reader = await greeted(server)
            await reader.say("GROUP tech.linux", "POST", "AUTHINFO USER anna")
            assert [(await reader.line())[:3] for _ in range(3)] == codes

    run(main)


def test_who_stands_behind_an_address() -> None:
    assert stranger_of("192.0.2.1") == "192.0.2.1"
    assert stranger_of("2001:db8:1:2:3::4") == stranger_of("2001:db8:1:2::5") == "2001:db8:1:2::/64"
    assert stranger_of("fe80::1%eth0") == "fe80::/64"
    assert stranger_of("") is None


@pytest.mark.parametrize("share", [Share(0, 0), Share(0, 10)])
def test_without_a_limit_each_connection_stands_for_itself(share: Share) -> None:
    shares = Shares(share)
    assert shares.join("192.0.2.1", 0) is not shares.join("192.0.2.1", 0)


def test_nobody_in_particular_is_never_too_many() -> None:
    """Whoever comes through an onion."""
    shares = Shares(SHARE)
    parties = [shares.join(None, 0) for _ in range(5)]
    assert len(set(map(id, parties))) == 5
    with pytest.raises(Refused):
        [shares.join("192.0.2.1", 0) for _ in range(3)]
