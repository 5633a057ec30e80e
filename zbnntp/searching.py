"""Looking for words in all posts that a view shows: what a query says, and the way through the store.

A post is unpacked, and whether the words occur at all costs a microsecond, so that most posts are passed by after that.
What then remains is read as its author wrote it - without what is quoted from others - and the newest are kept. As soon
as there are enough, what is older than these is not even unpacked. With an index of words (store/wordindex.py) only
posts in which all of them are come this way, and those that are not in it yet. docs/newsgroups.md "Search".
"""

from __future__ import annotations

import heapq
import json
import re
import sqlite3
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from itertools import chain

from zbnntp.model.article import subject_text
from zbnntp.model.errors import NotPermitted
from zbnntp.model.kept import reopen_post
from zbnntp.model.keys import Identity, PostId
from zbnntp.store import numbers, scanning, sources, wordindex
from zbnntp.store.scanning import Place

HITS_MOST = 50
WORDS_MOST = 20
STEP_OCTETS = 128 * 1024  # unpacked and looked through in about a millisecond, in five where every word is frequent
UNPACKING_OCTETS = 2 * 1024  # what opening the frame of a post costs, as octets looked through
CLOSER_LOOK_OCTETS = 8 * 1024  # what reading a post and asking where it stands costs, as octets looked through
SNIPPET_CHARACTERS = 150
EXAMPLE = 'search kernel "out of memory" board:tech.linux author:bob after:2026-01-31'
_NO_BLANKS = "\u0e00"  # from here on are most scripts that do not put blanks between words
_QUOTES = str.maketrans("“”„«»", '"""""')
_ITEM = re.compile(
    r'(?i:(?P<key>board|author|after|before):)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>[^\s"]+)|(?(key)|(?!)))'
)
_QUOTED = re.compile(r"(?:^>.*(?:\n|\Z))+", re.MULTILINE)
_PART = "\n_\n"  # a word of its own
_WORD = re.compile(r"\w+")
_PARTS = re.compile(rf"[^{_NO_BLANKS}-\U0010ffff]+|[{_NO_BLANKS}-\U0010ffff]")
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{1,2}))?(?:-([0-9]{1,2}))?")
_FUTURE = 1 << 62


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. All phrases have to occur, each a row of folded words of which the last may go on (`*`).

    `boards` are patterns, `authors` as people write them; any of each. `after` and `before` are unix seconds, the
    first belongs to what is meant.
    """

    phrases: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    after: int = 0
    before: int = _FUTURE


@dataclass(frozen=True, slots=True)
class Hit:
    """A post that was found; `groups` are those in which it stands, `snippet` the words around what was looked for."""

    id: PostId
    author: Identity
    time: int  # unix seconds
    subject: str
    groups: tuple[str, ...]
    snippet: str


@dataclass(frozen=True, slots=True)
class Found:
    """The newest hits, the newest first; `full`: there may be older ones. `looked`: so many posts are held."""

    hits: tuple[Hit, ...]
    full: bool
    looked: int


def fold(text: str) -> str:
    """The same for what differs in case or in how characters are composed only."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def parse_query(text: str) -> Query:
    """Raises NotPermitted with a sentence."""
    found: dict[str, list[str]] = {"": [], "board": [], "author": [], "after": [], "before": []}
    for match in _ITEM.finditer(text.translate(_QUOTES)):
        key, value = (match["key"] or "").lower(), (match["quoted"] or match["plain"] or "").strip()
        if key and not value:
            raise NotPermitted(f"write what is meant right behind '{key}:', without a blank")
        found[key] += [value] if value else []
    phrases = tuple(filter(None, map(_phrase, found.pop(""))))
    if not phrases and not any(found.values()):
        raise NotPermitted(f"say what to look for, for example: {EXAMPLE}")
    if sum(phrase.count(" ") + 1 for phrase in phrases) > WORDS_MOST:
        raise NotPermitted(f"a search has at most {WORDS_MOST} words; leave out the most frequent")
    return Query(
        phrases,
        tuple(board.lower() for board in found["board"]),
        tuple(found["author"]),
        max(map(_moment, found["after"]), default=0),
        min(map(_moment, found["before"]), default=_FUTURE),
    )


