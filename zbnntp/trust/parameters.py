"""Every constant of docs/trust.md under a name, with its default and what it is for.

The first five shape the rows of a graph and are fixed when the graph is made; the rest may differ from one ranking to
the next. Raising `list_budget + reply_budget` to 1 or more breaks the bounds that docs/trust.md proves.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """All knobs of the rule. Trust values are fractions of 1, not percent."""

    # rows of the graph
    list_budget: float = 0.80  # most trust that a rater hands on by ratings
    reply_budget: float = 0.05  # most trust that a rater hands on by replies
    reply_unit: float = 0.01  # what one reply is worth
    reply_cap: float = 0.05  # what all replies of one person to another are worth
    vote_budget: float = 10.0  # full positive votes that a rater has to share out

    # ranking
    rounds: int = 5  # trust travels this many steps beyond your own ratings
    reply_vote_cap: float = 0.05  # what all replies to one person together add to his message trust
    registrar_cap: float = 1e-3  # what all registrars together add to one person's message trust; half of eps_full
    kappa: float = 1.0  # how hard those are punished who introduced people you hid; 0 is off, 1 the tested strength
    decimals: int = 9  # values are rounded so before anything compares them: processors differ in the last bit

    # levels
    eps_fetch: float = 1e-4  # from here on a manifest is fetched
    eps_full: float = 2e-3  # from here on a member is a full one; above what a registrar can give
    band: float = 0.8  # a level is left only below this part of its threshold
    followed_only: bool = False  # fetch only those whom the user rated above 0
    fetch_cap: int = 20_000  # manifests fetched at most: nobody fills the disk by making identities

    def row_part(self) -> tuple[float, ...]:
        """What a graph's rows were made with; a ranking with other values needs another graph."""
        return (self.list_budget, self.reply_budget, self.reply_unit, self.reply_cap, self.vote_budget)


DEFAULTS = Parameters()
