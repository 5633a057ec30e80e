"""The control desk: an article to zb.control or zb.people, or the text of `zbnntp do`, carried out and answered.

All that one text changes is one transaction: either every line is carried out, or none is and the answer says which
line is wrong. The command article is filed in the same transaction, so an article sent twice is carried out once. A
post to a board that names zb.control too is committed in the transaction of the commands at its top.
docs/newsgroups.md "Commands".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from zbnntp import joining
from zbnntp.control.facts import Scope
from zbnntp.control.handlers import carry_out
from zbnntp.control.language import Command, is_command, parse_commands, read_lines, refusal
from zbnntp.control.ledger import After, Before, Receipt
from zbnntp.control.lines import Line, command_lines, split_top, unflow
from zbnntp.control.needs import House
from zbnntp.control.orders import Follow, Offer, Order, Pin, Purge, Rate, Reply, Shift, Untrust, Why
from zbnntp.control.reports import these_posts, wrapped
from zbnntp.local import CONTROL, PEOPLE, Note, file_note, local_message_id, parse_local_id, random_id
from zbnntp.model.article import sender
from zbnntp.model.errors import Invalid, NotPermitted, Refused, ZbError
from zbnntp.model.keys import Identity, message_id
from zbnntp.model.proto import ProtoArticle
from zbnntp.registrar.kinds import OPERATORS
from zbnntp.registrar.rules import Rules
from zbnntp.spoken import keep_state
from zbnntp.standing import Outcome, Standings
from zbnntp.store import deeds, endings, evidence, posts, promises
from zbnntp.store.writer import Writer
from zbnntp.visibility import Settled, settle_all

REFERENCES_OCTETS = 900  # of one header line, of which RFC 5322 allows 998
_ABOUT_TRUST = (Follow, Rate, Shift, Untrust, Why)
_ABOUT_ALL = (Pin, Purge)  # what others publish is kept once, for all who live here
ENDED = "Your identity has ended by its recovery words: this is kept here, and nobody else is told."
Commit = Callable[[sqlite3.Connection], int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the node says to a text of commands; not ok: nothing of it was carried out, or a question failed."""

    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A text of commands, read: what answers it refers to, the article it came in, the post it came with."""

    commands: tuple[Command, ...]
    answered: str | None
    article: tuple[Note, str | None] | None = None  # and the newsreader's own id of it
    commit: Commit | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A sheet after its transaction; what filters hid and showed is `settled`."""

    before: Before
    receipts: tuple[Receipt, ...]
    article: int
    settled: Settled


