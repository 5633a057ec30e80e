"""Encoded words and charsets: what is written is read by others, what is read makes the best of anything."""

import email.header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.charsets import NOT_CHARSETS, can_encode, text_codecs
from zbnntp.model.words import decode_text, decode_words, encode_words

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80)


def python_decodes(words: str) -> str:
    return str(email.header.make_header(email.header.decode_header(words)))


@given(TEXT.filter(str.strip))
def test_words_are_read_alike_by_us_and_by_others(text: str) -> None:
    words = encode_words(text)
    assert decode_words(words.replace("\r\n", "")) == text
    assert python_decodes(words) == text


@given(TEXT)
def test_words_are_ascii_in_short_lines(text: str) -> None:
    words = encode_words(text)
    assert words.isascii()
    assert all(len(f"Subject: {line}") <= 76 for line in words.split("\r\n"))


def test_words_are_as_long_as_a_line_allows() -> None:
    lines = encode_words("x" * 100).split("\r\n ")
    assert [len(line) for line in lines] == [64, 64, 12 + 32]
    assert len(lines[0]) + len("Subject: ") == 73


def test_words_never_cut_a_character_in_two() -> None:
    for word in encode_words("x" + "😀" * 40).split("\r\n "):
        assert python_decodes(word).strip("x") == "😀" * len(python_decodes(word).strip("x"))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("plain", "plain"),
        ("naïve €", "naïve €"),
        ("=?utf-8?q?na=C3=AFve_caf=C3=A9?=", "naïve café"),
        ("=?UTF-8?Q?a b?=", "a b"),
        ("=?utf-8?B?bmHDr3Zl?=", "naïve"),
        ("=?utf-8?b?bmHDr3Zl?= more", "naïve more"),
        ("Re: =?iso-8859-1?q?caf=E9?=", "Re: café"),
        ("=?iso-8859-1?q?=93so=94?=", "“so”"),
        ("=?us-ascii*en?q?hello?=", "hello"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=\t  =?iso-8859-1?q?=E9?=", "aé"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?utf-8?b?8J+Y?= =?utf-8?b?gA==?=", "😀"),
        ("=?koi8-r?b?8NLJ18XU?=", "Привет"),
        ("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?gb2312?b?xOO6w+lG?=", "你好镕"),
        ("naïve =?utf-8?q?=E2=82=AC?=", "naïve €"),
        ("=?utf-8?b?YQ?=", "a"),
        ("=?utf-8?b?A?=", "=?utf-8?b?A?="),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
        ("=??q?a?=", "=??q?a?="),
        ("=?nonsense?q?a?=", "a"),
        ("=?unicode_escape?q?=5Cn?=", "\\n"),
        ("=?utf-8?q??=", ""),
    ],
)
def test_words_as_newsreaders_write_them(words: str, text: str) -> None:
    assert decode_words(words) == text


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("=?utf-8bq_*\t xéA=", max_size=40))
def test_any_header_gives_text(text: str) -> None:
    decode_words(text).encode()


@pytest.mark.parametrize("charset", text_codecs())
def test_every_charset_of_the_library(charset: str) -> None:
    """In its own name, with as much of a sample as it has."""
    sample = "".join(it for it in "Grüße, naïve café € Привет 日本語 한국어 שלום" if can_encode(it, charset))
    octets = sample.encode(charset)
    assert decode_text(octets, charset) == sample
    assert decode_text(octets, charset.upper()) == sample


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        (b"caf\xc3\xa9", "us-ascii", "café"),
        (b"caf\xe9", "us-ascii", "café"),
        (b"caf\xe9", "utf-8", "café"),
        (b"\x93so\x94", "iso-8859-1", "“so”"),
        (b"\x81", "iso-8859-1", "\x81"),
        (b"\x81", "utf-8", "\ufffd"),
        ("镕".encode("gbk"), "gb2312", "镕"),
        (b"caf\xc3\xa9", "no-such-charset", "café"),
        (b"caf\xc3\xa9", "a\0b", "café"),
        (b"caf\xc3\xa9", "x" * 1000, "café"),
        (b"caf\xc3\xa9", "../utf-16", "café"),
        (b"caf\xc3\xa9", "", "café"),
        (b"+2AA-", "utf-7", "\ufffd"),
        (b"abc", "hex", "abc"),
        (b"abc", "rot13", "abc"),
        (b"\\u0041", "unicode_escape", "\\u0041"),
        (b"xn--a", "idna", "xn--a"),
    ],
)
def test_octets_that_are_not_what_they_claim(octets: bytes, charset: str, text: str) -> None:
    assert decode_text(octets, charset) == text


@given(st.binary(max_size=60), st.sampled_from([*text_codecs(), *NOT_CHARSETS, "zlib", "base64", "nonsense"]))
def test_any_octets_in_any_charset_give_text(octets: bytes, charset: str) -> None:
    decode_text(octets, charset).encode()
