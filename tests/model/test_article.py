"""Served articles: RFC 5536 octets that every newsreader takes, whatever a stranger put into nick and subject."""

import email
import email.header
import email.policy
import email.utils
import quopri
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.making import ALICE, BOB, TIME, made_post, opened, opening, reply
from zbnntp.model import article, limits
from zbnntp.model.entries import Header, Post
from zbnntp.model.keys import Identity, PostId, identity_text, message_id, sha256, short_id
from zbnntp.model.shown import seen

ONE_LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40)
SUBJECTS = ONE_LINE.filter(str.strip)
ADDRESS = f"id@{identity_text(ALICE.identity)}.zb.invalid"
HIDDEN = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u2800\u3164\ufe00\ufe0f\uffa0\ufff0\U0001bca0\U0001d173\U0001d17a"
    "\U000e0100\U000e01ef\U000e0fff"
)
UNSEEN = [f"an{it}na" for it in HIDDEN]
NAMES_OF_A_REPLY = ["Path", "From", "Newsgroups", "Subject", "Date", "Message-ID", "References"]
NAMES_OF_A_REPLY += ["MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
NASTY_NICKS = [
    "",
    " ",
    "alice",
    "Alice B. Example",
    'the "great" alice',
    "back\\slash",
    '\\"',
    "<admin@example.org>",
    "alice <root@localhost>",
    "a,b;c:d",
    "(comment)",
    "@",
    "=?",
    "=?utf-8?q?admin?=",
    "=?utf-8?b?8J+YgA==?= x",
    "Subject: pwned",
    "From: root",
    "X-Zb-Trust: +1.00",
    "Jürgen",
    "😀" * 40,
    "é" * 40,
    "a  b",
    "\u202eecila",
    "\u200e\u200f\u061c\u202a\u202e\u2066\u2069",
    "\u3000",
    "\u00a0",
    "-- ",
    ".",
    "$%&'*+-/=?^_`{|}~",
]


def headers_of(octets: bytes) -> list[tuple[str, str]]:
    """Names and unfolded values, split by hand."""
    head = octets.partition(b"\r\n\r\n")[0].decode("ascii")
    return [tuple(line.split(": ", 1)) for line in re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")]  # type: ignore[misc]


def compose(post: Post, thread_subject: str = "First thread", nick: str = "alice", extra: bytes = b"") -> bytes:
    return article.compose(post.header, post.body, thread_subject, nick, extra)


def decoded(value: str) -> str:
    return str(email.header.make_header(email.header.decode_header(value)))


# the whole


def test_an_op_as_octets() -> None:
    expected = [
        "Path: zbnntp!not-for-mail",
        f"From: alice <{ADDRESS}>",
        "Newsgroups: tech.linux",
        "Subject: First thread",
        "Date: Wed, 18 Nov 2026 11:06:40 +0000",
        f"Message-ID: {message_id(opened(opening()).header.id)}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        "Hello.",
        "",
    ]
    assert compose(opened(opening())).decode() == "\r\n".join(expected)


def test_all_headers_in_their_order() -> None:
    raw = reply(sage=True, flowed=True, replaces=["ab" * 32], subject="Other", boards=["tech.linux", "tech.bsd"])
    octets = compose(opened(raw, BOB), extra=b"Xref: zb tech.linux:1\r\nX-Zb-Trust: +0.42\r\n")
    names = (
        "Path From Newsgroups Subject Date Message-ID References Supersedes MIME-Version Content-Type "
        "Content-Transfer-Encoding Xref X-Zb-Trust"
    )
    assert [name for name, _ in headers_of(octets)] == names.split()
    found = dict(headers_of(octets))
    assert found["Newsgroups"] == "tech.linux,tech.bsd"
    assert found["Supersedes"] == message_id(PostId(b"\xab" * 32))
    assert found["Content-Type"] == "text/plain; charset=utf-8; format=flowed"


def test_headers_without_a_value_are_left_out() -> None:
    names = [name for name, _ in headers_of(compose(opened(opening())))]
    assert "References" not in names
    assert "Supersedes" not in names


@given(
    nick=ONE_LINE | st.sampled_from(NASTY_NICKS),
    subject=SUBJECTS,
    thread_subject=SUBJECTS,
    answers=st.booleans(),
    body=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=200),
)
def test_any_article_is_well_formed(nick: str, subject: str, thread_subject: str, answers: bool, body: str) -> None:
    post = opened(reply(subject=subject if answers else None), BOB)
    octets = article.compose(post.header, body, thread_subject, nick)
    head, _, text = octets.partition(b"\r\n\r\n")
    assert head.isascii()
    assert max(len(line) for line in octets.split(b"\r\n")) <= article.LINE_OCTETS
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", octets)
    assert all(line.strip() for line in head.split(b"\r\n"))
    assert [name for name, _ in headers_of(octets)] == NAMES_OF_A_REPLY
    assert text.endswith(b"\r\n") or not text
    message = email.message_from_bytes(octets, policy=email.policy.SMTP)
    assert not message.defects
    assert email.utils.parseaddr(dict(headers_of(octets))["From"])[1] == article.address(post.header.author)


# From


@pytest.mark.parametrize("nick", NASTY_NICKS)
def test_no_nick_leaves_its_place(nick: str) -> None:
    """Whatever the nick, the address is the author's and the name shown is the nick without bidi controls."""
    octets = compose(opened(opening()), nick=nick)
    assert len(headers_of(octets)) == 9
    name, address = email.utils.parseaddr(dict(headers_of(octets))["From"])
    assert address == ADDRESS
    has_shape = "".join(seen(nick).split()).strip("\u200c\u200d")
    shown = seen(nick).strip() if has_shape else short_id(ALICE.identity)
    assert decoded(name) == shown
    assert not re.search(rb"[\x80-\xff]", octets.partition(b"\r\n\r\n")[0])


@pytest.mark.parametrize(
    "nick",
    [
        "a\u200bnna",
        "anna\ufeff",
        "\u2060anna",
        "an\u00adna",
        "anna\U000e0061",
        "\u202eanna",
        "an\u200dna",
        "anna\u200c",
        *UNSEEN,
    ],
)
def test_what_is_not_seen_makes_no_other_name(nick: str) -> None:
    assert article.sender(ALICE.identity, nick) == f"anna <{ADDRESS}>"
    assert article.subject_field(nick) == b"anna"


@pytest.mark.parametrize("nick", ["\u200d", "\u200b \u200c", "\u2067\U000e0020", "\u3164", "\u2800\u115f\uffa0"])
def test_a_name_of_nothing_that_is_seen_is_none(nick: str) -> None:
    assert article.sender(ALICE.identity, nick) == f"{short_id(ALICE.identity)} <{ADDRESS}>"


@pytest.mark.parametrize("nick", ["Ан\u200dна", "\u200dАнна", "Анна\u200c \u200d", "Ан\u3164\u200d\u200cна"])
def test_joiners_make_no_other_name_of_letters_that_are_not_joined(nick: str) -> None:
    assert seen(nick).strip() == "Анна"


def test_joiners_stay_where_they_join() -> None:
    """Families of emoji, and letters of Persian, are made with them."""
    for nick in ("👨\u200d👩\u200d👧", "می\u200cخواهم"):
        assert decoded(article.sender(ALICE.identity, nick).partition(" <")[0].strip()) == nick


def test_plain_nicks_stay_plain() -> None:
    assert article.sender(ALICE.identity, "Alice Example") == f"Alice Example <{ADDRESS}>"
    assert article.sender(ALICE.identity, "A. Example") == f'"A. Example" <{ADDRESS}>'


def test_an_encoded_nick_is_folded_before_the_address() -> None:
    """RFC 2047 section 2: a line with an encoded word has at most 76 characters."""
    lines = f"From: {article.sender(ALICE.identity, '😀' * 40)}".split("\r\n")
    assert all(len(line) <= 76 for line in lines)
    assert lines[-1] == f" <{ADDRESS}>"


def test_without_a_nick_the_short_id_is_shown() -> None:
    assert article.sender(ALICE.identity, "") == f"{short_id(ALICE.identity)} <{ADDRESS}>"


# Subject


@pytest.mark.parametrize(
    ("subject", "thread_subject", "shown"),
    [
        (None, "First thread", "Re: First thread"),
        (None, "Re: First thread", "Re: First thread"),
        (None, "re: First thread", "re: First thread"),
        (None, "Report", "Re: Report"),
        (None, "Grüße", "Re: Grüße"),
        ("Changed", "First thread", "Changed"),
        ("  Blanks  ", "First thread", "Blanks"),
        ("\u202egnorw\u202c", "First thread", "gnorw"),
        ("=?utf-8?q?x?=", "First thread", "=?utf-8?q?x?="),
        ("50 % =? what", "First thread", "50 % =? what"),
        ("😀" * 62, "First thread", "😀" * 62),
        ("\u202e\u202c", "First thread", article.NO_SUBJECT),
        ("x" * 250, "First thread", "x" * 250),
        ("x" * 247 + "é", "First thread", "x" * 247 + "é"),
    ],
)
def test_subjects(subject: str | None, thread_subject: str, shown: str) -> None:
    value = dict(headers_of(compose(opened(reply(subject=subject), BOB), thread_subject)))["Subject"]
    assert decoded(value) == shown


# References


def test_references_are_the_thread_then_the_ancestors() -> None:
    thread, first, second = (PostId(bytes([number]) * 32) for number in (1, 2, 3))
    ids = [message_id(it) for it in (thread, first, second)]
    for parents, shown in (
        ([thread], ids[:1]),
        ([first], ids[:2]),
        ([first, second], ids),
        ([thread, second], [ids[0], ids[2]]),
    ):
        header = made_post(thread=thread, parents=parents).header
        assert article.references(header) == " ".join(shown)


def test_references_of_a_deep_thread_fit_a_line() -> None:
    parents = [PostId(bytes([number]) * 32) for number in range(limits.PARENTS_PER_POST)]
    octets = compose(made_post(thread=PostId(b"\xff" * 32), parents=parents))
    value = dict(headers_of(octets))["References"]
    assert len(value.split()) == 9
    assert len(f"References: {value}") <= article.LINE_OCTETS


def test_an_op_has_no_references() -> None:
    assert article.references(opened(opening()).header) == ""


# Date


@pytest.mark.parametrize("time", [0, 1, TIME, 2**31, 2**32, limits.TIME_MOST])
def test_dates_have_a_zone_and_come_back(time: int) -> None:
    value = dict(headers_of(compose(made_post(time=time, subject="x"))))["Date"]
    assert value.endswith(" +0000")
    assert email.utils.parsedate_to_datetime(value).timestamp() == time


# body


@pytest.mark.parametrize(
    ("body", "octets"),
    [
        ("", b""),
        ("\n", b"\r\n"),
        ("one", b"one\r\n"),
        ("one\n", b"one\r\n"),
        ("one\n\n", b"one\r\n\r\n"),
        (".\n..\nFrom here\n", b".\r\n..\r\nFrom here\r\n"),
        ("flowed \n-- \nname\n", b"flowed \r\n-- \r\nname\r\n"),
        ("\u202etxet\u202c €\n", "\u202etxet\u202c €\r\n".encode()),
        ("a\u2028b\u0085c\n", "a\u2028b\u0085c\r\n".encode()),
    ],
)
def test_nothing_of_a_body_is_left_out(body: str, octets: bytes) -> None:
    assert article.body_octets(body) == octets
    made = article.compose(opened(opening()).header, body, "x", "alice")
    assert made.partition(b"\r\n\r\n")[2] == octets


@pytest.mark.parametrize("line", ["x" * 998, "é" * 499])
def test_a_line_of_998_octets_is_served_as_it_is(line: str) -> None:
    octets = article.compose(opened(opening()).header, line + "\nend", "x", "alice")
    assert dict(headers_of(octets))["Content-Transfer-Encoding"] == "8bit"
    assert octets.endswith(line.encode() + b"\r\nend\r\n")


@pytest.mark.parametrize(
    "body", ["x" * 999, "é" * 500 + "\n", "short\n" + "x=" * 2000 + " \n.\nFrom me\n", "😀" * 16384]
)
def test_longer_lines_become_quoted_printable(body: str) -> None:
    octets = article.compose(opened(opening()).header, body, "x", "alice")
    text = octets.partition(b"\r\n\r\n")[2]
    assert dict(headers_of(octets))["Content-Transfer-Encoding"] == "quoted-printable"
    assert max(map(len, text.split(b"\r\n"))) <= 76
    whole = body if body.endswith("\n") else body + "\n"
    assert quopri.decodestring(text).replace(b"\r\n", b"\n").decode() == whole
    payload = email.message_from_bytes(octets).get_payload(decode=True)
    assert payload.replace(b"\r\n", b"\n").decode() == whole  # type: ignore[union-attr]


# overview


def test_overview_of_an_article() -> None:
    octets = compose(opened(reply(subject="Grüße " * 20), BOB), nick="Jürgen " * 5)
    found, headers = article.overview_fields(octets), dict(headers_of(octets))
    assert b"\r" not in found.subject + found.sender
    assert decoded(found.subject.decode()) == ("Grüße " * 20).strip()
    assert decoded(email.utils.parseaddr(found.sender.decode())[0]) == ("Jürgen " * 5).strip()
    assert (found.date, found.message_id) == (headers["Date"].encode(), headers["Message-ID"].encode())
    assert found.references == headers["References"].encode()
    assert (found.octets, found.lines) == (len(octets), 1)


def test_overview_of_an_op_has_no_references() -> None:
    found = article.overview_fields(compose(made_post(body="a\nb\nc", subject="x")))
    assert (found.references, found.lines) == (b"", 3)


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        (b"Subject: a\r\n b", b"a b"),
        (b"Subject: a\r\n\tb", b"a b"),
        (b"Subject:  a\tb\0c ", b"a b c"),
        (b"subject: a\r\nSubject: b", b"a"),
        (b"X: y", b""),
    ],
)
def test_overview_is_unfolded_and_without_tabs(line: bytes, subject: bytes) -> None:
    assert article.overview_fields(line + b"\r\n\r\nbody\r\n").subject == subject


