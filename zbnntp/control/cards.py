"""zb.people: one article about everybody a view knows, made anew when what it says has changed.

A new one takes the place of the old (Supersedes, a new number), at once when something that matters is another - name,
rating, note, level, whole per cent of trust, who vouches, forks, addresses, profile - and at most once a day for counts
of posts alone. Whom to look at waits in a queue, and everybody is gone through slowly beside it, so that a step does
bounded work however many people are known. docs/newsgroups.md "zb.people".
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from json import dumps

from zbnntp.control.kinship import kinship_text
from zbnntp.control.ledger import own_rating
from zbnntp.control.people import name_of
from zbnntp.control.reports import SHOWN, day_text, rating_text, wrapped
from zbnntp.local import PEOPLE, Note, file_note, local_message_id, random_id
from zbnntp.model.entries import STATE, Profile, open_entry
from zbnntp.model.errors import Invalid
from zbnntp.model.keys import Identity, identity_text, short_id
from zbnntp.model.link import Link, format_link
from zbnntp.model.manifest import Head, open_head, open_pointer
from zbnntp.model.views import Level
from zbnntp.standing import NOWHERE, Standings
from zbnntp.store import cards, choices, codes, evidence, numbers, posts, promises, ratings, versions
from zbnntp.store.cards import Issued
from zbnntp.store.codes import Code
from zbnntp.store.ratings import Standing
from zbnntp.store.writer import Writer

STEP_PEOPLE = 20  # looked at in one step
SPEAKERS_SHOWN = 5
PROFILE_CHARACTERS = 2_000
SIGNATURE = "-- "  # newsreaders do not quote what is below it; slrn refuses answers with lines as long as a link is
PROFILE_MARK = b'"kind":"profile"'
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Facts:
    """What makes a new article at once when it changes."""

    name: str
    rating: str
    note: str
    level: int
    mt: int  # whole per cent
    tlt: int
    fetched: bool
    speakers: Sequence[str] = ()  # who vouches, and how
    critics: Sequence[str] = ()
    forks: int = 0
    newer: bool = False  # their newest manifest demands a newer zbnntp
    urls: Sequence[str] = ()
    profile: str = ""
    blame: str = ""  # whole people of the owner's own negative ratings that are put down to them
    pinned: bool = False
    mirror: str = "auto"
    came: str = ""
    kinship: str = ""
    invited: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits for a day."""

    posts: int
    last: str
    newcomers: int | None = None  # whom a registrar let in; None: no registrar
    hidden: int = 0  # of these, by you or by whom you trust to judge


