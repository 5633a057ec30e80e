"""The command line: parses, asks, prints, exits. Everything else is elsewhere."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import platformdirs
from tqdm import tqdm

from zbnntp import __version__, home
from zbnntp.cli_account import add_account
from zbnntp.cli_ask import add_as, add_passphrase, one_line, passphrase, print_answer
from zbnntp.cli_bundles import add_bundles
from zbnntp.cli_device import add_device_command
from zbnntp.cli_feed import add_feed
from zbnntp.cli_init import add_init, add_nick, make_first
from zbnntp.cli_invite import add_invite
from zbnntp.cli_manual import add_manual
from zbnntp.cli_recover import add_recover
from zbnntp.cli_registrar import add_registrar
from zbnntp.cli_restore import add_restore
from zbnntp.cli_search import add_search
from zbnntp.cli_setup import add_setup
from zbnntp.cli_store import add_store
from zbnntp.cli_trust import add_trust
from zbnntp.config import load_config
from zbnntp.discretion import keep_files_private, keep_memory_private
from zbnntp.model.errors import ZbError
from zbnntp.premises import look_over

PIPE_BROKEN = 128 + signal.SIGPIPE  # the exit code that shells give to whom SIGPIPE ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    options = _parser().parse_args(arguments)
    keep_memory_private()
    if "home" in options:
        keep_files_private()
    try:
        if "home" in options:
            look_over(options.home)
        code: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes there at the end
        return PIPE_BROKEN
    except (KeyboardInterrupt, EOFError):  # Ctrl-C, or Ctrl-D where something was asked
        return 130
    except Exception as error:
        print(f"zbnntp: {_sentence(error)}", file=sys.stderr)
        return 1
    return code


def _sentence(error: BaseException) -> BaseException:
    """The error that is meant for the owner's eyes; anything else is a bug and raised again."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, ZbError):
        from zbnntp.store.writer import for_people  # here, so that `do` and its like start fast

        said = for_people(error)
        if said is error:
            raise error
        return said
    return error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zbnntp",
        description="A forum nobody owns, read and written with the newsreaders people already have.",
        epilog="Start with 'zbnntp run', point a newsreader at the address it prints, and read zb.help there.",
    )
    parser.add_argument("--version", action="version", version=f"zbnntp {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_init(commands, _add)
    add_restore(commands, _add)
    _add_run(commands)
    _add_small(commands)
    add_invite(commands, _add)
    add_account(commands, _add)
    add_setup(commands, _add)
    add_device_command(commands, _add)
    add_search(commands, _add)
    add_trust(commands, _add)
    add_bundles(commands, _add)
    add_feed(commands, _add)
    add_recover(commands, _add)
    add_store(commands, _add)
    add_registrar(commands, _add, print_answer)
    _add_rebuild(commands)
    _add_demo(commands)
    add_manual(commands, _parser)
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    default = os.environ.get("ZBNNTP_HOME") or platformdirs.user_data_dir("zbnntp", appauthor=False)
    command.add_argument(
        "--home",
        type=_directory,
        default=Path(default),
        metavar="DIR",
        help="the node's home directory (default: $ZBNNTP_HOME, else %(default)s)",
    )
    return command


def _directory(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("names no directory")
    return Path(text)


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "run", "run the node until it is stopped; makes an identity when there is none")
    command.add_argument("--listen", metavar="HOST:PORT", help="where newsreaders connect (default: port 119 or 1119)")
    command.add_argument(
        "--public-reader", action="store_true", default=None, help="let guests read what the default identity sees"
    )
    peers = command.add_mutually_exclusive_group()
    peers.add_argument("--tor", choices=["auto", "own", "system", "off"], help="which tor carries it (default: auto)")
    peers.add_argument("--local-net", type=Path, metavar="DIR", help="no tor: peers are the nodes with sockets in DIR")
    command.add_argument(
        "--mirror-only", action="store_true", default=None, help="pass on all that is fetched, publish no posts"
    )
    command.add_argument(
        "--no-onion", dest="onion", action="store_false", default=None, help="fetch, and be reached by nobody"
    )
    command.add_argument(
        "--publish-anew",
        action="store_true",
        help="after restoring a key or an old backup: publish, though what no friend has given back is lost by it",
    )
    add_nick(command)
    add_passphrase(command)
    command.set_defaults(run=_run)


def _add_small(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "do", "carry out a command of zb.control on the running node")
    command.add_argument("text", nargs="+", metavar="COMMAND", help="for example 'board add local.talk' or 'help'")
    add_as(command)
    command.set_defaults(run=_do)
    command = _add(commands, "why", "explain why somebody's posts are seen or not, or what became of an article")
    command.add_argument("what", metavar="WHO|MESSAGE-ID", help="a nick, an id, a link, or a <message-id>")
    add_as(command)
    command.set_defaults(run=_why)
    text = "delete what somebody published, or one post, from this node's disk for good; it is never fetched again"
    command = _add(commands, "purge", text)
    command.add_argument("what", metavar="WHO|MESSAGE-ID", help="a nick, an id, or a <message-id>")
    add_as(command)
    command.set_defaults(run=_purge)
    command = _add(commands, "status", "say what the running node is doing")
    command.add_argument("--json", action="store_true", help="for programs")
    add_as(command)
    command.set_defaults(run=_status)


def _add_rebuild(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "make the overview and all else that is derived anew, from what was signed; the node must not run"
    command = _add(commands, "rebuild", text)
    command.set_defaults(run=_rebuild)


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "run a small made-up community on this machine, to look around in; nothing of it is kept"
    command = commands.add_parser("demo", help=text, description=text)
    command.add_argument("--listen", metavar="HOST:PORT", help="where newsreaders connect (default: port 119 or 1119)")
    command.set_defaults(run=_demo)


def _run(options: argparse.Namespace) -> int:
    from zbnntp.listening import check_addresses
    from zbnntp.node import Plan, run_node  # here, so that `do` and its like start fast
    from zbnntp.registrar.rules import make_rules

    flags = {name: getattr(options, name) for name in ("listen", "public_reader", "tor", "mirror_only", "onion")}
    home.make_directory(options.home)
    config = load_config(options.home, **flags)
    check_addresses(config, options.home)
    make_rules(config)
    with home.locked(options.home):
        home.check_settled(options.home)
        secret = None if home.has_keys(options.home) else make_first(options, _say)
        if secret is None and home.needs_passphrase(options.home):
            secret = passphrase(options)
        keys = home.load_keys(options.home, secret)
        anew = options.publish_anew
        run_node(Plan(options.home, config, keys, options.local_net, say=_say, clock=time.time, publish_anew=anew))
    return 0


def _do(options: argparse.Namespace) -> int:
    words = options.text
    several = len(words) > 1 and any(" " in word for word in words)  # quoted commands: one a line
    return print_answer(options, {"do": ("\n" if several else " ").join(words)})


def _why(options: argparse.Namespace) -> int:
    return print_answer(options, {"do": one_line("why", options.what)})


def _purge(options: argparse.Namespace) -> int:
    return print_answer(options, {"do": one_line("purge", options.what)})


def _status(options: argparse.Namespace) -> int:
    return print_answer(options, {"ask": "status"}, "status" if options.json else "text")


def _demo(options: argparse.Namespace) -> int:
    from zbnntp.demo import run_demo

    run_demo(options.listen, _say)
    return 0


def _rebuild(options: argparse.Namespace) -> int:
    from zbnntp.halfway import viewers
    from zbnntp.rebuild import rebuild_file

    with home.locked(options.home), tqdm(unit=" people", desc="rebuilding", disable=None) as bar:

        def progress(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        views = viewers(options.home)
        held = rebuild_file(options.home / home.STORE_FILE, views, int(time.time()), progress)
    print(f"{held} posts; levels are computed at the next start.")
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
