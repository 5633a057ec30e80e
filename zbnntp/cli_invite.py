"""`zbnntp invite` and `zbnntp follow`: a link for a friend, as text and for a phone's camera; and using one."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from typing import Any

import segno

from zbnntp.cli_ask import add_as, ask_running, one_line, print_answer

BORDER = 2  # modules of light around the code; readers ask for 4, and cope with 2 on a terminal
INVITE = """\
Make a link for one friend, good for a week, and print it, at a terminal as a QR code too. Your friend runs 'zbnntp
follow LINK', or sends 'follow LINK' to zb.control; you see each other within a minute, while both nodes are on line.
Hand it over in private: who comes with it first is rated N by you. 'zbnntp invite list' lists your invitations and who
came with them, 'zbnntp invite revoke LINK' takes one back that nobody has used.
"""

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def add_invite(commands: Any, add: Add) -> None:
    """Both commands; `add` makes a parser that knows --home."""
    command = add(commands, "invite", "make a link by which a friend and you see each other")
    command.description = INVITE
    command.add_argument("words", nargs="*", metavar="N", help="your rating of who comes, 1 to 100 (50)")
    command.add_argument("--for", dest="name", metavar="NAME", help="a note to yourself: for whom it is")
    command.add_argument("--qr", action=argparse.BooleanOptionalAction, help="print a QR code (default: at a terminal)")
    other = command.add_mutually_exclusive_group()
    other.add_argument("--plain", action="store_true", help="print the link for everybody, whom you do not rate by it")
    other.add_argument("--list", action="store_true", help="list your invitations, and who came with them")
    other.add_argument("--revoke", metavar="LINK", help="take an invitation back that nobody has used")
    add_as(command)
    command.set_defaults(run=_invite)
    command = add(commands, "follow", "follow a link that a friend gave you, and fetch what they publish")
    command.add_argument("link", metavar="LINK", help="zb:…, whole")
    command.add_argument("number", nargs="?", type=int, metavar="N", help="your rating of its owner (50)")
    add_as(command)
    command.set_defaults(run=_follow)


def _invite(options: argparse.Namespace) -> int:
    if options.list or options.words == ["list"]:
        return print_answer(options, {"do": "invite list"})
    if options.revoke:
        return print_answer(options, {"do": one_line("invite", "revoke", options.revoke)})
    order = one_line("invite", *options.words, *(["for", options.name] if options.name else []))
    if options.words[:1] == ["revoke"]:
        return print_answer(options, {"do": order})
    answer = ask_running(options, {"ask": "link"} if options.plain else {"do": order})
    text = str(answer.get("text", ""))
    if not answer.get("ok"):
        print(text, file=sys.stderr)
        return 1
    print(text)
    if options.qr or (options.qr is None and sys.stdout.isatty()):
        print(f"\n{qr_text(text.split(maxsplit=1)[0])}", end="")
    return 0


def _follow(options: argparse.Namespace) -> int:
    number = [str(options.number)] if options.number is not None else []
    return print_answer(options, {"do": one_line("follow", options.link, *number)})


def qr_text(link: str) -> str:
    """A QR code in half blocks, two modules a character; light modules are drawn, as terminals are dark."""
    drawn = io.StringIO()
    segno.make_qr(link, error="l").terminal(drawn, border=BORDER, compact=True)
    return drawn.getvalue()
