"""Those who have moved, in somebody's eyes: shown as whoever follows them is, and their ratings are that one's.

Of published ratings the store sees to it (`counted_rating`); private ones are handed on here. Whoever is hidden by
their own bad name stays hidden, and nothing bad is handed on. docs/protocol.md "Recovery and succession".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.trust.columns import Floats
from zbnntp.trust.graph import Rating
from zbnntp.trust.policy import Codes, State, code_of, state_of


def inherited(ratings: Sequence[Rating], heirs: Mapping[Identity, Identity]) -> list[Rating]:
    """With good ratings of those who have moved given to whoever follows, where that one is not rated as well."""
    given = {it.target for it in ratings}
    handed_on = {it.target for it in ratings if it.target in heirs and (it.mt or 0) >= 0 and (it.mt or it.tlt)}
    return [
        it._replace(target=heirs[it.target]) if it.target in handed_on else it
        for it in ratings
        if it.target not in handed_on or heirs[it.target] not in given
    ]


def show_as_heirs(mt: Floats, codes: Codes, heirs: Mapping[int, int], myself: int) -> None:
    """In the levels of one ranking; all by their numbers in the graph."""
    for number, heir in heirs.items():
        if mt[number] >= 0 and number != myself:
            state = state_of(int(codes[number]))
            following = State(True, Level.FULL) if heir == myself else state_of(int(codes[heir]))
            codes[number] = code_of(State(state.fetch or following.fetch, max(state.level, following.level)))