@dataclass(slots=True)
class Cards:
    """The articles of one view's zb.people."""

    reader: sqlite3.Connection
    writer: Writer
    standings: Standings
    view: Identity
    clock: Callable[[], float]
    _queue: deque[Identity] = field(default_factory=deque)
    _queued: set[Identity] = field(default_factory=set)
    _after: int = 0  # the person whom the slow round has reached

    def note(self, people: Iterable[Identity]) -> None:
        """What is known of them has changed."""
        for identity in people:
            if identity not in self._queued and identity != self.view:
                self._queued.add(identity)
                self._queue.append(identity)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def step(self) -> None:
        """Look at some people: those who wait first, then some of the slow round."""
        now, me = int(self.clock()), evidence.find_person(self.reader, self.view) or 0
        wanted = [self._next() for _ in range(min(STEP_PEOPLE, len(self._queue)))]
        persons = [person for it in wanted if (person := evidence.find_person(self.reader, it)) is not None]
        round_ = cards.persons(self.reader, me, self._after, STEP_PEOPLE - len(persons))
        self._after = round_[-1] if round_ else 0
        changes = [change for person in dict.fromkeys((*persons, *round_)) if (change := self._look(me, person, now))]
        if changes:
            await self.writer.run(lambda database: [change(database) for change in changes])

    def _next(self) -> Identity:
        identity = self._queue.popleft()
        self._queued.discard(identity)
        return identity

    def _look(self, me: int, person: int, now: int) -> Callable[[sqlite3.Connection], None] | None:
        """What has to be done about somebody's article; None: nothing."""
        issued = cards.find_issued(self.reader, me, person)
        identity = evidence.identity_of(self.reader, person)
        facts = self._facts(me, person, identity)
        if facts is None:
            return (lambda database: _withdraw(database, me, person, issued, now)) if issued else None
        last = posts.last_by(self.reader, person)
        let_in, hidden = ratings.newcomers(self.reader, me, person) or (None, 0)
        counts = Counts(posts.count_by(self.reader, person), "" if last is None else day_text(last), let_in, hidden)
        new = Issued(0, now, dumps(asdict(facts)), dumps(asdict(counts)))
        if issued and _says_the_same(issued, new):
            return None
        note = card_note(identity, facts, counts)
        return lambda database: _issue(database, me, person, note, new, now)

    def _facts(self, me: int, person: int, identity: Identity) -> Facts | None:
        """None for whom nothing is known that would be worth an article."""
        reader = self.reader
        standing = ratings.find_standing(reader, me, person) or NOWHERE
        rating, note = own_rating(reader, me, person), choices.note(reader, me, person)
        if not (standing.fetch or rating or note or self._is_vouched_for(standing)):
            return None
        private = choices.find_private_rating(reader, me, person) is not None
        speakers, critics = self._heard(me, person)
        blame = self.standings.ranking(self.view).blame.get(identity, 0.0)
        held = evidence.find_manifest(reader, identity)
        head = open_head(held.head, open_pointer(held.pointer)) if held else None
        mirror = {None: "auto", True: "on", False: "off"}[choices.mirror_choice(reader, me, person)]
        return Facts(
            name=name_of(reader, identity),
            rating=rating_text(rating) + (" (private)" if private else ""),
            note=note,
            level=int(standing.level),
            mt=round(standing.mt * 100),
            tlt=round(standing.tlt * 100),
            fetched=standing.fetch,
            speakers=speakers,
            critics=critics,
            forks=versions.count_conflicts(reader, person),
            newer=bool(head and head.needs_newer),
            urls=_urls(reader, identity, head),
            profile=_profile(reader, person, identity),
            blame=f"{blame:.1f}" if blame >= 0.05 else "",
            pinned=choices.find_pin(reader, me, person) is not None,
            mirror=mirror,
            came=_came(reader, person, identity),
            invited=_invited(codes.brought_by(reader, me, person)),
            kinship=kinship_text(reader, person, lambda it: name_of(reader, it)),
        )

    def _is_vouched_for(self, standing: Standing) -> bool:
        return max(standing.tlt, standing.mt) >= self.standings.params.eps_fetch

    def _heard(self, me: int, person: int) -> tuple[list[str], list[str]]:
        """Who speaks for and against somebody, those whose judgement counts most first."""
        heard = ratings.raters_heard(self.reader, me, person, 2 * SPEAKERS_SHOWN)
        told = [(it, f"{name_of(self.reader, it.target)} rates them {rating_text(it)}") for it, _ in heard]
        against = [text for it, text in told if (it.mt or 0) < 0]
        return [text for it, text in told if (it.mt or 0) >= 0][:SPEAKERS_SHOWN], against[:SPEAKERS_SHOWN]


def _says_the_same(old: Issued, new: Issued) -> bool:
    """Whether the old one may stay: counts alone wait for a day."""
    return old.facts == new.facts and (old.counts == new.counts or new.issued - old.issued < DAY_SECONDS)


def card_note(identity: Identity, facts: Facts, counts: Counts) -> Note:
    """The article about somebody."""
    level = SHOWN[Level(facts.level)].partition(",")[0]
    rated = "" if facts.rating == "none" else f", you: {facts.rating}"
    subject = f"{facts.name}: {level}, {facts.mt}{rated}"
    urls = tuple(facts.urls)
    link = f"\n{SIGNATURE}\n{format_link(Link(identity, urls))}" if urls else ""
    body = "\n\n".join(filter(None, _paragraphs(identity, facts, counts))) + link
    return Note(PEOPLE, subject, wrapped(body), identifier=random_id())


