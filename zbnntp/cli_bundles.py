"""`zbnntp export` and `zbnntp import`: manifests as a file, for a stick, an archive, or a peer who is never on line.

An export reads the store and needs no running node. An import hands offer after offer to the node that runs, through
its owner's door, or takes them into the store itself when none does. Files may be packed with gzip.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sqlite3
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tqdm import tqdm

from zbnntp import home
from zbnntp.cli_ask import check_target
from zbnntp.model import limits
from zbnntp.model.canonical import decode
from zbnntp.model.errors import BadEncoding, Invalid, Missing, NotPermitted, Refused, Unreachable, ZbError
from zbnntp.model.keys import Identity, parse_hex, short_id
from zbnntp.premises import make_own

if TYPE_CHECKING:
    from zbnntp.bundling import Choice
    from zbnntp.model.bundle import Offer

PACKED = ".gz"
GZIP_MAGIC = b"\x1f\x8b"
EXPORTS = (b'{"', GZIP_MAGIC, b"From ")  # how they begin: a bundle, one that is packed, an mbox
REASONS_SHOWN = 10
NAMES_SHOWN = 5
AT_ONCE = 8  # offers that a running node is handed at the same time, at most 4 MiB each: they share commits
EXPORT = """\
Write what this node holds into FILE, as a bundle that any other node takes in with 'zbnntp import FILE': people's
signed manifests, yours included; nothing private. The node may run or not. A FILE that ends in .gz is packed. With
--who, --board and --since only a part: all that are given must hold; of posts whole segments go along, so that a few
more may come than were asked for. With --mbox FILE becomes a mailbox of the articles that you see, for archives and
mail programs.
"""
IMPORT = """\
Take in a FILE that 'zbnntp export' wrote here or elsewhere, packed or not; the node may run or not. Every manifest is
checked as if a peer had sent it, and is kept whether you trust its author or not; what you are shown still follows from
your trust. It does not matter how old the file is or how often it is taken in.
"""

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def add_bundles(commands: Any, add: Add) -> None:
    """The two commands; `add` makes a parser that knows --home."""
    command = add(commands, "export", "write people's manifests into a file, for a stick or an archive")
    command.description = EXPORT
    command.add_argument("file", type=Path, metavar="FILE", help="what to write; it appears when it is whole")
    command.add_argument(
        "--who", action="append", default=[], metavar="WHO", help="a nick, an id or a link; may be repeated"
    )
    command.add_argument("--board", action="append", default=[], metavar="BOARD", help="a board; may be repeated")
    command.add_argument("--since", type=_day, default=0, metavar="DATE", help="from that day on, as 2026-05-31 (UTC)")
    command.add_argument("--mbox", action="store_true", help="a mailbox of articles instead of a bundle")
    command.add_argument("--replace", action="store_true", help="write over a FILE that is an older export")
    command.add_argument("--as", dest="resident", metavar="NICK", help="whose view --mbox shows (default: the first)")
    command.set_defaults(run=_export)
    command = add(commands, "import", "take in a file that 'zbnntp export' wrote")
    command.description = IMPORT
    command.add_argument("file", type=Path, metavar="FILE", help="a bundle, packed with gzip or not")
    command.set_defaults(run=_import)


def _day(text: str) -> int:
    """Unix seconds of its beginning."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise argparse.ArgumentTypeError("is a day such as 2026-05-31") from error


# Export


def _export(options: argparse.Namespace) -> int:
    from zbnntp.store.database import connect_reader, snapshot
    from zbnntp.store.soundness import UNREADABLE

    path = options.home / home.STORE_FILE
    if not path.exists():
        raise NotPermitted(f"there is no store in {options.home}; start the node once with 'zbnntp run'")
    _check_target(options.file, options.replace)
    try:
        with closing(connect_reader(path)) as reader, snapshot(reader):
            choice = _choice(reader, options)
            said = (_export_mbox if options.mbox else _export_bundle)(reader, options, choice)
    except UNREADABLE as error:
        raise NotPermitted(
            f"{path} cannot be read ({error}); 'zbnntp check --repair' saves what can be saved, or restore your backup"
        ) from error
    print(f"{said} in {options.file}, {options.file.stat().st_size:,} octets.")
    return 0


def _check_target(file: Path, replace: bool) -> None:
    if str(file) == "-":
        raise NotPermitted("an export is a file that is whole or not there, and no stream; name a FILE")
    if file.is_dir():
        raise NotPermitted(f"{file} is a directory; name a file in it")
    check_target(file, replace, EXPORTS)


