"""The things that commands change, each by its kind and key: how it is read, written and told.

One table, so that every change leaves behind what it replaced and can be taken back without a word more. Values are
what JSON keeps; None (or an empty text) is the absence of the thing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from zbnntp import choosing
from zbnntp.control.people import name_of
from zbnntp.control.reports import day_text, rating_text
from zbnntp.model.entries import (
    STATE,
    Entry,
    Label,
    Profile,
    Same,
    Vote,
    make_label,
    make_profile,
    make_same,
    make_trust,
    make_vote,
    open_entry,
)
from zbnntp.model.errors import Invalid
from zbnntp.model.keys import Identity, PostId, Sha256, message_id
from zbnntp.model.views import Level
from zbnntp.registrar.rules import Rules
from zbnntp.store import choices, evidence, numbers, offers, posts, promises, ratings
from zbnntp.store.choices import Pin
from zbnntp.store.ratings import StoredRating


@dataclass(slots=True)
class Scope:
    """Whose things they are. `nick`: the owner's as it is now."""

    database: sqlite3.Connection
    view: Identity
    me: int
    nick: str
    rules: Rules  # for newcomers
    now: int  # unix seconds

    def person(self, key: str) -> int:
        return evidence.person_pk(self.database, Identity(bytes.fromhex(key)))

    def say(self, line: bytes) -> None:
        """Put a state line into the outbox."""
        evidence.add_pending(self.database, self.me, STATE, line)


@dataclass(frozen=True, slots=True)
class Fact:
    """One kind of thing. `published`: others get it; `ranked`: trust has to be computed anew."""

    subject: Callable[[Scope, str], str]
    text: Callable[[Any], str]
    read: Callable[[Scope, str], Any]
    write: Callable[[Scope, str, Any], None]
    published: bool = False
    ranked: bool = False


def newest(scope: Scope, kind: str, about: str, key: str) -> Entry | None:
    """The owner's last state line of a key; `about` is a text that stands in every such line."""
    needles = (f'"kind":"{kind}"'.encode(), about.encode())
    for _, line in reversed(evidence.lines_of(scope.database, scope.me, STATE)):
        if all(needle in line for needle in needles):
            entry = _open(line, scope.view)
            if entry is not None and getattr(entry, "key", "") == key:
                return entry
    return None


def _open(line: bytes, author: Identity) -> Entry | None:
    try:
        return open_entry(line, author, STATE)
    except Invalid:
        return None


# ratings


def _read_rating(scope: Scope, key: str) -> list[Any] | None:
    found = ratings.find_rating(scope.database, scope.me, scope.person(key))
    return [found.mt, found.tlt, found.note] if found else None


def _write_rating(scope: Scope, key: str, value: Sequence[Any] | None) -> None:
    mt, tlt, note = value or (None, None, "")
    target = Identity(bytes.fromhex(key))
    scope.say(make_trust(target, mt, tlt, note, scope.now))
    rating = StoredRating(target, mt, tlt, note, None) if value else None
    ratings.put_rating(scope.database, scope.me, scope.person(key), rating)


def _rating_text(value: Sequence[Any] | None) -> str:
    return rating_text(StoredRating(Identity(b""), value[0], value[1], value[2], None) if value else None)


def _read_private(scope: Scope, key: str) -> list[Any] | None:
    found = choices.find_private_rating(scope.database, scope.me, scope.person(key))
    return [found.mt, found.tlt] if found else None


def _write_private(scope: Scope, key: str, value: Sequence[Any] | None) -> None:
    mt, tlt = value or (None, None)
    choices.put_private_rating(scope.database, scope.me, scope.person(key), mt, tlt)


def _private_text(value: Sequence[Any] | None) -> str:
    return _rating_text([*value, ""] if value else None)


# posts


def _read_vote(scope: Scope, key: str) -> list[Any] | None:
    found = newest(scope, "vote", key, f"vote {key}")
    return [found.author.hex(), found.value] if isinstance(found, Vote) and found.value else None


def _write_vote(scope: Scope, key: str, value: Sequence[Any] | None) -> None:
    author, number = value or [(_read_vote(scope, key) or [scope.view.hex()])[0], 0]
    scope.say(make_vote(PostId(bytes.fromhex(key)), Identity(bytes.fromhex(author)), number))


def _vote_text(value: Sequence[Any] | None) -> str:
    return {None: "none", 1: "up", -1: "down"}[value[1] if value else None]


def _read_label(scope: Scope, key: str) -> str | None:
    found = newest(scope, "label", key.partition(" ")[0], f"label {key}")
    return found.note if isinstance(found, Label) and not found.off else None


