"""Derived: posts and thread openings, read off the lines."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from zbnntp.model import limits
from zbnntp.model.entries import Header
from zbnntp.model.keys import Identity, PostId
from zbnntp.store import lines
from zbnntp.store.database import Store, snapshot
from zbnntp.store.ids import article_pk as article_pk
from zbnntp.store.ids import find_article as find_article
from zbnntp.store.ids import id_key as id_key
from zbnntp.store.ids import person_pk


def post_id(database: sqlite3.Connection, article: int) -> PostId:
    return PostId(database.execute("SELECT id FROM article WHERE pk = ?", (article,)).fetchone()[0])


def record_post(database: sqlite3.Connection, header: Header, line: int, now: int) -> tuple[int, bool]:
    """Note that `line` holds this post; returns its article and whether it is new here."""
    article = article_pk(database, header.id, now)
    thread = article if header.thread is None else article_pk(database, header.thread, now)
    parent = None
    for ancestor in header.parents:
        parent = article_pk(database, ancestor, now)
    author = person_pk(database, header.author)
    made = database.execute(
        "INSERT INTO post (article, author, thread, parent, line, boards, time, sage) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (article) DO NOTHING",
        (article, author, thread, parent, line, _boards_pk(database, header), header.time, header.sage),
    )
    if not made.rowcount:
        database.execute("UPDATE post SET line = ? WHERE article = ?", (line, article))
    return article, bool(made.rowcount)


def record_opening(database: sqlite3.Connection, header: Header, line: int, now: int) -> int | None:
    """Note that `line` (a post or carry) holds a thread's opening; returns the thread when that is new."""
    thread = article_pk(database, header.id, now)
    made = database.execute(
        "INSERT INTO opening (thread, author, boards, subject, line) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (thread, person_pk(database, header.author), _boards_pk(database, header), header.subject or "", line),
    )
    if made.rowcount:
        return thread
    database.execute("UPDATE opening SET line = ? WHERE thread = ?", (line, thread))
    return None


def _boards_pk(database: sqlite3.Connection, header: Header) -> int:
    """The key of the boards in which a post wants to stand."""
    names = ",".join(header.boards)
    known = database.boards if isinstance(database, Store) else {}
    if (found := known.get(names)) is None:
        row = database.execute("SELECT pk FROM boards WHERE names = ?", (names,)).fetchone()
        found = row[0] if row else database.execute("INSERT INTO boards (names) VALUES (?)", (names,)).lastrowid or 0
        if len(known) >= Store.BOARDS_MOST:
            known.clear()
        known[names] = found
    return found


def is_answered_in(database: sqlite3.Connection, opening: Header, segment: int) -> bool:
    """Whether a segment holds an answer beside which a carry of this opening counts."""
    row = database.execute(
        "SELECT 1 FROM post WHERE thread = ? AND time >= ? AND line BETWEEN ? AND ? LIMIT 1",
        (find_article(database, opening.id), earliest_answer(opening), *lines.span(segment)),
    ).fetchone()
    return row is not None


def earliest_answer(opening: Header) -> int:
    """Whoever answers has the opening already, and nobody takes what is dated further ahead."""
    return opening.time - limits.CLOCK_AHEAD_SECONDS


def record_deletion(database: sqlite3.Connection, author: int, post: PostId, now: int) -> int:
    """Note that an author took a post back; of no effect unless it is theirs. Returns its article."""
    article = article_pk(database, post, now)
    database.execute("INSERT OR IGNORE INTO deletion VALUES (?, ?)", (article, author))
    return article


def is_held(database: sqlite3.Connection, post: PostId) -> bool:
    """Whether the post itself is known here, not its header alone."""
    row = database.execute("SELECT 1 FROM post WHERE article = ?", (find_article(database, post),)).fetchone()
    return row is not None


def is_deleted(database: sqlite3.Connection, author: int, post: PostId) -> bool:
    """Whether an author took a post back, or replaced it."""
    article = find_article(database, post)
    row = database.execute("SELECT 1 FROM deletion WHERE article = ? AND author = ?", (article, author)).fetchone()
    return row is not None


def drop_post(database: sqlite3.Connection, article: int) -> None:
    """Forget a post that was never published, and its line; nobody has answered it."""
    database.execute("DELETE FROM opening WHERE thread = ?", (article,))
    database.execute("DELETE FROM line WHERE pk = (SELECT line FROM post WHERE article = ?)", (article,))
    database.execute("DELETE FROM post WHERE article = ?", (article,))


