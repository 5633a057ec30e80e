"""Entries: the lines of segments. Posts, carried thread headers and deletions; ratings, votes, profile, labels, moves.

`open_entry` believes a line only after every rule of docs/protocol.md "post" to "same" holds. What we do not know
is `Unknown`: kept and relayed byte for byte, never shown. A line that breaks a rule raises Invalid; whoever walks a
segment skips it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zbnntp.model import limits
from zbnntp.model.boards import check_board
from zbnntp.model.canonical import decode, encode, reprint
from zbnntp.model.errors import BadEncoding
from zbnntp.model.fields import flag, integer, items, moment, names, text_field, version
from zbnntp.model.keys import SIGNATURE_OCTETS, Identity, PostId, Signer, Witnessed, parse_hex, sha256
from zbnntp.model.succession import Move, open_move

POST_DOMAIN = b"zbnntp1 post\n"
SCALE = 10_000  # ratings travel as integers of 1/10000
POSTS, STATE = "posts", "state"  # the two roles of a segment
_openings = Witnessed(16_384)  # everybody who answers in a thread carries its opening: 3 MB at most
_OUTSIDE_HEADER = frozenset({"body", "sig"})


@dataclass(frozen=True, slots=True)
class Header:
    """A post without its body: what its id hashes and what a carry line shows of somebody else's thread."""

    id: PostId
    author: Identity
    boards: tuple[str, ...]
    time: int  # unix seconds
    subject: str | None  # absent in a reply that keeps its thread's
    thread: PostId | None  # absent in an OP
    parents: tuple[PostId, ...]  # oldest first, direct parent last
    sage: bool
    flowed: bool
    replaces: tuple[PostId, ...]

    @property
    def thread_id(self) -> PostId:
        return self.thread or self.id


@dataclass(frozen=True, slots=True)
class Post:
    header: Header
    body: str


@dataclass(frozen=True, slots=True)
class Carry:
    """The header of somebody else's OP, with its signature already checked."""

    header: Header


@dataclass(frozen=True, slots=True)
class Delete:
    post: PostId
    time: int


@dataclass(frozen=True, slots=True)
class Trust:
    """A published rating, in 1/10000; both None = taken back."""

    target: Identity
    mt: int | None
    tlt: int | None
    note: str
    time: int
    until: int | None  # unix seconds

    @property
    def key(self) -> str:
        return f"trust {self.target.hex()}"


@dataclass(frozen=True, slots=True)
class Vote:
    post: PostId
    author: Identity
    value: int  # -1, 0 (taken back) or 1

    @property
    def key(self) -> str:
        return f"vote {self.post.hex()}"


@dataclass(frozen=True, slots=True)
class Profile:
    text: str
    registrar: bool = False  # gives newcomers a first rating for passing a challenge

    @property
    def key(self) -> str:
        return "profile"


@dataclass(frozen=True, slots=True)
class Label:
    """A word about a post or a person, published for those who trust one's judgement; exactly one of the two is set."""

    post: PostId | None
    target: Identity | None
    name: str
    note: str
    off: bool  # taken back

    @property
    def key(self) -> str:
        return f"label {(self.post or self.target or b'').hex()} {self.name}"


@dataclass(frozen=True, slots=True)
class Same:
    """Another identity of the same person; counts, for display alone, when both say so."""

    target: Identity
    off: bool = False  # taken back

    @property
    def key(self) -> str:
        return f"same {self.target.hex()}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A kind of a later version."""

    kind: str


Entry = Post | Carry | Delete | Trust | Vote | Profile | Label | Same | Move | Unknown


def open_entry(raw: bytes, author: Identity, role: str) -> Entry:
    """The entry of one line (without line end) of a `role` segment by `author`; raises Invalid."""
    line = decode(raw)
    kind = line.get("kind")
    if not isinstance(kind, str):
        raise BadEncoding("an entry has a kind")
    if kind not in _OPENERS:
        return Unknown(kind)
    home, opener = _OPENERS[kind]
    if home != role:
        raise BadEncoding(f"a {kind} line does not belong in a {role} segment")
    return opener(line, author)


