"""Proto-articles: the headers that newsreaders send, what is left of them, and the sentence for what is refused."""

import base64

import pytest

from tests.model.charsets import can_encode, text_codecs
from tests.model.making import ALICE
from tests.model.posted import ADDRESS, SAMPLE, octets_of, parsed, refused
from zbnntp.model.errors import BadArticle, TooLarge
from zbnntp.model.proto import ProtoArticle, parse_proto


def test_what_is_left_of_an_article() -> None:
    assert parsed() == ProtoArticle(("tech.linux",), "First thread", "Hello.\n", False, (), None, ALICE.identity, False)


def test_everything_that_tells_on_the_writer_is_dropped() -> None:
    leaks = {
        "User_Agent": "Mozilla/5.0 (X11; Linux x86_64)",
        "Organization": "Secret Service",
        "Date": "Wed, 18 Nov 2026 11:06:40 +0500",
        "X_Mailer": "x",
        "X_Face": "x",
        "Reply_To": "real@example.org",
        "Sender": "real@host.example.org",
        "NNTP_Posting": "x",
        "Path": "host.example.org!not-for-mail",
        "Approved": "me",
        "Cancel_Lock": "sha256:x",
        "Content_Language": "en-GB",
        "X_Mozilla_News_Host": "news://127.0.0.1",
    }
    found = parsed(**leaks)
    plain = parsed()
    assert found.date is not None
    for name in ("newsgroups", "subject", "body", "references", "message_id", "sender", "sage"):
        assert getattr(found, name) == getattr(plain, name)


# headers


@pytest.mark.parametrize("name", ["From", "Newsgroups", "Subject"])
def test_a_mandatory_header_is_missing(name: str) -> None:
    refused(f"has no {name} line", **{name: None})


def test_an_empty_article() -> None:
    """slrn posts one to learn whether it may."""
    for octets in (b"", b"\r\n", b"\r\n\r\n", b"\n"):
        with pytest.raises(BadArticle, match="has no From line"):
            parse_proto(octets)


ONCE_ONLY = (
    "From Newsgroups Subject Date Message-ID References Followup-To Control Supersedes Path Content-Type "
    "Content-Transfer-Encoding In-Reply-To Keywords MIME-Version"
)


@pytest.mark.parametrize("name", ONCE_ONLY.split())
def test_a_header_that_stands_once_stands_twice(name: str) -> None:
    with pytest.raises(BadArticle, match=f"more than one {name} line"):
        parse_proto(f"{name}: a\r\n{name.upper()}: b\r\n".encode() + octets_of())


def test_other_headers_may_stand_twice() -> None:
    assert parse_proto(b"X-Thing: a\r\nX-Thing: b\r\nComments: c\r\nComments: d\r\n" + octets_of())


@pytest.mark.parametrize(
    "name", ["Injection-Info", "Xref", "NNTP-Posting-Host", "NNTP-Posting-Date", "X-Trace", "X-Complaints-To", "xref"]
)
def test_headers_of_servers(name: str) -> None:
    with pytest.raises(BadArticle, match="may not set"):
        parse_proto(f"{name}: x\r\n".encode() + octets_of())


@pytest.mark.parametrize("path", [".POSTED!not-for-mail", "a!.POSTED.b!not-for-mail", "a! .POSTED!x", "POSTED!x"])
def test_posted_in_path(path: str) -> None:
    refused("already injected", Path=path)


@pytest.mark.parametrize("path", ["not-for-mail", "host.example!not-for-mail", "IMPOSTED!x", "a!posted.example!x"])
def test_other_paths(path: str) -> None:
    assert parsed(Path=path)


@pytest.mark.parametrize(
    "line", [b"no colon", b": no name", b"Na me: x", b"N\xc3\xa4me: x", b"Name : x", b"Subject", b" folded first"]
)
def test_a_line_that_is_no_header(line: bytes) -> None:
    with pytest.raises(BadArticle, match="is no header line"):
        parse_proto(line + b"\r\n" + octets_of())


def test_a_header_without_a_space_after_its_colon() -> None:
    assert parse_proto(octets_of().replace(b"Subject: ", b"Subject:")) == parsed()


def test_bare_line_ends_are_line_ends() -> None:
    for end in (b"\n", b"\r"):
        assert parse_proto(octets_of("one\r\ntwo\r\n").replace(b"\r\n", end)) == parsed("one\r\ntwo\r\n")


@pytest.mark.parametrize("place", ["header", "body"])
def test_nul(place: str) -> None:
    with pytest.raises(BadArticle, match="NUL"):
        parsed("a\0b") if place == "body" else parsed(Subject="a\0b")


