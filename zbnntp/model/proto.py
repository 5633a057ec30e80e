"""Proto-articles: what a newsreader posts, reduced to what may be published.

Checks of RFC 5537 section 3.5 (injecting) and docs/newsgroups.md "Posting": one text/plain part, no binaries. Only
newsgroups, subject, text, references and the client's own Message-ID survive; every other header is dropped here.
Each refusal is a sentence that newsreaders show to the writer.
"""

from __future__ import annotations

import email.message
import email.parser
import email.policy
import email.utils
import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zbnntp.model import limits
from zbnntp.model.errors import BadArticle, BadEncoding, TooLarge
from zbnntp.model.keys import Identity, parse_identity
from zbnntp.model.words import decode_text, decode_words

Headers = Mapping[str, Sequence[str]]  # lower-case name -> unfolded values

_MANDATORY = ("From", "Newsgroups", "Subject")
_ONCE_ONLY = (
    *_MANDATORY, "Date", "Message-ID", "References", "In-Reply-To", "Followup-To", "Reply-To", "Sender", "Path",
    "Control", "Supersedes", "Distribution", "Expires", "Approved", "Organization", "Summary", "Keywords",
    "User-Agent", "Injection-Date", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    "Content-Disposition",
)  # fmt: skip
_FORBIDDEN = (
    "Injection-Info", "Xref", "NNTP-Posting-Host", "NNTP-Posting-Date", "X-Trace", "X-Complaints-To", "Also-Control",
)  # fmt: skip
_CANCEL = re.compile(r"cancel\s+(<\S+>)", re.IGNORECASE)
_GROUP_NAME = re.compile(r"[A-Za-z0-9+_-]+(\.[A-Za-z0-9+_-]+)*")
_FIELD = re.compile(rb"([!-9;-~]+):(.*)", re.DOTALL)
_POSTED = re.compile(r"(?:^|!)\s*\.?POSTED\b")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
HEADER_OCTETS = 64 * 1024  # a thousand References; reading them takes 50 ms at most
_ID_OCTETS = 250  # RFC 5536 section 3.1.3
_BRACKETED = re.compile(r"<([^<>]*)>")
_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+")
_OWN_ADDRESS = re.compile(r"id@([a-z2-7]{56})\.zb\.invalid", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f]")
SAGE_TAG = "[sage]"
_MIME_FIELD = re.compile(rb"^content-(?:type|disposition):.*(?:\n[ \t].*)*", re.IGNORECASE | re.MULTILINE)
MIME_FIELDS = 20
MIME_FIELD_OCTETS = 4096
_YENC = re.compile(r"^=ybegin .*\bname=", re.MULTILINE)
_UUENCODED = re.compile(r"^begin [0-7]{3,4} \S.*\n([!-M])([ -`]+)$", re.MULTILINE)
UUENCODE_SLACK = 4  # check characters are added, blanks at the end lost
_UUENCODINGS = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/]{60,76}")
BASE64_LINES = 40  # 2 KB and more


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
    date: int | None = None  # unix seconds; checked, never published
    cancels: str | None = None  # the message id of a cancel control article; then there is no body
    supersedes: str | None = None


def parse_proto(octets: bytes) -> ProtoArticle:
    """A posted article (CRLF, un-dotted), checked and scrubbed; raises BadArticle, TooLarge."""
    if b"\0" in octets:
        raise BadArticle("the article holds a NUL octet; take it out and send it again")
    octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    headers = _read_headers(octets)
    _check_headers(headers)
    subject, tagged = _subject(headers)
    cancels = _cancels(headers)
    body, flowed = ("", False) if cancels else _text_of(octets, headers)
    keywords = {word.strip().lower() for word in _text(headers, "Keywords").split(",")}
    return ProtoArticle(
        newsgroups=_newsgroups(_raw(headers, "Newsgroups")),
        subject=subject,
        body=body,
        flowed=flowed,
        references=_references(headers),
        message_id=_client_id(headers, "Message-ID"),
        sender=_sender(_raw(headers, "From")),
        sage=tagged or "sage" in keywords,
        date=_date(_raw(headers, "Date")),
        cancels=cancels,
        supersedes=_client_id(headers, "Supersedes"),
    )


