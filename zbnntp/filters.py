"""Filters: which texts a person does not want to see. Everything here takes time in proportion to the text.

Words match when all of them occur as whole words, in any order and case. Expressions are RE2's, which knows no
backtracking, so that none takes exponential time on a text that was made for it; what RE2 cannot do (back references,
look-around) and what would need too much memory is refused when the filter is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import re2

from zbnntp.model.errors import NotPermitted

PATTERN_CHARACTERS = 500
FILTERS_MOST = 200  # of one view: each is tried on every post
EXPRESSION_OCTETS = 1 << 20  # of memory for a compiled expression
_WORD = re.compile(r"\w+")
# Posts that have next to nothing in common: an expression that matches each of them would hide everything.
_PROBES = ("a\nb", "1\n2", "日本語\nこんにちは", "!?\n...", "Where was it?\nI saw it in the garden, on Monday.")

Filter = Callable[[str, frozenset[str]], bool]


def make_filter(pattern: str, is_regex: bool) -> Filter:
    """A test of a text (and its words, folded); raises NotPermitted with what is wrong."""
    if len(pattern) > PATTERN_CHARACTERS:
        raise NotPermitted(f"a filter has at most {PATTERN_CHARACTERS} characters")
    return _expression(pattern) if is_regex else _words(pattern)


def matches(filters: Iterable[Filter], text: str) -> bool:
    """Whether any filter matches."""
    words = words_of(text)
    return any(matches(text, words) for matches in filters)


def words_of(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _words(pattern: str) -> Filter:
    wanted = words_of(pattern)
    if not wanted:
        raise NotPermitted("a filter names at least one word of letters or digits, or an /expression/")
    return lambda text, words: wanted <= words


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
    return lambda text, words: bool(compiled.search(text))


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
