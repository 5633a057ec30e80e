"""Tor as a partner that is absent, slow, old or confused: a fake control port, no tor needed."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from tests.local.neighbours import as_nobody, open_dir
from tests.peers.fake_tor import HSDIR, READY, FakeTor
from tests.programs import need_root
from zbnntp.model.errors import TorDown
from zbnntp.model.onion import is_onion
from zbnntp.peers.onion import OnionService, OnionState, Tor
from zbnntp.peers.tor_process import OwnTor, SystemTor, way_in

__all__ = ["open_dir"]
SEED = bytes(range(32))


@asynccontextmanager
async def running(tor: Tor, fake: FakeTor | None = None) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        if fake:
            nursery.start_soon(fake.serve)
        nursery.start_soon(tor.run)
        with trio.fail_after(10):
            yield
        nursery.cancel_scope.cancel()


def onion(fake: FakeTor, seed: bytes = SEED, **options: object) -> OnionService:
    service = OnionService(seed, fake.directory / "web.sock", **options)  # type: ignore[arg-type]
    fake.addresses[service.command(pow_defence=False).split()[1]] = service.service_id
    return service


async def until(condition: object) -> None:
    while not condition():  # type: ignore[operator]
        await trio.sleep(0.01)


def test_the_address_is_known_before_tor_runs() -> None:
    service = OnionService(SEED, Path("/run/x.sock"))
    assert is_onion(service.address)
    assert service.state is OnionState.ABSENT
    line = service.command(pow_defence=True)
    assert line.startswith("ADD_ONION ED25519-V3:")
    assert " Flags=DiscardPK Port=80,unix:/run/x.sock MaxStreams=20 PoWDefensesEnabled=1 " in line
    assert "PoW" not in service.command(pow_defence=False)


def test_a_closed_onion_names_its_clients() -> None:
    line = OnionService(SEED, Path("/run/x.sock"), ["KEYA", "KEYB"]).command(pow_defence=False)
    assert "Flags=DiscardPK,V3Auth " in line
    assert line.endswith("ClientAuthV3=KEYA ClientAuthV3=KEYB")


def test_a_target_that_tor_cannot_parse_is_refused() -> None:
    with pytest.raises(ValueError, match="forward"):
        OnionService(SEED, Path("/My Files/x.sock"))


async def test_an_onion_is_added_and_reachable(short_dir: Path) -> None:
    fake, said = FakeTor(short_dir), list[str]()
    tor, service = Tor(fake.source, said.append), onion(fake)
    tor.add(service)
    async with running(tor, fake):
        await service.wait_reachable()
        await tor.wait_bootstrapped()
        assert said == [f"{service.address} is reachable."]
        assert len(fake.asked("ADD_ONION")) == 1
        assert not fake.asked("TAKEOWNERSHIP"), "somebody else's tor"
        await tor.remove(service)
        assert fake.asked("DEL_ONION") == [f"DEL_ONION {service.service_id}"]
        await tor.renew()
        assert fake.asked("SIGNAL") == ["SIGNAL NEWNYM"]
    assert service.state is OnionState.ABSENT


async def test_a_closed_connection_is_made_again_with_all_onions(short_dir: Path) -> None:
    fake, said = FakeTor(short_dir), list[str]()
    tor = Tor(fake.source, said.append)
    services = [onion(fake, bytes([number]) * 32) for number in range(8)]
    for service in services:
        tor.add(service)
    async with running(tor, fake):
        for service in services:
            await service.wait_reachable()
        await fake.hang_up()
        await until(lambda: fake.connections == 2)
        for service in services:
            await service.wait_reachable()
        assert len(fake.asked("ADD_ONION")) == 16
        assert any("started again" in text for text in said)
        assert tor.problem == ""


async def test_five_onions_are_published_at_a_time(short_dir: Path) -> None:
    fake = FakeTor(short_dir)
    fake.published = False
    tor = Tor(fake.source, [].append)
    services = [onion(fake, bytes([number]) * 32) for number in range(8)]
    async with running(tor, fake):
        await tor.wait_bootstrapped()
        await until(lambda: tor.connected)
        for service in services:
            tor.add(service)
        await until(lambda: len(fake.asked("ADD_ONION")) == 5)
        await trio.sleep(0.05)
        assert len(fake.asked("ADD_ONION")) == 5
        waiting = next(service for service in services if service.state is OnionState.PUBLISHING)
        await fake.event(f"HS_DESC UPLOADED {waiting.service_id} UNKNOWN ${HSDIR}")
        await until(lambda: len(fake.asked("ADD_ONION")) == 6)


async def test_an_old_tor_is_asked_without_the_words_it_does_not_know(short_dir: Path) -> None:
    fake = FakeTor(short_dir)
    fake.replies["ADD_ONION"] = ["512 Unrecognized argument", "250 OK"]
    tor, service = Tor(fake.source, [].append), onion(fake)
    tor.add(service)
    async with running(tor, fake):
        await service.wait_reachable()
        assert ["PoW" in line for line in fake.asked("ADD_ONION")] == [True, False]


async def test_an_onion_that_was_left_there_is_replaced(short_dir: Path) -> None:
    fake = FakeTor(short_dir)
    fake.replies["ADD_ONION"] = ["550 Onion address collision", "250 OK"]
    tor, service = Tor(fake.source, [].append), onion(fake)
    tor.add(service)
    async with running(tor, fake):
        await service.wait_reachable()
        assert len(fake.asked("DEL_ONION")) == 1


async def test_an_onion_that_tor_does_not_take_is_said(short_dir: Path) -> None:
    fake, said = FakeTor(short_dir), list[str]()
    fake.replies["ADD_ONION"] = ["551 No"]
    fake.published = False
    tor, service = Tor(fake.source, said.append), onion(fake)
    tor.add(service)
    async with running(tor, fake):
        await until(lambda: service.state is OnionState.REFUSED)
        assert "551" in said[0]


async def test_a_tor_that_is_not_ready_becomes_so(short_dir: Path) -> None:
    fake = FakeTor(short_dir)
    fake.replies["GETINFO status/bootstrap-phase"] = [
        '250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=10 TAG=conn SUMMARY="Connecting"\r\n250 OK'
    ]
    tor = Tor(fake.source, [].append)
    async with running(tor, fake):
        await until(lambda: tor.bootstrap == 10)
        await trio.sleep(0.05)
        await fake.event('STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"')
        await tor.wait_bootstrapped()


async def test_one_that_comes_no_further_says_so_until_it_does(
    short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zbnntp.peers.onion.STUCK_SECONDS", 0.05)
    fake, said = FakeTor(short_dir), list[str]()
    fake.replies["GETINFO status/bootstrap-phase"] = [
        '250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting"\r\n250 OK'
    ]
    tor = Tor(fake.source, said.append)
    async with running(tor, fake):
        await until(lambda: tor.problem.startswith("tor comes no further than 5 % on its way into the network; see"))
        await fake.event("STATUS_GENERAL WARN CLOCK_SKEW SKEW=7200 SOURCE=CONSENSUS")
        await until(lambda: "network: this computer's clock is 7200 seconds off; see" in tor.problem)
        assert len(said) == 2
        await fake.event(f"STATUS_CLIENT {READY}")
        await tor.wait_bootstrapped()
        assert tor.problem == ""


async def test_a_tor_of_the_system_that_is_too_old_is_said(short_dir: Path) -> None:
    fake, said = FakeTor(short_dir), list[str]()
    fake.replies["GETINFO version"] = ["250-version=0.4.5.16\r\n250 OK"]
    tor = Tor(fake.source, said.append)
    async with running(tor, fake):
        await until(lambda: said)
        assert said[0].startswith("tor 0.4.5 is too old")
        assert not tor.connected


async def test_a_stale_cookie_is_tried_again(short_dir: Path) -> None:
    fake = FakeTor(short_dir)
    fake.rotate_cookie()
    tor = Tor(fake.source, [].append)
    async with running(tor, fake):
        await until(lambda: len(fake.asked("AUTHCHALLENGE")) > 2)
        assert not tor.connected
        fake.save_cookie()
        await tor.wait_bootstrapped()


async def test_a_tor_that_stops_answering_is_left(short_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zbnntp.peers.onion.HEALTH_SECONDS", 0.05)
    monkeypatch.setattr("zbnntp.peers.control_port.ASK_SECONDS", 0.3)
    fake, said = FakeTor(short_dir), list[str]()
    tor = Tor(fake.source, said.append)
    async with running(tor, fake):
        await until(lambda: tor.connected)
        fake.silent = True
        await until(lambda: said)
        assert not tor.connected
        assert "does not answer" in said[0]
        with pytest.raises(TorDown):
            await tor.renew()
        fake.silent = False
        await until(lambda: tor.connected)


async def test_no_tor_at_all_is_said_once(short_dir: Path) -> None:
    said = list[str]()
    tor = Tor(SystemTor(short_dir / "control", short_dir / "socks"), said.append)
    async with running(tor):
        await trio.sleep(1)
        assert len(said) == 1
        assert said[0].startswith(f"No tor listens at {short_dir}/control; start it (systemctl start tor)")
        assert tor.problem == said[0]


async def test_a_tor_without_a_cookie_or_without_socks_is_told_what_to_set(short_dir: Path) -> None:
    fake, said = FakeTor(short_dir), list[str]()
    fake.replies["PROTOCOLINFO"] = ["250-PROTOCOLINFO 1\r\n250-AUTH METHODS=HASHEDPASSWORD\r\n250 OK"]
    tor = Tor(SystemTor(fake.source.control, fake.source.socks), said.append)
    async with running(tor, fake):
        await until(lambda: said)
        assert "put 'CookieAuthentication 1' into its torrc" in said[0]
    said.clear()
    tor = Tor(SystemTor(fake.source.control, short_dir / "nothing"), said.append)
    async with running(tor, fake):
        await until(lambda: said)
        assert f"put 'SocksPort unix:{short_dir}/nothing WorldWritable' into its torrc" in said[0]


def test_what_opens_a_file_of_tors_is_its_group_or_a_line_of_torrc(tmp_path: Path) -> None:
    cookie = tmp_path / "cookie"
    cookie.touch()
    cookie.chmod(0o640)
    os.chown(cookie, -1, os.getgid() or grp.getgrnam("daemon").gr_gid)
    user, group = pwd.getpwuid(os.getuid()).pw_name, cookie.group()
    join = f"as root run 'adduser {user} {group}', then log in anew and start again"
    assert way_in(cookie, stat.S_IRGRP, "X 1") == join
    cookie.chmod(0o600)
    assert way_in(cookie, stat.S_IRGRP, "X 1") == "put 'X 1' into its torrc and restart it"


def test_a_closed_directory_of_tors_comes_before_what_is_in_it(open_dir: Path) -> None:
    run = open_dir / "run"
    run.mkdir()
    need_root("another user is wanted")
    shutil.chown(run, group="daemon")
    for mode, said in ((0o750, "as root run 'adduser nobody daemon', then"), (0o700, f"run 'chmod g+x {run}' as root")):
        run.chmod(mode)
        assert as_nobody(lambda: way_in(run / "control", stat.S_IWGRP, "X 1")).startswith(said)


async def test_a_program_that_is_missing_or_ends_is_said(short_dir: Path) -> None:
    said = list[str]()
    tor = Tor(OwnTor(short_dir / "tor", short_dir / "run", program="no-such-program"), said.append)
    async with running(tor):
        await until(lambda: said)
        assert "install tor" in said[0]
    said.clear()
    script = short_dir / "tor.sh"
    script.write_text("#!/bin/sh\necho '[notice] hello'\necho '[err] No room'\nexit 1\n")
    script.chmod(0o700)
    tor = Tor(OwnTor(short_dir / "tor", short_dir / "run", program=str(script)), said.append)
    async with running(tor):
        await until(lambda: said)
        assert said[0].startswith("tor has ended: [err] No room (all that it said is in ")
    said.clear()
    script.write_text(
        "#!/bin/sh\necho \"[warn] Failed to parse/validate config: Unknown option 'X'.\"\necho '[err] No.'\n"
    )
    async with running(tor):
        await until(lambda: "[err] No room" not in tor.problem)
        assert tor.problem == "tor has ended: Unknown option 'X'. See tor_options in zbnntp.toml."


async def test_the_directories_of_our_own_tor_are_private(short_dir: Path) -> None:
    source = OwnTor(short_dir / "a" / "tor", short_dir / "run", sys.executable, ["DisableNetwork 1"])
    async with source.running() as complaint:
        for directory in (source.directory, source.sockets):
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        await until(lambda: complaint() is not None)
    torrc = (source.directory / "torrc").read_text().splitlines()
    assert f"SocksPort unix:{source.socks} OnionTrafficOnly ExtendedErrors KeepAliveIsolateSOCKSAuth" in torrc
    assert torrc[-1] == "DisableNetwork 1"


async def test_a_process_that_ignores_sigterm_is_killed(short_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zbnntp.peers.tor_process.STOP_SECONDS", 0.1)
    script = short_dir / "tor.sh"
    script.write_text(
        "#!/bin/sh\n[ $1 = --version ] && exit\ntrap '' TERM\ntouch \"$0.ready\"\nwhile :; do sleep 0.05; done\n"
    )
    script.chmod(0o700)
    async with OwnTor(short_dir / "tor", short_dir / "run", program=str(script)).running() as complaint:
        with trio.fail_after(5):
            await until((short_dir / "tor.sh.ready").exists)
        assert complaint() is None
    assert complaint() is not None