def _text_of(octets: bytes, headers: Headers) -> tuple[str, bool]:
    """The text of the one text/plain part, and whether it is flowed."""
    _check_mime(octets, _raw(headers, "Content-Type"))
    part = _text_part(octets)
    return _body(part), _parameter(part, "format") == "flowed" and _parameter(part, "delsp") != "yes"


def _read_headers(octets: bytes) -> Headers:
    """The header fields of an article with LF line ends; RFC 5536 section 2.2, with raw 8-bit let in."""
    found: dict[str, list[str]] = {}
    head = octets.partition(b"\n\n")[0] if not octets.startswith(b"\n") else b""
    if len(head) > HEADER_OCTETS:
        raise TooLarge(f"the headers are longer than {HEADER_OCTETS // 1024} KiB; leave some out and send it again")
    for line in re.split(rb"\n(?![ \t])", head.rstrip(b"\n")) if head else ():
        field = _FIELD.fullmatch(line)
        if not field:
            start = decode_text(line[:40], "utf-8")
            raise BadArticle(f"{start!r} is no header line; put an empty line between header and text")
        value = decode_text(field[2], "utf-8").replace("\n", "").strip()
        found.setdefault(field[1].decode().lower(), []).append(value)
    return found


def _check_headers(headers: Headers) -> None:
    missing = [name for name in _MANDATORY if name.lower() not in headers]
    doubled = [name for name in _ONCE_ONLY if len(headers.get(name.lower(), ())) > 1]
    forbidden = [name for name in _FORBIDDEN if name.lower() in headers]
    if missing:
        raise BadArticle(f"the article has no {missing[0]} line; add one and send it again")
    if doubled:
        raise BadArticle(f"the article has more than one {doubled[0]} line; keep one and send it again")
    if forbidden:
        raise BadArticle(f"a newsreader may not set {forbidden[0]}; take that line out and send it again")
    if _POSTED.search(_raw(headers, "Path")):
        raise BadArticle("that article was already injected elsewhere; send it as a new one")
    followup = [part for part in re.split(r"[,\s]+", _raw(headers, "Followup-To")) if part]
    if not all(_GROUP_NAME.fullmatch(part) for part in followup):
        raise BadArticle("the Followup-To line names no groups; name some, or 'poster', or take it out")


def _cancels(headers: Headers) -> str | None:
    """The id that a control article cancels (RFC 5537 section 5.3)."""
    if "control" not in headers:
        return None
    if "supersedes" in headers:
        raise BadArticle("an article cannot have both Control and Supersedes; take one out and send it again")
    match = _CANCEL.fullmatch(_raw(headers, "Control"))
    if not match or not _MESSAGE_ID.fullmatch(match[1]):
        raise BadArticle("of control articles only 'cancel <message-id>' is carried out here")
    return match[1]


def _date(text: str) -> int | None:
    if not text:
        return None
    try:
        return int(email.utils.parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError) as error:
        raise BadArticle("the Date line cannot be read; let the newsreader make one, or none") from error


def _raw(headers: Headers, name: str) -> str:
    return headers.get(name.lower(), ("",))[0]


def _text(headers: Headers, name: str) -> str:
    """A header's text, RFC 2047 decoded, NFC, with a blank for every control character."""
    text = decode_words(_raw(headers, name))
    printable = "".join(
        " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character for character in text
    )
    return unicodedata.normalize("NFC", printable).strip()


def _subject(headers: Headers) -> tuple[str, bool]:
    """The subject, and whether the tag [sage] was cut off its end."""
    subject = _text(headers, "Subject")
    tagged = subject.lower().endswith(SAGE_TAG)
    if tagged:
        subject = subject[: -len(SAGE_TAG)].rstrip()
    if not subject:
        raise BadArticle("the article has no subject; write one and send it again")
    if len(subject.encode()) > limits.SUBJECT_OCTETS:
        raise TooLarge(f"the subject is longer than {limits.SUBJECT_OCTETS} octets; shorten it and send it again")
    return subject, tagged


def _newsgroups(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part for part in re.split(r"[,\s]+", text) if part))
    if not names:
        raise BadArticle("the Newsgroups line names no group; name a board and send it again")
    return names


def _references(headers: Headers) -> tuple[str, ...]:
    """References, else In-Reply-To; whatever is not a message id is ignored."""
    text = _raw(headers, "References") or _raw(headers, "In-Reply-To")
    return tuple(dict.fromkeys(found for found in _MESSAGE_ID.findall(text) if len(found) <= _ID_OCTETS))


