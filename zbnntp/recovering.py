"""`zbnntp recover`: what an owner does with recovery words, on the files of a node that does not run.

The words are a key that stands above the identity's own. With it a new identity takes an old one's place, an identity
is ended, or the words themselves are replaced. The words are used here and kept nowhere. What has to be known by others
is put where the node finds it at its next start: a move among the notices and in the outbox of who follows, a new
commitment in the key file. docs/recovery.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zbnntp import halfway, home
from zbnntp.home import STORE_FILE, Account
from zbnntp.model.believing import believe
from zbnntp.model.entries import POSTS, STATE, Label, Profile, Same, Trust, Vote
from zbnntp.model.errors import NotPermitted
from zbnntp.model.kept import state_key
from zbnntp.model.keys import Identity, Sha256, Signer, parse_identity, sha256, short_id
from zbnntp.model.limits import RENEWALS
from zbnntp.model.manifest import open_head, open_pointer
from zbnntp.model.succession import Renewal, make_move, make_renewal, open_move, open_renewals, print_renewals
from zbnntp.moving import MOVES_EACH, take_move
from zbnntp.spoken import keep_state
from zbnntp.store import endings, evidence, notices, promises, views
from zbnntp.store.database import prepare, transaction

NOT_THE_WORDS = (
    "these are not the recovery words by which that identity is known here; they may have been renewed since"
)
UNPUBLISHED = (
    "others do not know these words yet: use those from before the renewal, or start the node once so that the renewal "
    "is published"
)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a move has left: `version` is the seq of the last good one; `unpublished` are posts that never went out."""

    identity: Identity
    version: int
    unpublished: int
    later: tuple[int, ...]  # versions known here that do not count any more


@dataclass(frozen=True, slots=True)
class Wish:
    """What to do about whom. `last`: seq of the last good version, as the owner says; `own`: of the last made here."""

    recovery: Signer
    source: Identity
    last: int | None
    own: int | None
    written: Sha256 | None  # the commitment in the key file, if it is here; others may not know it yet
    now: int  # unix seconds


def renew(directory: Path, place: Path, recovery: Signer, show: Callable[[str], None]) -> None:
    """Commit to a new recovery key, whose words are shown before. The node publishes that at its next start."""
    content = home.read_key_file(place)
    identity = parse_identity(content["identity"])
    renewals, newest = _newest_commitment(directory, identity, content)
    if newest != sha256(recovery.identity):
        raise NotPermitted(f"these are not the recovery words of {content['nick']}; they may have been renewed since")
    if len(renewals) >= RENEWALS:
        raise NotPermitted(
            f"these words were renewed {RENEWALS} times, and more is not allowed; move to a new identity"
        )
    words, following = home.make_words()
    renewal = make_renewal(identity, recovery, following)
    show(words)
    home.write_key_file(place, content | {"next": following.hex(), "next_by": print_renewals([*renewals, renewal])})


def commitment_in(place: Path) -> Sha256:
    """The hash of the recovery key, as a key file has it."""
    return Sha256(bytes.fromhex(home.read_key_file(place)["next"]))


def _newest_commitment(
    directory: Path, identity: Identity, content: Mapping[str, Any]
) -> tuple[tuple[Renewal, ...], Sha256]:
    """That of the key file, or that of the newest head when the key file is older; NotPermitted after an end."""
    with _store(directory) as database:
        if endings.find(database, evidence.find_person(database, identity)):
            raise NotPermitted("that identity has ended, and its words are not needed any more; nothing was changed")
        held = evidence.find_manifest(database, identity)
    renewals = open_renewals(dict(content))
    head = open_head(held.head, open_pointer(held.pointer)) if held else None
    if head and len(head.next_by) > len(renewals):
        return head.next_by, head.next
    return renewals, Sha256(bytes.fromhex(content["next"]))


def revoke(directory: Path, accounts: list[Account], wish: Wish) -> Ended:
    """End an identity without a successor."""
    with _store(directory) as database:
        return _end(database, [it.identity for it in accounts], wish, None)


def take_over(directory: Path, accounts: list[Account], wish: Wish, heir: Signer) -> Ended:
    """An identity of this home follows another one, and takes over what that one said of others."""
    with _store(directory) as database:
        ended = _end(database, [it.identity for it in accounts], wish, heir)
        _inherit(database, ended, heir.identity, wish.now)
        return ended


def check_new(directory: Path, place: Path, wish: Wish) -> str:
    """NotPermitted, with nothing written, when no new identity can follow; returns the nick that others know."""
    incoming = place / home.INCOMING
    heir = parse_identity(home.read_key_file(incoming)["identity"]) if home.has_keys(incoming) else None
    with _store(directory) as database:
        _checked_last(database, wish, heir)
        held = evidence.find_manifest(database, wish.source)
        return promises.find_meta(database, f"nick {wish.source.hex()}") or (held.nick if held else "")


def give_up(directory: Path, place: Path) -> None:
    """Forget a new identity that has not taken the old one's place. NotPermitted when others may learn of it."""
    incoming = place / home.INCOMING
    if not home.has_keys(incoming):
        raise NotPermitted("no move to a new identity was broken off here")
    old, new = (parse_identity(home.read_key_file(it)["identity"]) for it in (place, incoming))
    with _store(directory) as database:
        if halfway.is_made(database, old, new):
            raise NotPermitted("that move is made already; run 'zbnntp recover --new' again to end it")
    halfway.drop_keys(incoming)


