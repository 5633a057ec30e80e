"""`zbnntp setup`: the configuration of a newsreader, printed, or written into a directory of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zbnntp import home
from zbnntp.certificate import CERTIFICATE_FILE
from zbnntp.cli_ask import add_as, ask_running
from zbnntp.config import Config, load_config
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import identity_text
from zbnntp.newsreaders import MAKERS
from zbnntp.newsreaders.kit import BASE_GROUPS, START, File, Reader, Server
from zbnntp.newsreaders.writing import write

DIRECTORY = "newsreaders"  # in the home directory
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - listening there, the node is reached here
LOOPBACK = ("127.0.0.1", "::1")
SETUP = f"""\
Print the configuration with which a newsreader reads and writes at this node, or write it with --write: into a
directory of its own, together with a program that starts the newsreader on it. What you have set up for mail or for
other news servers is not touched, and plays no part. From is your identity's address, so that your own posts can be
cancelled; the list of articles shows how far you trust their authors where the newsreader can do that; and no mail can
be sent, because an answer by mail would leave Tor. The node has to run. Newsreaders: {", ".join(MAKERS)}.
"""

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def add_setup(commands: Any, add: Add) -> None:
    """The command; `add` makes a parser that knows --home."""
    command = add(commands, "setup", "set up a newsreader for this node")
    command.description = SETUP
    command.add_argument("reader", choices=list(MAKERS), metavar="NEWSREADER", help=", ".join(MAKERS))
    command.add_argument("--write", action="store_true", help="write it instead of printing it")
    command.add_argument("--replace", action="store_true", help="with --write: anew where something has changed it")
    command.add_argument("--directory", type=Path, metavar="DIR", help="where (default: HOME/newsreaders/NEWSREADER)")
    command.add_argument("--tls", action="store_true", help="connect by TLS, where the node has tls_listen set")
    add_as(command)
    command.set_defaults(run=_setup)


def _setup(options: argparse.Namespace) -> int:
    answer = ask_running(options, {"ask": "status"})
    if not answer.get("ok"):
        raise NotPermitted(str(answer.get("text", "")))
    reader = _reader(options, answer["status"], load_config(options.home))
    files = MAKERS[options.reader](reader)
    if options.write:
        _write(reader.directory, files, options.replace)
    else:
        print("\n".join(f"--- {reader.path(file.name)}\n{file.text}" for file in files), end="")
    return 0


def _write(directory: Path, files: Sequence[File], replace: bool) -> None:
    for kept in write(directory, files, replace):
        print(f"What was there and differed is kept as {kept}.")
    print(f"Start the newsreader with:\n\n    {directory / START}\n")


def _reader(options: argparse.Namespace, status: Mapping[str, Any], config: Config) -> Reader:
    server = _server(options.tls, status["listening"], config, options.home)
    first, *_ = home.accounts(options.home)
    other = options.resident and status["identity"] != identity_text(first.identity)
    name = f"{options.reader}-{status['identity'][: home.SHORT_ID]}" if other else options.reader
    log_in = other or status["guests"] or config.login == "demanded" or server.host not in LOOPBACK
    return Reader(
        nick=status["nick"] or status["identity"][: home.SHORT_ID],
        address=status["from"].rpartition("<")[2].removesuffix(">"),
        server=server,
        directory=(options.directory or options.home / DIRECTORY / name).absolute(),
        groups=(*BASE_GROUPS, *sorted(status["boards"])),
        login=(status["nick"] or status["identity"]) if log_in else "",
    )


def _server(tls: bool, listening: Sequence[str], config: Config, place: Path) -> Server:
    """The first address of that kind; NotPermitted where the node has none."""
    scheme = "nntps" if tls else "nntp"
    found = [
        (ANYWHERE.get(it.hostname or "", it.hostname or ""), it.port or 0, it.scheme) for it in map(urlsplit, listening)
    ]
    chosen = next((it for it in found if it[2] == scheme and it[1]), None)
    if chosen is None:
        raise NotPermitted(
            "the node listens nowhere with TLS; set tls_listen in zbnntp.toml and start it again"
            if tls
            else "the node listens at no port that a newsreader could be set up for; set listen to HOST:PORT"
        )
    certificate = Path(config.tls_certificate) if config.tls_certificate else place / CERTIFICATE_FILE
    plain = next((port for _, port, kind in found if kind == "nntp"), 0)
    return Server(*chosen[:2], certificate.absolute(), plain) if tls else Server(*chosen[:2])
