"""The journey of a newcomer, as he sees it: whom to ask, what to answer, and what to read about it in zb.control.

An application goes from stage to stage; each step is one visit to the registrar. What it says is filed as an article
below the one that asked; a reply to that article is the answer to its challenge.

    ASK       the registrar is to be asked for a challenge
    OPEN      the newcomer is to answer
    WORK      this computer is to work for the answer; PAUSED: but not now
    ANSWER    the answer is to be handed in
    ADMITTED  the registrar rates the newcomer; ENDING: for a few days yet, which was said
    REFUSED   or it does not
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from zbnntp.local import CONTROL, Note, file_note, local_message_id, random_id
from zbnntp.model import limits
from zbnntp.model.errors import NotPermitted
from zbnntp.model.intro import Admitted, Challenge, Terms, make_challenge, open_challenge
from zbnntp.model.keys import Identity, short_id
from zbnntp.model.link import Link, format_link
from zbnntp.model.proof import estimate
from zbnntp.model.shown import visible
from zbnntp.store import applications, evidence, promises
from zbnntp.store.applications import Application

INVITE = "invite"  # the way of those who bring a one-time code
PATIENCE_SECONDS = 7 * 86_400  # a registrar that cannot be reached for so long is given up
RETRY_SECONDS, RETRY_MOST_SECONDS = 5, 1800
SAID_TRIES = 2  # a registrar that does not answer at the third time is said not to
REMIND_SECONDS = 5 * 86_400  # before a first rating ends
FOR_GOOD = 2**53  # when something is due that never is
REFERENCES = 10  # articles named as those above a new one
_BEFORE = "-"  # in a thread: before it stand articles about an application that was made anew
DAY_SECONDS = 86_400
ANSWER_HELP = "Write the answer as a reply to this article, on a line of its own."
WORK_HELP = (
    "For your node that is about {minutes:.0f} minutes of one processor core. It works at it by itself, while other "
    "things go on, and hands the answer in. 'status' says how far it is, 'register pause' stops it, 'register resume' "
    "goes on."
)


class Stage(StrEnum):
    ASK = "ask"
    OPEN = "open"
    WORK = "work"
    PAUSED = "paused"
    ANSWER = "answer"
    ADMITTED = "admitted"
    ENDING = "ending"
    REFUSED = "refused"


VISITS = (Stage.ASK, Stage.ANSWER)  # stages in which the registrar is visited
STATES = {
    Stage.ASK: "is being asked",
    Stage.OPEN: "waits for your answer, in zb.control",
    Stage.ANSWER: "gets your answer",
    Stage.ADMITTED: "has let you in",
    Stage.ENDING: "has let you in, for a few days yet",
    Stage.REFUSED: "has not let you in",
}


@dataclass(frozen=True, slots=True)
class Posed:
    """A challenge, and what else there would have been."""

    challenge: Challenge
    terms: Terms


def apply(
    database: sqlite3.Connection, view: int, registrar: Identity, way: str, code: str, thread: Sequence[str], now: int
) -> int:
    """Ask a registrar from now on; `code` is answered at once. `thread`: the articles to file what comes below."""
    way = INVITE if code and not way else way
    former = next((it for it in applications.applications(database, view) if it.registrar == registrar), None)
    told = " ".join(["", *_of_now(former.thread), _BEFORE, *thread] if former else thread)
    application = Application(0, registrar, way, code, Stage.ASK, b"", told, now, now, 0)
    return applications.add_application(database, view, application)


def due(reader: sqlite3.Connection, view: int) -> list[Application]:
    """Those for which something is to be done at some time, the first that is due first."""
    found = [it for it in applications.applications(reader, view) if it.stage in (*VISITS, Stage.ADMITTED)]
    return sorted(found, key=lambda it: it.due)


def at_work(reader: sqlite3.Connection, view: int) -> Application | None:
    """The one for which this computer is to work now; of several the oldest."""
    return next((it for it in applications.applications(reader, view) if it.stage == Stage.WORK), None)


def choose_way(terms: Terms, wished: str) -> str:
    """The way to go: what was wished, else the first that is open to everybody; NotPermitted when there is none."""
    offered = [way for way, _ in terms.ways]
    fit = [way for way in offered if way == wished or (not wished and way != INVITE)]
    if fit:
        return fit[0]
    if wished or not offered:
        raise NotPermitted(
            f"this registrar does not offer {wished or 'anything'}, but {', '.join(offered) or 'nothing'}"
        )
    raise NotPermitted("this registrar lets in only those who bring a one-time code; ask its owner for a link")


def challenged(
    database: sqlite3.Connection, view: int, application: Application, posed: Posed | Challenge, now: int
) -> None:
    """A challenge came: a code is answered at once, work is done by the node, the rest is the newcomer's to answer."""
    challenge, terms = (posed.challenge, posed.terms) if isinstance(posed, Posed) else (posed, None)
    new = replace(application, way=challenge.way, challenge=make_challenge(challenge), due=now, tries=0)
    if challenge.way == INVITE and application.answer:
        applications.put_application(database, replace(new, stage=Stage.ANSWER))
        return
    stage, what = Stage.OPEN, ANSWER_HELP
    if challenge.proof:
        stage, what = Stage.WORK, WORK_HELP.format(minutes=max(1, estimate(challenge.proof)))
    others = _others(database, application.registrar, challenge.way, terms) if terms else ""
    text = f"{challenge.ask}\n\n{what}{others}"
    new = tell(database, view, replace(new, stage=stage, answer=""), text, now, challenge.picture)
    applications.put_application(database, new)