def _choice(reader: sqlite3.Connection, options: argparse.Namespace) -> Choice:
    from zbnntp.bundling import Choice
    from zbnntp.control.people import find_who

    people = frozenset(find_who(reader, 0, who, None) for who in options.who)
    return Choice(people, frozenset(options.board), options.since)


def _export_bundle(reader: sqlite3.Connection, options: argparse.Namespace, choice: Choice) -> str:
    from zbnntp.bundling import bundle_lines, choose

    chosen = list(choose(reader, choice))
    if not chosen:
        raise Missing("nothing that is held here is meant by that; the group zb.people says who is known")
    total = sum(share.octets for share in chosen)
    with _written_whole(options.file) as out, _bar(total, "exporting") as bar:
        for share in chosen:
            for line in bundle_lines(reader, share):
                out.write(line)
            bar.update(share.octets)
    return f"The manifests of {_people(len(chosen))}"


def _export_mbox(reader: sqlite3.Connection, options: argparse.Namespace, choice: Choice) -> str:
    from zbnntp.mbox import boards_of, mbox_messages
    from zbnntp.shelf import Shelf

    accounts = [it for it in home.accounts(options.home) if options.resident in (None, it.nick)]
    if not accounts:
        raise NotPermitted(f"no identity called {options.resident} lives in {options.home}")
    shelf = Shelf(reader, accounts[0].identity, lambda: "")
    boards = boards_of(shelf, choice.boards)
    seen: set[str] = set()
    with _written_whole(options.file) as out, _bar(sum(group.count for group in boards), "exporting", "") as bar:
        for group in boards:
            for message in mbox_messages(shelf, group, choice.people, choice.since, seen):
                out.write(message)
            bar.update(group.count)
    return f"{len(seen)} articles of {len(boards)} boards"


