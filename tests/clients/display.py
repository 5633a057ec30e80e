"""A display that nobody sees, for programs with windows: Xvfb, with keys and titles by xdotool."""

from __future__ import annotations

import os
import subprocess
from types import TracebackType
from typing import Self

from tests.node_process import wait_until
from tests.programs import need

SECONDS = 15.0


class Display:
    """`name` is what DISPLAY is set to."""

    def __init__(self, width: int = 1200, height: int = 800) -> None:
        need("Xvfb", "xvfb")
        need("xdotool")
        read, write = os.pipe()
        screen = ("-screen", "0", f"{width}x{height}x24")
        self._process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), *screen, "-nolisten", "tcp"],
            pass_fds=(write,),
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as said:
            self.name = f":{said.readline().strip()}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait()

    def windows(self, title: str) -> list[str]:
        """The ids of the windows on screen whose title matches."""
        return self._xdotool("search", "--onlyvisible", "--name", title).split()

    def wait_window(self, title: str, seconds: float = SECONDS) -> str:
        """The window of that title, when it is there; keys go to it."""
        [window, *_] = wait_until(lambda: self.windows(title), f"a window {title!r}", seconds)
        self._xdotool("windowfocus", "--sync", window)
        return window

    def wait_gone(self, title: str, seconds: float = SECONDS) -> None:
        wait_until(lambda: not self.windows(title), f"the window {title!r} to close", seconds)

    def key(self, *keys: str) -> None:
        self._xdotool("key", "--delay", "50", *keys)

    def type(self, text: str) -> None:
        self._xdotool("type", "--delay", "20", text)

    def _xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=os.environ | {"DISPLAY": self.name}, capture_output=True, text=True, timeout=60
        )
        return done.stdout
