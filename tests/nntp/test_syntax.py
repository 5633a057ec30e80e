"""Arguments: wildmat, ranges, dates, message ids, patterns of XPAT, encoded words."""

from __future__ import annotations

import fnmatch
import time
from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOW
from zbnntp.nntp.replies import Code, Refusal
from zbnntp.nntp.syntax import (
    NUMBER_MAX,
    decode_words,
    parse_field,
    parse_message_id,
    parse_number,
    parse_range,
    parse_since,
    parse_wildmat,
    pattern_matcher,
)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [("5", (5, 5)), ("5-", (5, NUMBER_MAX)), ("5-9", (5, 9)), ("9-5", (9, 5)), ("0005-0009", (5, 9)), ("0", (0, 0))],
)
def test_range(text: str, bounds: tuple[int, int]) -> None:
    assert parse_range(text) == bounds


@pytest.mark.parametrize("text", ["", "-", "-5", "a", "5-a", "5--9", "5-9-", "٣", "1" * 17, "+5", " 5", "5\n", "1_0"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(Refusal, match="5-9"):
        parse_range(text)


@pytest.mark.parametrize("text", ["", "x", "-1", "٣", "²", "1" * 17, "1_0"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Refusal):
        parse_number(text)


@pytest.mark.parametrize("text", ["<a>", "<a@b>", "<" + "x" * 248 + ">"])
def test_message_id(text: str) -> None:
    assert parse_message_id(text) == text


@pytest.mark.parametrize("text", ["<>", "<a", "a>", "<a>b>", "<a b>", "<ä>", "<" + "x" * 249 + ">", "<a>\n"])
def test_what_is_no_message_id(text: str) -> None:
    with pytest.raises(Refusal, match="message id"):
        parse_message_id(text)


@pytest.mark.parametrize(("text", "name"), [("Subject", "subject"), (":BYTES", ":bytes"), ("X-Zb-Trust", "x-zb-trust")])
def test_field(text: str, name: str) -> None:
    assert parse_field(text) == name


@pytest.mark.parametrize("text", ["", ":", "a:b", "Subject:", "::a", "ä"])
def test_what_is_no_field(text: str) -> None:
    with pytest.raises(Refusal):
        parse_field(text)


def stamp(seconds: int) -> str:
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))


@pytest.mark.parametrize(
    ("date", "clock", "zone", "expected"),
    [
        ("20251231", "235959", "GMT", "20251231235959"),
        ("20251231", "235959", "gmt", "20251231235959"),
        ("20251231", "235959", "", "20251231235959"),
        ("260101", "000000", "GMT", "20260101000000"),  # this year
        ("270101", "000000", "GMT", "19270101000000"),  # next year would be the future: last century
        ("991231", "000000", "GMT", "19991231000000"),
        ("000229", "120000", "GMT", "20000229120000"),
        ("20161231", "235960", "GMT", "20170101000000"),  # a leap second
    ],
)
def test_date(date: str, clock: str, zone: str, expected: str) -> None:
    assert stamp(parse_since(date, clock, zone, NOW)) == expected


@pytest.mark.parametrize(
    ("date", "clock", "zone"),
    [
        ("2025123", "000000", "GMT"),
        ("20251301", "000000", "GMT"),
        ("20250229", "000000", "GMT"),
        ("20250101", "240000", "GMT"),
        ("20250101", "0000", "GMT"),
        ("20250101", "006000", "GMT"),
        ("20250101", "000061", "GMT"),
        ("20250101", "000000", "CET"),
        ("00000101", "000000", "GMT"),
        ("2025010١", "000000", "GMT"),
        ("0001", "000000", "GMT"),
    ],
)
def test_what_is_no_date(date: str, clock: str, zone: str) -> None:
    with pytest.raises(Refusal, match="yyyymmdd"):
        parse_since(date, clock, zone, NOW)


@pytest.mark.parametrize(
    ("wildmat", "yes", "no"),
    [
        ("abc", ["abc"], ["ab", "abcd", "xabc"]),
        ("abc,def", ["abc", "def"], ["abcdef"]),
        ("a*", ["a", "aaa"], ["ba"]),
        ("a*b", ["ab", "axb"], ["abc"]),
        ("a*,*b", ["ax", "xb"], ["xbx"]),
        ("a*,!*b", ["ax"], ["ab", "x"]),
        ("a*,!*b,c*", ["ax", "cb"], ["ab"]),
        ("a*,c*,!*b", ["ax", "cx"], ["cb"]),
        ("?a*", ["xa", "äa"], ["a", "xxa"]),
        ("*a??", ["axx", "baxx"], ["ax"]),
        ("a*,!*b,*c*", ["aaa", "ccb"], ["abb", "xxx"]),
        ("£", ["£"], ["$", "££"]),
        ("!*", [], ["a"]),
        ("a.b+c", ["a.b+c"], ["axb+c", "a.bbc"]),
    ],
)
def test_wildmat(wildmat: str, yes: list[str], no: list[str]) -> None:
    matches = parse_wildmat(wildmat)
    assert all(matches(name) for name in yes)
    assert not any(matches(name) for name in no)


@pytest.mark.parametrize("wildmat", ["u[ks].*", "a\\*", "a,,b", ",a", "a,", "a!b", "!", "", "a]"])
def test_what_is_no_wildmat(wildmat: str) -> None:
    with pytest.raises(Refusal, match="group pattern"):
        parse_wildmat(wildmat)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*[Aa][Bb]*", ["xaBx", "ab"], ["ba", ""]),
        ("a b", ["a b"], ["ab"]),
        ("[^a-c]x", ["dx", "-x"], ["ax", "x"]),
        ("[]a]", ["]", "a"], ["[", "]a"]),
        ("[^]]", ["a"], ["]"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[z-a]", [], ["m", "z"]),
        ("[^z-a]", ["m"], [""]),
        ("a[", ["a["], ["a"]),
        (r"\*\?\[", ["*?["], ["abc"]),
        (r"[\]", ["\\"], ["]"]),
        ("a\\", ["a\\"], ["a"]),
        ("*ü*", ["für"], ["fur"]),
        ("!a,b", ["!a,b"], ["b"]),
        ("*.*", ["a.b"], ["ab"]),
        ("*", ["", "x\ny"], []),
        ("**a**", ["a", "bab"], ["b"]),
        ("(a|b)+", ["(a|b)+"], ["a"]),
    ],
)
def test_pattern(pattern: str, yes: list[str], no: list[str]) -> None:
    matches = pattern_matcher(pattern)
    assert all(matches(value) for value in yes)
    assert not any(matches(value) for value in no)


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_pattern_agrees_with_fnmatch(pattern: str, value: str) -> None:
    assert pattern_matcher(pattern)(value) == fnmatch.fnmatchcase(value, pattern)


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_pattern_compiles(pattern: str, value: str) -> None:
    assert pattern_matcher(pattern)(value) in (True, False)


def test_no_pattern_runs_away() -> None:
    """A search that backtracks would stop the node for everyone."""
    started = time.process_time()
    assert not pattern_matcher("*a" * 100 + "*b")("a" * 500)
    assert not pattern_matcher("*[ab]?" * 60 + "c")("ab" * 250)
    assert not parse_wildmat("*a" * 100 + "*b")("a" * 500)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe_?= =?utf-8?b?w7xiZXJhbGw=?=", "Grüße überall"),
        ("Re: =?ISO-8859-1?Q?M=FCller?= here", "Re: Müller here"),
        ("=?utf-8*de?q?=C3=A4?=", "ä"),
        ("=?utf-8?b?w7w?=", "ü"),
        ("=?no-such?q?a?=", "=?no-such?q?a?="),
        ("=?utf-8?b?a?=", "=?utf-8?b?a?="),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?=FF?=", "\ufffd"),
        ("=? =?= ?=", "=? =?= ?="),
    ],
)
def test_encoded_words(text: str, decoded: str) -> None:
    assert decode_words(text) == decoded


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=60))
def test_what_python_encodes_is_decoded(text: str) -> None:
    if max(text) >= "\u0080" and text.split() == [text]:
        encoded = Header(text, "utf-8", maxlinelen=75).encode().replace("\n", "")
        assert decode_words(encoded) == text


DATE = "a date is written yyyymmdd hhmmss GMT"


@pytest.mark.parametrize(
    ("read", "text", "sentence"),
    [
        (parse_range, "x", "an article range is written 5, 5- or 5-9"),
        (parse_number, "x", "an article is named by its number or by its <message-id>"),
        (parse_number, "1" * 17, "an article is named by its number or by its <message-id>"),
        (parse_message_id, "x", "a message id is written <left@right>, at most 250 characters, without blanks"),
        (parse_field, "a b", "a field is a header name without its colon, or :bytes or :lines"),
        (lambda it: parse_since(it, "000000", "", NOW), "x", DATE),
        (lambda it: parse_since("261126", "000000", it, NOW), "CET", DATE),
        (
            lambda it: parse_since(it, "000000", "", NOW),
            "261332",
            "there is no such date; it is written yyyymmdd hhmmss GMT",
        ),
        (parse_wildmat, "[a]", "a group pattern has names, *, ? and ! between commas, and none of [ ] \\"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(read, text: str, sentence: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(text)
    assert (refused.value.code, str(refused.value)) == (Code.SYNTAX, sentence)


def test_a_number_has_sixteen_digits_at_most() -> None:
    assert parse_number("9" * 16) == int("9" * 16)
