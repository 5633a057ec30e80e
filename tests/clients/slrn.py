"""The real slrn, driven through a pseudo-terminal on what `zbnntp setup slrn` has made.

Screens: a list of groups; in a group the list of headers above, and the article below once one is opened. Keys are
slrn's defaults. Written against slrn 1.0.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

from tests.clients.terminal import Terminal
from zbnntp.newsreaders.kit import START

CANCEL = "\x1b\x03"
ALL = "\x1b1"  # prefix argument 1: in front of Return it opens a group with what was read already
DOWN = "\x0e"
TOP = "\x1b<"
GROUP_BAR = r"News Groups: "
HEADER_BAR = r"unread\] Group: "
CURSOR = "->"
SENT = "Posting...done"
ROW = re.compile(r"^(?:->|\s*\d+)\s*!?\s*[-D] .*?\d+:\[(?P<author>.{12})\](?P<count> {1,3}\d* )(?P<subject>.*)$")
TREE = " │├└─┬>|`-"


@dataclass(frozen=True)
class Header:
    """One row of the header list. `depth` counts the columns of the thread tree: 0 is a thread's first article."""

    author: str
    subject: str
    depth: int


class Slrn:
    """slrn on a set-up. `home` is the home directory of whoever runs it; `options` are for its command line."""

    def __init__(self, home: Path, setup: Path, *options: str) -> None:
        self._body = home / "body"
        editor = home / "editor"
        editor.write_text(f'#!/bin/sh\ncat "{self._body}" >> "$1"\n')
        editor.chmod(0o700)
        self._terminal = Terminal([str(setup / START), *options], home, EDITOR=str(editor))

    def wait(self) -> None:
        """Until the list of groups is shown."""
        self._terminal.wait(GROUP_BAR)

    def log_in(self, passphrase: str) -> None:
        """Answers the question for it."""
        self._terminal.wait(r"(?i)password")
        self._terminal.type(passphrase + "\r")

    def __enter__(self) -> Self:
        self.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    # reading

    @property
    def drawn(self) -> str:
        """All that was ever sent to the terminal."""
        return self._terminal.drawn.decode(errors="replace")

    @property
    def screen(self) -> str:
        return self._terminal.text

    @property
    def picture(self) -> pyte.Screen:
        """The screen with its colours."""
        return self._terminal.picture

    def groups(self) -> list[str]:
        """The groups on screen, in the list of groups."""
        rows = (re.match(r"^(?:->)?\s*[UN]?\s*\d+\s+(\S+)", line) for line in self._terminal.lines)
        return [row[1] for row in rows if row]

    def show_all_groups(self) -> None:
        """Groups without unread articles too."""
        self._terminal.type("l")
        self._terminal.settle()

    def select_group(self, name: str) -> None:
        """In the list of groups: asks for what is new, then moves the cursor to the group."""
        self._terminal.type("G")
        self._terminal.settle()
        self._go(rf"\s{re.escape(name)}$")

    def open_group(self, name: str) -> list[Header]:
        """From the list of groups: asks for what is new, then opens the group with all its articles."""
        self.select_group(name)
        self._terminal.type(ALL + "\r")
        self._terminal.wait(r"Read how many\?")
        self._terminal.type("\r")
        self._terminal.wait(HEADER_BAR + re.escape(name))
        return self.headers()

    def leave_group(self) -> None:
        self._terminal.type("q")
        self._terminal.wait(GROUP_BAR)

    def headers(self) -> list[Header]:
        """The rows of the header list that are on screen."""
        rows = (ROW.match(line) for line in self._terminal.lines)
        return [_header(row) for row in rows if row]

    def read(self, author: str, subject: str) -> str:
        """Opens the article of that row and returns what is shown of it."""
        self._go(rf"\[{re.escape(author[:12])}\s*\].*{re.escape(subject)}")
        self._terminal.type("\r")
        self._terminal.wait(r"^From: " + re.escape(author))
        lines = self._terminal.lines
        bar = next(number for number, line in enumerate(lines) if re.search(HEADER_BAR, line))
        return "\n".join(line for line in lines[bar + 1 : -2] if line != "~").strip()

    # writing

    def post(self, subject: str, body: str) -> str:
        """In a group, or with the cursor on it: starts a thread. Returns slrn's last line: done, or why not."""
        self._body.write_text(body)
        self._terminal.type("P")
        self._terminal.wait("sure that you want to post")
        self._terminal.type("y")
        self._terminal.wait("^Newsgroup: ")
        self._terminal.type("\r")
        self._terminal.wait("^Subject: ?")
        self._terminal.type(subject + "\r")
        return self._send()

    def reply(self, body: str) -> str:
        """In a group with an article opened by read(): a follow-up, the article quoted above `body`."""
        self._body.write_text(body)
        self._terminal.type("f")
        self._terminal.wait("sure you want to followup")
        self._terminal.type("y")
        return self._send()

    def mail(self) -> str:
        """ "Reply to author" with an article opened by read(): the last line."""
        self._terminal.type("r")
        self._terminal.settle()
        return self._terminal.lines[-1]

    def cancel(self) -> None:
        """Takes back the article opened by read(), which slrn offers only for one's own."""
        self._terminal.type(CANCEL)
        self._terminal.wait("sure that you want to cancel this article")
        self._terminal.type("y")
        self._terminal.wait("^Done\\.")

    def _send(self) -> str:
        self._terminal.wait("^Post the message\\?")
        self._terminal.type("y")
        outcome = self._terminal.wait(rf"^({SENT}|Article rejected|Your message is not acceptable).*$")[0]
        if not outcome.startswith(SENT):
            self._terminal.wait(r"^(Select one: Repost|re-Edit)")
            self._terminal.type("c")
            self._terminal.settle()
        return outcome

    # inside

    def _go(self, row: str) -> None:
        """Moves the cursor down from the top to the row that matches."""
        self._terminal.type(TOP)
        self._terminal.settle()
        for _ in range(500):
            current = next((line for line in self._terminal.lines if line.startswith(CURSOR)), "")
            if re.search(row, current):
                return
            self._terminal.type(DOWN)
            self._terminal.settle()
            if "End of Buffer" in self._terminal.text:
                break
        raise AssertionError(f"no row {row!r} in:\n{self.screen}")

    def close(self) -> None:
        """Leaves slrn as a person does, so that what was read is kept; whatever happens it has ended afterwards."""
        try:
            if re.search(HEADER_BAR, self.screen):
                self.leave_group()
            self._terminal.type("q")
            self._terminal.wait("want to quit")
            self._terminal.type("y")
            self._terminal.wait_end()
        finally:
            self._terminal.close()


def _header(row: re.Match[str]) -> Header:
    drawn = row["subject"]
    subject = drawn.lstrip(TREE)
    return Header(row["author"].strip(), subject, len(drawn) - len(drawn.lstrip(TREE)))
