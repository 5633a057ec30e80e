"""Which tor: a child of ours with its own private directory, or the one that the system runs.

Our own tor is the normal case: nothing to set up, nobody else's circuits, and nothing left when we are gone - it
polls our process (`__OwningControllerProcess`) and ends with the control connection (TAKEOWNERSHIP, in onion.py).
Its sockets are Unix sockets in a directory of mode 0700, without which tor refuses to start.

Sources: tor(1); what Briar and OnionShare do at start. tor opens its control socket before it writes the new cookie,
so the old cookie is deleted first.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import trio

from zbnntp.model.errors import TorDown
from zbnntp.peers.bootstrap import check_version

STOP_SECONDS = 5.0  # from SIGTERM to SIGKILL
VERSION_SECONDS = 5.0  # it takes hundredths of one
LOG_TAIL_OCTETS = 2_000
CONFIG_MARK = "Failed to parse/validate config: "
ROOT = 0


class TorSource(Protocol):
    """Where tor's sockets are, and how to have it running."""

    @property
    def control(self) -> Path: ...

    @property
    def socks(self) -> Path: ...

    @property
    def cookie(self) -> Path | None:
        """The cookie's file; None = tor says where it is."""
        ...

    @property
    def own(self) -> bool: ...

    def stranger(self) -> int | None:
        """The user as whom it runs, when that is another than ours."""
        ...

    def running(self) -> AbstractAsyncContextManager[Complaint]: ...


Complaint = Callable[[], str | None]  # what a tor that has ended said last; None while it runs


def way_in(path: Path, bit: int, torrc: str) -> str:
    """What opens a file of tor's to this user: to join its group, if that has the permission `bit`, or a torrc line."""
    place = next(each for each in (path, *path.parents) if os.path.exists(each))
    found = place.stat()
    wanted = bit if place == path else stat.S_IXGRP  # a closed directory comes before what is in it
    if found.st_gid == ROOT or not found.st_mode & wanted:
        change = f"put '{torrc}' into its torrc" if place == path else f"run 'chmod g+x {place}' as root"
        return f"{change} and restart it"
    user, group = _name(pwd.getpwuid, os.getuid()), _name(grp.getgrgid, found.st_gid)
    return f"as root run 'adduser {user} {group}', then log in anew and start again"


def _name(look_up: Callable[[int], Sequence[object]], number: int) -> str:
    try:
        return str(look_up(number)[0])
    except KeyError:  # it has none
        return str(number)


@dataclass(frozen=True)
class SystemTor:
    """A tor that somebody else started, with a control socket that we may use."""

    control: Path = Path("/run/tor/control")
    socks: Path = Path("/run/tor/socks")
    cookie: Path | None = None
    own: bool = False

    def stranger(self) -> int | None:
        """Once we are connected; TorDown when it has ended."""
        try:
            owner = self.control.stat().st_uid
        except OSError as error:
            raise TorDown("The system's tor has ended.") from error
        return None if owner == os.getuid() else owner

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Complaint]:
        await trio.lowlevel.checkpoint()
        yield lambda: None


@dataclass(frozen=True)
class OwnTor:
    """A child process. `directory` keeps its state (guards, consensus), `sockets` its two sockets; both become 0700."""

    directory: Path
    sockets: Path
    program: str = "tor"
    extra_torrc: Sequence[str] = ()
    own: bool = True

    def stranger(self) -> None:
        """It is our child."""

    @property
    def control(self) -> Path:
        return self.sockets / "control"

    @property
    def socks(self) -> Path:
        return self.sockets / "socks"

    @property
    def cookie(self) -> Path:
        return self.directory / "control_auth_cookie"

    @property
    def log_file(self) -> Path:
        return self.directory / "tor.log"

    def torrc(self) -> str:
        """The settings, one a line."""
        return "\n".join(
            (
                f"DataDirectory {self.directory}",
                f"ControlSocket {self.control}",
                "CookieAuthentication 1",
                f"SocksPort unix:{self.socks} OnionTrafficOnly ExtendedErrors KeepAliveIsolateSOCKSAuth",
                "SafeSocks 1",
                "ClientOnly 1",
                f"GeoIPFile {os.devnull}",
                f"GeoIPv6File {os.devnull}",
                "Log notice stdout",
                *self.extra_torrc,
                "",
            )
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Complaint]:
        """Started on entry, gone on exit; raises TorDown when there is no such program."""
        process = await self._start()
        try:
            yield lambda: None if process.poll() is None else self._last_words()
        finally:
            await _stop(process)

    async def _start(self) -> trio.Process:
        for directory in (self.directory, self.sockets):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory.chmod(0o700)
        for stale in (self.cookie, self.control, self.socks):
            stale.unlink(missing_ok=True)
        torrc = self.directory / "torrc"
        torrc.write_text(self.torrc(), encoding="utf-8")
        command = [self.program, "-f", os.fspath(torrc), "--defaults-torrc", os.devnull, "--hush"]
        command += ["--__OwningControllerProcess", str(os.getpid())]
        try:
            check_version(await self._version())
            with self.log_file.open("wb") as output:
                return await trio.lowlevel.open_process(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
                )
        except OSError as error:
            raise TorDown(
                f"The program {self.program} cannot be started ({error.strerror}); install tor (apt install tor)."
            ) from error

    async def _version(self) -> str:
        """What it says of itself; nothing when it does not say so soon."""
        with trio.move_on_after(VERSION_SECONDS):
            command = [self.program, "--version"]
            told = await trio.run_process(command, capture_stdout=True, stderr=subprocess.DEVNULL, check=False)
            return bytes(told.stdout).decode(errors="replace")
        return ""

    def _last_words(self) -> str:
        """Why it ended: a warning about its settings comes before the error that there was one."""
        with self.log_file.open("rb") as output:
            output.seek(max(0, self.log_file.stat().st_size - LOG_TAIL_OCTETS))
            lines = output.read().decode(errors="replace").strip().splitlines()
        if wrong := [line for line in lines if CONFIG_MARK in line]:
            return f"{wrong[-1].partition(CONFIG_MARK)[2]} See tor_options in zbnntp.toml."
        serious = [line for line in lines if "[warn]" in line or "[err]" in line]
        return f"{(serious or lines or ['it said nothing'])[-1]} (all that it said is in {self.log_file})"


async def _stop(process: trio.Process) -> None:
    with trio.CancelScope(shield=True):
        if process.poll() is None:
            process.terminate()
            with trio.move_on_after(STOP_SECONDS):
                await process.wait()
        if process.poll() is None:
            process.kill()
        await process.wait()
