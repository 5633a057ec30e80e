"""Proto-articles: what a newsreader posts, reduced to what may be published.

Checks of RFC 5537 section 3.5 (injecting) and docs/newsgroups.md "Posting": one text/plain part, no binaries. Only
newsgroups, subject, text, references and the client's own Message-ID survive; every other header is dropped here.
Each refusal is a sentence that newsreaders show to the writer.
"""

from __future__ import annotations

import email.header
import email.message
import email.parser
import email.policy
import email.utils
import re
import unicodedata
from dataclasses import dataclass

from zbnntp.model import limits
from zbnntp.model.errors import BadArticle, BadEncoding, TooLarge
from zbnntp.model.keys import Identity, parse_identity

_MANDATORY = ("From", "Newsgroups", "Subject")
_ONCE_ONLY = (*_MANDATORY, "Date", "Message-ID", "References", "Followup-To", "Control", "Supersedes", "Distribution")
_FORBIDDEN = ("Injection-Info", "Xref", "NNTP-Posting-Host", "NNTP-Posting-Date", "X-Trace", "X-Complaints-To")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_ID_OCTETS = 250  # RFC 5536 section 3.1.3
_OWN_ADDRESS = re.compile(r"id@([a-z2-7]{56})\.zb\.invalid", re.IGNORECASE)
_YENC = re.compile(r"^=ybegin .*\bname=", re.MULTILINE)
_UUENCODE = re.compile(r"^begin [0-7]{3,4} \S.*\n[M-Z`!-L].{4,}", re.MULTILINE)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f]")
_SAGE_SUBJECT = re.compile(r"\s*\[sage\]\s*$", re.IGNORECASE)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ProtoArticle:
    """What is left of a posted article. `sender` is the identity its From names, if it names one."""

    newsgroups: tuple[str, ...]
    subject: str
    body: str  # NFC, LF line ends
    flowed: bool
    references: tuple[str, ...]  # message ids, oldest first
    message_id: str | None  # the client's own
    sender: Identity | None
    sage: bool


def parse_proto(octets: bytes) -> ProtoArticle:
    """A posted article (CRLF, un-dotted), checked and scrubbed; raises BadArticle, TooLarge."""
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(octets)
    _check_headers(message)
    text_part = _text_part(message)
    subject = _header(message, "Subject").strip()
    if not subject:
        raise BadArticle("the article has no subject; write one and send it again")
    if len(subject.encode()) > limits.SUBJECT_OCTETS:
        raise TooLarge(f"the subject is longer than {limits.SUBJECT_OCTETS} octets; shorten it and send it again")
    tagged = _SAGE_SUBJECT.search(subject)
    keywords = {word.strip().lower() for word in _header(message, "Keywords").split(",")}
    return ProtoArticle(
        newsgroups=_newsgroups(_header(message, "Newsgroups")),
        subject=_SAGE_SUBJECT.sub("", subject) if tagged else subject,
        body=_body(text_part),
        flowed=str(text_part.get_param("format", "")).lower() == "flowed",
        references=_references(message),
        message_id=_client_id(message),
        sender=_sender(_header(message, "From")),
        sage=bool(tagged) or "sage" in keywords,
    )


def _check_headers(message: email.message.Message) -> None:
    missing = [name for name in _MANDATORY if name not in message]
    doubled = [name for name in _ONCE_ONLY if len(message.get_all(name, [])) > 1]
    forbidden = [name for name in _FORBIDDEN if name in message]
    if missing:
        raise BadArticle(f"the article has no {missing[0]} line; add one and send it again")
    if doubled:
        raise BadArticle(f"the article has more than one {doubled[0]} line; keep one and send it again")
    if forbidden:
        raise BadArticle(f"a newsreader may not set {forbidden[0]}; take that line out and send it again")
    if "POSTED" in str(message.get("Path", "")):
        raise BadArticle("that article was already injected elsewhere; send it as a new one")
    if "Control" in message or "Supersedes" in message:
        raise BadArticle("articles cannot be cancelled or replaced here; write a reply that corrects it")