def make_post(
    signer: Signer,
    *,
    boards: Sequence[str],
    body: str,
    time: int,
    subject: str | None = None,
    thread: PostId | None = None,
    parents: Sequence[PostId] = (),
    sage: bool = False,
    flowed: bool = False,
    replaces: Sequence[PostId] = (),
) -> bytes:
    """The line of a new post; an OP (no `thread`) is signed."""
    line: dict[str, Any] = {"kind": "post", "author": signer.identity.hex(), "boards": list(boards), "time": time}
    if subject is not None:
        line["subject"] = subject
    if thread is not None:
        line["thread"], line["parents"] = thread.hex(), [parent.hex() for parent in parents]
    if replaces:
        line["replaces"] = [post.hex() for post in replaces]
    line |= {name: True for name, on in (("sage", sage), ("flowed", flowed)) if on}
    header = line | {"body_sha256": sha256(body.encode()).hex()}
    if thread is None:
        line["sig"] = signer.sign(POST_DOMAIN + encode(header)).hex()
    return encode(line | {"body": body})


def make_carry(raw_post: bytes) -> bytes:
    """The carry line of somebody's OP, given its post line."""
    line = decode(raw_post)
    signature = line.pop("sig")
    line["body_sha256"] = sha256(line.pop("body").encode()).hex()
    return encode({"kind": "carry", "header": line, "sig": signature})


def make_delete(post: PostId, time: int) -> bytes:
    """The line that takes an own post back."""
    return encode({"kind": "delete", "post": post.hex(), "time": time})


def make_trust(
    target: Identity, mt: int | None, tlt: int | None, note: str, time: int, until: int | None = None
) -> bytes:
    """The state line of a rating, mt and tlt in 1/10000; both None takes an earlier one back. It ends at `until`."""
    line: dict[str, Any] = {"kind": "trust", "id": target.hex(), "time": time}
    line |= {name: value for name, value in (("mt", mt), ("tlt", tlt), ("until", until)) if value is not None}
    return encode(line | ({"note": note} if note else {}))


def make_vote(post: PostId, author: Identity, value: int) -> bytes:
    """The state line of a vote: -1, 1, or 0, which takes an earlier one back. `author` wrote the post."""
    return encode({"kind": "vote", "post": post.hex(), "author": author.hex(), "value": value})


def make_same(target: Identity, off: bool = False) -> bytes:
    """The state line by which two identities of one person are linked; each says it of the other. `off` ends that."""
    return encode({"kind": "same", "id": target.hex()} | ({"off": True} if off else {}))


def make_profile(text: str, registrar: bool = False) -> bytes:
    return encode({"kind": "profile", "text": text} | ({"registrar": True} if registrar else {}))


def make_label(post: PostId, name: str, note: str, *, off: bool = False) -> bytes:
    """The state line of a label on a post; `off` takes it back."""
    line: dict[str, Any] = {"kind": "label", "post": post.hex(), "name": name}
    return encode(line | ({"note": note} if note else {}) | ({"off": True} if off else {}))


def open_header(line: Mapping[str, Any]) -> Header:
    """The rules of a post header, whoever wrote it; `line` comes out of `decode`."""
    return _open_header(line, reprint(dict(line)))


def _open_header(line: Mapping[str, Any], printed: bytes) -> Header:
    if line.get("kind") != "post" or not _OUTSIDE_HEADER.isdisjoint(line):
        raise BadEncoding("a header is a post without its body and sig")
    parse_hex(line.get("body_sha256"))
    thread, parents = _open_ancestry(line)
    if "lang" in line:
        text_field(line, "lang", characters=limits.LANG_CHARACTERS)
    return Header(
        id=PostId(sha256(printed)),
        author=Identity(parse_hex(line.get("author"))),
        boards=_open_boards(line),
        time=moment(line, "time"),
        subject=_open_subject(line) if thread is None or "subject" in line else None,
        thread=thread,
        parents=parents,
        sage=flag(line, "sage"),
        flowed=flag(line, "flowed"),
        replaces=tuple(PostId(parse_hex(item)) for item in items(line, "replaces", limits.REPLACES_PER_POST)),
    )


def _open_boards(line: Mapping[str, Any]) -> tuple[str, ...]:
    boards = tuple(check_board(name) for name in names(line, "boards", limits.BOARDS_PER_POST))
    if not boards or len(set(boards)) != len(boards):
        raise BadEncoding("boards are 1 to 4 different names")
    return boards


def _open_subject(line: Mapping[str, Any]) -> str:
    subject = text_field(line, "subject", octets=limits.SUBJECT_OCTETS)
    if not subject.strip():
        raise BadEncoding("a subject is more than blanks")
    return subject


