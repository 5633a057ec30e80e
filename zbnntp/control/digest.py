"""zb.log: once a day what was shown, hidden, refused and reported, and because of whom; at once forks, and trouble with
one's own identity.

What happens is noted in the diary, in the transaction in which it happens. docs/newsgroups.md "zb.log".
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zbnntp.control.ledger import own_rating
from zbnntp.control.people import name_of
from zbnntp.control.progress import first_visit_text
from zbnntp.control.reports import day_text, flat, percent, rating_text, these_posts, wrapped
from zbnntp.local import LOG, Note, file_note
from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.standing import Outcome
from zbnntp.store import diary, evidence, numbers, promises, ratings
from zbnntp.store.diary import Entry
from zbnntp.store.ratings import StoredRating
from zbnntp.trust.explain import VoteBudget
from zbnntp.visibility import Settled

DAY_SECONDS = 86_400
LINES_SHOWN = 50  # of one kind; the rest is counted
SPEAKERS = 20
LEVELS = {Level.FULL: "shown", Level.LIMITED: "shown in threads of others", Level.HIDDEN: "hidden"}


@dataclass(slots=True)
class Change:
    """How somebody's level changed in the course of a day."""

    before: Level
    after: Level
    settled: Settled


def note_outcome(database: sqlite3.Connection, view: Identity, outcome: Outcome, now: int) -> None:
    """Into the diary: whose level a refresh changed."""
    me = evidence.person_pk(database, view)
    for who, moved in outcome.moved.items():
        person, levels = evidence.person_pk(database, who), f"{int(moved.before)} {int(moved.after)}"
        shown, hidden = moved.settled.shown, moved.settled.hidden
        diary.add(database, me, "level", levels, now, person, shown, hidden)


def file_alarm(database: sqlite3.Connection, me: int, text: str, now: int) -> None:
    """What cannot wait for the digest."""
    file_note(database, me, Note(LOG, _subject(text), wrapped(text) + "\n"), now)


def file_digests(database: sqlite3.Connection, tell: Iterable[tuple[int, VoteBudget]], now: int) -> None:
    """The digest of each view that is due one; with what the view has spent of its votes."""
    for me, budget in tell:
        if _is_due(database, me, now):
            _note_budget(database, me, budget, now)
            file_digest(database, me, now)


def _is_due(database: sqlite3.Connection, me: int, now: int) -> bool:
    return int(promises.find_meta(database, f"digest {me}") or 0) < now // DAY_SECONDS


def file_digest(database: sqlite3.Connection, me: int, now: int) -> bool:
    """The digest of the days before today, if there is something to tell and none was made today."""
    today = now // DAY_SECONDS
    if not _is_due(database, me, now):
        return False
    promises.put_meta(database, f"digest {me}", str(today))
    entries = diary.entries(database, me, today * DAY_SECONDS)
    text = digest_text(database, me, entries)
    diary.forget(database, me, today * DAY_SECONDS)
    if text:
        day = day_text(entries[0].at)
        file_note(database, me, Note(LOG, f"What your node did on {day}", wrapped(text)), now)
    return bool(text)


def digest_text(database: sqlite3.Connection, me: int, entries: Sequence[Entry]) -> str:
    """Empty when nothing is worth telling."""
    changes = _changes(entries)
    appeared = [(person, it) for person, it in changes.items() if it.after > it.before]
    vanished = [(person, it) for person, it in changes.items() if it.after < it.before]
    parts = [
        _section("Shown now that was not:", (_line(database, me, *it) for it in appeared), len(appeared)),
        _section("No longer shown as before:", (_line(database, me, *it) for it in vanished), len(vanished)),
        _told("Reported by people whose judgement you trust:", _labels(database, me, entries)),
        _section("Fetched for the first time:", *_first_visits(database, me, entries)),
        _told("Refused, and what else there was:", [it.text for it in entries if it.kind == "said"]),
    ]
    text = "\n\n".join(part for part in parts if part)
    return f"{text}\n\nAsk 'why WHO' for the numbers behind it." if appeared or vanished else text