def _newsgroups(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part for part in re.split(r"[,\s]+", text) if part))
    if not names:
        raise BadArticle("the Newsgroups line names no group; name a board and send it again")
    return names


def _references(message: email.message.Message) -> tuple[str, ...]:
    """References, else In-Reply-To; whatever is not a message id is ignored."""
    text = _header(message, "References") or _header(message, "In-Reply-To")
    return tuple(dict.fromkeys(found for found in _MESSAGE_ID.findall(text) if len(found) <= _ID_OCTETS))


def _client_id(message: email.message.Message) -> str | None:
    text = str(message.get("Message-ID", "")).strip()
    if not text:
        return None
    if len(text) > _ID_OCTETS or not _MESSAGE_ID.fullmatch(text):
        raise BadArticle("the Message-ID is not of the form <left@right>; let the newsreader make one, or none")
    return text


def _sender(text: str) -> Identity | None:
    mailbox = email.utils.parseaddr(text)[1]
    if "@" not in mailbox:
        raise BadArticle("the From line has no address; set the newsreader's address as zb.help says")
    match = _OWN_ADDRESS.fullmatch(mailbox)
    try:
        return parse_identity(match[1].lower()) if match else None
    except BadEncoding:
        return None


def _header(message: email.message.Message, name: str) -> str:
    """A header's text, RFC 2047 decoded, raw 8-bit taken as UTF-8 or else Latin-1, on one line."""
    raw = str(message.get(name, ""))
    if _SURROGATE.search(raw):
        octets = raw.encode(errors="surrogateescape")
        raw = _decode(octets, "utf-8")
    parts: list[str] = []
    for part, charset in email.header.decode_header(raw):
        parts.append(part if isinstance(part, str) else _decode(part, charset or "utf-8"))
    text = "".join(parts)
    return unicodedata.normalize("NFC", "".join(" " if _breaks(character) else character for character in text))


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs")


def _decode(octets: bytes, charset: str) -> str:
    for attempt in (charset, "utf-8"):
        try:
            return octets.decode(attempt)
        except (LookupError, UnicodeError):
            continue
    return octets.decode("cp1252", errors="replace")


def _text_part(message: email.message.Message) -> email.message.Message:
    """The one text/plain part; everything else has a refusal of its own."""
    leaves = [part for part in message.walk() if not part.is_multipart()]
    plain = [part for part in leaves if part.get_content_type() == "text/plain" and not _attached(part)]
    others = [part for part in leaves if part not in plain]
    if not plain:
        raise BadArticle("only plain text is published; set the newsreader to compose plain text and send it again")
    alternative = message.get_content_type() == "multipart/alternative"
    if len(plain) > 1 or any(not alternative or part.get_content_maintype() != "text" for part in others):
        raise BadArticle("attachments are not published; put the text into the article itself and send it again")
    return plain[0]


def _attached(part: email.message.Message) -> bool:
    return part.get_content_disposition() == "attachment" or part.get_filename() is not None


def _body(part: email.message.Message) -> str:
    octets = part.get_payload(decode=True)
    if not isinstance(octets, bytes):
        raise BadArticle("the article has no text; write some and send it again")
    charset = part.get_content_charset() or "utf-8"
    text = _decode(octets, "utf-8" if charset == "us-ascii" else charset)
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _UNPRINTABLE.sub("", _SURROGATE.sub("\ufffd", text))
    if _YENC.search(text) or _UUENCODE.search(text):
        raise BadArticle("binaries are not published; put the file elsewhere and send a link to it")
    if not text.strip():
        raise BadArticle("the article has no text; write some and send it again")
    if len(text.encode()) > limits.BODY_OCTETS:
        raise TooLarge(f"the text is longer than {limits.BODY_OCTETS // 1024} KiB; send it in parts")
    return text