def _others(database: sqlite3.Connection, registrar: Identity, taken: str, terms: Terms) -> str:
    """Which other ways there are."""
    ways = [(way, text) for way, text in terms.ways if way not in (taken, INVITE)]
    if not ways:
        return ""
    told, link = "\n".join(f"  {way}: {text}" for way, text in ways), link_of(database, registrar)
    return f"\n\nOther ways in are\n\n{told}\n\nFor one of them write:\n\nregister {link} {ways[0][0]}"


def is_about(reader: sqlite3.Connection, view: int, message_id: str) -> bool:
    """Whether that article is about an application, now or before it was made anew."""
    return applications.find_application(reader, view, message_id) is not None


def is_open(reader: sqlite3.Connection, view: int, message_id: str) -> bool:
    """Whether a reply to that article is the answer to a challenge; to an older one it is none."""
    application = applications.find_application(reader, view, message_id)
    return application is not None and application.stage == Stage.OPEN and application.thread.endswith(message_id)


def answered(database: sqlite3.Connection, application: Application, text: str, now: int) -> None:
    """The newcomer has answered; NotPermitted when there is nothing to answer now."""
    if application.stage != Stage.OPEN:
        raise NotPermitted("there is nothing to answer here now; for another challenge write: register LINK")
    if open_challenge(application.challenge).until <= now:
        raise NotPermitted("the time to answer that is over; for another challenge write: register LINK")
    applications.put_application(database, replace(application, answer=text, stage=Stage.ANSWER, due=now))


def admitted(database: sqlite3.Connection, view: int, application: Application, outcome: Admitted, now: int) -> None:
    """The registrar rates us."""
    name = name_of(database, application.registrar)
    until = f" for {(outcome.until - now + DAY_SECONDS // 2) // DAY_SECONDS} days" if outcome.until else ""
    text = f"{name} has let you in, and rates your posts {outcome.mt / 100:g} of 100{until}."
    due = FOR_GOOD if outcome.until is None else outcome.until - REMIND_SECONDS
    new = tell(database, view, replace(application, stage=Stage.ADMITTED, due=due), text, now)
    applications.put_application(database, new)


def refused(database: sqlite3.Connection, view: int, application: Application, why: str, now: int) -> None:
    """The registrar says no."""
    name, again = name_of(database, application.registrar), link_of(database, application.registrar)
    sentence = f"{why[:1].upper()}{why[1:]}".rstrip(".")
    text = f"{name} has not let you in: {sentence}."
    if application.way != INVITE:  # that link is worth nothing any more
        way = "" if application.stage == Stage.ASK else application.way  # it was not even asked for
        text += f"\n\nTo try again write:\n\nregister {again} {way}".rstrip()
    applications.put_application(database, tell(database, view, replace(application, stage=Stage.REFUSED), text, now))