def is_answered(database: sqlite3.Connection, article: int) -> bool:
    """Whether a post opens a thread in which others are held."""
    row = database.execute("SELECT 1 FROM post WHERE thread = ?1 AND article <> ?1 LIMIT 1", (article,)).fetchone()
    return row is not None


def is_pending(database: sqlite3.Connection, article: int) -> bool:
    """Whether a post waits in the outbox."""
    row = database.execute("SELECT 1 FROM post WHERE article = ? AND line < 0", (article,)).fetchone()
    return row is not None


def deleted_lines(database: sqlite3.Connection, author: int) -> list[tuple[int, int]]:
    """Segment and line of what an author's segments still have: own posts taken back, headers that were purged."""
    return database.execute(
        "SELECT post.line >> 20, post.line FROM deletion JOIN post ON post.article = deletion.article "
        "AND post.author = deletion.author WHERE deletion.author = ?1 AND post.line > 0 UNION "
        "SELECT carry.line >> 20, carry.line FROM carry "
        "JOIN opening ON opening.thread = carry.thread JOIN article ON article.pk = carry.thread "
        "JOIN person ON person.pk = opening.author WHERE carry.carrier = ?1 "
        "AND EXISTS (SELECT 1 FROM purged WHERE purged.id IN (article.id, person.id))",
        (author,),
    ).fetchall()


def opening_boards(database: sqlite3.Connection, thread: int) -> str | None:
    """A thread's boards, comma-separated; None while its opening is not held."""
    row = database.execute(
        "SELECT names FROM opening JOIN boards ON boards.pk = opening.boards WHERE thread = ?", (thread,)
    ).fetchone()
    return row[0] if row else None


def opening_line(database: sqlite3.Connection, thread: PostId) -> tuple[Identity, bytes] | None:
    """Author and line (a post or carry) of a thread's opening."""
    with snapshot(database):
        row = database.execute(
            f"SELECT p.id, {lines.kept('o.line')} FROM opening o JOIN person p ON p.pk = o.author "  # noqa: S608
            f"{lines.joined('o.line')}WHERE o.thread = ? AND {lines.is_held('o.line')}",
            (find_article(database, thread),),
        ).fetchone()
        return (Identity(row[0]), lines.read(database, row[1])) if row else None


def opening_subject(database: sqlite3.Connection, thread: PostId) -> str:
    """A thread's subject; empty while its opening is not held."""
    article = find_article(database, thread)
    row = database.execute("SELECT subject FROM opening WHERE thread = ?", (article,)).fetchone()
    return str(row[0]) if row else ""


def drop_missing(database: sqlite3.Connection, person: int) -> list[int]:
    """Forget the posts of a person whose lines are gone; returns their articles. Openings stay: answers need them."""
    gone = [
        article
        for (article,) in database.execute(
            f"SELECT article FROM post WHERE author = ? AND NOT {lines.is_held('post.line')}",  # noqa: S608
            (person,),
        )
    ]
    for article in gone:
        database.execute("DELETE FROM post WHERE article = ?", (article,))
    return gone


class Dropped(NamedTuple):
    """A post that is not shown any more, though its line is held."""

    article: int
    thread: int
    line: int
    time: int


def drop_later(database: sqlite3.Connection, author: int, time: int) -> list[Dropped]:
    """Forget the posts of somebody that are dated after a time; openings stay: answers need them."""
    rows = database.execute(
        "DELETE FROM post WHERE author = ? AND time > ? RETURNING article, thread, line, time", (author, time)
    )
    return [Dropped(*row) for row in rows.fetchall()]


def articles_by(database: sqlite3.Connection, author: int) -> list[int]:
    return [article for (article,) in database.execute("SELECT article FROM post WHERE author = ?", (author,))]


def articles_in(database: sqlite3.Connection, thread: int) -> list[int]:
    return [article for (article,) in database.execute("SELECT article FROM post WHERE thread = ?", (thread,))]


def articles_on(database: sqlite3.Connection, board: str) -> list[int]:
    rows = database.execute(
        "SELECT article FROM post WHERE boards IN "
        "(SELECT pk FROM boards WHERE instr(',' || names || ',', ',' || ? || ','))",
        (board,),
    )
    return [article for (article,) in rows]


