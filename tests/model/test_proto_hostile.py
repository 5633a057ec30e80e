"""Proto-articles: garbage and malice are answered with a sentence, and soon."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.model.making import made_post
from tests.model.posted import base64_lines, octets_of, parsed
from zbnntp.model.errors import BadArticle, TooLarge
from zbnntp.model.proto import parse_proto

HEADER_LINES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b",
        b'Content-Type: multipart/alternative; boundary="b"',
        b"Content-Type: multipart/digest; boundary=b",
        b"Content-Type: message/rfc822",
        b"Content-Type: message/partial; id=x; number=1",
        b"Content-Type: text/plain; charset=utf-16",
        b"Content-Type: text/plain; charset*0*=utf-8'en'x; charset*1=y",
        b"Content-Type: text/plain; charset*=a%00'b'c",
        b"Content-Type: text/plain; name*=utf-9''x",
        b"Content-Type: text/plain; format",
        b"Content-Type: ;;;=",
        b"Content-Type: \xff\xfe/\xfd",
        b"Content-Disposition: attachment; filename*=x",
        b"Content-Disposition: \xff; filename=\xfe",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Transfer-Encoding: \xff",
        b"Content-Transfer-Encoding: x-uue",
        b"Date: \xff",
        b"Date: Mon, 1 Jan 0000 00:00:00 -9999",
        b"Keywords: =?utf-8?q?sage?=",
        b"References: <<<>>>",
    ]
) | st.binary(max_size=30)
CHUNKS = st.sampled_from([b"--b\r\n", b"--b--\r\n", b"\r\n", b"Hello.\r\n", b"=", b"=\r\n", b"QUJD", b"\xff", b"\xe9"])
BODIES = st.lists(CHUNKS | HEADER_LINES.map(lambda line: line + b"\r\n") | st.binary(max_size=20), max_size=12)


def tried(octets: bytes) -> None:
    """Parse; what comes out is fit to be published, or the sentence fit for a reply."""
    try:
        found = parse_proto(octets)
    except (BadArticle, TooLarge) as error:
        sentence = str(error)
    else:
        found.body.encode()
        sentence = found.subject
    assert sentence.strip()
    assert not set(sentence.encode()) & set(b"\r\n\0")


@given(st.binary(max_size=300))
def test_any_bytes_give_an_article_or_a_sentence(octets: bytes) -> None:
    tried(octets)


@settings(deadline=None, max_examples=300)
@given(st.lists(HEADER_LINES, max_size=4), BODIES)
@example([b"Content-Type: multipart/digest; boundary=b"], [b"--b\r\n", b"\r\n", b"Hello.\r\n"])
@example([b"Content-Type: text/plain; charset*=a%00'b'c"], [b"Hello"])
@example([b"Content-Type: multipart/mixed; boundary*=a%00'b'c"], [b"--c\r\n\r\nHello"])
@example([b"Content-Type: text/plain; name*=a%00'b'c"], [b"Hello"])
@example([b"Content-Disposition: inline; filename*=a%00'b'c"], [b"Hello"])
def test_garbage_mime_gives_an_article_or_a_sentence(headers: list[bytes], body: list[bytes]) -> None:
    tried(b"\r\n".join([*headers, octets_of(b"".join(body))]))


@given(
    st.dictionaries(
        st.sampled_from(["From", "Newsgroups", "Subject", "Date", "Message-ID", "Control"]), st.binary(max_size=60)
    )
)
def test_garbage_headers_give_an_article_or_a_sentence(headers: dict[str, bytes]) -> None:
    tried(octets_of(**headers))


@given(
    st.text(max_size=200), st.sampled_from(["utf-8", "utf-16", "latin-1", "utf-7"]), st.sampled_from(["8bit", "base64"])
)
def test_a_published_text_is_valid_on_the_wire(text: str, charset: str, encoding: str) -> None:
    """What is left of an article opens again as an entry: one-line subject, no control characters in the body."""
    octets = text.encode(charset, "replace")
    body = base64_lines(octets) if encoding == "base64" else octets.replace(b"\0", b"")
    try:
        found = parsed(
            body, Subject=f"x{text}", Content_Type=f"text/plain; charset={charset}", Content_Transfer_Encoding=encoding
        )
    except (BadArticle, TooLarge):
        return
    assert made_post(subject=found.subject, body=found.body).body == found.body


@pytest.mark.parametrize(
    "octets",
    [
        octets_of(b"--b\r\n\r\n\r\n" * 20_000, Content_Type="multipart/mixed; boundary=b"),
        octets_of(
            b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1) for i in range(3000)),
            Content_Type="multipart/mixed; boundary=b0",
        ),
        octets_of(b"Content-Type: message/rfc822\r\n\r\n" * 3000, Content_Type="message/rfc822"),
        octets_of(Content_Type=b"text/plain" + b"; a=b" * 100_000),
        octets_of(Content_Type=b"text/plain" + b';"' * 200_000),
        octets_of(Content_Type=b"text/plain\r\n ; a=b" * 50_000),
        octets_of(Subject=b"=?a?q?" * 100_000),
        octets_of(Subject=b"x" + b" " * 500_000 + b"x"),
        octets_of(Subject=b"[sage] " * 100_000),
        octets_of(References=b"<" * 500_000),
        octets_of(References=b"<" + b"a" * 500_000),
        octets_of(From=b"(" * 500_000),
        octets_of(From=b"<" * 500_000),
        octets_of(Newsgroups=b"a," * 250_000),
        octets_of(b"begin 644 x\r\n" * 50_000),
        octets_of(b"=ybegin " * 60_000),
        octets_of(b"a.-+~{" * 90_000, Content_Type="text/plain; charset=idna"),
        octets_of(b"a.-+~{" * 90_000, Content_Type="text/plain; charset=punycode"),
        octets_of(Followup_To=b"a." * 250_000),
        octets_of(Date=b"1 " * 250_000),
        octets_of(Control=b"cancel " + b" " * 500_000),
    ],
    ids=range(21),
)
def test_half_a_megabyte_of_malice_is_answered_soon(octets: bytes) -> None:
    start = time.process_time()
    tried(octets)
    assert time.process_time() - start < 5, "the work for an article grows faster than its size"
