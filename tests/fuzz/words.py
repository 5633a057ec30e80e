"""What people write: articles, commands, settings, links, patterns, ranges, dates."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable

from tests.fuzz.scratch import scratch
from zbnntp.config import Config, load_config
from zbnntp.control.language import NOTHING_DONE, NotUnderstood, find_rows, is_command, parse_commands
from zbnntp.control.lines import split_top, unflow
from zbnntp.filters import make_filter, matches
from zbnntp.model.errors import Invalid, NotPermitted
from zbnntp.model.keys import parse_message_id
from zbnntp.model.link import format_link, parse_link
from zbnntp.model.proto import parse_proto
from zbnntp.nntp import syntax
from zbnntp.nntp.replies import Refusal
from zbnntp.searching import Words, match_text, parse_query, snippet

NOW = 1_767_225_600.0
COMMANDS_MOST = 100
COMPARED_CHARACTERS = 200


def article(data: bytes) -> None:
    """What a newsreader posts is understood or refused with a sentence for its user."""
    said = ""
    try:
        proto = parse_proto(data)
    except Invalid as error:
        said = str(error) or "\0"
    else:
        assert proto.subject
        assert proto.newsgroups
        assert "\r" not in proto.body
    assert not said or said.isprintable()


def language(data: bytes) -> None:
    """An article in zb.control: orders, or a sentence that says that nothing was done. The first octet: how it came."""
    how, text = data[:1], data[1:].decode(errors="replace")
    bare, flowed = how in b"bB", how in b"fB"
    top = split_top(text, flowed, is_command)
    for body in (unflow(text, is_command) if flowed else text, top.rest):
        said = NOTHING_DONE
        try:
            assert 0 < len(parse_commands(body, bare=bare)) <= COMMANDS_MOST
        except NotUnderstood as error:
            said = str(error)
        assert said.endswith(NOTHING_DONE)
        assert {"Cc", "Cs", "Zl", "Zp"}.isdisjoint(map(unicodedata.category, said))
    find_rows(text)


def query(data: bytes) -> None:
    """What is searched, and a text in which, divided by the first line end; the same as a filter and an expression."""
    said, _, text = data.decode(errors="replace").partition("\n")
    with contextlib.suppress(NotPermitted):
        found = parse_query(said)
        assert match_text(found.phrases) or not found.phrases
        words = Words(found.phrases)
        assert not words.is_in(text) or words.may_be_in(text.encode())
        snippet(text, words.expressions)
    for is_regex in (False, True):
        with contextlib.suppress(NotPermitted):
            assert matches([make_filter(said, is_regex)], text) in (True, False)


def config(data: bytes) -> None:
    """zbnntp.toml: settings, or a sentence about the line to mend."""
    home = scratch()
    (home / "zbnntp.toml").write_bytes(data)
    said = str(home)
    try:
        assert isinstance(load_config(home), Config)
    except NotPermitted as error:
        said = str(error)
    assert said.startswith(str(home))


def link(data: bytes) -> None:
    """An invitation link: what is understood is printed as a link that means the same; so are ids of posts."""
    text = data.decode(errors="replace")
    parse_message_id(text)
    with contextlib.suppress(Invalid):
        found = parse_link(text)
        printed = format_link(found)
        assert parse_link(printed) == found
        assert printed == "".join(text.split())


def arguments(data: bytes) -> None:
    """Arguments of NNTP commands. The first line is the argument, the second what a pattern is held against."""
    said, _, held = data.decode(errors="replace").partition("\n")
    for parse in (syntax.parse_number, syntax.parse_message_id, syntax.parse_field):
        with contextlib.suppress(Refusal):
            parse(said)
    with contextlib.suppress(Refusal):
        low, high = syntax.parse_range(said)
        assert low >= 0
        assert high >= 0
    date, time, zone = [*said.split(" "), "", "", ""][:3]
    with contextlib.suppress(Refusal):
        assert isinstance(syntax.parse_since(date, time, zone, NOW), int)
    syntax.decode_words(said)
    with contextlib.suppress(Refusal):
        got = syntax.parse_wildmat(said)(held)
        assert len(data) > COMPARED_CHARACTERS or "\n" in held or got == _wildmat(said, held)
    got = syntax.pattern_matcher(said)(held)
    if len(data) <= COMPARED_CHARACTERS and not set("[]\\") & set(said):
        assert got == _glob(said, held)


def _wildmat(patterns: str, text: str) -> bool:
    """RFC 3977 section 4.2 as it is written: the rightmost part that matches decides."""
    for part in reversed(patterns.split(",")):
        if _glob(part.removeprefix("!"), text):
            return not part.startswith("!")
    return False


def _glob(pattern: str, text: str) -> bool:
    """By dynamic programming: `reached` are the places of the text up to which the pattern may have come."""
    reached = {0}
    for char in pattern:
        if char == "*":
            reached = set(range(min(reached, default=len(text) + 1), len(text) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(text) and char in ("?", text[at])}
    return len(text) in reached


TARGETS: tuple[Callable[[bytes], None], ...] = (article, language, query, config, link, arguments)
