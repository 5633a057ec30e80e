"""`zbnntp man` and `zbnntp completion`: the manual pages, and what a shell needs to complete commands and options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zbnntp import __version__
from zbnntp.model.errors import NotPermitted

SHELLS = ("bash", "zsh")
MAN = """\
Print a manual page: of the program, or of a command. With --write, write the pages of all commands into DIR, from where
man(1) finds them if DIR is the man1 of its path, for example /usr/local/share/man/man1 or ~/.local/share/man/man1.
"""
COMPLETION = """\
Print what SHELL needs to complete commands, options and file names of zbnntp:

    bash  zbnntp completion bash > ~/.local/share/bash-completion/completions/zbnntp
    zsh   zbnntp completion zsh > DIR/_zbnntp, with a DIR of your fpath
"""
_FILES, _DIRECTORIES = frozenset({"FILE", "F", "KEYFILE"}), frozenset({"DIR"})

Parser = Callable[[], argparse.ArgumentParser]


def add_manual(commands: Any, parser: Parser) -> None:
    """The commands; `parser` makes the one whose commands they are."""
    command = commands.add_parser("man", help="print or write the manual pages", description=MAN)
    command.add_argument("words", nargs="*", metavar="COMMAND", help="for example 'run' or 'trust compute'")
    command.add_argument("--write", type=Path, metavar="DIR", help="write all pages into this directory")
    command.set_defaults(run=lambda options: _man(parser(), options))
    command = commands.add_parser("completion", help="print the completion of commands for a shell")
    command.description, command.formatter_class = COMPLETION, argparse.RawDescriptionHelpFormatter
    command.add_argument("shell", choices=SHELLS, help="which shell")
    command.set_defaults(run=lambda options: _completion(parser(), options.shell))


def _man(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from zbnntp.manpages import SECTION, pages

    found = dict(pages(parser, f"zbnntp {__version__}"))
    if options.write:
        try:
            options.write.mkdir(parents=True, exist_ok=True)
            for name, text in found.items():
                (options.write / name).write_text(text)
        except OSError as error:
            raise NotPermitted(f"{options.write} cannot be written: {error.strerror}") from error
        return 0
    page = found.get("-".join(["zbnntp", *options.words]) + f".{SECTION}")
    if page is None:
        raise NotPermitted(f"there is no command {' '.join(options.words)}; 'zbnntp --help' lists them")
    print(page, end="")
    return 0


def _completion(parser: argparse.ArgumentParser, shell: str) -> int:
    import shtab

    _mark_files(parser)
    print(shtab.complete(parser, shell))
    return 0


def _mark_files(parser: argparse.ArgumentParser) -> None:
    """Tell shtab which arguments are names of files."""
    import shtab

    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _mark_files(command)
        elif action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar in _DIRECTORIES:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