def _write_label(scope: Scope, key: str, value: str | None) -> None:
    post, _, name = key.partition(" ")
    scope.say(make_label(PostId(bytes.fromhex(post)), name, value or "", off=value is None))


def _label_text(value: str | None) -> str:
    return "none" if value is None else f'there, "{value}"' if value else "there"


# oneself


def _read_profile(scope: Scope, key: str) -> str:
    found = newest(scope, "profile", "", "profile")
    return found.text if isinstance(found, Profile) else ""


def _write_profile(scope: Scope, key: str, value: str) -> None:
    found = newest(scope, "profile", "", "profile")
    scope.say(make_profile(value, isinstance(found, Profile) and found.registrar))


def _read_offer(scope: Scope, key: str) -> int | None:
    return offers.offers(scope.database, scope.me).get(key)


def _write_offer(scope: Scope, key: str, value: int | None) -> None:
    """Whoever offers a way in says in the profile that he is a registrar, so that all of them together count little."""
    offers.put_offer(scope.database, scope.me, key, value)
    found, marked = newest(scope, "profile", "", "profile"), bool(offers.offers(scope.database, scope.me))
    text, was = (found.text, found.registrar) if isinstance(found, Profile) else ("", False)
    if was != marked:
        scope.say(make_profile(text, marked))


def _offer_text(value: int | None) -> str:
    return "not offered" if value is None else f"offered to {value} newcomers a day"


def _read_nick(scope: Scope, key: str) -> str:
    return scope.nick


def _write_nick(scope: Scope, key: str, value: str) -> None:
    promises.put_meta(scope.database, f"nick {scope.view.hex()}", value)
    scope.nick = value


# what is kept for oneself


def _read_board(scope: Scope, key: str) -> list[Any] | None:
    found = numbers.find_newsgroup(scope.database, scope.me, key)
    return [found.hidden, found.description] if found else None


def _write_board(scope: Scope, key: str, value: Sequence[Any] | None) -> None:
    """A board stays a group for ever once it was one: the numbers given there are promises."""
    newsgroup = numbers.add_newsgroup(scope.database, scope.me, key, scope.now)
    hidden, description = value or (1, None)
    if description is not None:
        numbers.set_description(scope.database, newsgroup, description)
    choosing.hide_board(scope.database, scope.me, newsgroup, key, bool(hidden), scope.now)


def _board_text(value: Sequence[Any] | None) -> str:
    if value is None:
        return "not there"
    return ("hidden" if value[0] else "shown") + (f', described as "{value[1]}"' if value[1] else "")


def filter_key(pattern: str, is_regex: bool) -> str:
    return json.dumps([pattern, is_regex])


def filter_name(key: str) -> str:
    pattern, is_regex = json.loads(key)
    return f"/{pattern}/" if is_regex else f'"{pattern}"'


def _read_filter(scope: Scope, key: str) -> list[Any] | None:
    pattern, is_regex = json.loads(key)
    found = [
        it for it in choices.filters(scope.database, scope.me) if [it.pattern, bool(it.is_regex)] == [pattern, is_regex]
    ]
    return [found[0].until] if found else None


def _write_filter(scope: Scope, key: str, value: Sequence[Any] | None) -> None:
    pattern, is_regex = json.loads(key)
    if value is not None:
        choices.add_filter(scope.database, scope.me, pattern, is_regex, value[0])
        return
    for it in choices.filters(scope.database, scope.me):
        if [it.pattern, bool(it.is_regex)] == [pattern, is_regex]:
            choices.drop_filter(scope.database, scope.me, it.pk)


def filter_text(value: Sequence[Any] | None) -> str:
    if value is None:
        return "not there"
    return f"in force until {day_text(value[0] - 1)}" if value[0] else "in force"


def _thread(scope: Scope, key: str) -> int:
    return posts.article_pk(scope.database, PostId(bytes.fromhex(key)), scope.now)


def _read_watch(scope: Scope, key: str) -> bool:
    return choices.is_watched(scope.database, scope.me, _thread(scope, key))


def _write_watch(scope: Scope, key: str, value: bool) -> None:
    choosing.watch(scope.database, scope.me, _thread(scope, key), value, scope.now)


def group_name(scope: Scope, kind: str, key: str) -> str:
    """What the groups of a person are called; empty when there are none."""
    rows = (choices.by if kind == "by" else choices.via)(scope.database, scope.me)
    return next((it.name for it in rows if it.identity.hex() == key), "")


def _read_by(scope: Scope, key: str) -> bool:
    return bool(group_name(scope, "by", key))


