"""The journey of a newcomer, as he sees it: whom to ask, what to answer, and what to read about it in zb.control.

An application goes from stage to stage; each step is one visit to the registrar. What it says is filed as an article
below the one that asked; a reply to that article is the answer to its challenge.

    ASK      the registrar is to be asked for a challenge
    OPEN     the newcomer is to answer
    ANSWER   the answer is to be handed in
    ADMITTED, REFUSED    that was it
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from zbnntp.local import CONTROL, Note, file_note, local_message_id, random_id
from zbnntp.model.errors import NotPermitted
from zbnntp.model.intro import Admitted, Challenge, Terms, make_challenge, open_challenge
from zbnntp.model.keys import Identity, short_id
from zbnntp.store import applications, evidence
from zbnntp.store.applications import Application

INVITE = "invite"  # the way of those who bring a one-time code
PATIENCE_SECONDS = 7 * 86_400  # a registrar that cannot be reached for so long is given up
RETRY_SECONDS, RETRY_MOST_SECONDS = 15, 1800
NAMED_CHARACTERS = 40
DAY_SECONDS = 86_400


class Stage(StrEnum):
    ASK = "ask"
    OPEN = "open"
    ANSWER = "answer"
    ADMITTED = "admitted"
    REFUSED = "refused"


VISITS = (Stage.ASK, Stage.ANSWER)  # stages in which the registrar is visited


def apply(
    database: sqlite3.Connection, view: int, registrar: Identity, way: str, code: str, thread: Sequence[str], now: int
) -> int:
    """Ask a registrar from now on; `code` is answered at once. `thread`: the articles to file what comes below."""
    way = INVITE if code and not way else way
    application = Application(0, registrar, way, code, Stage.ASK, b"", " ".join(thread), now, now, 0)
    return applications.add_application(database, view, application)


def due(reader: sqlite3.Connection, view: int) -> list[Application]:
    """Those for which a registrar is to be visited, the first that is due first."""
    found = [it for it in applications.applications(reader, view) if it.stage in VISITS]
    return sorted(found, key=lambda it: it.due)


def choose_way(terms: Terms, wished: str) -> str:
    """The way to go: what was wished, else the first that is open to everybody; NotPermitted when there is none."""
    offered = [way for way, _ in terms.ways]
    fit = [way for way in offered if way == wished or (not wished and way != INVITE)]
    if fit:
        return fit[0]
    if wished or not offered:
        named = ", ".join(it[:NAMED_CHARACTERS] for it in offered) or "nothing"
        raise NotPermitted(f"this registrar does not offer {wished or 'anything'}, but {named}")
    raise NotPermitted("this registrar lets in only those who bring a one-time code; ask its owner for a link")


def challenged(
    database: sqlite3.Connection, view: int, application: Application, challenge: Challenge, now: int
) -> Application:
    """A challenge came: a code is answered at once, everything else is the newcomer's to answer."""
    new = replace(application, way=challenge.way, challenge=make_challenge(challenge), due=now, tries=0)
    if challenge.way == INVITE and application.answer:
        new = replace(new, stage=Stage.ANSWER)
    else:
        text = f"{challenge.ask}\n\nWrite the answer as a reply to this article, on a line of its own."
        new = tell(database, view, replace(new, stage=Stage.OPEN, answer=""), text, now)
    applications.put_application(database, new)
    return new


def is_open(reader: sqlite3.Connection, view: int, message_id: str) -> bool:
    """Whether a reply to that article is the answer to a challenge."""
    application = applications.find_application(reader, view, message_id)
    return application is not None and application.stage == Stage.OPEN


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
    new = tell(database, view, replace(application, stage=Stage.ADMITTED, due=outcome.until or 0), text, now)
    applications.put_application(database, new)


def refused(database: sqlite3.Connection, view: int, application: Application, why: str, now: int) -> None:
    """The registrar says no."""
    name = name_of(database, application.registrar)
    sentence = f"{why[:1].upper()}{why[1:]}".rstrip(".")
    text = f"{name} has not let you in: {sentence}. To try again write: register LINK"
    applications.put_application(database, tell(database, view, replace(application, stage=Stage.REFUSED), text, now))


def unreachable(database: sqlite3.Connection, view: int, application: Application, why: str, now: int) -> None:
    """It could not be asked: later, but not for ever."""
    if now - application.made > PATIENCE_SECONDS:
        refused(database, view, application, f"it could not be reached for a week: {why}", now)
        return
    pause = min(RETRY_SECONDS << min(application.tries, 10), RETRY_MOST_SECONDS)
    applications.put_application(database, replace(application, due=now + pause, tries=application.tries + 1))


def tell(database: sqlite3.Connection, view: int, application: Application, text: str, now: int) -> Application:
    """File an article about it, below those that came before."""
    thread = application.thread.split()
    identifier = random_id()
    subject = f"Registration with {name_of(database, application.registrar)}"
    file_note(database, view, Note(CONTROL, subject, text, references=thread[-10:], identifier=identifier), now)
    return replace(application, thread=" ".join((*thread, local_message_id(identifier))))


def name_of(database: sqlite3.Connection, identity: Identity) -> str:
    """The nick and the short id, or the short id alone."""
    held = evidence.find_manifest(database, identity)
    return f"{held.nick} ({short_id(identity)})" if held else short_id(identity)
