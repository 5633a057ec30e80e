"""Guessing passwords is slow, holds up nobody else, and leaves no trace."""

from __future__ import annotations

import logging

import pytest
import trio

from tests.fakes import FakeHouse
from tests.nntp.dialogue import PASSWORDS, forum, parse_responses
from tests.nntp.serving import GREETING, Reader, run, serving
from zbnntp.model.errors import BadEncoding, NotPermitted, Refused
from zbnntp.nntp import guard
from zbnntp.nntp.guard import Guard
from zbnntp.nntp.logins import Logins
from zbnntp.nntp.replies import Login

RIGHT = Login("anna", "correct horse")


def test_each_wrong_password_doubles_the_wait_for_that_user() -> None:
    seen, one = [], Guard()
    for _ in range(9):
        one.wrong("anna", 0.0)
        seen.append(one.wait_seconds("anna", 0.0))
    assert seen == [2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert one.wait_seconds("anna", 59.0) == 1
    assert one.wait_seconds("anna", 61.0) == 0


def test_any_wrong_password_makes_everybody_wait_a_moment() -> None:
    one = Guard()
    assert one.wait_seconds("bert", 0.0) == 0
    one.wrong("anna", 0.0)
    assert one.wait_seconds("bert", 0.5) == guard.SERVER_SECONDS - 0.5
    assert one.wait_seconds("bert", 3.0) == 0


def test_the_right_password_forgives() -> None:
    one = Guard()
    for _ in range(5):
        one.wrong("anna", 0.0)
    one.right("anna")
    assert one.wait_seconds("anna", 10.0) == 0


def test_who_is_known_at_an_address_does_not_wait_for_those_who_guess_elsewhere() -> None:
    one = Guard()
    one.right("anna", "192.0.2.1")
    for _ in range(9):
        one.wrong("anna", 0.0, "198.51.100.7")
    assert one.wait_seconds("anna", 0.0, "192.0.2.1") == 0
    assert one.wait_seconds("anna", 0.0, "198.51.100.7") == one.wait_seconds("anna", 0.0) == 60
    one.wrong("anna", 0.0, "192.0.2.1")
    assert one.wait_seconds("anna", 0.0, "192.0.2.1") == 60


def test_an_onion_is_no_address_at_which_anybody_is_known() -> None:
    one = Guard()
    one.right("anna", "")
    one.wrong("anna", 0.0, "")
    assert one.wait_seconds("anna", 0.0, "") == 2


def test_places_are_forgotten_in_the_end() -> None:
    one = Guard()
    for number in range(guard.USERS + 1):
        one.right("anna", f"host{number}")
    assert not one.is_known("anna", "host0")
    assert one.is_known("anna", f"host{guard.USERS}")


def test_names_are_forgotten_in_the_end() -> None:
    """Else somebody could fill the memory with invented ones."""
    one = Guard()
    for number in range(guard.USERS + 1):
        one.wrong(f"user{number}", 0.0)
    assert one.wait_seconds("user0", 1.5) == 0.5  # as for everybody
    one.wrong(f"user{guard.USERS}", 0.0)
    assert one.wait_seconds(f"user{guard.USERS}", 1.5) == 2.5


def test_names_that_are_no_text_are_names_too() -> None:
    Guard().wrong("\udcff", 0.0)


async def log_in(reader: Reader, user: str, password: str) -> int:
    await reader.say(f"AUTHINFO USER {user}")
    assert (await reader.line()).startswith(b"381 ")
    await reader.say(f"AUTHINFO PASS {password}")
    return int((await reader.line())[:3])


def household(**settings: object) -> FakeHouse:
    return FakeHouse(forum, PASSWORDS, offers_login=True, **settings)  # type: ignore[arg-type]


def test_guessing_takes_its_time() -> None:
    async def main() -> None:
        house = household()
        async with serving(house) as server:
            before = trio.current_time()
            for guess in range(12):
                reader = await server.connect()
                assert await reader.line() == GREETING
                assert await log_in(reader, "anna", f"guess{guess}") == 481
            assert 2 + 4 + 8 + 16 + 32 + 6 * 60 <= trio.current_time() - before < 500
            assert len(house.logins) == 12

    run(main)


def test_other_names_do_not_help() -> None:
    async def main() -> None:
        async with serving(household()) as server:
            before = trio.current_time()
            for guess in range(10):
                reader = await server.connect()
                await reader.line()
                assert await log_in(reader, f"user{guess}", "x") == 481
            assert trio.current_time() - before >= 9 * guard.SERVER_SECONDS

    run(main)


def test_a_slow_guess_holds_up_no_other_connection() -> None:
    async def main() -> None:
        house = household(delay=trio.sleep_forever)
        async with serving(house) as server:
            guesser, reader = await server.connect(), await server.connect()
            await guesser.say("AUTHINFO USER anna", "AUTHINFO PASS x", "DATE")
            await guesser.until(b"381 send the password\r\n")
            await reader.line()
            before = trio.current_time()
            for _ in range(20):
                await reader.say("DATE")
                assert (await reader.line()).startswith(b"111 ")
            assert trio.current_time() - before < 1
            assert house.logins == [("anna", "x")]
            assert not guesser.heard

    run(main)


def test_few_passwords_are_checked_at_once() -> None:
    """Each takes 256 MiB."""

    async def main() -> None:
        running, most = 0, 0

        async def delay() -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await trio.sleep(0.5)
            running -= 1

        logins = Logins(household(delay=delay))
        async with trio.open_nursery() as nursery:
            for number in range(8):
                nursery.start_soon(logins.check, RIGHT, f"192.0.2.{number}")
        assert most == guard.CHECKS_AT_ONCE

    run(main)


async def expect(kind: type[Exception], logins: Logins, login: Login, address: str) -> None:
    with pytest.raises(kind):
        await logins.check(login, address)


def test_waiting_attempts_are_bounded_and_forgotten() -> None:
    async def main() -> None:
        logins = Logins(household(delay=trio.sleep_forever))
        async with trio.open_nursery() as nursery:
            for number in range(guard.WAITING_MOST):
                nursery.start_soon(logins.check, RIGHT, f"192.0.2.{number // guard.WAITING_OF_ADDRESS_MOST}")
            await trio.testing.wait_all_tasks_blocked()
            await expect(Refused, logins, RIGHT, "192.0.2.99")
            nursery.cancel_scope.cancel()
        assert not logins._waiting

    run(main)


def test_one_address_does_not_take_all_places() -> None:
    async def main() -> None:
        logins = Logins(household(delay=trio.sleep_forever))
        async with trio.open_nursery() as nursery:
            for _ in range(guard.WAITING_OF_ADDRESS_MOST):
                nursery.start_soon(logins.check, RIGHT, "192.0.2.1")
            await trio.testing.wait_all_tasks_blocked()
            await expect(Refused, logins, RIGHT, "192.0.2.1")
            with trio.move_on_after(1) as scope:
                await logins.check(RIGHT, "192.0.2.2")
            assert scope.cancelled_caught  # it waits for its turn
            nursery.cancel_scope.cancel()

    run(main)


def test_who_guesses_waits_again_when_others_were_wrong_meanwhile() -> None:
    async def main() -> None:
        logins = Logins(household())
        wrong = Login("anna", "x")
        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(expect, NotPermitted, logins, wrong, f"192.0.2.{number}")
            before = trio.current_time()
        assert trio.current_time() - before >= 2 + 4

    run(main)


def test_a_damaged_key_is_told_in_its_own_words() -> None:
    async def damaged() -> None:
        raise BadEncoding("the key file is damaged; restore it from your backup")

    async def main() -> None:
        async with serving(household(delay=damaged)) as server:
            reader = await server.connect()
            await reader.say("AUTHINFO USER anna")
            await reader.until(b"381 send the password\r\n")
            await reader.say("AUTHINFO PASS correct horse")
            assert await reader.line() == b"481 the key file is damaged; restore it from your backup\r\n"

    run(main)


def test_names_and_passwords_are_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        house = household()
        async with serving(house) as server:
            reader = await server.connect()
            await reader.line()
            assert await log_in(reader, "anna", "hunter2secret") == 481
            house.passwords = None  # type: ignore[assignment]
            assert await log_in(reader, "anna", "hunter2secret") == 403

    with caplog.at_level(logging.DEBUG):
        run(main)
    assert "AttributeError" in caplog.text
    assert "hunter2secret" not in caplog.text
    assert "hunter2secret" not in repr(Login("anna", "hunter2secret"))


def test_the_view_is_that_of_the_user() -> None:
    async def main() -> None:
        async with serving(household()) as server:
            reader = await server.connect()
            await reader.line()
            assert await log_in(reader, "anna", "correct horse") == 281
            await reader.say("LIST MOTD", "QUIT")
            assert parse_responses(await reader.rest())[0].lines == ["Welcome, anna."]

    run(main)


def test_a_newsreader_that_vanishes_while_it_logs_in_is_forgotten() -> None:
    async def main() -> None:
        async def delay() -> None:
            await trio.sleep(5)

        async with serving(household(delay=delay)) as server:
            reader = await server.connect()
            await reader.say("AUTHINFO USER anna", "AUTHINFO PASS correct horse")
            await reader.until(b"381 send the password\r\n")
            await reader.stream.aclose()
            await trio.sleep(10)
            other = await server.connect()
            assert await other.line() == GREETING

    run(main)
