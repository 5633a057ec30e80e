"""What somebody says in state lines, read into the store: ratings, votes, labels. Of one key the last line counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from zbnntp.model import limits
from zbnntp.model.believing import believe
from zbnntp.model.entries import STATE, Label, Profile, Trust, Vote
from zbnntp.store import endings, evidence, labels, posts, ratings, votes
from zbnntp.store.ratings import StoredRating
from zbnntp.store.votes import StoredVote


def keep_state(database: sqlite3.Connection, person: int, own: bool, now: int) -> list[Label]:
    """Read ratings, votes and labels off state lines: of each key the last counts. `own`: it has a view here.

    Returns the labels that are new.
    """
    entries = _newest_state(database, person)
    _replace_ratings(database, person, entries)
    said = [entry for entry in entries if isinstance(entry, Vote) and entry.value]
    kept = {
        posts.article_pk(database, it.post, now): StoredVote(evidence.person_pk(database, it.author), it.value)
        for it in said[-limits.VOTE_LINES :]
    }
    votes.replace_votes(database, person, kept, own)
    said_of = [entry for entry in entries if isinstance(entry, Label) and not entry.off]
    return labels.replace_labels(database, person, said_of[-limits.LABEL_LINES :], now)


def keep_ratings(database: sqlite3.Connection, person: int) -> None:
    """Read a person's ratings off the state lines, of each target the last; and whether he says he is a registrar."""
    _replace_ratings(database, person, _newest_state(database, person))


def _replace_ratings(
    database: sqlite3.Connection, person: int, entries: Sequence[Trust | Vote | Profile | Label]
) -> None:
    ratings.set_registrar(database, person, any(isinstance(it, Profile) and it.registrar for it in entries))
    rows = [
        (evidence.person_pk(database, it.target), StoredRating(it.target, it.mt, it.tlt, it.note, it.until))
        for it in entries
        if isinstance(it, Trust) and (it.mt is not None or it.tlt is not None)
    ]
    ratings.replace_ratings(database, person, rows[: limits.TRUST_LINES])


def _newest_state(database: sqlite3.Connection, person: int) -> list[Trust | Vote | Profile | Label]:
    """Of each key the last; of somebody who has ended, no ratings that are later than that."""
    identity, ending = evidence.identity_of(database, person), endings.find(database, person)
    newest: dict[str, Trust | Vote | Profile | Label] = {}
    for _, line in evidence.lines_of(database, person, STATE):
        entry = believe(line, identity, STATE)
        late = isinstance(entry, Trust) and ending is not None and entry.time > ending.seq
        if isinstance(entry, Trust | Vote | Profile | Label) and not late:
            newest[entry.key] = entry
    return list(newest.values())
