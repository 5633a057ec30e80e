"""The control port of a tor: an authenticated connection, and what to do where there is none.

stem speaks the protocol, always in worker threads and always with a time limit: a stopped tor blocks its thread for
ever, closing the connection from another thread frees it.

Only the cookie is used to authenticate. The system's tor shows it to a group of its own, on Debian `debian-tor`; what
keeps us out is therefore said with the command or the line of torrc that lets us in. Nothing is gained by trying again
then, while a socket or a cookie of our own tor that is not there yet appears by itself.

Sources: tor's control-spec, SAFECOOKIE; tor(1), the torrc of Debian's package.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import stem
import stem.connection
import stem.control
import stem.socket
import trio

from zbnntp.model.errors import TorDown
from zbnntp.peers.tor_process import TorSource, way_in

log = logging.getLogger(__name__)

ASK_SECONDS = 15.0  # for one control command; it takes milliseconds
CLOSE_SECONDS = 2.0
EVENTS = 1_000


class NotYet(Exception):
    """There is no connection now; in a moment there may be one."""


class Control:
    """An authenticated control connection. `ask` raises TorDown when there is no answer in time."""

    def __init__(self, controller: stem.control.Controller, threads: trio.CapacityLimiter) -> None:
        self._controller = controller
        self._threads = threads
        self._send, self.events = trio.open_memory_channel[Any](EVENTS)
        self._closing = False
        self._token = trio.lowlevel.current_trio_token()

    async def subscribe(self) -> None:
        """Events and the end of the connection go to `events`; None = closed."""
        await self._in_thread(lambda: self._controller.add_status_listener(self._on_status, spawn=False))
        await self._in_thread(
            lambda: self._controller.add_event_listener(self._pass_on, "HS_DESC", "STATUS_CLIENT", "STATUS_GENERAL")
        )

    async def ask(self, line: str) -> list[tuple[str, str]]:
        """The lines of tor's reply, as (code, text)."""
        reply = await self._in_thread(lambda: self._controller.msg(line))
        return [(code, text) for code, _, text in reply.content()]

    async def close(self) -> None:
        """Also frees a thread that waits for an answer."""
        self._closing = True
        with trio.CancelScope(shield=True), trio.move_on_after(CLOSE_SECONDS, shield=True):
            await trio.to_thread.run_sync(self._controller.close, abandon_on_cancel=True, limiter=self._threads)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        try:
            with trio.fail_after(ASK_SECONDS):
                return await trio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._threads)
        except trio.TooSlowError:
            await self.close()
            raise TorDown("This node's tor does not answer; it is started again.") from None
        except stem.ControllerError as error:
            raise TorDown(f"This node's tor is gone ({error}).") from error

    def _on_status(self, controller: object, state: stem.control.State, timestamp: float) -> None:
        if state == stem.control.State.CLOSED and not self._closing:
            self._pass_on(None)

    def _pass_on(self, event: object) -> None:
        """Called on stem's threads."""
        with contextlib.suppress(trio.RunFinishedError):  # nobody is left to tell
            trio.from_thread.run_sync(self._put, event, trio_token=self._token)

    def _put(self, event: object) -> None:
        try:
            self._send.send_nowait(event)
        except (trio.WouldBlock, trio.BrokenResourceError):
            log.warning("events of tor were lost")


async def open_control(source: TorSource, threads: trio.CapacityLimiter) -> Control:
    """Connect and authenticate. Raises NotYet, and TorDown where only a person can help."""
    controller = await trio.to_thread.run_sync(_open_controller, source, abandon_on_cancel=True, limiter=threads)
    return Control(controller, threads)


def _open_controller(source: TorSource) -> stem.control.Controller:
    """Blocking: connect and authenticate with the cookie and nothing else."""
    _knock(source, source.control, "tor_control", f"ControlSocket {source.control} GroupWritable")
    if not source.own:
        _knock(source, source.socks, "tor_socks", f"SocksPort unix:{source.socks} WorldWritable")
    try:
        connection = stem.socket.ControlSocketFile(str(source.control))
        try:
            stem.connection.authenticate_safecookie(connection, str(_find_cookie(source, connection)))
            return stem.control.Controller(connection, is_authenticated=True)
        except BaseException:
            connection.close()
            raise
    except (stem.ControllerError, stem.connection.AuthenticationFailure, OSError) as error:
        raise NotYet(str(error)) from error


def _knock(source: TorSource, path: Path, setting: str, torrc: str) -> None:
    """Whether tor listens there and lets us in. stem leaves its socket open when nobody does."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except PermissionError:
            raise TorDown(
                f"{path} of the system's tor is closed to you; {way_in(path, stat.S_IWGRP, torrc)}."
            ) from None
        except OSError as error:
            if source.own:
                raise NotYet(str(error)) from error
            raise TorDown(
                f"No tor listens at {path}; start it (systemctl start tor), put '{torrc}' into its torrc, or name the "
                f"right socket in zbnntp.toml ({setting})."
            ) from error


def _find_cookie(source: TorSource, connection: stem.socket.ControlSocket) -> Path:
    """Its file, which this user may read or is told how to; TorDown."""
    if source.cookie:
        return source.cookie
    told = stem.connection.get_protocolinfo(connection)
    if stem.connection.AuthMethod.SAFECOOKIE not in told.auth_methods:
        raise TorDown("The system's tor has no cookie to log in with; put 'CookieAuthentication 1' into its torrc.")
    cookie = Path(told.cookie_path)
    try:
        cookie.read_bytes()
    except PermissionError:
        remedy = way_in(cookie, stat.S_IRGRP, "CookieAuthFileGroupReadable 1")
        raise TorDown(f"The cookie of the system's tor, {cookie}, is closed to you; {remedy}.") from None
    return cookie
