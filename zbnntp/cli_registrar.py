"""`zbnntp registrar …`: letting newcomers in. Each is the command of zb.control of that name, on the running node."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from zbnntp.cli_ask import one_line
from zbnntp.registrar.kinds import KINDS

REGISTRAR = """\
Let newcomers in: give a first rating, for a month, to whoever passes a challenge. 'registrar offer captcha' is enough
to begin; docs/joining.md has the rest. The node has to run. The same commands can be written to zb.control.
"""
Add = Callable[[Any, str, str], argparse.ArgumentParser]
Ask = Callable[[argparse.Namespace, dict[str, object]], int]


def add_registrar(commands: Any, add: Add, ask: Ask) -> None:
    """The command and those below it; `add` makes a parser that knows --home, `ask` prints what the node answers."""
    command = commands.add_parser("registrar", help="let newcomers in", description=REGISTRAR)
    below = command.add_subparsers(required=True, metavar="WHAT")

    def one(name: str, text: str) -> argparse.ArgumentParser:
        made = add(below, name, text)
        made.add_argument("--as", dest="resident", metavar="NICK", help="another identity of this home")
        made.set_defaults(run=lambda options: ask(options, {"do": _order(name, options)}))
        return made

    ways = ", ".join(f"{way} ({kind.help})" for way, kind in KINDS.items())
    offer = one("offer", "offer newcomers a way in, and be a registrar")
    offer.add_argument("words", nargs=1, metavar="WAY", choices=list(KINDS), help=ways)
    offer.add_argument("number", nargs="?", metavar="N", help="at most so many newcomers a day (default: 50)")
    close = one("close", "offer that way no longer")
    close.add_argument("words", nargs=1, metavar="WAY", choices=list(KINDS), help=ways)
    one("status", "say which ways are offered, and who came today")
    one("report", "say how those who were let in were rated by others afterwards")
    code = one("code", "make a link with a one-time code for one newcomer")
    code.add_argument("words", nargs="*", metavar="NOTE", help="for whom it is; you alone see that")
    one("codes", "list the codes that were handed out, and who came with them")
    revoke = one("revoke", "take an unused code back")
    revoke.add_argument("words", nargs=1, metavar="CODE", help="the code, or the link that it stands in")


def _order(name: str, options: argparse.Namespace) -> str:
    """The command of zb.control."""
    words = [*getattr(options, "words", []), getattr(options, "number", None)]
    return one_line("registrar", name, *(word for word in words if word))