def unreachable(database: sqlite3.Connection, view: int, application: Application, why: str, now: int) -> None:
    """It could not be asked: later, but not for ever. Said once."""
    if now - application.made > PATIENCE_SECONDS:
        refused(database, view, application, f"it could not be asked for a week: {why}", now)
        return
    if application.tries == SAID_TRIES:
        text = (
            f"{name_of(database, application.registrar)} cannot be asked now: {why}. Your node tries again by itself."
        )
        application = tell(database, view, application, text, now)
    pause = min(RETRY_SECONDS << min(application.tries, 10), RETRY_MOST_SECONDS)
    applications.put_application(database, replace(application, due=now + pause, tries=application.tries + 1))


def worked(database: sqlite3.Connection, application: Application, found: int, now: int) -> None:
    """One part of the work is done; with the last one the answer is complete."""
    proof = open_challenge(application.challenge).proof
    answer = f"{application.answer} {found}".strip()
    stage = Stage.ANSWER if proof is None or len(answer.split()) >= proof.parts else Stage.WORK
    applications.put_application(database, replace(application, answer=answer, stage=stage, due=now))


def rest(database: sqlite3.Connection, view: int, pause: bool) -> int:
    """Work is stopped, or goes on; for how many applications."""
    before, after = (Stage.WORK, Stage.PAUSED) if pause else (Stage.PAUSED, Stage.WORK)
    found = [it for it in applications.applications(database, view) if it.stage == before]
    for application in found:
        applications.put_application(database, replace(application, stage=after))
    return len(found)


def ending(database: sqlite3.Connection, view: int, application: Application, now: int) -> None:
    """A first rating ends soon."""
    name, again = name_of(database, application.registrar), link_of(database, application.registrar)
    text = (
        f"The first rating that {name} gave you ends in {REMIND_SECONDS // DAY_SECONDS} days. If nobody else rates you "
        f"yet, have it renewed:\n\nregister {again} {application.way}"
    )
    applications.put_application(database, tell(database, view, replace(application, stage=Stage.ENDING), text, now))


def tell(
    database: sqlite3.Connection, view: int, application: Application, text: str, now: int, picture: bytes = b""
) -> Application:
    """File an article about it, below those that came before."""
    references, identifier = _of_now(application.thread), random_id()
    kind = "Invitation by" if application.way == INVITE else "Registration with"
    subject = f"{kind} {name_of(database, application.registrar)}"
    note = Note(CONTROL, subject, text, references=references, identifier=identifier, picture=picture)
    file_note(database, view, note, now)
    return replace(application, thread=f"{application.thread} {local_message_id(identifier)}")


def _of_now(thread: str) -> list[str]:
    """The newest of the articles about an application, those about the one before it left out."""
    return f" {thread} ".rpartition(f" {_BEFORE} ")[2].split()[-REFERENCES:]


def under_way(database: sqlite3.Connection, view: int, now: int) -> list[Application]:
    """What `status` speaks of: not for ever of what has ended."""
    ended = (Stage.ADMITTED, Stage.REFUSED)
    found = applications.applications(database, view)
    return [it for it in found if it.stage not in ended or it.made > now - PATIENCE_SECONDS]


def state_text(database: sqlite3.Connection, application: Application) -> str:
    """How far it is, for `status`."""
    name = name_of(database, application.registrar)
    if application.stage not in (Stage.WORK, Stage.PAUSED):
        return f"{name}: {STATES[Stage(application.stage)]}"
    proof, done = open_challenge(application.challenge).proof, len(application.answer.split())
    parts = proof.parts if proof else 0
    paused = ", paused (register resume)" if application.stage == Stage.PAUSED else ""
    return f"{name}: {done} of {parts} parts of the work done{paused}"


def link_of(database: sqlite3.Connection, identity: Identity) -> str:
    """A link to somebody, of the addresses that are known."""
    return format_link(Link(identity, tuple(promises.addresses(database, identity)[: limits.ENDPOINTS])))


def name_of(database: sqlite3.Connection, identity: Identity) -> str:
    """The nick and the short id, or the short id alone."""
    held = evidence.find_manifest(database, identity)
    return f"{visible(held.nick)} ({short_id(identity)})" if held else short_id(identity)