def _open_ancestry(line: Mapping[str, Any]) -> tuple[PostId | None, tuple[PostId, ...]]:
    if ("thread" in line) != ("parents" in line):
        raise BadEncoding("a reply has thread and parents, an OP neither")
    if "thread" not in line:
        return None, ()
    parents = tuple(PostId(parse_hex(item)) for item in items(line, "parents", limits.PARENTS_PER_POST))
    if not parents:
        raise BadEncoding("a reply has at least one parent")
    return PostId(parse_hex(line["thread"])), parents


def _open_post(line: dict[str, Any], author: Identity) -> Post:
    body = text_field(line, "body", octets=limits.BODY_OCTETS, lines=True)
    if "body_sha256" in line:
        raise BadEncoding("a post has its body, not the body's hash")
    outside = {key: line.pop(key) for key in _OUTSIDE_HEADER if key in line}
    line["body_sha256"] = sha256(body.encode()).hex()
    printed = reprint(line)
    header = _open_header(line, printed)
    if header.author != author:
        raise BadEncoding("a post in somebody else's segment")
    if "sig" in outside or header.thread is None:
        _check_signature(header, printed, outside.get("sig"))
    return Post(header, body)


def _open_carry(line: dict[str, Any], author: Identity) -> Carry:
    if not isinstance(line.get("header"), dict):
        raise BadEncoding("a carry line has a header")
    printed = reprint(line["header"])
    header = _open_header(line["header"], printed)
    if header.thread is not None:
        raise BadEncoding("only the opening post of a thread is carried")
    _check_signature(header, printed, line.get("sig"))
    return Carry(header)


def _check_signature(header: Header, printed: bytes, signature: object) -> None:
    _openings.verify(header.author, POST_DOMAIN + printed, parse_hex(signature, SIGNATURE_OCTETS))


def _open_delete(line: dict[str, Any], author: Identity) -> Delete:
    return Delete(PostId(parse_hex(line.get("post"))), moment(line, "time"))


def _open_trust(line: dict[str, Any], author: Identity) -> Trust:
    version(line, "pin")
    return Trust(
        target=Identity(parse_hex(line.get("id"))),
        mt=integer(line, "mt", -SCALE, SCALE) if "mt" in line else None,
        tlt=integer(line, "tlt", 0, SCALE) if "tlt" in line else None,
        note=text_field(line, "note", octets=limits.NOTE_OCTETS, lines=True) if "note" in line else "",
        time=moment(line, "time"),
        until=moment(line, "until") if "until" in line else None,
    )


def _open_vote(line: dict[str, Any], author: Identity) -> Vote:
    return Vote(
        PostId(parse_hex(line.get("post"))), Identity(parse_hex(line.get("author"))), integer(line, "value", -1, 1)
    )


def _open_profile(line: dict[str, Any], author: Identity) -> Profile:
    return Profile(text_field(line, "text", octets=limits.PROFILE_OCTETS, lines=True), flag(line, "registrar"))


def _open_label(line: dict[str, Any], author: Identity) -> Label:
    if ("post" in line) == ("id" in line):
        raise BadEncoding("a label is about a post or about a person")
    name = text_field(line, "name", characters=limits.LABEL_CHARACTERS)
    if not name.strip():
        raise BadEncoding("a label has a name")
    return Label(
        post=PostId(parse_hex(line["post"])) if "post" in line else None,
        target=Identity(parse_hex(line["id"])) if "id" in line else None,
        name=name,
        note=text_field(line, "note", octets=limits.NOTE_OCTETS, lines=True) if "note" in line else "",
        off=flag(line, "off"),
    )


def _open_same(line: dict[str, Any], author: Identity) -> Same:
    return Same(Identity(parse_hex(line.get("id"))), flag(line, "off"))


_OPENERS: dict[str, tuple[str, Callable[[dict[str, Any], Identity], Entry]]] = {
    "post": (POSTS, _open_post),
    "carry": (POSTS, _open_carry),
    "delete": (POSTS, _open_delete),
    "trust": (STATE, _open_trust),
    "vote": (STATE, _open_vote),
    "profile": (STATE, _open_profile),
    "label": (STATE, _open_label),
    "same": (STATE, _open_same),
    "move": (STATE, lambda line, author: open_move(encode(line))),
}
