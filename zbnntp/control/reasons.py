"""Why an article is where it is, or is not: what stands in the way, who put it there, what lifts it.

Written for somebody who looks for an answer's missing parent. Pure; answers.py gathers the case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from zbnntp.control.reports import flat
from zbnntp.model.keys import Identity, short_id
from zbnntp.store.labels import Said

MENTIONS_SHOWN = 3


class Standing(Enum):
    """What became of an article."""

    SHOWN = "shown"
    UNKNOWN = "never heard of"
    ABSENT = "named by others, not here"
    HEADER = "only the header of a thread's opening is here"
    DELETED = "taken back"
    PURGED = "deleted here for good"
    DISOWNED = "published after its author's recovery key had ended them"
    NO_OPENING = "its thread's opening is not here"
    OTHER_BOARDS = "its boards are not its thread's"
    AUTHOR_HIDDEN = "the author is hidden"
    LIMITED = "a thread opened by somebody whose answers alone are shown"
    FILTERED = "hidden by a filter"
    EXPIRED = "shown until it expired"


@dataclass(frozen=True, slots=True)
class PostCase:
    """All that is known about one article. `places`: groups and numbers; `mentions`: who answered it."""

    message_id: str
    standing: Standing
    author: Identity | None = None
    author_name: str = ""
    subject: str = ""
    places: Sequence[tuple[str, int]] = ()
    mentions: Sequence[tuple[str, str]] = ()  # Message-ID and name
    labels: Sequence[tuple[Said, str]] = ()  # and the labeller's name
    filter: str = ""  # its number and words
    blame: str = ""  # in short, why the author is seen or not
    reach: str = ""  # of an own post: whether others have it


def post_text(case: PostCase) -> str:
    """The report on an article; that on its author follows it."""
    title = f'"{flat(case.subject)}" by {case.author_name}' if case.subject else case.author_name
    parts = [
        "\n".join(filter(None, (f"Article {case.message_id}", title))),
        "\n".join(filter(None, (_SENTENCES[case.standing](case), case.blame))),
        case.reach,
        _labels(case),
        _remedy(case),
    ]
    return "\n\n".join(part for part in parts if part)


def _where(case: PostCase) -> str:
    return " and ".join(f"{group} ({number})" for group, number in case.places)


def _limited(case: PostCase) -> str:
    there = f" This one stands in {_where(case)}." if case.places else ""
    return f"It opens a thread, and of {case.author_name} you see answers in threads of others only.{there}"


def _hidden(case: PostCase) -> str:
    there = f"; it stands in {_where(case)} alone" if case.places else ""
    return f"It is here and hidden from its boards, because its author {case.author_name} is{there}."


def _absent(case: PostCase) -> str:
    some = "; ".join(f"{name} in {identifier}" for identifier, name in case.mentions[:MENTIONS_SHOWN])
    return (
        f"It is not here. It is known because others answered it: {some}. Who wrote it cannot be told without it. Your "
        "node fetches whoever the people you trust speak for; if its author becomes one of them it appears by itself."
    )


def _header(case: PostCase) -> str:
    there = f"; it stands in {_where(case)} without its text" if case.places else ""
    return f"Only its header is here, passed on by those who answered it{there}."


_SENTENCES: dict[Standing, Callable[[PostCase], str]] = {
    Standing.SHOWN: lambda case: f"It is shown in {_where(case)}.",
    Standing.UNKNOWN: lambda case: (
        "It was never heard of here: nobody whom your node fetches wrote it or answered it. Check the id for a typing "
        "error."
    ),
    Standing.ABSENT: _absent,
    Standing.HEADER: _header,
    Standing.DELETED: lambda case: "Its author has taken it back. Nothing here brings it back.",
    Standing.PURGED: lambda case: "You purged it: it was deleted here for good, and is never fetched again.",
    Standing.DISOWNED: lambda case: (
        "It is here and not shown, because it was published after the version that its author's recovery key calls the "
        "last good one: somebody else may have had their key."
    ),
    Standing.NO_OPENING: lambda case: (
        "It is here and not shown, because the opening of its thread has not arrived: in which boards it stands is not "
        "known. It appears by itself when the opening comes."
    ),
    Standing.OTHER_BOARDS: lambda case: (
        "It is here and never shown, because it names other boards than its thread stands in."
    ),
    Standing.AUTHOR_HIDDEN: _hidden,
    Standing.LIMITED: _limited,
    Standing.EXPIRED: lambda case: "It was shown here until it expired. Nothing brings it back.",
    Standing.FILTERED: lambda case: f"It is here and hidden by your filter {case.filter}.",
}


def _labels(case: PostCase) -> str:
    lines = [f"  {name} reports it: {said.name}{f', {said.note!r}' if said.note else ''}" for said, name in case.labels]
    return "\n".join(["Of it people say, and nothing is hidden by that:", *lines]) if lines else ""


def _remedy(case: PostCase) -> str:
    if case.standing is Standing.FILTERED:
        return f"To see it: unfilter {case.filter.split(' ')[0]}"
    if case.author is not None and case.standing in (Standing.AUTHOR_HIDDEN, Standing.LIMITED, Standing.HEADER):
        return f"To see it: trust {short_id(case.author)} 50"
    return ""
