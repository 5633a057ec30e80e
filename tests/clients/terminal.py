"""A full-screen terminal program under test: keys go into a pseudo-terminal, the screen is read back as text."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pexpect
import pyte

from tests.clients.somebody import ABOUT

COLUMNS, ROWS = 132, 44
SECONDS = 15.0
QUIET = 0.15  # a screen that does not change for so long is taken as drawn


class Terminal:
    """One running program. `home` is its HOME, where its settings are; nothing of the caller's environment gets in."""

    def __init__(self, command: Sequence[str], home: Path, **environment: str) -> None:
        variables = {"HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **ABOUT}
        variables |= {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/games", **environment}
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.drawn = bytearray()  # all that it has ever sent to the terminal
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            command[0], list(command[1:]), cwd=str(home), env=variables, dimensions=(ROWS, COLUMNS), timeout=SECONDS
        )
        self._child.delaybeforesend = None

    @property
    def lines(self) -> list[str]:
        """The screen, one string a row, without blanks at the ends."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def picture(self) -> pyte.Screen:
        """The screen with its colours."""
        return self._screen

    @property
    def running(self) -> bool:
        return bool(self._child.isalive())

    def type(self, keys: str) -> None:
        self._child.send(keys.encode())

    def _read(self, seconds: float) -> bool:
        """Takes what the program draws within `seconds`; False when that is nothing."""
        try:
            octets = self._child.read_nonblocking(65536, seconds)
            self.drawn += octets
            self._stream.feed(octets)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            time.sleep(min(seconds, 0.02))
            return False
        return True

    def settle(self) -> None:
        """Waits until nothing more is drawn."""
        while self._read(QUIET):
            pass

    def wait(self, pattern: str, seconds: float = SECONDS) -> re.Match[str]:
        """Waits until the screen matches (multi-line mode); raises AssertionError with the screen when it does not."""
        deadline = time.monotonic() + seconds
        while (match := re.search(pattern, self.text, re.MULTILINE)) is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"the screen never showed {pattern!r}:\n{self.text}")
            self._read(0.1)
        self.settle()
        return match

    def wait_end(self, seconds: float = SECONDS) -> None:
        """Waits until the program has ended by itself."""
        deadline = time.monotonic() + seconds
        while self.running:
            if time.monotonic() > deadline:
                raise AssertionError(f"still running:\n{self.text}")
            self._read(0.1)

    def close(self) -> None:
        """Ends the program if it has not ended."""
        if self.running:
            self._child.kill(signal.SIGKILL)
        self._child.close(force=True)
