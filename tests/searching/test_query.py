"""What a query says, and which texts have its words."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zbnntp.model.canonical import encode
from zbnntp.model.errors import NotPermitted
from zbnntp.searching import (
    SNIPPET_CHARACTERS,
    WORDS_MOST,
    Query,
    Words,
    fold,
    own_words,
    parse_query,
    snippet,
    unquoted,
)
from zbnntp.store.lines import words_in
from zbnntp.store.packing import pack

NEW_YEAR = 1_798_761_600  # 2027-01-01 00:00:00 UTC
DAY = 86_400


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("linux", Query(("linux",))),
        ("LINUX Kernel", Query(("linux", "kernel"))),
        ('"Out of memory" linux', Query(("out of memory", "linux"))),
        ("„Out of memory“ linux", Query(("out of memory", "linux"))),
        ('"out of memory', Query(("out of memory",))),
        ("linu*", Query(("linu*",))),
        ("don't", Query(("don t",))),
        ("http://example.org/a", Query(("http example org a",))),
        ("Straße ＷＩＤＥ", Query(("strasse", "wide"))),
        ("x board:tech.linux BOARD:Music.*", Query(("x",), ("tech.linux", "music.*"))),
        ('author:bob Author:"Bob the Builder"', Query((), (), ("bob", "Bob the Builder"))),
        ("after:2027-01-01", Query((), after=NEW_YEAR)),
        ("after:2027", Query((), after=NEW_YEAR)),
        ("before:2027-01", Query((), before=NEW_YEAR)),
        ("before:2027-1-2 after:2027-1", Query((), after=NEW_YEAR, before=NEW_YEAR + DAY)),
        ("when:2027", Query(("when 2027",))),
        ("- linux", Query(("linux",))),
    ],
)
def test_what_is_looked_for(text: str, query: Query) -> None:
    assert parse_query(text) == query


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "say what to look for, for example: search kernel"),
        ("- * !", "say what to look for"),
        ('""', "say what to look for"),
        ("x board: tech.linux", "write what is meant right behind 'board:', without a blank"),
        ('Author:""', "right behind 'author:'"),
        ("x after:2027-13-01", "'2027-13-01' is no date; write 2026-01-31"),
        ("x before:soon", "'soon' is no date"),
        ("x after:0000", "'0000' is no date"),
        ("word " * (WORDS_MOST + 1), f"at most {WORDS_MOST} words"),
    ],
)
def test_what_is_no_query_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(NotPermitted, match=sentence.replace("(", r"\(")):
        parse_query(text)


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("kernel", "The Kernel panics.", True),
        ("kernel", "kernels", False),
        ("kern*", "kernels", True),
        ("kern*", "a popcorn", False),
        ("panic kernel", "kernel: panic", True),
        ("panic kernel", "kernel", False),
        ('"kernel panic"', "Kernel,\n panic", True),
        ('"kernel panic"', "panic kernel", False),
        ('"kernel panic"', "kernel panics", False),
        ("stick", "a USB-Stick", True),
        ("grüße", "Viele GRU\u0308\u00dfE!", True),  # decomposed, and with a sharp s
        ("grusse", "Grüße", False),
        ("strasse", "Straße", True),
        ("日本", "これは日本語です", True),  # no blanks between words
        ("हिन्दी", "यह हिन्दी है", True),
        ("don't", "I don't know", True),
        ('say "hi there" \\o/', 'They say \\o/: "hi there"', True),
        ("a_b", "a_b", True),
    ],
)
def test_words_are_found_whatever_their_case_and_form(query: str, text: str, found: bool) -> None:
    test = Words(parse_query(query).phrases)
    assert test.is_in(text) is found
    assert test.may_be_in(text.encode()) or not found


LETTERS = st.text(st.sampled_from("aAbBäÄßſKﬁi\u0307\u0308 ,.\n日語한"), max_size=12)


@given(LETTERS, LETTERS)
def test_the_quick_look_never_passes_by_what_is_meant(wanted: str, text: str) -> None:
    try:
        test = Words(parse_query(wanted).phrases)
    except NotPermitted:
        return
    assert test.may_be_in(f'{{"body":"{text}"}}'.encode()) or not test.is_in(text)


@pytest.mark.parametrize("body", ["> quoted\nkernel\tpanic", 'a\n"kernel panic"\n> more'])
def test_lines_are_looked_through_in_every_form(body: str) -> None:
    line = encode({"body": body, "subject": "x"})
    wanted = Words(parse_query('"kernel panic"').phrases)
    assert wanted.is_in(own_words(line))
    for packed in (pack(line, lambda kind, octets: None), b"\0" + line):
        assert wanted.may_be_in(words_in(sqlite3.connect(":memory:"), packed))


def test_no_phrase_reaches_over_a_quote_or_from_the_subject_into_the_text() -> None:
    wanted = Words(parse_query('"kernel panic"').phrases)
    assert not wanted.is_in(own_words(encode({"body": "panic", "subject": "kernel"})))
    assert not wanted.is_in(own_words(encode({"body": "kernel\n> oops\npanic"})))


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_what_is_quoted_is_left_out() -> None:
    assert unquoted("Bob wrote:\n> a kernel\n>> older\nno > quote") == "Bob wrote:\n\nno > quote"
    assert unquoted(">all of it") == "\n"


@pytest.mark.parametrize("at", [0, 1, 30, 500, 999])
def test_a_snippet_has_the_word_and_is_short(at: int) -> None:
    text = "".join(f"word{number}\n" for number in range(at)) + "Kernel " + "rest " * (999 - at)
    shown = snippet(text, Words(["kernel"]).expressions)
    assert "Kernel" in shown
    assert len(shown) <= SNIPPET_CHARACTERS + 4
    assert "\n" not in shown


def test_a_snippet_is_about_what_was_named_first() -> None:
    text = "the " * 100 + "kernel " + "the " * 100
    assert "kernel" in snippet(text, Words(["kernel", "the"]).expressions)


def test_a_snippet_of_what_only_the_subject_has_is_the_beginning() -> None:
    assert snippet("First words", Words(["other"]).expressions) == "First words"
    assert snippet("", Words(["other"]).expressions) == ""
    assert snippet("x" * 1000, ()) == "x" * SNIPPET_CHARACTERS + " …"
