"""The real tin, driven through a pseudo-terminal on what `zbnntp setup tin` has made. Written against tin 2.6.2.

Levels: the selection of groups, a group's threads, an article. tin shows its notices for some seconds and takes no
keys meanwhile, so every step waits for what it leads to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.clients.terminal import Terminal
from zbnntp.newsreaders.kit import START

GROUPS = r"Group Selection \("
THREADS = r"^\s+{} \(\d+[TB]"  # the title above a group's threads
GROUP_ROW = re.compile(r"^[uX\s]?\s+\d+\s+\d*\s+(?P<name>[a-z]+\.[\w.]+)\s")
ROW = re.compile(r"^\s+\d+\s+[*+o.\s]\s*(?P<count>\d+)?\s+\d+\s+(?P<subject>\S.*?)\s{2,}(?P<author>\S.*)$")


@dataclass(frozen=True)
class Thread:
    """One row of a group: a thread with `count` articles."""

    subject: str
    author: str
    count: int


class Tin:
    """tin on a set-up, for one group. `home` is the home directory of whoever runs it."""

    def __init__(self, home: Path, setup: Path, group: str) -> None:
        self.group = group
        self._body = home / "body"
        editor = home / "editor"
        # tin takes a file whose time has not changed for one that was not edited
        editor.write_text(
            f'#!/bin/sh\nfor file; do :; done\ncat "{self._body}" >> "$file"\ntouch -d "+3 sec" "$file"\n'
        )
        editor.chmod(0o700)
        self._terminal = Terminal([str(setup / START)], home, VISUAL=str(editor), EDITOR=str(editor), USER="person")

    def wait(self) -> None:
        """Until the selection of groups is shown."""
        self._terminal.wait(GROUPS, 60)

    def log_in(self, passphrase: str) -> None:
        """Takes the name that it offers, and answers the question for the passphrase."""
        self._terminal.wait(r"enter username: \w")
        self._terminal.type("\n")
        self._terminal.wait(r"enter password")
        self._terminal.type(passphrase + "\n")

    def __enter__(self) -> Self:
        self.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    @property
    def drawn(self) -> str:
        """All that was ever sent to the terminal."""
        return self._terminal.drawn.decode(errors="replace")

    @property
    def screen(self) -> str:
        return self._terminal.text

    def groups(self) -> list[str]:
        """In the selection of groups: all that the server lists, by "yank in"; the cursor stays at the top."""
        self._terminal.type("y")
        self._terminal.wait(r"Added \d+ groups")
        rows = (GROUP_ROW.match(line) for line in self._terminal.lines)
        return [row["name"] for row in rows if row]

    def open_group(self) -> list[Thread]:
        """From the selection of groups."""
        self._terminal.type("g")
        self._terminal.wait(r"^Go to newsgroup")
        self._terminal.type(f"{self.group}\r")
        self._terminal.settle()
        self._terminal.type("\r")
        self._terminal.wait(THREADS.format(re.escape(self.group)), 30)
        return self.threads()

    def threads(self) -> list[Thread]:
        rows = (ROW.match(line) for line in self._terminal.lines)
        return [Thread(row["subject"], row["author"].strip(), int(row["count"] or 1)) for row in rows if row]

    def read(self, subject: str) -> str:
        """From a group: opens its first thread, which must be the one of that subject."""
        self._terminal.type("1\r\r")
        self._terminal.wait(rf"^Lines \d+\s+{re.escape(subject)}")
        return self.screen

    def reply(self, body: str) -> str:
        """To the article that is shown; what tin says of it."""
        self._body.write_text(body)
        self._terminal.type("f")
        return self._send()

    def post(self, subject: str, body: str) -> str:
        """From a group: starts a thread; what tin says of it."""
        self._body.write_text(body)
        self._terminal.type("w")
        self._terminal.wait(r"^Post subject")
        self._terminal.type(subject + "\r")
        return self._send()

    def mail(self) -> str:
        """ "Reply to author" of the article that is shown: the last line."""
        self._terminal.type("r")
        self._terminal.settle()
        return self._terminal.lines[-1]

    def cancel(self) -> None:
        """Takes back the article that is shown, which tin offers only for one's own."""
        self._terminal.type("D")
        self._terminal.wait(r"^Cancel \(delete\) or supersede")
        self._terminal.type("d")
        self._terminal.wait(r"d=delete \(cancel\)")
        self._terminal.type("d")
        self._terminal.wait(r"^Lines \d+", 30)

    def _send(self) -> str:
        self._terminal.wait(r"p=post")
        self._terminal.type("p")
        return self._terminal.wait(r"Article posted.*$|441 .*$|Posting failed.*$", 30)[0]

    def close(self) -> None:
        self._terminal.close()