@given(ONE_LINE, SUBJECTS)
def test_no_field_of_the_overview_ends_it(nick: str, subject: str) -> None:
    found = article.overview_fields(compose(opened(reply(subject=subject), BOB), nick=nick))
    fields = (found.subject, found.sender, found.date, found.message_id, found.references)
    assert not re.search(rb"[\t\r\n\0]", b"".join(fields))
    assert all(fields)


def test_the_same_post_gives_the_same_octets() -> None:
    """But for the nick and the reader's own lines, an article is alike on every node."""
    header: Header = opened(reply(subject="Grüße"), BOB).header
    first = article.compose(header, "x", "a", "Bób", b"Xref: one tech.linux:1\r\n")
    second = article.compose(header, "x", "another", "Bób", b"Xref: two tech.linux:7\r\n")
    assert first.replace(b"Xref: one tech.linux:1", b"") == second.replace(b"Xref: two tech.linux:7", b"")


# the head out of the overview


def head_from_overview(octets: bytes, boards: tuple[str, ...], extra: bytes) -> bytes | None:
    """What `served_head` makes of what is kept of an article; None when only `compose` can."""
    kept = article.overview_fields(octets)
    if kept.form == article.Form.SPECIAL:
        return None
    fields = b"\t".join([kept.subject, kept.sender, kept.date, kept.message_id, kept.references])
    xref = b"Xref: zbnntp " + b" ".join(b"%b:7" % name.encode() for name in boards)
    return article.served_head(fields, xref, kept.form, extra)


