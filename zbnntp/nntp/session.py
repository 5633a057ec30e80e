"""What one connection remembers: the view it has, the selected group and the current article.

RFC 3977 section 6.1: both are invalid at first (None and 0 here); failed commands leave them alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zbnntp.nntp.protocols import Desk, Shelf
from zbnntp.nntp.replies import Code, Refusal


@dataclass(slots=True)
class Session:
    """State of one newsreader. `desk` is None where posting is not allowed; `now` gives unix seconds."""

    shelf: Shelf
    desk: Desk | None
    now: Callable[[], float]
    group: str | None = None
    number: int = 0

    def selected(self) -> str:
        """The name of the selected group."""
        if self.group is None:
            raise Refusal(Code.NO_GROUP_SELECTED, "no group is selected; send GROUP first")
        return self.group

    def current(self) -> tuple[str, int]:
        """The selected group and the current article number."""
        group = self.selected()
        if not self.number:
            raise Refusal(Code.NO_CURRENT, "this group has no current article; name one by its number")
        return group, self.number

    def select(self, group: str, number: int) -> None:
        """Select a group and its first article (0 when it is empty)."""
        self.group, self.number = group, number
