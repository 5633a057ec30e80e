"""Articles as another news server gets them (docs/inn.md).

What is this reader's alone stays here: Xref, and the X-Zb- lines with the trust and the votes of one view at one time.
Added are a Distribution, by which that server's operator keeps boards from going on to where he does not want them, and
a Cancel-Lock (RFC 8315): only who has the secret of this node can take an article back there.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from hashlib import sha256

from zbnntp.model.article import date_field

DISTRIBUTION = b"zb"
_OWN_LINE = re.compile(rb"(?:Xref|X-Zb-[\w-]+):", re.IGNORECASE)
_SUPERSEDES = b"Supersedes:"
SENDER = b"zbnntp <feed@zb.invalid>"


def relayed(octets: bytes, message_id: str, secret: bytes) -> bytes:
    """An article of the shelf, as it is sent."""
    head, _, body = octets.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not _OWN_LINE.match(line)]
    lines += [b"Distribution: " + DISTRIBUTION, b"Cancel-Lock: sha256:" + _lock(message_id.encode(), secret)]
    replaced = next((line for line in lines if line.startswith(_SUPERSEDES)), None)
    if replaced is not None:
        lines.append(_key_line(replaced.removeprefix(_SUPERSEDES).strip(), secret))
    return b"\r\n".join([*lines, b"", body])


def withdrawal(message_id: str, board: str, secret: bytes, version: int, now: int) -> tuple[str, bytes]:
    """The control message that takes an article back (RFC 5537 section 5.3), and its Message-ID.

    `version` tells it from an earlier one for the same article, which was shown again meanwhile.
    """
    own = f"<cancel.{version}.{message_id[1:]}"
    lines = [
        b"Path: zbnntp!not-for-mail",
        b"From: " + SENDER,
        b"Newsgroups: " + board.encode(),
        b"Subject: cmsg cancel " + message_id.encode(),
        b"Control: cancel " + message_id.encode(),
        b"Date: " + date_field(now),
        b"Message-ID: " + own.encode(),
        b"Distribution: " + DISTRIBUTION,
        _key_line(message_id.encode(), secret),
        b"",
        b"No longer shown where it came from.",
        b"",
    ]
    return own, b"\r\n".join(lines)


def _key(message_id: bytes, secret: bytes) -> bytes:
    return b64encode(hmac.digest(secret, message_id, "sha256"))


def _lock(message_id: bytes, secret: bytes) -> bytes:
    return b64encode(sha256(_key(message_id, secret)).digest())


def _key_line(message_id: bytes, secret: bytes) -> bytes:
    return b"Cancel-Key: sha256:" + _key(message_id, secret)
