"""The short way says what the long way says, or leaves it to that."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import FakeShelf, small_forum
from tests.nntp.dialogue import exchange
from zbnntp.nntp import quick
from zbnntp.nntp.session import Session

NOW = 1_767_225_600.9

WORDS = st.sampled_from(["DATE", "ARTICLE", "article", "Article", "HEAD", "BODY", "STAT", "stat", "GROUP", "NEXT"])
NUMBERS = ["", " ", " 1", " 3", " 5", " 99", " 00003", " 99999999999999999", " ³", " 3 ", "  3", "\t3", " 3 4", " -1"]
IDS = [" <a1@zb.invalid>", " <a3@zb.invalid>", " <none@x>", " <>", " <a3@zb.invalid> x", " <ü>", " tech.linux", " \0"]
LINES = st.lists(st.builds(str.__add__, WORDS, st.sampled_from([*NUMBERS, *IDS])), max_size=30)


def say(lines: list[str], short: bool, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """All answers of a new machine."""
    with monkeypatch.context() as patched:
        if not short:
            patched.setattr(quick, "answer", lambda session, line: None)
        return exchange("".join(f"{line}\r\n" for line in lines).encode())


@given(LINES)
@pytest.mark.parametrize("group", [[], ["GROUP tech.linux"]])
def test_both_ways_say_the_same(group: list[str], lines: list[str]) -> None:
    lines = ["HELP", *group, *lines]
    with pytest.MonkeyPatch.context() as patch:
        assert say(lines, True, patch) == say(lines, False, patch)


def session_of(shelf: FakeShelf) -> Session:
    return Session(shelf, None, lambda: NOW, group="tech.linux")


def test_the_short_way_is_gone() -> None:
    session = session_of(small_forum())
    assert quick.answer(session, b"DATE") == b"111 20260101000000\r\n"
    assert quick.answer(session, b"STAT 3") == b"223 3 <a3@zb.invalid> article is here\r\n"
    assert session.number == 3
    for line in (b"ARTICLE 3", b"HEAD 3", b"BODY 3", b"ARTICLE <a3@zb.invalid>"):
        assert quick.answer(session, line)


def test_what_went_wrong_changes_nothing() -> None:
    session = session_of(small_forum())
    session.number = 3
    before = dataclasses.replace(session)
    for line in (b"ARTICLE 99", b"STAT 99", b"ARTICLE <none@x>", b"STAT", b"DATE now", b"ARTICLE x", b"IHAVE <x@y>"):
        assert quick.answer(session, line) is None
    assert session == before


def test_nothing_is_shown_before_a_login_that_is_due() -> None:
    session = session_of(small_forum())
    session.locked = True
    assert quick.answer(session, b"ARTICLE 3") is None
