"""`zbnntp trust compute` and `zbnntp trust graph`: the rule tried out and drawn, on a file or on the node's own graph.

The store is only read, so it does not matter whether the node runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zbnntp.model.errors import NotPermitted

if TYPE_CHECKING:
    from zbnntp.trust.whatif import World

FILE_HELP = "a world in JSON, - for standard input; without it, the node's own graph"
DRAWN_PEOPLE = 60

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def add_trust(commands: Any, add: Add) -> None:
    """The two commands; `add` makes a parser that knows --home."""
    text = "try out the rule of trust, or draw who trusts whom"
    trust = commands.add_parser("trust", help=text, description=text)
    kinds = trust.add_subparsers(required=True, metavar="COMMAND")
    command = add(kinds, "compute", "compute everybody's trust, as JSON; with ratings left out or set, to see what if")
    _add_world(command)
    command.set_defaults(run=_compute)
    command = add(kinds, "graph", "draw those nearest in trust and the ratings among them")
    _add_world(command)
    command.add_argument("--format", choices=["graphml", "svg"], default="svg", help="default: svg")
    command.add_argument(
        "--people", type=int, default=DRAWN_PEOPLE, metavar="N", help="how many (default: %(default)s)"
    )
    command.add_argument("--output", type=Path, metavar="F", help="the file to write (default: standard output)")
    command.set_defaults(run=_draw)


def _add_world(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", nargs="?", metavar="FILE", help=FILE_HELP)
    command.add_argument("--as", dest="resident", metavar="NICK", help="another identity of this home")
    command.add_argument(
        "--without", action="append", default=[], metavar="RATER:TARGET", help="leave one rating out; may be repeated"
    )
    command.add_argument(
        "--set", action="append", default=[], metavar="RATER:TARGET:MT[:TLT]", help="set one rating; may be repeated"
    )


def _compute(options: argparse.Namespace) -> int:
    from zbnntp.trust.whatif import answer

    world, _ = _world(options)
    return _print(json.dumps(answer(world), indent=1) + "\n")


def _draw(options: argparse.Namespace) -> int:
    from zbnntp.trust import drawing
    from zbnntp.trust.policy import apply_levels
    from zbnntp.trust.whatif import ranked

    if options.people < 1 or (options.format == "svg" and options.people > drawing.SVG_PEOPLE):
        raise NotPermitted(f"--people is 1 or more, and at most {drawing.SVG_PEOPLE} in a drawing")
    world, nicks = _world(options)
    graph, ranking = ranked(world)
    states = apply_levels(ranking, graph.ratings(world.root), world.previous, world.params)
    shown = drawing.neighbourhood(
        graph, world.root, ranking, states, lambda it: nicks.get(it) or world.name(it), options.people
    )
    text = drawing.graphml(shown) if options.format == "graphml" else drawing.svg(shown, world.root)
    if options.output is None:
        return _print(text)
    try:
        options.output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NotPermitted(f"{options.output} cannot be written: {error.strerror}") from error
    return 0


def _print(text: str) -> int:
    """Print a long text; whoever reads only its beginning is no error."""
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is flushed at the end goes nowhere
    return 0


def _world(options: argparse.Namespace) -> tuple[World, dict[Any, str]]:
    """The world that is asked about, with what is set and left out; and what people are called in a drawing."""
    from zbnntp.trust.whatif import read_world, with_rating, without

    world, nicks = _own(options) if options.file is None else (read_world(_read(options.file)), {})
    for pair in options.without:
        world = without(world, pair)
    for said in options.set:
        world = with_rating(world, said)
    return world, nicks


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise NotPermitted(f"{file} cannot be read: {error.strerror}") from error


def _own(options: argparse.Namespace) -> tuple[World, dict[Any, str]]:
    from zbnntp import home, inquiry
    from zbnntp.config import load_config
    from zbnntp.store.database import connect_reader
    from zbnntp.tuning import make_parameters

    path = options.home / home.STORE_FILE
    if not path.exists():
        raise NotPermitted(
            f"there is no store in {options.home}; start the node once with 'zbnntp run', or give a FILE"
        )
    accounts = home.accounts(options.home)
    chosen = [it for it in accounts if options.resident in (None, it.nick)]
    if not chosen:
        raise NotPermitted(f"no identity called {options.resident} lives in {options.home}")
    with closing(connect_reader(path)) as reader:
        params = make_parameters(load_config(options.home))
        return inquiry.own_world(reader, chosen[0].identity, params, int(time.time())), inquiry.nicks(reader)