def _paragraphs(identity: Identity, facts: Facts, counts: Counts) -> list[str]:
    return [
        f"{facts.name}\n{identity_text(identity)}",
        f"Your rating: {facts.rating}" + (f"\nYour note: {facts.note}" if facts.note else ""),
        f"Trust in their posts {facts.mt}, in their ratings of others {facts.tlt}, of 100: their posts are "
        f"{SHOWN[Level(facts.level)]}{'' if facts.fetched else ', and nothing newer is fetched'}.",
        _list("For them speak, among those whose judgement you trust:", facts.speakers),
        _list("Against them speak:", facts.critics),
        facts.kinship,
        _remarks(facts),
        _posts(counts),
        f"What they say of themselves:\n{_indented(facts.profile)}" if facts.profile else "",
        "Answer with a number to rate them: +50, or -50, or 50 list 30. Words go too: like, dislike, mute, note TEXT, "
        f"why. Elsewhere they are called {short_id(identity)}.",
    ]


def _posts(counts: Counts) -> str:
    number = "1 post of theirs is" if counts.posts == 1 else f"{counts.posts} posts of theirs are"
    held = f"{number} here" + (f", the last of {counts.last}." if counts.last else ".")
    if counts.newcomers is None:
        return held
    let_in = "1 newcomer" if counts.newcomers == 1 else f"{counts.newcomers} newcomers"
    judged = f"of these you, or people whose judgement you trust, hid {counts.hidden}"
    return f"{held}\nThey are a registrar and let {let_in} in; {judged}."


def _remarks(facts: Facts) -> str:
    lines = []
    if facts.came:
        lines.append(f"They first came to this node {facts.came}.")
    if facts.invited:
        lines.append(facts.invited)
    if facts.forks:
        lines.append(f"Their key has signed two versions of one manifest, {facts.forks} times: it may be in two hands.")
    if facts.newer:
        lines.append("What they published last needs a newer version of zbnntp: install one to see it.")
    if facts.blame:
        lines.append(f"Of the people whom you hid, {facts.blame} are put down to them: they spoke for these.")
    if facts.pinned:
        lines.append("You pinned them: what they had published then stays, nothing newer is fetched.")
    if facts.mirror != "auto":
        lines.append(f"Passing on what they publish: {facts.mirror}.")
    return "\n".join(lines)


def _list(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *(f"  {line}" for line in lines)]) if lines else ""


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))


def _issue(database: sqlite3.Connection, me: int, person: int, note: Note, new: Issued, now: int) -> None:
    old = cards.find_issued(database, me, person)
    _withdraw(database, me, person, old, now)
    supersedes = local_message_id(posts.post_id(database, old.article)) if old else ""
    fresh = Note(note.newsgroup, note.subject, note.body, identifier=note.identifier, supersedes=supersedes)
    file_note(database, me, fresh, now)
    article = posts.article_pk(database, note.identifier, now)
    cards.put_issued(database, me, person, Issued(article, now, new.facts, new.counts))


def _withdraw(database: sqlite3.Connection, me: int, person: int, old: Issued | None, now: int) -> None:
    """The article leaves the group; a reply to it still says whom it means."""
    if old is not None:
        numbers.hide(database, me, old.article)
        promises.drop_local(database, old.article)
        cards.supersede(database, me, person, now)


def _invited(code: Code | None) -> str:
    if code is None or code.came is None:
        return ""
    note = f" for {code.note}" if code.note else ""
    return f"On {day_text(code.came)} they came with a one-time link of yours{note}."


def _urls(reader: sqlite3.Connection, identity: Identity, head: Head | None) -> list[str]:
    """Addresses of their own node that they signed, and those of links that the owner followed."""
    signed = head.endpoints if head else ()
    known = [it.url for it in signed if it.own] + promises.addresses(reader, identity)
    return list(dict.fromkeys(known))[:8]


def _profile(reader: sqlite3.Connection, person: int, identity: Identity) -> str:
    """What somebody publishes about themselves; the last line counts."""
    lines = [line for _, line in evidence.lines_of(reader, person, STATE) if PROFILE_MARK in line]
    for line in reversed(lines):
        try:
            entry = open_entry(line, identity, STATE)
        except Invalid:
            continue
        if isinstance(entry, Profile):
            return entry.text[:PROFILE_CHARACTERS].strip()
    return ""


def _came(reader: sqlite3.Connection, person: int, identity: Identity) -> str:
    """Through whom somebody first came here."""
    source = promises.find_arrival(reader, person)
    if source is None or source == "own":
        return ""
    if source == "push":
        return "by a visit of some node to yours"
    bearer = promises.bearer_of(reader, source)
    if bearer == identity:
        return "from their own node"
    return f"through {name_of(reader, bearer)}" if bearer else f"from {source}"