@contextmanager
def _written_whole(file: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name when it is whole and on disk; NotPermitted where the disk does not take it."""
    part = file.with_name(f"{file.name}.part")
    try:
        with os.fdopen(make_own(part), "wb") as raw:
            if file.suffix == PACKED:
                with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield raw
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(file)
    except OSError as error:
        raise NotPermitted(f"{file} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


# Import


@dataclass
class Tally:
    """What became of the people in a file."""

    news: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    refused: dict[str, list[str]] = field(default_factory=dict)  # why, and whose
    is_damaged: bool = False  # some of it broke a rule
    _missing: dict[str, tuple[str, dict[bytes, int]]] = field(default_factory=dict)  # nick; octets of its segments

    def note(self, offer: Offer, is_news: bool, error: ZbError | None) -> None:
        """`error`: why it was refused, if it was."""
        if error:
            self.refused.setdefault(str(error), []).append(_whose(offer))
            self.is_damaged |= isinstance(error, Invalid)
        else:
            (self.news if is_news else self.known).add(offer.pointer.hex())
            self._note_missing(offer)

    def _note_missing(self, offer: Offer) -> None:
        """A person with a lot comes as several offers of one head."""
        from zbnntp.model.manifest import open_head, open_pointer
        from zbnntp.model.shown import visible

        head = open_head(offer.head, open_pointer(offer.pointer))
        name = f"{visible(head.nick)} ({short_id(head.identity)})"
        left = self._missing.setdefault(offer.pointer.hex(), (name, {ref.sha256: ref.octets for ref in head.segments}))[
            1
        ]
        for part in offer.slices:
            left[part.segment] = left.get(part.segment, 0) - len(part.data)

    @property
    def is_empty(self) -> bool:
        return not (self.news or self.known or self.refused)

    def sentences(self) -> Iterator[str]:
        yield f"News of {_people(len(self.news))}; of {_people(len(self.known - self.news))} nothing new."
        yield from self._missing_sentences()
        for reason, whose in sorted(self.refused.items(), key=lambda it: -len(it[1]))[:REASONS_SHOWN]:
            names = ", ".join(whose[:NAMES_SHOWN]) + (", ..." if len(whose) > NAMES_SHOWN else "")
            yield f"Refused {len(whose)}: {reason} ({names})"

    def _missing_sentences(self) -> Iterator[str]:
        """Of whom not all came: cut off, or left out by whoever wrote the file."""
        found = {name: sum(octets > 0 for octets in left.values()) for name, left in self._missing.values()}
        lacking = [(name, count) for name, count in found.items() if count]
        for name, count in lacking[:REASONS_SHOWN]:
            what = "1 segment of" if count == 1 else f"{count} segments of"
            yield f"{what} {name} {'is' if count == 1 else 'are'} not in this file; what lacks is fetched from peers."
        if lacking[REASONS_SHOWN:]:
            yield f"Neither is all of {_people(len(lacking) - REASONS_SHOWN)} more."


def _whose(offer: Offer) -> str:
    """As the pointer says, whether that is true or not."""
    try:
        return short_id(Identity(parse_hex(decode(offer.pointer).get("id"))))
    except Invalid:
        return "nobody's"


def _import(options: argparse.Namespace) -> int:
    tally = Tally()
    try:
        with _opened(options.file) as (raw, lines), _bar(options.file.stat().st_size, "importing") as bar:
            _take(options.home, _offers(lines, raw, bar), tally)
    finally:
        if not tally.is_empty:
            print("\n".join(tally.sentences()))
    return 1 if tally.is_damaged or not (tally.news or tally.known) else 0


def _take(place: Path, offers: Iterator[Offer], tally: Tally) -> None:
    from zbnntp.admin import ask_node

    door = home.socket_path(place, home.ADMIN_SOCKET)
    try:
        ask_node(door, {"ask": "status"})
    except Unreachable:
        from zbnntp.importing import take_offers

        with home.locked(place):
            take_offers(place, offers, tally.note, tqdm.write)
        return
    _hand_over(door, offers, tally)


def _hand_over(door: Path, offers: Iterator[Offer], tally: Tally) -> None:
    """To the node that runs: several at the same time, but what is of one version in its order."""
    asked: deque[tuple[Offer, Future[dict[str, Any]]]] = deque()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for offer in offers:
                while len(asked) >= AT_ONCE or any(it.pointer == offer.pointer for it, _ in asked):
                    _note_answer(tally, *asked.popleft())
                asked.append((offer, pool.submit(_ask_to_take, door, offer)))
        finally:
            while asked:
                _note_answer(tally, *asked.popleft())


def _ask_to_take(door: Path, offer: Offer) -> dict[str, Any]:
    from zbnntp.admin import ask_node
    from zbnntp.model.bundle import write_offer

    return ask_node(door, {"import": b"".join(write_offer(offer)).decode()})


def _note_answer(tally: Tally, offer: Offer, coming: Future[dict[str, Any]]) -> None:
    answer = coming.result()
    kind = Invalid if answer.get("damaged") else Refused
    tally.note(offer, bool(answer.get("news")), None if answer.get("ok") else kind(str(answer.get("text"))))


def _offers(lines: Iterable[bytes], raw: IO[bytes], bar: tqdm[Any]) -> Iterator[Offer]:
    from zbnntp.model.bundle import read_bundle

    number = found = 0

    def numbered() -> Iterator[bytes]:
        nonlocal number
        for number, line in enumerate(lines, 1):  # noqa: B007 - read when one of them is damaged
            yield line

    try:
        for found, offer in enumerate(read_bundle(numbered()), 1):  # noqa: B007
            yield offer
            bar.update(raw.tell() - bar.n if raw.seekable() else 0)
    except Invalid as error:
        raise BadEncoding(f"that is no bundle, or it is damaged from line {number} on: {error}") from error
    if not found:
        raise BadEncoding("there is no manifest in that file; export it again, or copy it anew")


@contextmanager
def _opened(file: Path) -> Iterator[tuple[IO[bytes], Iterator[bytes]]]:
    """The file, for how far it is read, and its lines, unpacked; raises NotPermitted, and Invalid while reading."""
    try:
        raw = file.open("rb")
    except OSError as error:
        raise NotPermitted(f"{file} cannot be read: {error.strerror}") from error
    with raw:
        is_packed = raw.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC)  # a pipe cannot be read twice
        yield raw, _lines(gzip.GzipFile(fileobj=raw) if is_packed else raw)


def _lines(stream: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    """However long a line is, or a packed file grows, no more is read of it than a line may have."""
    try:
        while line := stream.readline(limits.BUNDLE_LINE_OCTETS + 2):
            yield line
    except (EOFError, zlib.error, OSError) as error:
        raise BadEncoding("the file is damaged or cut off") from error


def _bar(total: int, what: str, unit: str = "B") -> tqdm[Any]:
    return tqdm(total=total, desc=what, unit=unit, unit_scale=True, disable=None)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"
