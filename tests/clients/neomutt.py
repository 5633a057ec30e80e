"""The real NeoMutt, driven through a pseudo-terminal on what `zbnntp setup neomutt` has made.

Written against NeoMutt 20220429.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.clients.terminal import Terminal
from zbnntp.newsreaders.kit import START

INDEX = r"NeoMutt: news://.*Msgs:\d"
GROUP_ROW = re.compile(r"^(?:->)?\s*\d+\s[ -]?[u ]?\s+\d+\s+(?P<name>\S+)")

BROWSER = r"^Subscribed newsgroups"


class NeoMutt:
    """NeoMutt on a set-up, in one group. `home` is the home directory of whoever runs it.

    `groups` are those that its first screen lists.
    """

    def __init__(self, home: Path, setup: Path, group: str, passphrase: str = "") -> None:
        self._body = home / "body"
        editor = home / "editor"
        editor.write_text(f'#!/bin/sh\ncat "{self._body}" >> "$1"\n')
        editor.chmod(0o700)
        self._terminal = Terminal([str(setup / START)], home, EDITOR=str(editor), VISUAL=str(editor))
        if passphrase:
            self._log_in(passphrase)
        self._terminal.wait(BROWSER)
        rows = (GROUP_ROW.match(line) for line in self._terminal.lines)
        self.groups = [row["name"] for row in rows if row]
        self._terminal.type(f"/{group}\r")
        self._terminal.settle()
        self._terminal.type("\r")
        if passphrase:  # once for each connection
            self._log_in(passphrase)
        self._terminal.wait(INDEX)

    def _log_in(self, passphrase: str) -> None:
        self._terminal.wait(r"^Password")
        self._terminal.type(passphrase + "\r")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._terminal.close()

    @property
    def drawn(self) -> str:
        """All that was ever sent to the terminal."""
        return self._terminal.drawn.decode(errors="replace")

    def index(self) -> list[str]:
        """The rows of the index, as drawn."""
        rows = [line.removeprefix("->").strip() for line in self._terminal.lines]
        return [row for row in rows if row[:1].isdigit()]

    def mail(self, key: str = "r") -> str:
        """What a key for writing mail says."""
        self._terminal.type(key)
        self._terminal.settle()
        return self._terminal.lines[-1]

    def read(self) -> str:
        """Opens the article under the cursor; the screen."""
        self._terminal.type("\r")
        self._terminal.wait(r"^Subject:")
        return self._terminal.text

    def post(self, subject: str, body: str) -> None:
        """From the index: starts a thread."""
        self._body.write_text(body)
        self._terminal.type("X")
        self._terminal.wait(r"^Newsgroups: ")
        self._terminal.type("\r")
        self._terminal.wait(r"^Subject:")
        self._terminal.type(subject + "\r")
        self._send()

    def reply(self, body: str) -> None:
        """To the article that is shown."""
        self._body.write_text(body)
        self._terminal.type("F")
        self._terminal.wait(r"^Newsgroups: ")
        self._terminal.type("\r")
        self._terminal.wait(r"^Subject: Re:")
        self._terminal.type("\r")
        self._terminal.wait(r"^Include message")
        self._terminal.type("\r")
        self._send()

    def _send(self) -> None:
        self._terminal.wait(r"NeoMutt: Compose")
        self._terminal.type("y")
        self._terminal.wait(r"Article posted|Can't post article.*$")
        assert "Article posted" in self._terminal.text, self._terminal.text
