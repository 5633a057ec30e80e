"""Text that travels through mail formats: RFC 2047 encoded words, and octets of a declared charset.

Words are written in one fixed way (UTF-8, base64, cut between characters), so that an article is the same on every
node. They are read leniently: a word that cannot be decoded stays as it is, octets that are not what they claim to be
are tried as UTF-8, then Windows-1252. Sources: RFC 2047, RFC 2231 section 5, the WHATWG Encoding Standard's labels.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import itertools
import re
from collections.abc import Iterator
from contextlib import suppress

WORD_OCTETS = 39  # of UTF-8 a word: 64 characters of base64 and frame, so that a line stays below 76 with its name
_WORD = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]{0,40})?\?([bq])\?([ !->@-~]*)\?=", re.IGNORECASE)
_CHARSET = re.compile(r"[A-Za-z0-9_.:+()-]{1,40}")
_NOT_CHARSETS = frozenset({"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined"})  # Python's own
_WIDER = {"iso8859-1": "cp1252", "gb2312": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932"}  # what is meant by them
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def encode_words(text: str) -> str:
    """`text` as encoded words, one a line, folded with CRLF and a blank."""
    words = [b""]
    for character in text:
        octets = character.encode()
        if len(words[-1]) + len(octets) > WORD_OCTETS:
            words.append(b"")
        words[-1] += octets
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def decode_words(text: str) -> str:
    """An unfolded header text with its encoded words decoded; blanks between two of them vanish."""
    runs = itertools.groupby(_pieces(text), lambda piece: piece[0])
    return "".join(decode_text(b"".join(octets for _, octets in run), charset) for charset, run in runs)


def _pieces(text: str) -> Iterator[tuple[str, bytes]]:
    """Charset ("" for what is no word) and octets; a character may be cut in two by neighbouring words."""
    end = 0
    for match in _WORD.finditer(text):
        charset, encoding, payload = match.groups()
        try:
            octets = binascii.a2b_base64(payload + "===") if encoding in "bB" else binascii.a2b_qp(payload, header=True)
        except binascii.Error:
            continue
        between = text[end : match.start()]
        if not end or not between.isspace():
            yield "", between.encode()
        yield charset.lower(), octets
        end = match.end()
    yield "", text[end:].encode()


def decode_text(octets: bytes, charset: str) -> str:
    """Octets as text, by the declared charset where it fits; never fails."""
    for name in (*_codecs(charset), "utf-8"):
        with suppress(LookupError, UnicodeError):
            return _SURROGATE.sub("\ufffd", octets.decode(name))
    return octets.decode("cp1252", errors="replace")


def _codecs(charset: str) -> list[str]:
    """Python's names for a charset, the wider first; none for what is no charset of the outside world."""
    if not _CHARSET.fullmatch(charset):
        return []
    try:
        name = codecs.lookup(charset).name
    except LookupError:
        return []
    return [_WIDER[name], name] if name in _WIDER else [name] * (name not in _NOT_CHARSETS)
