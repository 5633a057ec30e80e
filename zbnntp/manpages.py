"""Manual pages out of the same parsers that print --help: one for the program, one for each command (man(7) macros)."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

SECTION = 1
_INDENTED = re.compile(r"^ ", re.MULTILINE)


def pages(parser: argparse.ArgumentParser, version: str) -> Iterator[tuple[str, str]]:
    """File name and text of the page of a parser and of those of its commands."""
    yield from _pages(parser, parser.description or "", "", version)


def _pages(parser: argparse.ArgumentParser, said: str, above: str, version: str) -> Iterator[tuple[str, str]]:
    name = parser.prog.replace(" ", "-")
    below = _commands(parser)
    others = [above, *(command.prog.replace(" ", "-") for _, command in below)]
    lines = [
        f'.TH {_escaped(name.upper())} {SECTION} "" "{_escaped(version)}" "{_escaped(version.split()[0])}"',
        *(".SH NAME", f"{_escaped(name)} \\- {_escaped(_first_line(said))}"),
        *(".SH SYNOPSIS", ".nh", _escaped(_usage(parser)), ".hy"),
        *_section("DESCRIPTION", _paragraphs(parser.description or said)),
        *_section("COMMANDS", _listed([(command.prog, text) for text, command in below])),
        *_section("ARGUMENTS", _listed(_arguments(parser))),
        *_section("OPTIONS", _listed(_options(parser))),
        *_section("NOTES", _paragraphs(parser.epilog or "")),
        *_section("SEE ALSO", [_escaped(", ".join(f"{it}({SECTION})" for it in others if it))]),
    ]
    yield f"{name}.{SECTION}", "\n".join(lines) + "\n"
    for text, command in below:
        yield from _pages(command, text, name, version)


def _commands(parser: argparse.ArgumentParser) -> list[tuple[str, argparse.ArgumentParser]]:
    """What is said of each command in the list of them, and its parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            said = {it.dest: it.help or "" for it in action._choices_actions}
            return [(said.get(name, ""), command) for name, command in action.choices.items()]
    return []


def _arguments(parser: argparse.ArgumentParser) -> list[tuple[str, str]]:
    given = [it for it in parser._actions if not it.option_strings and not isinstance(it, argparse._SubParsersAction)]
    return [(_metavar(it) or it.dest, _help(parser, it)) for it in given]


def _options(parser: argparse.ArgumentParser) -> list[tuple[str, str]]:
    given = [it for it in parser._actions if it.option_strings and it.help != argparse.SUPPRESS]
    return [(", ".join(it.option_strings) + f" {_metavar(it)}".rstrip(), _help(parser, it)) for it in given]


def _metavar(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.metavar is None and action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return str(action.metavar or action.dest.upper())


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """As --help has it, without where somebody's home is."""
    said = parser._get_formatter()._expand_help(action) if action.help else ""
    return said.replace(str(Path.home()), "~")


def _usage(parser: argparse.ArgumentParser) -> str:
    return " ".join(parser.format_usage().removeprefix("usage:").split())


def _first_line(said: str) -> str:
    return said.split("\n")[0].rstrip(".")


def _section(title: str, lines: list[str]) -> list[str]:
    return [f".SH {title}", *lines] if any(lines) else []


def _listed(entries: list[tuple[str, str]]) -> list[str]:
    return [line for term, said in entries for line in (".TP", f"\\fB{_escaped(term)}\\fR", _escaped(said))]


def _paragraphs(text: str) -> list[str]:
    """Those that are indented stay as they are; others are filled."""
    lines: list[str] = []
    for paragraph in filter(None, text.strip("\n").split("\n\n")):
        body = "\n".join(_escaped(it) for it in paragraph.split("\n"))
        lines += [".PP", ".nf", body, ".fi"] if _INDENTED.match(paragraph) else [".PP", body]
    return lines


def _escaped(text: str) -> str:
    """Text in which no letter means anything to roff."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("'", "\\(aq")
    return f"\\&{plain}" if plain.startswith(".") else plain
