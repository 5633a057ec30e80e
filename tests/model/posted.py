"""Articles as newsreaders post them, for the tests of proto-articles."""

import base64
import email.message

import pytest

from tests.model.making import ALICE
from zbnntp.model import article
from zbnntp.model.errors import BadArticle
from zbnntp.model.proto import ProtoArticle, parse_proto

ADDRESS = article.address(ALICE.identity)
HEADERS = {"From": f"Alice <{ADDRESS}>", "Newsgroups": "tech.linux", "Subject": "First thread"}
SAMPLE = "Grüße, naïve café € Привет 日本語 한국어 שלום"


def octets_of(body: str | bytes = "Hello.\r\n", **headers: str | bytes | None) -> bytes:
    """An article; names are written with _ for -, None leaves a header out."""
    fields = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [
        name.encode() + b": " + (value if isinstance(value, bytes) else value.encode())
        for name, value in fields.items()
        if value is not None
    ]
    return b"\r\n".join([*lines, b"", body if isinstance(body, bytes) else body.encode()])


def parsed(body: str | bytes = "Hello.\r\n", **headers: str | bytes | None) -> ProtoArticle:
    return parse_proto(octets_of(body, **headers))


def refused(sentence: str, body: str | bytes = "Hello.\r\n", **headers: str | bytes | None) -> None:
    with pytest.raises(BadArticle, match=sentence):
        parsed(body, **headers)


def wrapped(message: email.message.Message) -> bytes:
    """A MIME message with the mandatory headers, CRLF."""
    for name, value in HEADERS.items():
        message[name] = value
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def base64_lines(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")