def _note_budget(database: sqlite3.Connection, me: int, budget: VoteBudget, now: int) -> None:
    """Somebody who praises more people than he has votes for is told so, and again when the number is another."""
    key, told = f"budget {me}", str(budget.too_many if budget.factor < 1 else 0)
    if (promises.find_meta(database, key) or "0") == told:
        return
    promises.put_meta(database, key, told)
    if budget.factor < 1:
        people = "1 of them" if budget.too_many == 1 else f"{budget.too_many} of them"
        text = (
            f"You praise more people than you have votes for, so for others each of your ratings counts "
            f"{percent(round(budget.factor, 4))} in 100 of what you wrote; without {people} all would count in full"
        )
        diary.add(database, me, "said", text, now - now % DAY_SECONDS - 1)


def _changes(entries: Iterable[Entry]) -> dict[int, Change]:
    """The first level of the day against the last, those who moved most posts first."""
    found: dict[int, Change] = {}
    for entry in entries:
        if entry.kind == "level" and entry.person is not None:
            before, after = (Level(int(it)) for it in entry.text.split())
            change = found.setdefault(entry.person, Change(before, after, Settled()))
            change.after, change.settled = after, change.settled + Settled(entry.shown, entry.hidden)
    order = sorted(found, key=lambda it: (-found[it].settled.shown - found[it].settled.hidden, it))
    return {person: found[person] for person in order}


def _line(database: sqlite3.Connection, me: int, person: int, change: Change) -> str:
    identity = evidence.identity_of(database, person)
    counted = these_posts(_net(database, me, person, change)).rstrip(".")
    what = f"{LEVELS[change.before]} before, {LEVELS[change.after]} now" + (f"; {counted}" if counted else "")
    return f"{name_of(database, identity)}: {what}. {_because(database, me, person, change)}"


def _net(database: sqlite3.Connection, me: int, person: int, change: Change) -> Settled:
    """What is left of a day's coming and going."""
    if change.after > change.before:
        return Settled(shown=len(numbers.exposed_by(database, me, person)))
    return Settled(hidden=max(0, change.settled.hidden - change.settled.shown))


def _because(database: sqlite3.Connection, me: int, person: int, change: Change) -> str:
    """Whose word moved somebody, as it stands when it is told."""
    own = own_rating(database, me, person)
    if own is not None and own.mt is not None:
        return f"You rate them {rating_text(own)}."
    up = change.after > change.before
    heard = [it for it, _ in ratings.raters_heard(database, me, person, SPEAKERS) if _speaks(it, up)]
    if not heard:
        return "Nobody whose judgement you trust speaks for them any more." if not up else "Trust in them has grown."
    first = f"{name_of(database, heard[0].target)} rates them {rating_text(heard[0])}"
    return first + (f", and {len(heard) - 1} more say the like." if len(heard) > 1 else ".")


def _speaks(rating: StoredRating, up: bool) -> bool:
    return (rating.mt or 0) > 0 or (rating.tlt or 0) > 0 if up else (rating.mt or 0) < 0


def _labels(database: sqlite3.Connection, me: int, entries: Iterable[Entry]) -> list[str]:
    """Labels given by those whose judgement counts when it is told."""
    found = []
    for entry in entries:
        standing = ratings.find_standing(database, me, entry.person) if entry.kind == "label" and entry.person else None
        if entry.person is not None and standing is not None and standing.tlt > 0:
            found.append(f"{name_of(database, evidence.identity_of(database, entry.person))}: {entry.text}")
    return found


def _first_visits(database: sqlite3.Connection, me: int, entries: Iterable[Entry]) -> tuple[Iterable[str], int]:
    """Who came for the first time and is fetched still, and how many there are."""
    came = [it.person for it in entries if it.kind == "came" and it.person is not None]
    there = [it for it in came if (standing := ratings.find_standing(database, me, it)) and standing.fetch]
    return (first_visit_text(database, it) for it in there), len(there)


def _told(title: str, sentences: Iterable[str]) -> str:
    """Sentences once each, with how often they came."""
    counted = Counter(sentences)
    lines = (text + (f" ({count} times)" if count > 1 else "") for text, count in counted.items())
    return _section(title, lines, len(counted))


def _section(title: str, lines: Iterable[str], count: int) -> str:
    if not count:
        return ""
    shown = [f"- {flat(line)}" for _, line in zip(range(LINES_SHOWN), lines, strict=False)]
    rest = [f"- and {count - LINES_SHOWN} more"] if count > LINES_SHOWN else []
    return "\n".join([title, *shown, *rest])


def _subject(text: str) -> str:
    return text if len(text) <= 70 else text[:67] + "..."
