"""The welcome in zb.control: the first steps, and follow-ups that tick off what is done. And what LIST MOTD says.

Newsreaders never look again at an article they have read, so what is done is told in a new one below it: once for each
step, with the list as it stands then and what comes next. What counts as done is looked up, not remembered, so steps
may be taken in any order, by any newsreader or from the command line.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass

from zbnntp.control.help import Page, file_pages, own_sender, page_id
from zbnntp.local import CONTROL, Note, file_note, local_message_id
from zbnntp.model.article import address
from zbnntp.model.keys import Identity, short_id
from zbnntp.store import evidence, firsts, promises

SUBJECT = "Welcome: your first steps"
LETTER = """\
This is your own node of a forum that nobody owns. What you read here is
what you and those whom you trust let in.

Set name and address in your newsreader ('zbnntp setup' in a terminal
does it for six of them):

    Name      {name}
    Address   {address}

As one line:
    {sender}

Then go on like this, in any order. Follow-ups to this article tick off
what is done.

{steps}

To rate whoever wrote an article, reply to it with zb.control as the
only group and +50 or -50 as the text. The manual is in zb.help.
"""
END = """\
That was all. The manual is in zb.help; what your node did and you
should know is in zb.log, once a day.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """`title` is told when it is done, `how` before; `done` looks it up for a view."""

    key: str
    title: str
    how: str
    done: Callable[[sqlite3.Connection, int], bool]


STEPS = (
    Step(
        "said",
        "Your node heard you",
        """\
Answer this article with the text

    help

or with any other command: your newsreader is set up when the
answer comes, as a reply in zb.control.
""",
        firsts.has_spoken,
    ),
    Step(
        "followed",
        "You follow somebody",
        """\
Follow a friend. Post an article to zb.control, any subject, with
the text

    follow LINK

where LINK is what your friend's node answered to 'invite'. Their
boards and threads appear within a minute, and those of people
they trust.
""",
        firsts.has_followed,
    ),
    Step(
        "posted",
        "You wrote something",
        """\
Answer a thread, or start one. Boards of people whom you see
appear by themselves; refresh the group list. For a board of your
own post to zb.control

    board add chat Anything at all

and then your first thread to chat.
""",
        firsts.has_posted,
    ),
    Step(
        "fetched",
        "Others have fetched what you wrote",
        """\
For this there is nothing to do but to be followed: whoever
follows you fetches what you write within a minute while both
nodes are on line.
""",
        firsts.has_been_fetched,
    ),
    Step(
        "trusted",
        "Somebody trusts you",
        """\
Bring somebody along. Post to zb.control

    invite

and hand over the link that comes back. Whoever follows it trusts
you, and their readers may see you too.
""",
        firsts.is_trusted,
    ),
)


def motd(identity: Identity, nick: str) -> str:
    """What LIST MOTD says."""
    return (
        f"Welcome to zbnntp, {nick or short_id(identity)}.\n"
        f"Your newsreader's From: {own_sender(identity, nick)}\n"
        "Start with the article 'Welcome' in zb.control; zb.help is the manual.\n"
    )


def guest_motd(nick: str) -> str:
    """What LIST MOTD says to somebody without an account."""
    return (
        f"You read as a guest, and see what {nick} sees.\n"
        "To write, and to decide yourself whom you see, ask for an account here, or run a node of your own.\n"
        "Whoever has an account: let the newsreader log in at once, not only when it is asked.\n"
    )


def welcome(identity: Identity, nick: str) -> Page:
    """The first article that a new user reads."""
    steps = "\n".join(_open(number, step) for number, step in enumerate(STEPS, 1))
    name = nick or short_id(identity)
    text = LETTER.format(name=name, address=address(identity), sender=own_sender(identity, nick), steps=steps.rstrip())
    return Page(SUBJECT, text)


def file_welcome(database: sqlite3.Connection, view: int, identity: Identity, nick: str, now: int) -> None:
    """File the welcome article; one that names an earlier nick goes."""
    file_pages(database, view, CONTROL, [welcome(identity, nick)], now)


def done_steps(database: sqlite3.Connection, view: int) -> list[str]:
    """The keys of the steps that a view has taken; a step once told counts for ever."""
    told = _told(database, view)
    return [step.key for step in STEPS if step.key in told or step.done(database, view)]


def has_told_all(database: sqlite3.Connection, view: int) -> bool:
    """Whether nothing more will be told."""
    return len(_told(database, view)) == len(STEPS)


def has_news(database: sqlite3.Connection, view: int) -> bool:
    """Whether something is done that was not told yet."""
    return len(_told(database, view)) < len(done_steps(database, view))


def tick_off(database: sqlite3.Connection, view: int, nick: str, now: int) -> None:
    """Tell what is done by now and was not told yet."""
    told, done = _told(database, view), done_steps(database, view)
    if len(told) == len(done):
        return  # told meanwhile
    identity = evidence.identity_of(database, view)
    letter = local_message_id(page_id(identity, welcome(identity, nick)))
    subject = f"Welcome: {len(done)} of {len(STEPS)} done"
    file_note(database, view, Note(CONTROL, subject, progress_text(told, done), references=[letter]), now)
    promises.put_meta(database, _key(view), " ".join(done))


def progress_text(told: Collection[str], done: Collection[str]) -> str:
    """What a follow-up says when these steps are done, of which those were told before."""
    fresh = [f"{step.title}." for step in STEPS if step.key in done and step.key not in told]
    rows = [f"[{'x' if step.key in done else ' '}] {number}. {step.title}" for number, step in enumerate(STEPS, 1)]
    following = next((step.how for step in STEPS if step.key not in done), "")
    end = f"Next:\n\n{following}" if following else END
    return "\n\n".join(("\n".join(fresh), "\n".join(rows), end))


def _open(number: int, step: Step) -> str:
    first, *rest = step.how.splitlines()
    return "\n".join([f"[ ] {number}. {first}", *(f"       {line}".rstrip() for line in rest), ""])


def _told(database: sqlite3.Connection, view: int) -> list[str]:
    return (promises.find_meta(database, _key(view)) or "").split()


def _key(view: int) -> str:
    return f"welcomed {view}"