class Control:
    """Carries out what the owner of `view` writes."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        standings: Standings,
        view: Identity,
        clock: Callable[[], float],
        house: House,
    ) -> None:
        self._reader, self._writer, self._standings = reader, writer, standings
        self._view, self._clock, self._house = view, clock, house

    async def run(self, text: str, answered: str | None) -> Answer:
        """Carry out a text; `answered` is the id of the article that it is a reply to. Raises nothing of ours."""
        try:
            return (await self._carry_out(Sheet(parse_commands(text), answered)))[0]
        except (Refused, Invalid) as error:
            return Answer(False, str(error))

    async def post(self, proto: ProtoArticle) -> str:
        """File an article to zb.control or zb.people, carry it out, file the answer; returns the article's id.

        Raises Refused for an article that was sent before and for one from somebody else's address.
        """
        own = self._note(proto, proto.body)
        bare = PEOPLE in proto.newsgroups
        try:
            text = unflow(proto.body, is_command) if proto.flowed else proto.body
            commands = self._reply(text, _answered(proto)) or parse_commands(text, bare=bare)
            sheet = Sheet(commands, _answered(proto), (own, proto.message_id))
            answer, _ = await self._carry_out(sheet)
        except Repeated:
            raise
        except (Refused, Invalid) as error:
            answer = Answer(False, str(error))
        await self._writer.run(lambda database: self._file_answer(database, own, proto.message_id, answer))
        return local_message_id(own.identifier)

    def with_post(self, proto: ProtoArticle) -> tuple[ProtoArticle, Callable[[Commit], Awaitable[int]]]:
        """A post to boards and zb.control: what is published of it, and what carries out the lines at its top.

        The second commits the post too, both or neither; returns its article. Both raise Refused with the sentence.
        """
        top = split_top(proto.body, proto.flowed, is_command)
        if not top.lines:
            raise NotPermitted("there is no command at the top of the text; write it there and a blank line below it")
        commands = read_lines(top.lines)
        if not top.rest.strip():
            raise NotPermitted(f"nothing is left to publish; send commands alone to {CONTROL} alone")
        own = self._note(proto, "\n".join(line.text for line in top.lines))

        async def carry_out_with(commit: Commit) -> int:
            answer, article = await self._carry_out(Sheet(commands, _answered(proto), (own, None), commit))
            await self._writer.run(lambda database: self._file_answer(database, own, None, answer))
            return article

        groups = tuple(name for name in proto.newsgroups if name not in (CONTROL, PEOPLE))
        return replace(proto, newsgroups=groups, body=top.rest), carry_out_with

    async def carry_out_order(self, order: Order) -> str:
        """An order that no text gave; what became of it. Raises Refused."""
        answer, _ = await self._carry_out(Sheet((Command(Line(1, ""), order),), None))
        return answer.text

    def _reply(self, text: str, answered: str | None) -> tuple[Command, ...]:
        """What a reply to a registrar's challenge says; nothing when it is none."""
        me = evidence.find_person(self._reader, self._view) or 0
        if not answered or not joining.is_about(self._reader, me, answered):
            return ()
        line = next(command_lines(text, is_command), None)
        word = line.text.split()[0].casefold() if line else ""
        if line is None or word == "register" or (is_command(word) and not joining.is_open(self._reader, me, answered)):
            return ()
        return (Command(line, Reply(line.text)),)

    async def _carry_out(self, sheet: Sheet) -> tuple[Answer, int]:
        now, nick, rules = int(self._clock()), self._house.nick(), self._house.rules()  # asked in its own thread
        done = await self._writer.run(lambda database: self._change(database, sheet, nick, rules, now))
        outcome = await self._settle(sheet.commands, done.before, now)
        if done.before.publishes:
            self._house.publish()  # and it looks whom trust fetches now
        self._house.know(done.before.people())
        outcome = replace(outcome, settled=outcome.settled + done.settled)
        answer = await self._answer(sheet.commands, done.receipts, outcome)
        if done.before.publishes and endings.find(self._reader, done.before.me):
            answer = replace(answer, text=f"{answer.text}\n\n{ENDED}")
        return answer, done.article

    def _change(self, database: sqlite3.Connection, sheet: Sheet, nick: str, rules: Rules, now: int) -> Done:
        """The one transaction of all commands; whatever raises takes all of it back."""
        me = evidence.person_pk(database, self._view)
        filed = self._file_own(database, *sheet.article) if sheet.article else None
        before = Before(Scope(database, self._view, me, nick, rules, now), sheet.answered, filed)
        receipts: list[Receipt] = []
        for command in sheet.commands:
            with _named(command.line):
                if self._house.tenant:
                    _check_tenant(command.order)
                receipts.append(carry_out(before, command.order))
        article = sheet.commit(database) if sheet.commit else 0
        if before.publishes:
            keep_state(database, me, True, now)
        before.keep_deed()
        settled = settle_all(database, me, now) if before.changed("filter") else Settled()
        return Done(before, tuple(receipts), article, settled)

    async def _settle(self, commands: Sequence[Command], before: Before, now: int) -> Outcome:
        """Trust computed anew, when something asks for it; what appeared and vanished by it."""
        asks = any(isinstance(command.order, _ABOUT_TRUST) for command in commands)
        if not asks and not before.ranks and not before.stale:
            return Outcome()
        self._standings.note_choices(self._view)
        self._standings.note(before.stale)
        if before.changed("rating"):
            self._standings.note([evidence.find_person(self._reader, self._view) or 0])
        return (await self._standings.refresh(now)).get(self._view, Outcome())

    async def _answer(self, commands: Sequence[Command], receipts: Sequence[Receipt], outcome: Outcome) -> Answer:
        now = int(self._clock())
        after = After(self._reader, self._standings, self._house, self._view, now, outcome.moved)
        ok, parts = True, []
        for command, receipt in zip(commands, receipts, strict=True):
            try:
                text = await receipt(after)
            except ZbError as error:
                ok, text = False, f"{str(error)[:1].upper()}{str(error)[1:]}"
            parts.append(f"> {command.line.text}\n{text}" if len(commands) > 1 else text)
        total = these_posts(outcome.settled)
        parts += [f"In your groups {total}"] if total else []
        return Answer(ok, "\n\n".join(parts))

    def _note(self, proto: ProtoArticle, body: str) -> Note:
        if proto.sender not in (None, self._view):
            raise NotPermitted("the address in From is somebody else's; zb.help has your own")
        own = sender(self._view, self._house.nick())
        return Note(CONTROL, proto.subject, body, own, _within_line(proto.references), random_id())

    def _file_own(self, database: sqlite3.Connection, note: Note, alias: str | None) -> int:
        """File the command article, and the newsreader's own id for it; raises Repeated for what was sent before."""
        me = evidence.person_pk(database, self._view)
        double = promises.find_alias(database, me, alias) if alias else None
        if double is not None:
            raise Repeated(f"435 already posted as {_id_of(database, double)}")
        now = int(self._clock())
        file_note(database, me, note, now)
        article = posts.article_pk(database, note.identifier, now)
        if alias:
            promises.add_alias(database, me, alias, article)
        return article

    def _file_answer(self, database: sqlite3.Connection, own: Note, alias: str | None, answer: Answer) -> None:
        """File the answer, and the command article itself if its transaction was taken back."""
        article = posts.find_article(database, own.identifier)
        if article is None:
            article = self._file_own(database, own, alias)
        subject = own.subject if own.subject[:3].lower() == "re:" else f"Re: {own.subject}"
        references = _within_line((*own.references, local_message_id(own.identifier)))
        note = Note(CONTROL, subject, wrapped(answer.text), references=references, identifier=random_id())
        now = int(self._clock())
        file_note(database, evidence.person_pk(database, self._view), note, now)
        deeds.add_receipt(database, article, posts.article_pk(database, note.identifier, now))


