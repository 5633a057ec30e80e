"""The control port of a tor that is not there: SAFECOOKIE authentication, scripted replies, events on demand."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

import trio

from zbnntp.peers.tor_process import SystemTor
from zbnntp.peers.web import listen_unix

_SERVER_KEY = b"Tor safe cookie authentication server-to-controller hash"
HSDIR = "A" * 40  # a fingerprint
READY = 'NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"'


class FakeTor:
    """`replies`: the beginning of a command -> its answers, the last one for good. `said` = all commands."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.cookie = secrets.token_bytes(32)
        self.said: list[str] = []
        self.replies: dict[str, list[str]] = {
            "GETINFO status/bootstrap-phase": [f"250-status/bootstrap-phase={READY}\r\n250 OK"],
            "GETINFO version": ["250-version=0.4.9.11\r\n250 OK"],
            "GETINFO traffic/read": ["250-traffic/read=1\r\n250 OK"],
        }
        self.silent = False
        self.published = True  # whether an added onion is uploaded at once
        self.connections = 0
        self.addresses: dict[str, str] = {}  # key word of ADD_ONION -> service id
        self._streams: set[trio.SocketStream] = set()
        self._cookie_file = directory / "cookie"
        self._cookie_file.write_bytes(self.cookie)

    @property
    def source(self) -> SystemTor:
        return SystemTor(self.directory / "control", self.directory / "socks", self._cookie_file)

    def rotate_cookie(self) -> None:
        """As a tor that starts does, after it opened its socket."""
        self.cookie = secrets.token_bytes(32)

    def save_cookie(self) -> None:
        self._cookie_file.write_bytes(self.cookie)

    async def serve(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, trio.aclose_forcefully, [listen_unix(self.directory / "socks")])
            nursery.start_soon(trio.serve_listeners, self._serve_one, [listen_unix(self.directory / "control")])

    async def hang_up(self) -> None:
        for stream in list(self._streams):
            await trio.aclose_forcefully(stream)

    async def event(self, line: str) -> None:
        for stream in list(self._streams):
            await stream.send_all(f"650 {line}\r\n".encode())

    def asked(self, start: str) -> list[str]:
        return [line for line in self.said if line.startswith(start)]

    async def _serve_one(self, stream: trio.SocketStream) -> None:
        self._streams.add(stream)
        rest = b""
        try:
            async for data in stream:
                *lines, rest = (rest + data).split(b"\r\n")
                for line in lines:
                    await self._answer(stream, line.decode())
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self._streams.discard(stream)

    async def _answer(self, stream: trio.SocketStream, line: str) -> None:
        self.said.append(line)
        if self.silent:
            return
        await stream.send_all((self._reply(line) + "\r\n").encode())
        if line.startswith("ADD_ONION") and self.published:
            await trio.sleep(0.01)
            await self.event(f"HS_DESC UPLOADED {self.addresses[line.split()[1]]} UNKNOWN ${HSDIR}")

    def _reply(self, line: str) -> str:
        if line.startswith("AUTHCHALLENGE"):
            return self._challenge(bytes.fromhex(line.split()[-1]))
        if line.startswith("AUTHENTICATE"):
            self.connections += 1
        for start, answers in self.replies.items():
            if line.startswith(start):
                return answers.pop(0) if len(answers) > 1 else answers[0]
        return "250 OK"

    def _challenge(self, client: bytes) -> str:
        server = secrets.token_bytes(32)
        proof = hmac.new(_SERVER_KEY, self.cookie + client + server, hashlib.sha256).hexdigest()
        return f"250 AUTHCHALLENGE SERVERHASH={proof.upper()} SERVERNONCE={server.hex().upper()}"