@given(
    nick=ONE_LINE | st.sampled_from(NASTY_NICKS),
    subject=st.none() | SUBJECTS | st.sampled_from(["=?", "=?utf-8?q?x?=", "a =? b", "\u202e"]),
    thread_subject=SUBJECTS,
    boards=st.lists(st.sampled_from(["tech.linux", "a", "comp.lang.c++"]), min_size=1, max_size=3, unique=True),
    flowed=st.booleans(),
    extra=st.sampled_from([b"", b"Xref: zbnntp a:7\r\nX-Zb-Trust: +0.42\r\n"]),
)
def test_a_head_out_of_the_overview_is_the_composed_one(
    nick: str, subject: str | None, thread_subject: str, boards: list[str], flowed: bool, extra: bytes
) -> None:
    post = opened(reply(subject=subject, boards=boards, flowed=flowed), BOB)
    octets = compose(post, thread_subject, nick, extra)
    found = head_from_overview(compose(post, thread_subject, nick), post.header.boards, extra)
    assert found == octets.partition(b"\r\n\r\n")[0] + b"\r\n"


def test_an_op_out_of_the_overview_has_no_references() -> None:
    octets = compose(opened(opening()))
    assert head_from_overview(octets, ("tech.linux",), b"") == octets.partition(b"\r\n\r\n")[0] + b"\r\n"


