"""Where nothing stands an article of the node's own says what will come, and when; it goes when something has come.

A newsreader shows an empty group as nothing at all, and whoever looks into one cannot tell whether it is broken. The
node's own groups have such an article from the beginning, boards when they have been silent for a while: who makes a
board usually writes in it at once. docs/newsgroups.md "Groups".
"""

from __future__ import annotations

import hashlib
import sqlite3

from zbnntp.local import BY, CONTROL, HELP, ID_OCTETS, LOG, NEW, PEOPLE, REPLIES, TOPS, VIA, Note, file_note
from zbnntp.model.boards import is_virtual
from zbnntp.store import evidence, numbers, posts, promises, silent
from zbnntp.store.silent import Quiet

GROUPS_A_TURN = 100  # others write meanwhile
SILENT_SECONDS = 600  # of a board, from when it was made
SUBJECT = "Nothing stands here yet"
GOES = "This article goes when there is another.\n"
BOARD = """\
Nobody whom you see has written in {name} yet.

What you post here stands here at once. Whoever sees you has it within a
minute, when both nodes are on line; the header X-Zb-Reach of your post
says whether anybody has fetched it. What is written by people whom you
follow comes by itself within a minute or so, what is written by those
whom they trust within the hour.

"""
OWN = {
    LOG: """\
Once a day, soon after midnight UTC, your node says here who appeared
and vanished, because of whom, and what else you should know. Forks of
somebody's key it tells at once.

""",
    PEOPLE: """\
As soon as you follow somebody there is an article here about him, and
about everybody for whom people speak whose judgement you trust. Answer
one with a number, such as +50, to rate whom it is about.

""",
    NEW: """\
Threads opened by people of whom you know little come here, as soon as
they are fetched: look in when you like to meet people. A thread moves
to its board when somebody of weight vouches for its author.

""",
    REPLIES: """\
Answers to what you wrote come here as soon as they are fetched, within
a minute or so for people whom you follow. 'watch', sent as a reply to
zb.control, adds all answers in a thread.

""",
    **dict.fromkeys(
        TOPS.values(),
        """\
The threads that people whom you see voted for stand here, the most
valued ones of this span; it is worked out anew every ten minutes. To
vote answer an article, with zb.control as the only group, and write up.

""",
    ),
}
PERSON = """\
Whatever this person writes stands here, in whichever board it is, when
it is fetched and you see it.

"""
EYES = """\
This is a board as somebody else's ratings show it. Nothing that your
node has fetched would be seen there.

"""


def due(database: sqlite3.Connection, view: int, now: int) -> list[Quiet]:
    """Groups where such an article is to come or to go; not all at once."""
    return [it for it in silent.quiet(database, view) if it.count or _is_due(it, now)][:GROUPS_A_TURN]


def settle(database: sqlite3.Connection, view: int, now: int) -> None:
    """Bring those up to date."""
    for group in due(database, view, now):
        if group.identifier:
            _withdraw(database, view, group)
        if not group.count:
            _file(database, view, group, now)


def text_of(name: str) -> str:
    """What it says in a group."""
    if not is_virtual(name):
        return BOARD.format(name=name) + GOES
    return OWN.get(name, PERSON if name.startswith(BY) else EYES) + GOES


def _is_due(group: Quiet, now: int) -> bool:
    if group.name in (CONTROL, HELP):
        return False
    own = is_virtual(group.name) and not group.name.startswith(VIA)
    return own or now - group.created >= SILENT_SECONDS


def _file(database: sqlite3.Connection, view: int, group: Quiet, now: int) -> None:
    place = f"{group.name} {group.high}".encode()
    name = hashlib.sha256(b"zbnntp silence\n" + evidence.identity_of(database, view) + place).digest()[:ID_OCTETS]
    file_note(database, view, Note(group.name, SUBJECT, text_of(group.name), identifier=name), now)
    silent.put(database, group.newsgroup, name)


def _withdraw(database: sqlite3.Connection, view: int, group: Quiet) -> None:
    article = posts.find_article(database, group.identifier)
    if article is not None:
        numbers.hide(database, view, article)
        promises.drop_local(database, article)
    silent.put(database, group.newsgroup, b"")
