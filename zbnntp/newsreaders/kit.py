"""What the set-ups of all newsreaders share: who reads where, the files that are made, and how text gets into them.

A set-up is a directory of its own with everything in it, and a program `start` that runs the newsreader on it. So
nothing of what its owner has set up for mail or for other news servers plays a part, or is touched. Rules for each:

- From is the identity's address: then the newsreader offers to cancel one's own articles.
- No mail. Whoever answers an author by mail would tell a mail server, outside Tor, what he reads and when; the address
  is no address either (RFC 2606 section 2, `.invalid`). What would be mailed is refused with a sentence.
- Nothing is added that says who or where one is: no signature from the home directory, no name of the computer in a
  Message-ID, no date in the line above a quotation, which newsreaders write in local time.
- No passphrase is written down: where the node wants one, the newsreader asks.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

START, NO_MAIL = "start", "no-mail"
NO_MAIL_SENTENCE = "zbnntp: there is no mail here, nothing was sent; answer in the group"
BASE_GROUPS = ("zb.control", "zb.help", "zb.log", "zb.new", "zb.people", "zb.replies")
PRIVATE, PROGRAM = 0o600, 0o700
TENTHS = range(9, 0, -1)  # of trust, from +0.9 down


@dataclass(frozen=True, slots=True)
class Server:
    """Where the node listens. `starttls` is the plain port of a server that is reached by TLS."""

    host: str
    port: int
    certificate: Path | None = None  # TLS comes first, and this is to be trusted
    starttls: int = 0

    @property
    def tls(self) -> bool:
        return self.certificate is not None

    @property
    def place(self) -> str:
        """HOST:PORT, as in addresses."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads. `directory` is where the set-up lies; `login` is the name to log in with, empty: not at all."""

    nick: str
    address: str
    server: Server
    directory: Path
    groups: Sequence[str]
    login: str = ""

    @property
    def sender(self) -> str:
        return f"{_phrase(self.nick)} <{self.address}>"

    def path(self, name: str) -> Path:
        return self.directory / name


@dataclass(frozen=True, slots=True)
class File:
    """One file of a set-up. `seed`: the newsreader goes on writing it, so it is made once and then left alone."""

    name: str
    text: str
    mode: int = PRIVATE
    seed: bool = False


def start(command: Sequence[str | Path], **environment: str | Path) -> File:
    """The program that runs the newsreader; further arguments are handed on."""
    variables = [f"{name}={shlex.quote(str(value))}" for name, value in environment.items()]
    exports = "".join(f"export {each}\n" for each in variables)
    words = " ".join(shlex.quote(str(word)) for word in command)
    return File(START, f'#!/bin/sh\n{exports}exec {words} "$@"\n', PROGRAM)


def no_mail() -> File:
    """A mail program for those that need to have one. It reads what it should send and drops it."""
    return File(NO_MAIL, f"#!/bin/sh\ncat >/dev/null\necho {shlex.quote(NO_MAIL_SENTENCE)} >&2\nexit 1\n", PROGRAM)


def newsrc(groups: Iterable[str], name: str = "newsrc") -> File:
    """The subscriptions to begin with, in the format that all newsreaders share."""
    return File(name, "".join(f"{group}:\n" for group in groups), seed=True)


def quoted(value: str | Path) -> str:
    """In double quotes, with backslashes before those and before backslashes: slrn, Emacs Lisp."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def xml(value: str | Path) -> str:
    return escape(str(value), {'"': "&quot;", "'": "&apos;"})


def _phrase(nick: str) -> str:
    """A display name as RFC 5322 section 3.2.5 wants it, beyond ASCII as people type it."""
    plain = all(character.isalnum() or character in " -_" or ord(character) > 127 for character in nick)
    return nick if plain else json.dumps(nick, ensure_ascii=False)
