"""Header contents: folding, odd octets, encoded words, articles outside the overview."""

from __future__ import annotations

import pytest

from tests.fakes import article
from tests.nntp.dialogue import ask, forum
from zbnntp.nntp.fields import header

ODD = (
    b"Subject: folded\r\n over\r\n\ttwo lines\r\n"
    b"x-empty:\r\n"
    b"X-Twice: one\r\nX-Twice: two\r\n"
    b"X-Odd: a\0b\rc\nd\te\r\n"
    b"Xref-Like: Subject: no\r\n"
    b"\r\n"
    b"Body-Header: not a header\r\n"
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("subject", b"folded over two lines"),
        ("x-empty", b""),
        ("x-twice", b"one"),
        ("x-odd", b"a b c d e"),
        ("body-header", None),
        ("xref", None),
        ("ubject", None),
    ],
)
def test_header_of_an_article(name: str, content: bytes | None) -> None:
    assert header(ODD, name) == content


def test_header_of_an_article_without_body() -> None:
    assert header(b"Subject: x\r\n", "subject") == b"x"


def with_encoded_subject():
    shelf, desk = forum()
    shelf.add_article(article(8, Subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=", X_Note="=?utf-8?b?w7xiZXJhbGw=?="))
    return shelf, desk


def test_xpat_matches_decoded_text_and_returns_it_raw() -> None:
    replies = ask(
        "GROUP tech.linux",
        "XPAT Subject 1- *[Gg]rüß*",
        "XPAT X-Note 1- *überall",
        "XPAT Subject 1- *utf-8*",
        make=with_encoded_subject,
    )
    assert replies[1].lines == ["8 =?utf-8?q?Gr=C3=BC=C3=9Fe?="]
    assert replies[2].lines == ["8 =?utf-8?b?w7xiZXJhbGw=?="]
    assert replies[3].lines == []


def many_articles():
    shelf, desk = forum()
    for number in range(8, 208):
        shelf.add_article(article(number, X_Note=f"note {number}"))
    shelf.window = 50
    return shelf, desk


def test_headers_outside_the_overview_over_many_windows() -> None:
    hdr, xhdr, xpat = ask(
        "GROUP tech.linux",
        "HDR X-Note 1-",
        "XHDR X-Note 1-",
        "XPAT X-Note 1- note ?0",
        make=many_articles,
    )[1:]
    assert len(hdr.lines) == 204
    assert hdr.lines[0] == "3 "
    assert len(xhdr.lines) == 200
    assert xhdr.lines[-1] == "207 note 207"
    assert xpat.lines == [f"{n} note {n}" for n in range(10, 100, 10)]


def test_overview_over_many_windows() -> None:
    over = ask("GROUP tech.linux", "OVER 1-", make=many_articles)[1]
    assert [int(line.split("\t")[0]) for line in over.lines] == [3, 4, 6, 7, *range(8, 208)]
