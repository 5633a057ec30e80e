"""A real node as a child process, for the tests that must see the whole program: journeys, newsreaders, Tor.

    with NodeProcess(tmp / "anna", "anna", net=tmp / "net") as node:
        node.do("board add test.talk")
        with node.connect() as reader: ...

The command line is the only way in, as it is for everybody's scripts. What the node prints is kept in `lines` and in
the file `HOME.log` beside its home directory; a failure to start shows it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.nntp_client import Client

ROOT = Path(__file__).resolve().parent.parent
READY = re.compile(r"^ready nntp://(?:(?P<host>\[?[0-9a-fA-F.:]+\]?|localhost):(?P<port>\d+)|/)")
START_SECONDS = 30.0
STOP_SECONDS = 10.0
COMMAND_SECONDS = 60.0

Found = TypeVar("Found")


class CommandRefused(Exception):
    """`zbnntp …` ended with exit code 1; the text is what it printed."""


def wait_until(look: Callable[[], Found], what: str, seconds: float = 20.0, pause: float = 0.05) -> Found:
    """Calls `look` until it returns something true, and returns that. For what happens in another process."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:.0f} s still not: {what}")
        time.sleep(pause)
    return found


def words_in(printed: str) -> str:
    """The recovery words of a numbered list; empty when none were printed."""
    return " ".join(re.findall(r"(?m)(?:^|(?<=\s))\d+\. ([a-z]+)", printed))


class NodeProcess:
    """One node: `home` its data directory, `net` the directory of the local transport, or `args` for another one."""

    place = ROOT  # where its commands are run

    def __init__(self, home: Path, nick: str, *, net: Path | None = None, args: tuple[str, ...] = ()) -> None:
        self.home = home
        self.nick = nick
        self.args = ("--local-net", str(net)) if net is not None else args
        self.lines: list[str] = []
        self.host = ""
        self.port = 0
        self.process: subprocess.Popen[str] | None = None
        self._printed = threading.Condition()
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.init()
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self.running:
            self.stop()

    # life

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def init(self) -> None:
        """Makes the identity, with a clear-text key."""
        self._zbnntp("init", "--nick", self.nick, "--no-passphrase")

    def restore(self, key: Path, *links: str) -> str:
        """Makes the home from a backup of a key file; what was printed."""
        return self._zbnntp("restore", words=(str(key), *links))

    def start(self) -> None:
        """Returns when the node listens. The first start picks a free port, later ones keep it."""
        assert not self.running
        listen = f"{self.host or '127.0.0.1'}:{self.port}"
        self.lines.clear()
        self.process = subprocess.Popen(
            self._start_command(listen),
            cwd=self.place,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._collect, args=(self.process,), daemon=True)
        self._reader.start()
        ready = self.wait_line(READY, START_SECONDS)
        self.host, self.port = ready["host"] or "", int(ready["port"] or 0)  # it may listen at a Unix socket

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Asks the node to end and returns its exit code; one that does not end is killed and raises TimeoutExpired."""
        assert self.process is not None
        self.process.send_signal(signal_number)
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self._reap()

    def kill(self) -> None:
        """As a power cut: SIGKILL, no chance to tidy up."""
        self._reap()

    def restart(self) -> None:
        self.stop()
        self.start()

    def wait_line(self, pattern: re.Pattern[str], seconds: float = START_SECONDS) -> re.Match[str]:
        """The first printed line that matches, now or within `seconds`; raises when the process ends without one."""
        deadline = time.monotonic() + seconds
        with self._printed:
            while (match := self._find(pattern)) is None:
                left = deadline - time.monotonic()
                if left <= 0 or self.process is None or (not self.running and not self._collecting):
                    raise AssertionError(f"{self.nick} did not print {pattern.pattern!r}; it printed:\n{self.output}")
                self._printed.wait(min(left, 0.2))
        return match

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    # talk

    def connect(self) -> Client:
        """A newsreader's connection."""
        return Client(self.host, self.port)

    def do(self, command: str) -> str:
        """`zbnntp do`: the answer's text; raises CommandRefused with it when the answer is no."""
        return self._zbnntp("do", words=(command,))

    def invite(self) -> str:
        """The node's own link, `zb:…`, for everybody."""
        return self._zbnntp("invite", "--plain")

    def call(self, verb: str, *words: str) -> str:
        """Another `zbnntp` command on this home: what it printed; raises CommandRefused when it ends with 1."""
        return self._zbnntp(verb, words=words)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._zbnntp("status", "--json"))
        return found

    @property
    def identity(self) -> str:
        """56 characters."""
        return str(self.status()["identity"])

    @property
    def sender(self) -> str:
        """The From that a newsreader of this node is set to."""
        return f"{self.nick} <id@{self.identity}.zb.invalid>"

    # inside

    def _start_command(self, listen: str) -> list[str]:
        return [*self._program("run"), "--listen", listen, *self.args]

    def _program(self, verb: str) -> list[str]:
        return [sys.executable, "-m", "zbnntp.cli", verb, "--home", str(self.home)]

    def _environment(self) -> dict[str, str]:
        dropped = {"ZBNNTP_HOME", "PYTHONWARNINGS"}
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        return kept | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}

    def _zbnntp(self, verb: str, *options: str, words: tuple[str, ...] = ()) -> str:
        command = [*self._program(verb), *options, *words]
        done = subprocess.run(
            command, cwd=self.place, env=self._environment(), capture_output=True, text=True, timeout=COMMAND_SECONDS
        )
        if done.returncode != 0:
            raise CommandRefused((done.stdout + done.stderr).strip())
        return done.stdout.strip()

    @property
    def _collecting(self) -> bool:
        return self._reader is not None and self._reader.is_alive()

    def _collect(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout, self.home.with_suffix(".log").open("a") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()
                with self._printed:
                    self.lines.append(line.rstrip("\n"))
                    self._printed.notify_all()

    def _find(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return next((match for line in self.lines if (match := pattern.search(line))), None)

    def _reap(self) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._reader is not None:
            self._reader.join(STOP_SECONDS)


class DemoProcess(NodeProcess):
    """`zbnntp demo`: a node that makes its own home, identity and community. `log` names the file of what it prints."""

    def __init__(self, log: Path) -> None:
        super().__init__(log.with_suffix(""), "visitor")

    def init(self) -> None:
        pass

    def start(self) -> None:
        super().start()
        net = self.wait_line(re.compile(r"^tor .* peers are the nodes in (?P<net>\S+)$"))["net"]
        self.home = Path(net).with_name(self.nick)

    @property
    def sender(self) -> str:
        return self.wait_line(re.compile(r"^From +(?P<sender>\S.*>)$"))["sender"]

    @property
    def identity(self) -> str:
        return self.sender.rpartition("<id@")[2].partition(".")[0]

    def _start_command(self, listen: str) -> list[str]:
        return [sys.executable, "-m", "zbnntp.cli", "demo", "--listen", listen]