def affected_by(database: sqlite3.Connection, person: int) -> list[int]:
    """Posts whose place may depend on a person's level: theirs, and all in threads that they opened."""
    rows = database.execute(
        "SELECT article FROM post WHERE author = ?1 UNION SELECT p.article FROM opening o JOIN post p "
        "ON p.thread = o.thread WHERE o.author = ?1",
        (person,),
    )
    return [article for (article,) in rows]


def thread_of(database: sqlite3.Connection, article: int) -> int:
    """The thread that a post stands in; itself when it opens one."""
    row = database.execute("SELECT thread FROM post WHERE article = ?", (article,)).fetchone()
    return int(row[0]) if row else article


def answers_to(database: sqlite3.Connection, article: int, limit: int) -> list[tuple[PostId, Identity]]:
    """Posts held here that answer an article or stand in the thread that it opens, with their authors; oldest first."""
    return database.execute(
        "SELECT article.id, person.id FROM post JOIN article ON article.pk = post.article "
        "JOIN person ON person.pk = post.author WHERE post.article <> ?1 AND (post.thread = ?1 "
        "OR (post.parent = ?1 AND post.parent <> post.thread)) "
        "ORDER BY post.time LIMIT ?2",
        (article, limit),
    ).fetchall()


def last_by(database: sqlite3.Connection, author: int) -> int | None:
    """When somebody wrote the newest post held here, unix seconds."""
    row = database.execute("SELECT max(time) FROM post WHERE author = ?", (author,)).fetchone()
    return int(row[0]) if row[0] is not None else None


def all_articles(database: sqlite3.Connection) -> list[int]:
    return [article for (article,) in database.execute("SELECT article FROM post")]


def count_by(database: sqlite3.Connection, author: int) -> int:
    return int(database.execute("SELECT count(*) FROM post WHERE author = ?", (author,)).fetchone()[0])


def author_of(database: sqlite3.Connection, article: int) -> Identity | None:
    """Who wrote a post, or opened a thread whose opening is held."""
    row = database.execute(
        "SELECT person.id FROM (SELECT author FROM post WHERE article = ?1 UNION SELECT author FROM opening "
        "WHERE thread = ?1) JOIN person ON person.pk = author",
        (article,),
    ).fetchone()
    return Identity(row[0]) if row else None


def ancestry(database: sqlite3.Connection, article: int) -> tuple[PostId, bytes, Identity] | None:
    """Thread id, line and author of a post: what a reply to it is made from."""
    with snapshot(database):
        row = database.execute(
            f"SELECT article.id, {lines.kept('post.line')}, person.id FROM post "  # noqa: S608
            "JOIN article ON article.pk = post.thread JOIN person ON person.pk = post.author "
            f"{lines.joined('post.line')}WHERE post.article = ? AND {lines.is_held('post.line')}",
            (article,),
        ).fetchone()
        return (PostId(row[0]), lines.read(database, row[1]), Identity(row[2])) if row else None


def reply_counts(database: sqlite3.Connection, author: int) -> list[tuple[Identity, int]]:
    """Whom a person answered, and how often, sage left out: weak votes (docs/trust.md)."""
    return database.execute(
        "SELECT person.id, count(*) FROM post AS reply JOIN post AS parent ON parent.article = reply.parent "
        "JOIN person ON person.pk = parent.author "
        "WHERE reply.author = ? AND NOT reply.sage AND parent.author <> reply.author GROUP BY parent.author",
        (author,),
    ).fetchall()


def answered_authors(database: sqlite3.Connection, articles: Iterable[int]) -> set[int]:
    """Authors whose reply counts change when these posts arrive: their own, and those who had answered them."""
    some = json.dumps(list(articles))
    rows = database.execute(
        "SELECT author FROM post WHERE article IN (SELECT value FROM json_each(?1)) UNION "
        "SELECT author FROM post WHERE parent IN (SELECT value FROM json_each(?1)) AND parent <> thread UNION "
        "SELECT author FROM post WHERE thread IN (SELECT value FROM json_each(?1)) AND parent = thread",
        (some,),
    )
    return {author for (author,) in rows}


def segments_of(database: sqlite3.Connection, author: int, since: int) -> list[tuple[int, list[str]]]:
    """Segments that hold posts of an author written from `since` (unix seconds) on, and in which boards."""
    rows = database.execute(
        "SELECT DISTINCT post.line >> 20, boards.names FROM post JOIN boards ON boards.pk = post.boards "
        "WHERE post.author = ? AND post.time >= ? AND post.line > 0",
        (author, since),
    )
    return [(segment, boards.split(",")) for segment, boards in rows]
