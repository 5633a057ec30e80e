"""The control desk: an article to zb.control, or the text of `zbnntp do`, carried out and answered.

All that one text changes is one transaction: either every line is carried out, or none is and the answer says which
line is wrong. The command article is filed in the same transaction, so an article sent twice is carried out once.
docs/newsgroups.md "Commands".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from zbnntp.control.changes import After, Before, Receipt, carry_out
from zbnntp.control.language import Command, Follow, Rate, Untrust, Why, is_command, parse_commands, refusal
from zbnntp.control.lines import Line, unflow
from zbnntp.control.needs import House
from zbnntp.control.reports import wrapped
from zbnntp.local import CONTROL, Note, file_note, local_message_id, parse_local_id, random_id
from zbnntp.model.article import sender
from zbnntp.model.errors import Invalid, NotPermitted, Refused, ZbError
from zbnntp.model.keys import Identity, message_id
from zbnntp.model.proto import ProtoArticle
from zbnntp.standing import Standings
from zbnntp.store import evidence, posts, promises
from zbnntp.store.writer import Writer
from zbnntp.visibility import Settled

REFERENCES_OCTETS = 900  # of one header line, of which RFC 5322 allows 998
_ABOUT_TRUST = (Follow, Rate, Untrust, Why)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the node says to a text of commands; not ok: nothing of it was carried out, or a question failed."""

    ok: bool
    text: str


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
        return await self._run(text, answered, None)

    async def post(self, proto: ProtoArticle) -> str:
        """File an article to zb.control, carry it out, file the answer; returns the article's id.

        Raises Refused for an article that was sent before and for one from somebody else's address.
        """
        if proto.sender not in (None, self._view):
            raise NotPermitted("the address in From is somebody else's; zb.help has your own")
        own = self._note(proto)
        text = unflow(proto.body, is_command) if proto.flowed else proto.body
        answer = await self._run(text, proto.references[-1] if proto.references else None, (own, proto.message_id))
        await self._writer.run(lambda database: self._file_answer(database, own, proto.message_id, answer))
        return local_message_id(own.identifier)

    async def _run(self, text: str, answered: str | None, article: tuple[Note, str | None] | None) -> Answer:
        try:
            commands = parse_commands(text)
            now, nick = int(self._clock()), self._house.nick()  # the house is asked in its own thread
            before, receipts = await self._writer.run(
                lambda database: self._change(database, commands, answered, article, nick, now)
            )
        except Repeated:
            raise
        except (Refused, Invalid) as error:
            return Answer(False, str(error))
        if before.publish:
            self._house.publish()
        settled = await self._settle(commands, before, now)
        return await self._answer(commands, receipts, settled)

    def _change(
        self,
        database: sqlite3.Connection,
        commands: Sequence[Command],
        answered: str | None,
        article: tuple[Note, str | None] | None,
        nick: str,
        now: int,
    ) -> tuple[Before, list[Receipt]]:
        """The one transaction of all commands; whatever raises takes all of it back."""
        if article:
            self._file_own(database, *article)
        before = Before(database, self._view, answered, nick, now)
        receipts: list[Receipt] = []
        for command in commands:
            with _named(command.line):
                receipts.append(carry_out(before, command.order))
        before.finish()
        return before, receipts

    async def _settle(self, commands: Sequence[Command], before: Before, now: int) -> Settled:
        """Trust computed anew, when something asks for it; what appeared and vanished by it."""
        if not any(isinstance(command.order, _ABOUT_TRUST) for command in commands):
            return Settled()
        if before.said:
            self._standings.note([evidence.find_person(self._reader, self._view) or 0])
        return (await self._standings.refresh(now)).get(self._view, Settled())

    async def _answer(self, commands: Sequence[Command], receipts: Sequence[Receipt], settled: Settled) -> Answer:
        after = After(self._reader, self._standings, self._house, self._view)
        ok, parts = True, []
        for command, receipt in zip(commands, receipts, strict=True):
            try:
                text = await receipt(after)
            except ZbError as error:
                ok, text = False, f"{str(error)[:1].upper()}{str(error)[1:]}"
            parts.append(f"> {command.line.text}\n{text}" if len(commands) > 1 else text)
        parts += [_settled_text(settled)] if settled != Settled() else []
        return Answer(ok, "\n\n".join(parts))

    def _note(self, proto: ProtoArticle) -> Note:
        return Note(
            CONTROL,
            proto.subject,
            proto.body,
            sender(self._view, self._house.nick()),
            _within_line(proto.references),
            random_id(),
        )

    def _file_own(self, database: sqlite3.Connection, note: Note, alias: str | None) -> None:
        """File the command article, and the newsreader's own id for it; raises Repeated for what was sent before."""
        double = promises.find_alias(database, alias) if alias else None
        if double is not None:
            raise Repeated(f"435 already posted as {_id_of(database, double)}")
        file_note(database, evidence.person_pk(database, self._view), note, int(self._clock()))
        if alias:
            promises.add_alias(database, alias, posts.article_pk(database, note.identifier, int(self._clock())))

    def _file_answer(self, database: sqlite3.Connection, own: Note, alias: str | None, answer: Answer) -> None:
        """File the answer, and the command article itself if its transaction was taken back."""
        if posts.find_article(database, own.identifier) is None:
            self._file_own(database, own, alias)
        subject = own.subject if own.subject[:3].lower() == "re:" else f"Re: {own.subject}"
        references = _within_line((*own.references, local_message_id(own.identifier)))
        note = Note(CONTROL, subject, wrapped(answer.text), references=references)
        file_note(database, evidence.person_pk(database, self._view), note, int(self._clock()))


class Repeated(Refused):
    """That article was carried out before."""


@contextmanager
def _named(line: Line) -> Iterator[None]:
    """Refusals inside say which line they are about."""
    try:
        yield
    except (Refused, Invalid) as error:
        raise NotPermitted(refusal(line, str(error))) from error


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


def _settled_text(settled: Settled) -> str:
    shown = f"{_posts(settled.shown)} now visible" if settled.shown else ""
    hidden = f"{_posts(settled.hidden)} no longer visible" if settled.hidden else ""
    return f"In your groups {' and '.join(filter(None, (shown, hidden)))}."


def _posts(count: int) -> str:
    return "1 post is" if count == 1 else f"{count} posts are"