def tokens(text: str) -> str:
    """The words of a text for the index, divided by blanks; what needs no blanks between words, into its characters."""
    return " ".join(part for word in _WORD.findall(fold(text)) for part in _PARTS.findall(word))


def match_text(phrases: Iterable[str]) -> str:
    """What the index is asked, in the language of FTS5: for posts that have all words of all phrases, in any order."""
    asked: list[str] = []
    for phrase in phrases:
        parts = tokens(phrase.rstrip("*")).split(" ")
        asked += [f'"{part}"' for part in parts]
        asked[-1] += "*" if phrase.endswith("*") else ""
    return " AND ".join(asked)


def _phrase(text: str) -> str:
    words = _WORD.findall(fold(text))
    return " ".join(words) + ("*" if words and text.rstrip().endswith("*") else "")


def _moment(text: str) -> int:
    """Unix seconds at which a day, a month or a year begins (UTC)."""
    match = _DAY.fullmatch(text)
    try:
        day = date(int(match[1]), int(match[2] or 1), int(match[3] or 1)) if match else None
    except ValueError:
        day = None
    if day is None:
        raise NotPermitted(f"{text[:40]!r} is no date; write 2026-01-31, 2026-01 or 2026")
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _expression(phrase: str) -> re.Pattern[str]:
    """Words in a row, whole ones where blanks divide words."""
    words = phrase.rstrip("*").split(" ")
    begin = r"(?<!\w)" if words[0][0] < _NO_BLANKS else ""
    end = r"(?!\w)" if words[-1][-1] < _NO_BLANKS and not phrase.endswith("*") else ""
    return re.compile(begin + r"\W+".join(words) + end)


class Words:
    """Whether the words of a query stand in a text."""

    def __init__(self, phrases: Collection[str]) -> None:
        self.expressions = [_expression(phrase) for phrase in phrases]
        words = {word for phrase in phrases for word in phrase.rstrip("*").split(" ")}
        self._words = sorted(words, key=len, reverse=True)  # long ones are rare
        self._octets = [word.encode() for word in self._words]
        self._ascii = all(word.isascii() for word in self._words)

    def may_be_in(self, octets: bytes) -> bool:
        """False for most of what is not meant; `octets` may hold more than the text."""
        if octets.isascii():
            lower = octets.lower()
            return self._ascii and all(word in lower for word in self._octets) and self._are_in(lower.decode())
        text = fold(octets.decode(errors="replace"))
        return all(word in text for word in self._words) and self._are_in(text)

    def is_in(self, text: str) -> bool:
        return self._are_in(fold(text))

    def _are_in(self, folded: str) -> bool:
        return all(expression.search(folded) for expression in self.expressions)


