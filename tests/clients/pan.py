"""The real Pan in a window that nobody sees, on what `zbnntp setup pan` has made.

Keys are Pan's defaults; what it shows is known by the titles of its windows, and by what it quotes. Written against
Pan 0.154.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.clients.display import Display
from tests.clients.somebody import ABOUT
from tests.node_process import wait_until
from zbnntp.newsreaders.kit import START

MAIN, COMPOSER = "^Pan: ", "^Post Article"
START_SECONDS, STOP_SECONDS = 30.0, 10.0
# The first that the set-up's mail program tries to show a window with.
SHOWS = "zenity"


class Pan:
    """Pan on a set-up. `home` is the home directory of whoever runs it."""

    def __init__(self, home: Path, setup: Path, display: Display) -> None:
        self._display = display
        self._shown, self._cache = home / "shown", setup / "article-cache"
        programs = home / "bin"
        programs.mkdir(exist_ok=True)
        show = programs / SHOWS
        show.write_text(f'#!/bin/sh\nfor last; do :; done\necho "$last" >> "{self._shown}"\n')
        show.chmod(0o700)
        variables = {"HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", **ABOUT}
        with (home / "pan.log").open("ab") as log:
            self._process = subprocess.Popen(
                [setup / START],
                env=variables | {"DISPLAY": display.name, "NO_AT_BRIDGE": "1", "GTK_A11Y": "none"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(STOP_SECONDS)

    def open_next_article(self, group: str) -> None:
        """Goes from group with unread articles to group until it is that one; at first Pan knows of none."""
        self._display.wait_window("^Pan", START_SECONDS)
        wait_until(lambda: self._is_open(group), f"the group {group}", START_SECONDS, pause=1)
        wait_until(self._is_fetched, "the article", START_SECONDS, pause=3)

    def _is_open(self, group: str) -> bool:
        if self._display.windows(f"^Pan: {group}$"):
            return True
        self._display.key("g")
        return False

    def _is_fetched(self) -> bool:
        if [*self._cache.iterdir()]:
            return True
        self._display.wait_window(MAIN)
        self._display.key("n")
        return False

    def reply(self, body: str) -> None:
        """To the article that is open, in the group."""
        self._write("f", body)

    def mail(self, body: str) -> str:
        """To the author of the article that is open; what a window then says."""
        self._write("r", body)
        return self._shown.read_text().strip() if self._shown.exists() else ""

    def _write(self, key: str, body: str) -> None:
        self._display.wait_window(MAIN)
        wait_until(lambda: self._is_writing(key), "the composer", START_SECONDS, pause=3)
        self._display.wait_window(COMPOSER)
        self._display.key("ctrl+End")
        self._display.type(body)
        self._display.key("ctrl+Return")
        self._display.wait_gone(COMPOSER)

    def _is_writing(self, key: str) -> bool:
        """Until an article is shown, and not only fetched, the key does nothing."""
        if self._display.windows(COMPOSER):
            return True
        self._display.key(key)
        return False
