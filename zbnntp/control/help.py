"""The manual as articles of zb.help.

Each page is an article whose id is the hash of its text: a restart files nothing twice, and a page whose text has
changed is a new article while the old one leaves the group. What the commands do is read off their table.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from zbnntp.control.answers import help_text
from zbnntp.control.reports import wrapped
from zbnntp.local import HELP, ID_OCTETS, Note, file_note
from zbnntp.model.article import address
from zbnntp.model.keys import Identity, short_id
from zbnntp.store import evidence, numbers, posts, promises

_SPECIALS = frozenset('()<>@,:;.[]\\"')  # RFC 5322: a name with one of these is quoted


@dataclass(frozen=True, slots=True)
class Page:
    subject: str
    body: str


READING = Page(
    "Reading and posting",
    """\
Boards are newsgroups. Subscribe to one, read it, answer, start a
thread: all with your newsreader's own keys. A thread may stand in up to
four boards (crosspost); replies stand where their thread stands.

- Set the newsreader's name and address as the welcome article says, and
  let it send plain text. HTML and attachments are refused with a
  sentence that says so.
- Of what your newsreader sends only these are published: board,
  subject, text, what it answers, and the time by this node's clock in
  UTC. Its name and version, your time zone and host name are left out.
- A post is safe on your disk when the newsreader says it was sent.
  Others get it when their node next hears of yours.
- The subject of a reply is kept only if you change it.
- A subject that ends in [sage], or a header 'Keywords: sage', makes a
  reply that says nothing about your trust.
- A text is at most 64 KiB, a subject 250 octets.
- Cancel in your newsreader takes a post of yours back, Supersedes
  replaces it. Who has read it may still have a copy.
- Threads of people whom you know little of stand in zb.new, answers to
  you in zb.replies, the most valued threads in zb.top.day and others.

The header X-Zb-Trust of each article is your trust in its author's
posts, from -1.00 to +1.00; newsreaders can sort and score by it.
""",
)
BOARDS = Page(
    "Boards",
    """\
A board exists for you when you made it or when somebody whom you see
has started a thread in it; the group appears by itself, so refresh the
group list now and then.

    board add tech.linux Penguins and friends    makes one
    board hide tech.linux                        takes it out of your list
    board show tech.linux                        brings it back

Names are lower-case letters, digits, + - and _ in parts joined by dots:
at most 30 characters a part, 64 in all, no part of digits alone, none
that starts with _. Names that start with zb, via, control, to or
example are taken.

Nobody owns a board. Who is seen there is for each reader's trust to
decide.
""",
)
PEOPLE = Page(
    "People and trust",
    """\
You see posts of people whom you rated, and of people rated by those
whose judgement you trust. There are two numbers:

- trust in somebody's POSTS, -100 to 100: how much you want to see what
  they write. Below 0 they are hidden.
- trust in somebody's RATINGS ("list"), 0 to 100: how far their ratings
  of others count for you.

    trust alice 60 list 40       her posts 60, her ratings 40
    +50                          as a reply: 50 for whom you answer
    like alice, dislike alice    10 more, 10 less
    mute alice                   hides her
    trust alice -50 private      for you alone, never published
    untrust alice                takes your rating back: others decide again
    why alice                    where the numbers come from
    undo                         takes the last change back

The group zb.people has an article about everybody known; answer it with
a number to rate that person.

Trust is handed on and gets less with each step: if you trust Alice's
ratings 50 and she rates Bob 80, Bob has 40. It travels six steps at
most. Your own rating always wins. Whoever has a little trust is seen in
threads of others first; with more (0.2), their own threads are seen
too. Replying to somebody is a very weak rating.

Your ratings are published with your posts, comments included, for they
are what others' trust is made of. Private ratings and notes are not.
""",
)
HIDING = Page(
    "Hiding, finding out why, and taking it back",
    """\
What you see is your choice and that of people whose judgement you
trust; nobody can take anything away from others.

    mute                         as a reply: hides whom you answer
    filter cheap watches         hides posts with both words, for you alone
    filter /v[1i]agra/ until 2027-01-31    an expression
    filter                       lists them; unfilter 1 takes one out
    report spam: sells watches   as a reply: tells those who trust you
    why <message-id>             what became of an article
    pin alice                    keeps what she has published as it is now
    undo                         takes back what your last command did

'why' says in one sentence who it is due to, then shows the numbers. An
article that an answer names but that you do not see can be asked for in
the same way: copy its <message-id> from the References of the answer.

zb.log says once a day who appeared and vanished, and because of whom.
A command of which one line is wrong changes nothing.
""",
)
REPLYING = Page(
    "Rating while you reply",
    """\
A reply to a board may name zb.control as a second group (Newsgroups:
chat,zb.control). Then it begins with commands and a blank line:

    +50
    up

    I agree with every word.

The commands are carried out and cut off; the rest is published. If a
command is wrong nothing happens, and the newsreader shows why.
""",
)
COMMANDS = Page(
    "Commands",
    f"""\
{wrapped(help_text(""))}

Quoted lines (>), the line above them, empty lines and everything after
the signature separator are skipped; upper and lower case of the words
of a command do not matter. The same commands work in a terminal: zbnntp
do 'status'.
""",
)
FOLLOWING = Page(
    "Following and inviting",
    """\
1. Send 'invite' to zb.control; the answer is a link for one friend.
   Hand it over in private: whoever comes with it first is rated 50 by
   you, or N after 'invite N'.