def begin_anew(place: Path, nick: str, passphrase: str | None, show: Callable[[str], None]) -> bool:
    """A key for a new identity beside that of the old one, which `replace` puts in its place; its words are shown.

    False when an attempt that was broken off has left one: then that is used, and its words were shown then.
    """
    incoming = place / home.INCOMING
    if home.has_keys(incoming):
        return False
    home.make_keys(incoming, nick, passphrase, show)
    return True


def replace(directory: Path, place: Path, accounts: list[Account], wish: Wish, heir: Signer) -> Ended:
    """The new identity gets the old one's place, its view of the store and what it said of others."""
    with _store(directory) as database:
        old = evidence.person_pk(database, wish.source)
        views.hand_over(database, old, evidence.person_pk(database, heir.identity))
        mine = [heir.identity if it.identity == wish.source else it.identity for it in accounts]
        ended = _end(database, mine, wish, heir)
        _inherit(database, ended, heir.identity, wish.now)
    halfway.replace_key(place, place / home.INCOMING, f"retired-{short_id(wish.source)}.json")
    return ended


@contextmanager
def _store(directory: Path) -> Iterator[sqlite3.Connection]:
    prepare(directory / STORE_FILE)
    with transaction(directory / STORE_FILE) as database:
        yield database


def _end(database: sqlite3.Connection, own: Sequence[Identity], wish: Wish, heir: Signer | None) -> Ended:
    """Make the move, keep it, and put it into what the heir publishes next."""
    last = _checked_last(database, wish, heir.identity if heir else None)
    person = evidence.person_pk(database, wish.source)
    raw = make_move(wish.source, last, wish.now, wish.recovery, heir)
    taken = take_move(database, [evidence.person_pk(database, it) for it in own], open_move(raw), wish.now)
    if not taken.news and raw not in (it.line for it in notices.of_person(database, person, notices.MOVE)):
        raise NotPermitted("a later move to the same identity is known here; nothing was changed")
    if heir:
        evidence.add_pending(database, evidence.person_pk(database, heir.identity), STATE, raw)
    unpublished = sum(item.role == POSTS for item in evidence.outbox(database, person))
    later = tuple(seq for seq, head, _ in evidence.versions(database, person) if (seq, head) > last)
    return Ended(wish.source, last[0], unpublished, later)


def _checked_last(database: sqlite3.Connection, wish: Wish, heir: Identity | None) -> tuple[int, Sha256]:
    """The last good version; NotPermitted unless a move with these words would be kept and believed."""
    person, commitment = evidence.find_person(database, wish.source) or 0, sha256(wish.recovery.identity)
    pinned = notices.pinned_next(database, person)
    if pinned is not None and pinned != commitment:
        raise NotPermitted(UNPUBLISHED if commitment == wish.written else NOT_THE_WORDS)
    last = _last(database, person, wish)
    known = [it.about for it in notices.of_person(database, person, notices.MOVE)]
    if len(known) >= MOVES_EACH and (heir or b"") not in known:
        raise NotPermitted("too many moves of that identity are known here; nothing was changed")
    return last


def _last(database: sqlite3.Connection, person: int, wish: Wish) -> tuple[int, Sha256]:
    """The last good version: the one asked for, that of an earlier move, the last made here, or the newest held."""
    held = evidence.find_manifest(database, wish.source)
    if held is None and wish.own == 0:
        raise NotPermitted("that identity has published nothing, so nobody knows it; make another with 'zbnntp init'")
    if held is None:
        raise NotPermitted("nothing of that identity is here; follow somebody who has it, and try again when it came")
    known = {seq: head for seq, head, _ in evidence.versions(database, person)}
    if wish.last is not None:
        if wish.last not in known:
            raise NotPermitted(f"no version {wish.last} is known here, but {', '.join(map(str, sorted(known)))}")
        return wish.last, known[wish.last]
    ending = endings.find(database, person)
    if ending:
        return ending.seq, ending.head_sha256
    seq = wish.own if wish.own in known else held.seq
    return seq, known[seq]


def _inherit(database: sqlite3.Connection, ended: Ended, heir: Identity, now: int) -> None:
    """What somebody said of others is said by who follows, from the next head on, unless they say something else."""
    source, end = ended.identity, ended.version
    old, new = evidence.person_pk(database, source), evidence.person_pk(database, heir)
    said = {state_key(line) for _, line in evidence.lines_of(database, new, STATE)}
    newest = {state_key(line): line for _, line in evidence.lines_of(database, old, STATE)}
    for key, line in newest.items():
        entry = believe(line, source, STATE)
        if key not in said and isinstance(entry, Trust | Vote | Label | Profile | Same) and _is_good(entry, heir, end):
            evidence.add_pending(database, new, STATE, line)
    keep_state(database, new, True, now)


def _is_good(entry: Trust | Vote | Label | Profile | Same, heir: Identity, end: int) -> bool:
    """Neither about whoever says it, nor a rating that came after the end (unix seconds)."""
    about_heir = isinstance(entry, Trust | Same) and entry.target == heir
    return not about_heir and not (isinstance(entry, Trust) and entry.time > end)