class Repeated(Refused):
    """That article was carried out before."""


@contextmanager
def _named(line: Line) -> Iterator[None]:
    """Refusals inside say which line they are about."""
    try:
        yield
    except (Refused, Invalid) as error:
        raise NotPermitted(refusal(line, str(error))) from error


def _check_tenant(order: Order) -> None:
    """NotPermitted where somebody with an account would decide for all who live here, or use what is the operator's."""
    if isinstance(order, _ABOUT_ALL):
        raise NotPermitted("that would change what everybody here sees; only this node's operator can")
    if isinstance(order, Offer) and order.way in OPERATORS and order.a_day is not None:
        raise NotPermitted(
            f"{order.way} is done with what the settings of this node name; only its operator can offer it"
        )


def _answered(proto: ProtoArticle) -> str | None:
    return proto.references[-1] if proto.references else None


def _within_line(references: Sequence[str]) -> tuple[str, ...]:
    """The newest references that fit on one header line."""
    kept: list[str] = []
    for reference in reversed(references):
        if sum(map(len, kept)) + len(kept) + len(reference) > REFERENCES_OCTETS:
            break
        kept.insert(0, reference)
    return tuple(kept)


def _id_of(database: sqlite3.Connection, article: int) -> str:
    identifier = posts.post_id(database, article)
    own = local_message_id(identifier)
    return own if parse_local_id(own) else message_id(identifier)
