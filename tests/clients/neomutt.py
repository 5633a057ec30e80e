"""The real NeoMutt, driven through a pseudo-terminal. Written against NeoMutt 20220429."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.clients.terminal import Terminal

PROMPT = r"^Open newsgroup"
INDEX = r"NeoMutt: news://.*Msgs:\d"
GROUP_ROW = re.compile(r"^(?:->)?\s*\d+\s[ -]?[u ]?\s+\d+\s+(?P<name>\S+)")

SETTINGS = """
set realname="{nick}"
set from="{address}"
set use_from
set news_server="news://{host}:{port}"
set folder="{home}/mail"
set record=""
set editor="{home}/editor '%s'"
set send_charset="utf-8"
set attribution="%n wrote:"
set sort=threads
set beep=no
bind index X post-message
bind index,pager F followup-message
"""


class NeoMutt:
    """NeoMutt in one group of the node at host:port, as the person `nick <address>`.

    `more` are further lines of its settings.
    """

    def __init__(
        self,
        home: Path,
        host: str,
        port: int,
        nick: str,
        address: str,
        group: str,
        more: str = "",
    ) -> None:
        self._body = home / "body"
        (home / "mail").mkdir(parents=True, exist_ok=True)
        editor = home / "editor"
        editor.write_text(f'#!/bin/sh\ncat "{self._body}" >> "$1"\n')
        editor.chmod(0o700)
        settings = SETTINGS.format(nick=nick, address=address, host=host, port=port, home=home)
        (home / ".neomuttrc").write_text(f"{settings}\n{more}\n")
        self._terminal = Terminal(["neomutt", "-f", f"news://{host}:{port}/{group}"], home)
        self._terminal.wait(INDEX)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._terminal.close()

    def index(self) -> list[str]:
        """The rows of the index, as drawn."""
        rows = [line.removeprefix("->").strip() for line in self._terminal.lines]
        return [row for row in rows if row[:1].isdigit()]

    def groups(self) -> list[str]:
        """From the index: the server's groups, as "change newsgroup" lists them; and back."""
        self._terminal.type("i")
        self._terminal.wait(PROMPT)
        self._terminal.type("\t")
        self._terminal.wait(r"^Newsgroups on server")
        rows = (GROUP_ROW.match(line) for line in self._terminal.lines)
        found = [row["name"] for row in rows if row]
        self._terminal.type("q")
        self._terminal.wait(PROMPT)
        self._terminal.type("\x07")
        self._terminal.wait(INDEX)
        return found

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