# Newsgroups, From, Message-ID, References


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("tech.linux", ("tech.linux",)),
        ("tech.linux,tech.bsd", ("tech.linux", "tech.bsd")),
        (" tech.linux , tech.bsd ,", ("tech.linux", "tech.bsd")),
        ("tech.linux,\r\n\ttech.bsd", ("tech.linux", "tech.bsd")),
        ("tech.linux,tech.linux", ("tech.linux",)),
        ("Tech.Linux", ("Tech.Linux",)),
        ("tech.lïnux", ("tech.lïnux",)),
    ],
)
def test_newsgroups(value: str, names: tuple[str, ...]) -> None:
    assert parsed(Newsgroups=value).newsgroups == names


@pytest.mark.parametrize("value", ["", " ", ",", " , ,"])
def test_newsgroups_that_name_none(value: str) -> None:
    refused("names no group", Newsgroups=value)


@pytest.mark.parametrize(
    "value",
    [
        ADDRESS,
        f"<{ADDRESS}>",
        f"Alice <{ADDRESS}>",
        f'"Alice <a@b>" <{ADDRESS}>',
        f"{ADDRESS} (Alice)",
        f"=?utf-8?q?J=C3=BCrgen?= <{ADDRESS}>",
        f"Jürgen <{ADDRESS}>",
        f"Alice\r\n <{ADDRESS}>",
        f"Alice <{ADDRESS.upper()}>",
    ],
)
def test_from_names_the_identity(value: str) -> None:
    assert parsed(From=value).sender == ALICE.identity


@pytest.mark.parametrize(
    "value",
    [
        "alice@example.org",
        "Alice <alice@example.org>",
        f"Alice <x{ADDRESS}>",
        f"Alice <{ADDRESS}.example.org>",
        f"Alice <{ADDRESS.replace('id@b', 'id@c')}>",
        f"{ADDRESS} <alice@example.org>",
    ],
)
def test_from_names_nobody_here(value: str) -> None:
    assert parsed(From=value).sender is None


@pytest.mark.parametrize("value", ["", "Alice", "alice at example", "<>", "Alice <alice>", "@", "a@", "@b", "a@b@c"])
def test_from_without_an_address(value: str) -> None:
    refused("no address", From=value)


@pytest.mark.parametrize("value", ["<a@b>", " <abc.def$123@news.example.org> ", "<" + "a" * 240 + "@b.c>"])
def test_message_ids(value: str) -> None:
    assert parsed(Message_ID=value).message_id == value.strip()


def test_no_message_id() -> None:
    assert parsed().message_id is None
    assert parsed(Message_ID="").message_id is None


@pytest.mark.parametrize(
    "value", ["a@b", "<a>", "<a@b", "<a b@c>", "<a@b> x", "<ä@b>", "<" + "a" * 250 + "@b>", "<a@@b>"]
)
def test_malformed_message_ids(value: str) -> None:
    refused("Message-ID", Message_ID=value)
    refused("Supersedes", Supersedes=value)


def test_message_ids_of_250_octets() -> None:
    longest = "<" + "a" * 240 + "@bc.defg>"
    assert len(longest) == 250
    assert parsed(Message_ID=longest).message_id == longest
    assert parsed(References=longest).references == (longest,)
    refused("Message-ID", Message_ID=longest.replace("@", "a@"))
    assert parsed(References=longest.replace("@", "a@")).references == ()


@pytest.mark.parametrize(
    ("headers", "ids"),
    [
        ({}, ()),
        ({"References": "<a@b>"}, ("<a@b>",)),
        ({"References": "<a@b> <c@d>\r\n\t<e@f>"}, ("<a@b>", "<c@d>", "<e@f>")),
        ({"References": "<a@b><c@d>"}, ("<a@b>", "<c@d>")),
        ({"References": "<a@b> junk <c d@e> (x) <c@d> <a@b>"}, ("<a@b>", "<c@d>")),
        ({"References": "<" + "a" * 250 + "@b> <c@d>"}, ("<c@d>",)),
        ({"In-Reply-To": "<a@b>"}, ("<a@b>",)),
        ({"In-Reply-To": "Your message of Monday <a@b>"}, ("<a@b>",)),
        ({"References": "<a@b>", "In-Reply-To": "<c@d>"}, ("<a@b>",)),
    ],
)
def test_references(headers: dict[str, str], ids: tuple[str, ...]) -> None:
    assert parsed(**headers).references == ids


