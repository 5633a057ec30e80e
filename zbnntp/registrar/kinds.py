"""The table of ways that can be offered, and what each needs of the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zbnntp.registrar.letters import Letters, Post
from zbnntp.registrar.pictures import Pictures
from zbnntp.registrar.programs import Programs
from zbnntp.registrar.rules import Rules
from zbnntp.registrar.tools import Tools
from zbnntp.registrar.ways import Way
from zbnntp.registrar.work import Work


@dataclass(frozen=True, slots=True)
class Maker:
    """What ways are made of, for one local identity."""

    tools: Tools
    post: Post
    mark_of: Callable[[str], bytes]
    name: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """`lacks`: what is missing in the settings, a sentence, or empty."""

    help: str
    make: Callable[[Maker], Way]
    lacks: Callable[[Rules], str]


def _nothing(rules: Rules) -> str:
    return ""


def _mail(rules: Rules) -> str:
    return "" if rules.mail else "set mail_server and mail_from in zbnntp.toml and start the node again"


def _command(rules: Rules) -> str:
    return "" if rules.command else "set registrar_command in zbnntp.toml and start the node again"


OPERATORS = frozenset({"email", "command"})  # use what the settings name: a mail server, a program
KINDS: dict[str, Kind] = {
    "captcha": Kind("a picture to read", lambda maker: Pictures(maker.tools), _nothing),
    "pow": Kind("some minutes of work for their computer", lambda maker: Work(maker.tools), _nothing),
    "email": Kind(
        "a code sent by mail",
        lambda maker: Letters(maker.tools, maker.post, maker.mark_of, maker.name()),
        _mail,
    ),
    "command": Kind("what a program of yours asks", lambda maker: Programs(maker.tools), _command),
}