@pytest.mark.parametrize("fields", [{"replaces": ["ab" * 32]}, {"body": "x" * 999}], ids=["supersedes", "long lines"])
def test_what_the_overview_does_not_tell_is_special(fields: dict) -> None:
    assert head_from_overview(compose(opened(reply(**fields), BOB)), ("tech.linux",), b"") is None


def test_senders_are_made_of_their_names() -> None:
    nicks = [
        "anne",
        "",
        "\u00c4rger",
        "a\u00a0b",
        "Anne Marie",
        "<x>",
        "\t",
        "x" * 40,
        "a  b",
        "A. Doe",
        "=?x?=",
        " <id@",
    ]
    people = [(made_identity(number), nick) for number, nick in enumerate(nicks)]
    fields = [re.sub(rb"\r\n(?=[ \t])", b"", article.sender(*who).encode()).replace(b"\t", b" ") for who in people]
    names = [article.sender_name(field, identity) for field, (identity, _) in zip(fields, people, strict=True)]
    assert names[:2] == [b"anne", article.short_id(people[1][0]).encode()]
    assert article.sender_name(fields[0], people[1][0]) is None
    assert article.sender_name(b"anne", people[0][0]) is None
    letters = [identity_text(identity).encode() for identity, _ in people]
    assert [article.sender_field(name or b"", it) for name, it in zip(names, letters, strict=True)] == fields


def made_identity(number: int) -> Identity:
    return Identity(sha256(bytes([number])))
