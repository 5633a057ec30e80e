"""`zbnntp feed`: what this node shows goes to another news server, which serves it to many."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from zbnntp import home
from zbnntp.admin import ask_node

MAKE_SECONDS = 60
FEED = """\
Send the articles of all boards that you see to the news server HOST, for example an INN that serves many readers, and
go on with what arrives. An article that your node stops showing, because its author took it back or trust has changed,
is withdrawn there. Only groups that exist on HOST are sent; articles of the others wait until they are made there. The
node must run; HOST must have an entry for this machine in its incoming.conf. The connection does not go through tor: it
tells HOST where your node is. When node or server stop, it waits, and takes up where it was. docs/inn.md has the rest.
"""

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def add_feed(commands: Any, add: Add) -> None:
    """The command; `add` makes a parser that knows --home."""
    command = add(commands, "feed", "send all boards that you see to another news server")
    command.description = FEED
    command.add_argument("server", metavar="HOST[:PORT]", help="the news server (default port: 119)")
    command.add_argument("--once", action="store_true", help="end when all that is here has been sent, or cannot be")
    command.add_argument(
        "--make",
        metavar="COMMAND",
        default="",
        help="a command that makes a group on HOST; its name takes the place of {}: 'ctlinnd newgroup {} n'",
    )
    command.add_argument("--as", dest="resident", metavar="NICK", help="the view of another identity of this home")
    command.set_defaults(run=_feed)


def _feed(options: argparse.Namespace) -> int:
    from zbnntp.feeding.peer import parse_server
    from zbnntp.feeding.pump import Pump

    host, port = parse_server(options.server)
    door = home.socket_path(options.home, home.ADMIN_SOCKET)
    view = {"as": options.resident} if options.resident else {}
    make = partial(make_group, shlex.split(options.make))
    pump = Pump(lambda it: ask_node(door, it | view), host, port, make=make, sleep=time.sleep, say=_say)
    pump.run(options.once)
    return 0


def make_group(command: Sequence[str], board: str) -> bool:
    """Run the operator's command for a board. Its name has letters, digits, dots, -, + and _, and others chose it."""
    if not command or board.startswith("-"):  # which would be an option
        return False
    words = [it.replace("{}", board) for it in command]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, timeout=MAKE_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        _say(f"{words[0]} does not work ({error})")
        return False
    return done.returncode == 0


def _say(text: str) -> None:
    print(text, flush=True)
