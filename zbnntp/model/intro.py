"""Introductions: how a newcomer asks for a first rating, and what a registrar answers. docs/protocol.md "intro".

A registrar says which ways there are (Terms), gives a Challenge, takes an Introduction with the answer, and says that
the newcomer was admitted, or gives the next challenge. Everything is one canonical line.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zbnntp.model import limits
from zbnntp.model.canonical import decode, encode
from zbnntp.model.errors import BadEncoding, BadSignature, TooLarge
from zbnntp.model.fields import integer, items, moment, names, text_field
from zbnntp.model.keys import SIGNATURE_OCTETS, Identity, Signer, parse_hex, verify
from zbnntp.model.manifest import check_url
from zbnntp.model.proof import Proof, make_proof, open_proof

INTRO_DOMAIN = b"zbnntp1 intro\n"
INTRO_OCTETS = 8 * 1024  # of an introduction
CHALLENGE_OCTETS = 96 * 1024  # a picture of 64 KiB, and a text
ASK_OCTETS = 4 * 1024  # what a person is asked
ANSWER_OCTETS = 1024
NONCE_OCTETS = 1024
WAY_CHARACTERS = 20
WAYS = 16
PICTURE_OCTETS = 64 * 1024
MT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What a registrar offers: pairs of a way and a sentence about it."""

    registrar: Identity
    ways: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Challenge:
    """What to answer until when. `ask` is for a person; `picture` a PNG, or empty."""

    registrar: Identity
    way: str
    nonce: str
    ask: str
    until: int  # unix seconds
    picture: bytes = b""
    proof: Proof | None = None  # work to be done, in place of an answer by a person


@dataclass(frozen=True, slots=True)
class Introduction:
    """A newcomer's signed answer; `endpoints` are where what he publishes can be fetched."""

    newcomer: Identity
    registrar: Identity
    nonce: str
    time: int  # unix seconds
    answer: str
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Admitted:
    """The registrar rates the newcomer so, in 1/10000, until then; None: for good."""

    registrar: Identity
    mt: int
    until: int | None


def make_terms(terms: Terms) -> bytes:
    ways = [{"ask": text, "way": way} for way, text in terms.ways]
    return encode({"kind": "registrar", "to": terms.registrar.hex(), "ways": ways})


def open_terms(raw: bytes) -> Terms:
    line = _decode(raw, "registrar")
    rows = items(line, "ways", WAYS)
    if not all(isinstance(row, dict) for row in rows):
        raise BadEncoding("ways is an array of objects")
    ways = tuple((_way(row), text_field(row, "ask", octets=ASK_OCTETS, lines=True)) for row in rows)
    return Terms(_identity(line, "to"), ways)


def make_challenge(challenge: Challenge) -> bytes:
    line: dict[str, Any] = {"kind": "challenge", "to": challenge.registrar.hex()}
    line |= {"ask": challenge.ask, "nonce": challenge.nonce, "until": challenge.until, "way": challenge.way}
    if challenge.picture:
        line["picture"] = base64.b64encode(challenge.picture).decode()
    if challenge.proof:
        line["proof"] = make_proof(challenge.proof)
    return encode(line)


def open_challenge(raw: bytes) -> Challenge:
    line = _decode(raw, "challenge")
    return Challenge(
        _identity(line, "to"),
        _way(line),
        text_field(line, "nonce", octets=NONCE_OCTETS),
        text_field(line, "ask", octets=ASK_OCTETS, lines=True),
        moment(line, "until"),
        _picture(line) if "picture" in line else b"",
        _proof(line) if "proof" in line else None,
    )


def make_introduction(
    signer: Signer, registrar: Identity, nonce: str, answer: str, endpoints: Sequence[str], time: int
) -> bytes:
    line: dict[str, Any] = {"kind": "intro", "id": signer.identity.hex(), "to": registrar.hex()}
    line |= {"nonce": nonce, "answer": answer, "time": time}
    if endpoints:
        line["endpoints"] = list(endpoints)
    return encode(line | {"sig": signer.sign(INTRO_DOMAIN + encode(line)).hex()})


def open_introduction(raw: bytes) -> Introduction:
    """The one whose key signed it; raises Invalid."""
    line = _decode(raw, "intro")
    newcomer = _identity(line, "id")
    signed = encode({key: value for key, value in line.items() if key != "sig"})
    verify(newcomer, INTRO_DOMAIN + signed, parse_hex(line.get("sig"), SIGNATURE_OCTETS))
    return Introduction(
        newcomer,
        _identity(line, "to"),
        text_field(line, "nonce", octets=NONCE_OCTETS),
        moment(line, "time"),
        text_field(line, "answer", octets=ANSWER_OCTETS),
        tuple(check_url(url) for url in names(line, "endpoints", limits.ENDPOINTS)),
    )


def make_admitted(admitted: Admitted) -> bytes:
    line: dict[str, Any] = {"kind": "admitted", "to": admitted.registrar.hex(), "mt": admitted.mt}
    return encode(line | ({} if admitted.until is None else {"until": admitted.until}))


def open_outcome(raw: bytes) -> Admitted | Challenge:
    """What a registrar answers to an introduction: that was it, or the next question."""
    line = decode(raw, CHALLENGE_OCTETS)
    if line.get("kind") == "challenge":
        return open_challenge(raw)
    line = _decode(raw, "admitted")
    until = moment(line, "until") if "until" in line else None
    return Admitted(_identity(line, "to"), integer(line, "mt", 0, MT_MOST), until)


def check_registrar(found: Identity, wanted: Identity) -> None:
    """BadSignature unless a registrar speaks for the one who is asked."""
    if found != wanted:
        raise BadSignature("another registrar than the one of that link answers there")


def _decode(raw: bytes, kind: str) -> dict[str, Any]:
    line = decode(raw, INTRO_OCTETS if kind == "intro" else CHALLENGE_OCTETS)
    if line.get("kind") != kind:
        raise BadEncoding(f"expected a line of kind {kind}")
    return line


def _identity(line: dict[str, Any], key: str) -> Identity:
    return Identity(parse_hex(line.get(key)))


def _way(line: dict[str, Any]) -> str:
    return text_field(line, "way", characters=WAY_CHARACTERS)


def _proof(line: dict[str, Any]) -> Proof:
    if not isinstance(line["proof"], dict):
        raise BadEncoding("proof is an object")
    return open_proof(line["proof"])


def _picture(line: dict[str, Any]) -> bytes:
    text = line["picture"]
    if not isinstance(text, str) or len(text) > 2 * PICTURE_OCTETS:
        raise TooLarge("that picture is too large")
    try:
        picture = base64.b64decode(text, validate=True)
    except ValueError as error:  # also of what is not ASCII
        raise BadEncoding("picture is base64") from error
    if len(picture) > PICTURE_OCTETS:
        raise TooLarge("that picture is too large")
    return picture