# Subject, Keywords


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        ("plain", "plain"),
        ("  blanks  ", "blanks"),
        ("Grüße €", "Grüße €"),
        ("Grüße".encode("latin-1"), "Grüße"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?b?R3LDvMOfZQ==?=\r\n =?utf-8?b?IG1laHI=?=", "Grüße mehr"),
        ("Re: =?koi8-r?b?8NLJ18XU?=", "Re: Привет"),
        ("a\r\n folded\r\n\tline", "a folded line"),
        ("Gru\u0308\u00dfe", "Gr\u00fc\u00dfe"),
        ("a\x07b\x7fc", "a b c"),
        ("=?utf-8?q?a=0D=0AX-Header:_b?=", "a  X-Header: b"),
        ("=?utf-8?q?a=E2=80=A8b?=", "a b"),
        ("=?utf-8?b?abcde?=", "=?utf-8?b?abcde?="),
        ("\u202egnorw", "\u202egnorw"),
        ("x" * 250, "x" * 250),
    ],
)
def test_subjects(value: str | bytes, subject: str) -> None:
    assert parsed(Subject=value).subject == subject


@pytest.mark.parametrize("charset", text_codecs())
def test_subjects_in_every_charset(charset: str) -> None:
    sample = "".join(it for it in SAMPLE if can_encode(it, charset)).strip()
    word = base64.b64encode(sample.encode(charset)).decode()
    assert parsed(Subject=f"=?{charset}?b?{word}?=").subject == sample


@pytest.mark.parametrize("value", ["", " ", "[sage]", " [SAGE] ", "=?utf-8?q?=20?=", "\t"])
def test_no_subject(value: str) -> None:
    refused("no subject", Subject=value)


def test_headers_of_more_than_64_kib() -> None:
    """They would hold all newsreaders up while they are read."""
    references = " ".join(f"<{number:06}@example.net>" for number in range(2800))
    assert parsed(References=references).references
    with pytest.raises(TooLarge, match="headers are longer than 64 KiB"):
        parsed(References=references + references)


def test_a_subject_of_more_than_250_octets() -> None:
    for value in ("x" * 251, "é" * 126, "=?utf-8?q?" + "=C3=A9" * 126 + "?="):
        with pytest.raises(TooLarge, match="subject"):
            parsed(Subject=value)


@pytest.mark.parametrize(
    ("headers", "subject", "sage"),
    [
        ({}, "First thread", False),
        ({"Subject": "Boring [sage]"}, "Boring", True),
        ({"Subject": "Boring [SAGE]  "}, "Boring", True),
        ({"Subject": "[sage] advice"}, "[sage] advice", False),
        ({"Subject": "x" * 250 + " [sage]"}, "x" * 250, True),
        ({"Keywords": "sage"}, "First thread", True),
        ({"Keywords": "herbs, Sage"}, "First thread", True),
        ({"Keywords": "message"}, "First thread", False),
    ],
)
def test_sage(headers: dict[str, str], subject: str, sage: bool) -> None:
    found = parsed(**headers)
    assert (found.subject, found.sage) == (subject, sage)


# Control, Supersedes, Date, Followup-To


def test_a_cancel() -> None:
    found = parsed("Cancelled.", Control="cancel <a@b>", Subject="cmsg cancel <a@b>")
    assert (found.cancels, found.body) == ("<a@b>", "")
    assert parsed("", Control="CANCEL   <a@b>").cancels == "<a@b>"


@pytest.mark.parametrize(
    "value", ["", "cancel", "cancel a@b", "cancel <a@b> x", "newgroup a.b", "rmgroup a", "checkgroups"]
)
def test_other_control_articles(value: str) -> None:
    refused("only 'cancel", Control=value)


def test_supersedes() -> None:
    found = parsed(Supersedes="<a@b>")
    assert (found.supersedes, found.cancels, found.body) == ("<a@b>", None, "Hello.\n")


def test_control_beside_supersedes() -> None:
    refused("both Control and Supersedes", Control="cancel <a@b>", Supersedes="<a@b>")


def test_also_control() -> None:
    refused("may not set Also-Control", Also_Control="cancel <a@b>")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Wed, 18 Nov 2026 11:06:40 +0000", 1795000000),
        ("18 Nov 2026 16:06:40 +0500", 1795000000),
        ("Wed, 18 Nov 2026 11:06:40 GMT", 1795000000),
        ("Wed, 18 Nov 2026 11:06:40 +0000 (UTC)", 1795000000),
        ("", None),
    ],
)
def test_dates(value: str, seconds: int | None) -> None:
    assert parsed(Date=value).date == seconds


@pytest.mark.parametrize("value", ["now", "2026-11-18", "Wed, 99 Nov 2026 11:06:40 +0000", "1", "Mon", "0" * 5000, "é"])
def test_unreadable_dates(value: str) -> None:
    refused("Date line cannot be read", Date=value)


@pytest.mark.parametrize("value", ["tech.linux", "poster", "tech.linux, tech.bsd", "", "misc.test"])
def test_followup_to(value: str) -> None:
    assert parsed(Followup_To=value) == parsed()


@pytest.mark.parametrize("value", ["a@b", "tech linux, <x>", "tech..linux", ".a"])
def test_malformed_followup_to(value: str) -> None:
    refused("Followup-To", Followup_To=value)
