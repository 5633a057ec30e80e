"""What the command line asks for and shows: a nick, a passphrase, recovery words, what the running node says."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from zbnntp import home
from zbnntp.admin import ask_node
from zbnntp.model.errors import NotPermitted, Unreachable
from zbnntp.model.keys import Signer
from zbnntp.model.nick import new_nick

WORDS_IN_ROW = 4
WORD_COLUMNS = 14  # number, word and a gap
RECOVERY = """\
Your recovery words - write them on paper now, they are kept nowhere else:

{words}

They prove that you are you, should your key ever be stolen or lost; keep them apart from this machine. With them
'zbnntp recover --new' moves you to a new identity that keeps your name with others, 'zbnntp recover --revoke' ends this
one, and 'zbnntp recover --renew' gives you other words."""


def show_words(words: str) -> None:
    """New recovery words and what they are for, on the screen before there is the key that they are for."""
    print(RECOVERY.format(words="\n".join(_numbered_rows(words.split()))) + "\n", flush=True)


def _numbered_rows(words: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(words), WORDS_IN_ROW):
        row = enumerate(words[start : start + WORDS_IN_ROW], start + 1)
        yield "".join(f"{number:4}. {word}".ljust(WORD_COLUMNS + 2) for number, word in row).rstrip()


def read_words(path: Path | None) -> Signer:
    """The recovery key behind the words in a file, on standard input (-), or typed; NotPermitted."""
    if path is None and sys.stdin.isatty():
        return home.read_words(input("Your 24 recovery words, in their order: "))
    try:
        text = sys.stdin.read() if path in (None, Path("-")) else Path(path or "").read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise NotPermitted(f"{path} cannot be read: {reason}") from error
    return home.read_words(text)


def add_passphrase(command: argparse.ArgumentParser) -> None:
    secret = command.add_mutually_exclusive_group()
    secret.add_argument("--passphrase-file", type=Path, metavar="F", help="file whose first line is the passphrase")
    secret.add_argument("--no-passphrase", action="store_true", help="keep the key in clear text")


def add_as(command: argparse.ArgumentParser) -> None:
    command.add_argument("--as", dest="resident", metavar="NICK", help="another identity of this home")


def check_target(file: Path, replace: bool, begins: tuple[bytes, ...]) -> None:
    """Whether FILE may be written: it is new, or --replace was said and it begins as older ones of its kind do.

    So no slip of the hand ever writes over a key. Raises NotPermitted.
    """
    if not file.exists():
        return
    if not replace:
        raise NotPermitted(f"{file} is there already; choose another name, or write over it with --replace")
    try:
        with file.open("rb") as raw:
            head = raw.read(max(map(len, begins)))
    except OSError as error:
        raise NotPermitted(f"{file} cannot be written: {error.strerror}") from error
    if head and not head.startswith(begins):
        raise NotPermitted(f"{file} is something else, and --replace does not write over that; choose another name")


def one_line(*words: str) -> str:
    """A command of zb.control; NotPermitted where an argument, pasted from somewhere, would make it several."""
    line = " ".join(words)
    if len(line.splitlines()) > 1:
        raise NotPermitted(
            "there is a line end in it, and what stands behind it would be another command; leave it out"
        )
    return line


def ask_running(options: argparse.Namespace, request: dict[str, object]) -> dict[str, Any]:
    """What the running node answers, for the identity that --as names."""
    if options.resident:
        request |= {"as": options.resident}
    return ask_node(home.socket_path(options.home, home.ADMIN_SOCKET), request)


def print_answer(options: argparse.Namespace, request: dict[str, object], part: str = "text") -> int:
    """Ask the running node and print one part of its answer: a text, or what programs read as JSON."""
    answer = ask_running(options, request)
    if not answer.get("ok"):
        print(answer.get("text", ""), file=sys.stderr)
        return 1
    shown = answer.get(part, "")
    print(shown if isinstance(shown, str) else json.dumps(shown, indent=1))
    return 0


def tell_node(place: Path, what: str) -> None:
    """Something has changed that a running node takes notice of; one that does not run needs not be told."""
    with suppress(Unreachable):
        answer = ask_node(home.socket_path(place, home.ADMIN_SOCKET), {"ask": what})
        if not answer.get("ok"):
            raise NotPermitted(f"the running node has not taken it up: {answer.get('text', '')}")


def ask_nick() -> str:
    if not sys.stdin.isatty():
        raise NotPermitted("give the name others see with --nick")
    suggestion = home.random_nick()
    return new_nick(input(f"The name others see [{suggestion}]: ").strip() or suggestion)


def new_passphrase(options: argparse.Namespace) -> str | None:
    """The passphrase of a new key file, None for clear text; asked for twice at a terminal."""
    if options.no_passphrase:
        return None
    if options.passphrase_file:
        return read_passphrase(options.passphrase_file)
    if not sys.stdin.isatty():
        raise NotPermitted("give --passphrase-file, or --no-passphrase to keep the key in clear text")
    first = getpass.getpass("Passphrase for the key (empty: keep it in clear text): ")
    if first and getpass.getpass("The same again: ") != first:
        raise NotPermitted("the two passphrases differ; try again")
    return first or None


def passphrase(options: argparse.Namespace) -> str:
    """The passphrase of a sealed key file: from a file, systemd's credentials, or the terminal."""
    given = given_passphrase(options)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise NotPermitted("the key has a passphrase; give it with --passphrase-file")
    return getpass.getpass("Passphrase of the key: ")


def given_passphrase(options: argparse.Namespace) -> str | None:
    """The passphrase that --passphrase-file or systemd's credentials hold; None without either."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    credential = Path(credentials) / home.PASSPHRASE_CREDENTIAL if credentials else None
    if options.passphrase_file:
        return read_passphrase(options.passphrase_file)
    return read_passphrase(credential) if credential and credential.exists() else None


def read_passphrase(path: Path) -> str:
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise NotPermitted(f"{path} cannot be read: {reason}") from error
    if not lines or not lines[0]:
        raise NotPermitted(f"{path} is empty; write the passphrase into its first line")
    return lines[0]