class Search:
    """One way through the store. `run` yields after each small step how many posts it has gone through."""

    def __init__(
        self,
        database: sqlite3.Connection,
        view: int,
        query: Query,
        people: Collection[int],
        most: int = HITS_MOST,
        index: sqlite3.Connection | None = None,
    ) -> None:
        """`people` are those whom the query's authors mean."""
        self._database, self._view, self._query, self._people, self._most = database, view, query, people, most
        self._wanted = Words(query.phrases)
        self._index = index if query.phrases else None
        self._newest: list[tuple[int, Place]] = []  # a heap
        self.posts = scanning.count(database)

    def run(self) -> Iterator[int]:
        try:
            yield from self._go_through()
        except wordindex.Trouble:
            if self._index is None:
                raise
            self._index, self._newest = None, []  # it is damaged: without it, then
            yield from self._go_through()

    def _go_through(self) -> Iterator[int]:
        looked = 0
        for page in self._pages():
            yield from (looked for _ in self._look_through(page))
            looked += len(page)
            yield looked

    def _pages(self) -> Iterator[list[Place]]:
        people = self._people if self._query.authors else None
        if self._index is None:
            yield from scanning.pages(self._database, people)
            return
        new = wordindex.missing(self._index, self._database)
        for articles in chain(new, wordindex.articles(self._index, match_text(self._query.phrases))):
            places = scanning.chosen(self._database, articles)
            yield places if people is None else [it for it in places if it.author in people]

    def _look_through(self, page: list[Place]) -> Iterator[None]:
        spent = 0
        wanted = [place for place in page if self._query.after <= place.time < self._query.before and self._room(place)]
        for place, words in scanning.words(self._database, wanted) if wanted else ():
            spent += len(words) + UNPACKING_OCTETS
            if self._room(place) and self._wanted.may_be_in(words):
                spent += CLOSER_LOOK_OCTETS
                if self._is_meant(place):
                    self._keep(place)
            if spent > STEP_OCTETS:
                spent = 0
                yield

    def _keep(self, place: Place) -> None:
        heapq.heappush(self._newest, (place.time, place))
        if len(self._newest) > self._most:
            heapq.heappop(self._newest)

    def _room(self, place: Place) -> bool:
        """Whether a post is newer than one of those found, or there are not enough."""
        return len(self._newest) < self._most or (place.time, place) > self._newest[0]

    def _is_meant(self, place: Place) -> bool:
        if self._wanted.expressions:
            line = scanning.read(self._database, place)
            if not line or not self._wanted.is_in(own_words(line)):
                return False
        return bool(self._groups(place.article))

    def _groups(self, article: int) -> tuple[str, ...]:
        """Where a post stands in this view; none when it is hidden, or in none of the boards that are meant."""
        names = numbers.shown_in(self._database, self._view, article)
        patterns = self._query.boards
        return names if not patterns or any(fnmatchcase(it, pattern) for it in names for pattern in patterns) else ()

    def found(self) -> Found:
        """What was found until now."""
        newest = sorted(self._newest, reverse=True)
        hits = tuple(hit for _, place in newest if (hit := self._hit(place)) is not None)
        return Found(hits, len(newest) == self._most, self.posts)

    def _hit(self, place: Place) -> Hit | None:
        groups = self._groups(place.article)
        source = sources.find_source(self._database, self._view, place.article) if groups else None
        if source is None or not source.line:
            return None  # it went meanwhile
        post = reopen_post(source.line)
        subject = subject_text(post.header, source.subject or "")
        text = snippet(unquoted(post.body), self._wanted.expressions)
        return Hit(post.header.id, post.header.author, place.time, subject, groups, text)


def own_words(line: bytes) -> str:
    """What the author of a post says: a subject of its own, and the text. No phrase reaches over what parts them."""
    post = json.loads(line)
    return f"{post.get('subject', '')}{_PART}{unquoted(post['body'], _PART)}"


def unquoted(body: str, part: str = "\n") -> str:
    """A text with something else in place of lines that are quoted from others."""
    return _QUOTED.sub(part, body) if ">" in body else body


def snippet(text: str, expressions: Collection[re.Pattern[str]]) -> str:
    """What stands around the first phrase that is in a text, on one line; the beginning where none is."""
    plain = " ".join(text.split())
    folded = fold(plain)
    at = next((match.start() for it in expressions if (match := it.search(folded))), 0)
    begin = max(0, min(at * len(plain) // max(len(folded), 1), len(plain)) - SNIPPET_CHARACTERS // 3)
    begin = plain.find(" ", begin - 1) + 1 if begin else 0
    shown = plain[begin : begin + SNIPPET_CHARACTERS]
    if begin + len(shown) < len(plain):
        shown = shown.rpartition(" ")[0] or shown
        return f"{'… ' if begin else ''}{shown} …"
    return f"{'… ' if begin else ''}{shown}"