2. Your friend sends 'follow LINK' with it to zb.control of their node.
   Within a minute you see each other, and an answer to your 'invite'
   says who came.

    invite 30 for Bob            a note to yourself: for whom it is
    invite list                  what became of your invitations

'follow' rates the link's owner 50 in posts and in ratings where you say
no other numbers, so people whom they trust become visible too. 'untrust
NICK' ends it.

The link that 'status' shows is for everybody, and has no code: whoever
follows it sees you, and you see them when you have followed theirs. A
link holds an identity and an onion address; a mistyped identity is
noticed.
""",
)
PRIVACY = Page(
    "Privacy",
    """\
Published, signed by your key, for everybody who fetches you: your nick,
your posts, your ratings with their comments, the address of your node's
onion service. Never published: what you read, your commands, hidden
boards, your newsreader's name, your time zone.

Nodes talk to one another through Tor alone; other nodes do not learn
where you are. Those whom you fetch from see that some onion asks for
them. What you write and when is seen by every reader: the way you
write, the times at which you post and what you tell of yourself can
give you away, and no program can help with that.

Answer in the group, never by mail: a mail leaves Tor, tells your mail
provider what you read, and reaches nobody. A link that you open leaves
Tor too, unless your browser uses it. Newsreaders set up by 'zbnntp
setup' send no mail.

Whoever can use your computer's account can read everything and post as
you; so can whoever has the key file and, if you set one, its
passphrase. Newsreaders reach this node from this computer only.
""",
)
BACKUPS = Page(
    "Where your data is, and backups",
    """\
All is in one directory, the home of this node: 'zbnntp run' takes it
from --home or ZBNNTP_HOME, else it is the platform's data directory (on
Linux ~/.local/share/zbnntp).

- The key file, key.json, is who you are. Copy it to a safe place once;
  whoever has it is you, and without it nobody can ever post under your
  identity again.
- What others wrote is kept for twelve months, by default: zbnntp.toml
  has retention_months, and a quota. What you vote 'up' and whom you
  'pin' stay. 'purge' deletes something for good.
- The database, store.sqlite, holds posts, ratings, article numbers and
  settings. Copy the whole directory while the node is stopped: the key
  alone brings back your name, and your posts only if somebody you
  follow still has them.

To move to another computer stop the node, copy the directory, start it
there. Never run two copies at once: both would sign versions of the
same manifest, which others see as a fork.
""",
)
STOLEN = Page(
    "When your key is stolen or lost: the recovery words",
    """\
The 24 words that were shown when your identity was made stand above its
key. Stop the node, and in a terminal:

    zbnntp recover --new       a new identity takes your place here and
                               with others; the old key is worth nothing
    zbnntp recover --revoke    ends this identity, and nobody follows
    zbnntp recover --renew     other words, when somebody has read these

Your groups, their numbers, your ratings and settings stay. Start the
node again: it tells those whom you follow, and they tell others.

When somebody else moves, zb.log says so at once. Your good rating of
them counts for the new identity, a bad one stays where it is. If two
claim to be the one who follows, ask them in another way and rate the
right one above 0.
""",
)
SEARCHING = Page(
    "Searching",
    """\
Send to zb.control

    search kernel panic              both words
    search "out of memory" linu*     a phrase; a word that begins so
    search panic board:tech.* author:bob after:2026-01-31 before:2026-03

The answer lists the newest posts that you see and that have all of it,
each with a news: link. Board, author and dates may stand alone. Upper
and lower case are the same; what is quoted from others is left out.
In a terminal: zbnntp search WORDS.
""",
)
MANUAL = (READING, BOARDS, SEARCHING, PEOPLE, HIDING, REPLYING, COMMANDS, FOLLOWING, PRIVACY, BACKUPS, STOLEN)


def own_sender(identity: Identity, nick: str) -> str:
    """The From to set in a newsreader, as people type it."""
    name = nick or short_id(identity)
    return f"{json.dumps(name, ensure_ascii=False) if _SPECIALS & set(name) else name} <{address(identity)}>"


def file_help(database: sqlite3.Connection, view: int, now: int) -> None:
    """File the manual in a view's zb.help and take out pages that have changed."""
    file_pages(database, view, HELP, MANUAL, now)


def file_pages(database: sqlite3.Connection, view: int, group: str, pages: Iterable[Page], now: int) -> None:
    """File pages in one of the view's groups; those that stood there before and are not among them go."""
    key = f"pages {group} {view}"
    before = (promises.find_meta(database, key) or "").split()
    identifiers: list[str] = []
    for page in pages:
        identifier = page_id(evidence.identity_of(database, view), page)
        identifiers.append(identifier.hex())
        if group != HELP and identifier.hex() in before:
            continue  # it was read, and may have expired: it does not come back
        file_note(database, view, Note(group, page.subject, page.body, identifier=identifier), now)
    for gone in set(before) - set(identifiers):
        article = posts.find_article(database, bytes.fromhex(gone))
        if article is not None:
            numbers.hide(database, view, article)
            promises.drop_local(database, article)
    if before != identifiers:
        promises.put_meta(database, key, " ".join(identifiers))


def page_id(view: Identity, page: Page) -> bytes:
    """The same for the same text in the same view."""
    text = f"{page.subject}\n\n{page.body}".encode()
    return hashlib.sha256(b"zbnntp page\n" + view + text).digest()[:ID_OCTETS]
