"""What is signed, handed on and kept: canonical lines, entries, heads, segments, bundles, introductions.

An input that says what is to be signed is signed first, so that what lies behind the check of a signature is reached:
its JSON is written in the canonical form, for a fuzzer rarely hits that.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
from collections.abc import Callable
from typing import Any

from zbnntp.model.article import body_octets, compose, overview_fields, subject_text
from zbnntp.model.bundle import Offer, Slice, read_bundle, slices_of, write_offer
from zbnntp.model.canonical import decode, encode
from zbnntp.model.entries import POST_DOMAIN, POSTS, STATE, Post, open_entry
from zbnntp.model.errors import Invalid
from zbnntp.model.fields import integer, text_field
from zbnntp.model.intro import make_challenge, make_terms, open_challenge, open_introduction, open_outcome, open_terms
from zbnntp.model.kept import has_ended, reopen_post, state_key
from zbnntp.model.keys import Identity, Sha256, Signer, message_id, parse_hex, sha256
from zbnntp.model.limits import ENDPOINTS, NICK_CHARACTERS, SEGMENTS
from zbnntp.model.manifest import Head, SegmentRef, check_segment, make_head, make_pointer, open_head, open_pointer
from zbnntp.model.notices import open_notice
from zbnntp.model.succession import MOVE_DOMAIN, Move

SIGNER = Signer.from_seed(sha256(b"zbnntp fuzz"))
SUCCESSOR = Signer.from_seed(sha256(b"zbnntp fuzz successor"))
NOW = 1_795_000_000


def canonical(data: bytes) -> None:
    """What is accepted is exactly what would be printed."""
    with contextlib.suppress(Invalid):
        assert encode(decode(data)) == data


def entry(data: bytes) -> None:
    """Lines of segments, of whoever the line itself says."""
    state_key(data)
    has_ended(data, NOW)
    with contextlib.suppress(Invalid):
        line = decode(data)
        for role in (POSTS, STATE):
            with contextlib.suppress(Invalid):
                open_entry(data, _author(line), role)


def _author(line: dict[str, object]) -> Identity:
    try:
        return Identity(parse_hex(line.get("author")))
    except Invalid:
        return Identity(bytes(32))


def as_object(data: bytes) -> dict[str, Any] | None:
    """The object that an input means, in whatever form it is written."""
    with contextlib.suppress(ValueError, RecursionError):
        value = json.loads(data)
        if isinstance(value, dict):
            return value
    return None


def post(data: bytes) -> None:
    """A post that its author has signed, whatever is in it, is refused or is an article that others can read."""
    line = as_object(data)
    if line is None:
        return
    line["author"] = SIGNER.identity.hex()
    with contextlib.suppress(Invalid):
        raw = _signed(line)
        found = open_entry(raw, SIGNER.identity, POSTS)
        if isinstance(found, Post):
            assert reopen_post(raw) == found
            nick = text_field({"nick": "nick"} | line, "nick", characters=NICK_CHARACTERS)
            check_article(found, compose(found.header, found.body, "Re: a thread", nick))


def _signed(line: dict[str, Any]) -> bytes:
    if "thread" not in line and isinstance(line.get("body"), str):
        header = {key: value for key, value in line.items() if key not in ("body", "sig")}
        header["body_sha256"] = sha256(line["body"].encode(errors="replace")).hex()
        line["sig"] = SIGNER.sign(POST_DOMAIN + encode(header)).hex()
    return encode(line)


def check_article(found: Post, octets: bytes) -> None:
    """Head and body are where they seem to be, each header stands once, and nothing was smuggled between."""
    assert b"\0" not in octets
    assert octets.count(b"\r") == octets.count(b"\n") == octets.count(b"\r\n")
    head = octets.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(map(len, head.split(b"\r\n"))) <= 998
    article = email.message_from_bytes(octets, policy=email.policy.compat32)
    assert len(article.keys()) == len({name.lower() for name in article}) <= 11
    assert article["Message-ID"] == message_id(found.header.id)
    payload = article.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.replace(b"\r\n", b"\n").rstrip(b"\n") == body_octets(found.body).replace(b"\r\n", b"\n").rstrip(
        b"\n"
    )
    shown = overview_fields(octets)
    assert not {0, 9, 10, 13} & set(shown.subject + shown.sender + shown.references + shown.date)
    assert shown.subject or not subject_text(found.header, "Re: a thread").strip()


def head(data: bytes) -> None:
    """A head that its author has signed; what is understood of it can be said again."""
    line = as_object(data)
    if line is None:
        return
    line |= {"kind": "head", "id": SIGNER.identity.hex()}
    with contextlib.suppress(Invalid):
        raw, seq = encode(line), line.get("seq")
        pointer = open_pointer(make_pointer(SIGNER, seq if isinstance(seq, int) else 1, raw))
        found = open_head(raw, pointer)
        assert len(found.endpoints) <= ENDPOINTS
        assert len(found.segments) <= SEGMENTS
        assert len(found.nick) <= NICK_CHARACTERS
        _say_again(found)


def _say_again(found: Head) -> None:
    names = ("seq", "time", "nick", "endpoints", "posts", "state", "prev", "next_by", "merge", "visitor")
    raw = make_head(identity=found.identity, next_key=found.next, **{name: getattr(found, name) for name in names})
    again = open_head(raw, open_pointer(make_pointer(SIGNER, found.seq, raw)))
    assert all(getattr(again, name) == getattr(found, name) for name in names)


def segment(data: bytes) -> None:
    """Octets that a head names: refused, or lines that can be handed on in slices."""
    ref = SegmentRef(Sha256(sha256(data)), len(data), data.count(b"\n"), 0)
    if not ref.lines:
        return  # no head names such a one
    try:
        lines = check_segment(ref, data)
    except Invalid:
        return
    assert b"".join(line + b"\n" for line in lines) == data
    parts = tuple(slices_of(ref.sha256, data))
    assert b"".join(part.data for part in parts) == data
    carried = list(write_offer(Offer(b'{"kind":"pointer"}', b'{"kind":"head"}', parts)))
    (offer,) = read_bundle(carried)
    assert offer.slices == parts
    assert all(isinstance(part, Slice) for part in parts)


def bundle(data: bytes) -> None:
    """What is read as an offer can be written, and reads the same again."""
    with contextlib.suppress(Invalid):
        for offer in read_bundle(data.split(b"\n")):
            written = list(write_offer(offer))
            assert list(read_bundle(written)) == [offer]
            for notice in offer.notices:
                with contextlib.suppress(Invalid):
                    open_notice(notice)
            with contextlib.suppress(Invalid):
                open_head(offer.head, open_pointer(offer.pointer))


def notice(data: bytes) -> None:
    """A move signed by a recovery key and its successor, and the proof of a fork, with whatever else in them."""
    line = as_object(data)
    if line is None:
        return
    with contextlib.suppress(Invalid):
        signed = _fork(line) if line.get("kind") == "fork" else _move(line)
        found = open_notice(signed)
        assert found.raw == signed
        if isinstance(found, Move):
            assert found.commitment == sha256(SIGNER.identity)
            assert found.target in (None, SUCCESSOR.identity)


def _move(line: dict[str, Any]) -> bytes:
    line["key"] = SIGNER.identity.hex()
    if "to" in line:
        line["to"] = SUCCESSOR.identity.hex()
    signed = MOVE_DOMAIN + encode({name: value for name, value in line.items() if name not in ("sig", "to_sig")})
    return encode(line | {"sig": SIGNER.sign(signed).hex(), "to_sig": SUCCESSOR.sign(signed).hex()})


def _fork(line: dict[str, Any]) -> bytes:
    """Of two versions with one `seq`; `a` and `b` are texts in place of heads."""
    pointers = [
        json.loads(make_pointer(SIGNER, integer(line, "seq", 1), text_field(line, name).encode())) for name in "ab"
    ]
    return encode(line | {"id": SIGNER.identity.hex(), "a": pointers[0], "b": pointers[1]})


def introduction(data: bytes) -> None:
    """What registrars and newcomers say to each other, by its own word for what it is."""
    for opened in (open_introduction, open_outcome):
        with contextlib.suppress(Invalid):
            opened(data)
    with contextlib.suppress(Invalid):
        terms = open_terms(data)
        assert open_terms(make_terms(terms)) == terms
    with contextlib.suppress(Invalid):
        challenge = open_challenge(data)
        assert open_challenge(make_challenge(challenge)) == challenge


TARGETS: tuple[Callable[[bytes], None], ...] = (canonical, entry, post, head, segment, bundle, notice, introduction)