def _client_id(headers: Headers, name: str) -> str | None:
    text = _raw(headers, name)
    if not text:
        return None
    if len(text) > _ID_OCTETS or not _MESSAGE_ID.fullmatch(text):
        raise BadArticle(f"the {name} is not of the form <left@right>; let the newsreader make one, or none")
    return text


def _sender(text: str) -> Identity | None:
    bracketed = _BRACKETED.findall(text)
    mailbox = (bracketed[-1] if bracketed else re.sub(r"\([^()]*\)", "", text)).strip()
    if not _MAILBOX.fullmatch(mailbox):
        raise BadArticle("the From line has no address; set the newsreader's address as zb.help says")
    match = _OWN_ADDRESS.fullmatch(mailbox)
    try:
        return parse_identity(match[1].lower()) if match else None
    except BadEncoding:
        return None


def _check_mime(octets: bytes, content_type: str) -> None:
    """Bounds for the parser, whose work grows with their square; real posts are far below."""
    nested = "multipart" in content_type.lower() or "message" in content_type.lower()
    fields = _MIME_FIELD.findall(octets if nested else octets.partition(b"\n\n")[0])
    if len(fields) > MIME_FIELDS or max(map(len, fields), default=0) > MIME_FIELD_OCTETS:
        raise BadArticle("the article has too many parts; send its text as plain text")


def _text_part(octets: bytes) -> email.message.Message:
    """The one text/plain part; everything else has a refusal of its own."""
    whole = _mime_tree(octets)
    parts = [part for part in whole.walk() if part.get_content_maintype() != "multipart"]
    plain = [part for part in parts if _is_plain(part)]
    others = {part.get_content_maintype() for part in parts if not _is_plain(part)}
    if not plain:
        raise BadArticle("only plain text is published; set the newsreader to compose plain text and send it again")
    if len(plain) > 1 or others - ({"text"} if whole.get_content_type() == "multipart/alternative" else set()):
        raise BadArticle("attachments are not published; put the text into the article itself and send it again")
    return plain[0]


def _mime_tree(octets: bytes) -> email.message.Message:
    try:
        return email.parser.BytesParser(policy=email.policy.compat32).parsebytes(octets)
    except ValueError as error:  # a boundary in a charset whose name holds NUL
        raise BadArticle("the article's parts cannot be told apart; send its text as plain text") from error


def _is_plain(part: email.message.Message) -> bool:
    named = _parameter(part, "name") or _parameter(part, "filename", "Content-Disposition")
    return part.get_content_type() == "text/plain" and part.get_content_disposition() != "attachment" and not named


def _parameter(part: email.message.Message, name: str, header: str = "Content-Type") -> str:
    """A parameter without its RFC 2231 charset, which the email package would look up whatever it is."""
    value = part.get_param(name, "", header)
    return str(value[2] if isinstance(value, tuple) else value).lower()


def _body(part: email.message.Message) -> str:
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() in _UUENCODINGS:
        raise BadArticle("uuencoded text is not published; set the newsreader to send text as it is")
    octets: Any = part.get_payload(decode=True)
    text = decode_text(octets, _parameter(part, "charset") or "utf-8").removeprefix("\ufeff")
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _UNPRINTABLE.sub("", text)
    if _YENC.search(text) or _holds_uuencode(text) or _holds_base64(text):
        raise BadArticle("binaries are not published; put the file elsewhere and send a link to it")
    if not text.strip():
        raise BadArticle("the article has no text; write some and send it again")
    if len(text.encode()) > limits.BODY_OCTETS:
        raise TooLarge(f"the text is longer than {limits.BODY_OCTETS // 1024} KiB; send it in parts")
    return text


def _holds_uuencode(text: str) -> bool:
    """Whether a "begin" is followed by a line about as long as its first character says."""
    return any(
        abs(len(match[2]) - (ord(match[1]) - 32 + 2) // 3 * 4) <= UUENCODE_SLACK for match in _UUENCODED.finditer(text)
    )


def _holds_base64(text: str) -> bool:
    """Whether many lines of base64 stand together; the armour of OpenPGP and PEM is text that people do post."""
    runs = itertools.groupby(text.split("\n"), lambda line: bool(_BASE64_LINE.fullmatch(line)))
    longest = max(sum(1 for _ in lines) if encoded else 0 for encoded, lines in runs)
    return longest >= BASE64_LINES and "-----BEGIN " not in text
