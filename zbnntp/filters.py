"""Filters: which texts a person does not want to see. Everything here takes time in proportion to the text.

Words match when all of them occur as whole words, in any order and case. Expressions are RE2's, which knows no
backtracking, so that none takes exponential time on a text that was made for it; what RE2 cannot do (back references,
look-around) and what would need too much memory is refused when the filter is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property

import re2

from zbnntp.model.errors import NotPermitted

PATTERN_CHARACTERS = 500
FILTERS_MOST = 200  # of one view: each is tried on every post
EXPRESSION_OCTETS = 1 << 20  # of memory for a compiled expression
_WORD = re.compile(r"\w+")
# Posts that have next to nothing in common: an expression that matches each of them would hide everything.
_PROBES = ("a\nb", "1\n2", "日本語\nこんにちは", "!?\n...", "Where was it?\nI saw it in the garden, on Monday.")


class Searched:
    """A text as filters ask for it."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def folded(self) -> str:
        return self.text.casefold()

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(_WORD.findall(self.folded))


Filter = Callable[[Searched], bool]


def make_filter(pattern: str, is_regex: bool) -> Filter:
    """A test of a text; raises NotPermitted with what is wrong."""
    if len(pattern) > PATTERN_CHARACTERS:
        raise NotPermitted(f"a filter has at most {PATTERN_CHARACTERS} characters")
    return _expression(pattern) if is_regex else _words(pattern)


def matches(filters: Iterable[Filter], text: str) -> bool:
    """Whether any filter matches."""
    searched = Searched(text)
    return any(matches(searched) for matches in filters)


def _words(pattern: str) -> Filter:
    wanted = Searched(pattern).words
    if not wanted:
        raise NotPermitted("a filter names at least one word of letters or digits, or an /expression/")
    return lambda it: all(word in it.folded for word in wanted) and wanted <= it.words  # most texts lack one


def _expression(pattern: str) -> Filter:
    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, EXPRESSION_OCTETS
    options.never_capture = True
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise NotPermitted(f"that expression is not understood: {_reason(error)}") from error
    if compiled.search("") or any(all(compiled.search(it + end) for it in _PROBES) for end in ("", "\n")):
        raise NotPermitted("that expression matches every text; say what has to occur")
    return lambda it: bool(compiled.search(it.text))


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