def _write_by(scope: Scope, key: str, value: bool) -> None:
    change = choosing.show_by if value else choosing.hide_by
    change(scope.database, scope.me, scope.person(key), scope.now)


def _read_via(scope: Scope, key: str) -> bool:
    return bool(group_name(scope, "via", key))


def _write_via(scope: Scope, key: str, value: bool) -> None:
    change = choosing.show_via if value else choosing.hide_via
    change(scope.database, scope.me, scope.person(key), scope.now)


def _read_pin(scope: Scope, key: str) -> list[Any] | None:
    found = choices.find_pin(scope.database, scope.me, scope.person(key))
    return [found.seq, found.head_sha256.hex(), int(found.level)] if found else None


def _write_pin(scope: Scope, key: str, value: Sequence[Any] | None) -> None:
    identity, person = Identity(bytes.fromhex(key)), scope.person(key)
    kept = Pin(person, identity, value[0], Sha256(bytes.fromhex(value[1])), Level(value[2])) if value else None
    choices.put_pin(scope.database, scope.me, person, kept)


def _read_same(scope: Scope, key: str) -> bool | None:
    found = newest(scope, "same", key, f"same {key}")
    return True if isinstance(found, Same) and not found.off else None


def _write_same(scope: Scope, key: str, value: bool | None) -> None:
    scope.say(make_same(Identity(bytes.fromhex(key)), off=not value))


def _read_mirror(scope: Scope, key: str) -> bool | None:
    return choices.mirror_choice(scope.database, scope.me, scope.person(key))


def _write_mirror(scope: Scope, key: str, value: bool | None) -> None:
    choices.put_mirror_choice(scope.database, scope.me, scope.person(key), value)


def mirror_text(value: bool | None) -> str:
    return {None: "auto", True: "on", False: "off"}[value]


def _read_note(scope: Scope, key: str) -> str:
    return choices.note(scope.database, scope.me, scope.person(key))


def _write_note(scope: Scope, key: str, value: str) -> None:
    choices.put_note(scope.database, scope.me, scope.person(key), value)


# how they are told


def quoted(value: str) -> str:
    return f'"{value}"' if value else "none"


def _plain(value: str) -> str:
    return value or "none"


def _there(value: bool) -> str:
    return "there" if value else "not there"


def _of(what: str) -> Callable[[Scope, str], str]:
    """`bob (ei5f2vf5): trust`."""
    return lambda scope, key: f"{name_of(scope.database, Identity(bytes.fromhex(key)))}: {what}"


def _on(what: str) -> Callable[[Scope, str], str]:
    return lambda scope, key: f"{what} {message_id(PostId(bytes.fromhex(key.partition(' ')[0])))}"


def _fixed(what: str) -> Callable[[Scope, str], str]:
    return lambda scope, key: what


FACTS: dict[str, Fact] = {
    "rating": Fact(_of("trust"), _rating_text, _read_rating, _write_rating, published=True, ranked=True),
    "private": Fact(_of("private trust"), _private_text, _read_private, _write_private, ranked=True),
    "note": Fact(_of("your note"), quoted, _read_note, _write_note),
    "vote": Fact(_on("Your vote on"), _vote_text, _read_vote, _write_vote, published=True),
    "label": Fact(
        lambda scope, key: f"{_on('Your label on')(scope, key)}, {key.partition(' ')[2]},",
        _label_text,
        _read_label,
        _write_label,
        published=True,
    ),
    "profile": Fact(_fixed("Your profile"), quoted, _read_profile, _write_profile, published=True),
    "offer": Fact(lambda scope, key: f"Registrar, {key}", _offer_text, _read_offer, _write_offer, published=True),
    "nick": Fact(_fixed("Your name"), _plain, _read_nick, _write_nick, published=True),
    "board": Fact(lambda scope, key: f"Board {key}", _board_text, _read_board, _write_board),
    "filter": Fact(lambda scope, key: f"Filter {filter_name(key)}", filter_text, _read_filter, _write_filter),
    "watch": Fact(_on("The thread of"), lambda value: "watched" if value else "not watched", _read_watch, _write_watch),
    "by": Fact(_of("a group of what they write"), _there, _read_by, _write_by),
    "via": Fact(_of("groups through their eyes"), _there, _read_via, _write_via, ranked=True),
    "pin": Fact(_of("held at a version"), lambda value: "yes" if value else "no", _read_pin, _write_pin, ranked=True),
    "same": Fact(_of("you as well"), lambda value: "yes" if value else "no", _read_same, _write_same, published=True),
    "mirror": Fact(_of("passed on"), mirror_text, _read_mirror, _write_mirror),
}
