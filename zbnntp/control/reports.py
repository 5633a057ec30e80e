"""Answers that explain: why somebody is seen or not. Pure.

Written for somebody who never heard of how trust is computed: two numbers, where they come from, which limit decided.
All numbers are on the scale of the commands, -100 to 100, and the parts of a sum add up as printed. docs/trust.md.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from zbnntp.model.keys import Identity, identity_text, short_id
from zbnntp.model.shown import seen
from zbnntp.model.views import Level
from zbnntp.store.ratings import StoredRating
from zbnntp.trust.explain import Contribution, Explanation, Source, Vote
from zbnntp.trust.parameters import Parameters
from zbnntp.trust.policy import Reason, Verdict
from zbnntp.visibility import Settled

PARTS_SHOWN = 10  # of a sum; the rest stand as one line
CAUSES_SHOWN = 5
UNITS = 1_000_000  # trust is printed in whole units of this: four digits after the point of the scale of 100
WIDTH = 9  # of a column of numbers
COLUMNS = 76  # of an article; terminals show 80
YOU = "you"
NOT_COUNTED = "  What others say does not count then:"
Name = Callable[[Identity], str]

SHOWN = {
    Level.FULL: "shown, threads and replies",
    Level.LIMITED: "shown in threads of others only",
    Level.HIDDEN: "hidden",
}


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known about one person."""

    explanation: Explanation
    rating: StoredRating | None  # the owner's own
    posts: int  # held here
    name: Name
    params: Parameters
    causes: Sequence[tuple[Identity, float]] = ()  # own ratings that the decision comes from, and their weights
    pinned: bool = False
    kinship: str = ""  # whom they moved to, or were before
    private: bool = False  # the owner's rating is
    heir: Identity | None = None  # whom they moved to, when it is that one who decides how they are shown
    level: Level = Level.HIDDEN  # how they are shown then
    purged: bool = False  # deleted here for good
    inherited: str = ""  # whom the owner's rating is of, when it is not of them: whom they follow


def why_text(case: Case) -> str:
    """Why somebody has the standing he has."""
    explanation = case.explanation
    parts = [
        [case.name(explanation.target), identity_text(explanation.target)],
        [in_short(case)],
        [case.kinship] if case.kinship else [],
        *([] if case.purged else _left_part(case, case.heir) if case.heir else _trust_parts(case)),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _left_part(case: Case, heir: Identity) -> list[list[str]]:
    """What somebody left who has moved."""
    counts = f" It counts for {case.name(heir)}." if case.rating else ""
    return [
        [
            f"Their posts ({case.posts} held here) are {SHOWN[case.level]}, as those of {case.name(heir)} are.",
            _own_sentence(case) + counts,
        ],
        [f"For the numbers: why {short_id(heir)}"],
    ]


def _trust_parts(case: Case) -> list[list[str]]:
    explanation = case.explanation
    return [
        [
            f"{'Without the pin their' if case.pinned else 'Their'} posts ({case.posts} held here) "
            f"{'would be' if case.pinned else 'are'} {SHOWN[explanation.verdict.level]}.",
            _decision(explanation, case.params),
            _own_sentence(case),
        ],
        _posts_part(case),
        _ratings_part(case),
        _causes_part(case),
        _path_part(case),
        _advice(explanation.verdict, explanation.target),
    ]


def _own_sentence(case: Case) -> str:
    if case.inherited:
        text = f"Your own rating of {case.inherited}, whom they follow, counts for them: {rating_text(case.rating)}."
    else:
        text = own_rating_text(case.rating)
    return text + (" It is private." if case.private else "")


def in_short(case: Case) -> str:
    """The answer in one sentence, for somebody in a hurry."""
    if case.purged:
        return "In short: you purged what they publish: it was deleted here for good, and is not fetched any more."
    if case.pinned:
        return "In short: you pinned them, so what you saw then stays, and nothing newer is fetched."
    if case.heir:
        seen = "do not see" if case.level is Level.HIDDEN else "see"
        return f"In short: they have moved; you {seen} what they left, as what {case.name(case.heir)} publishes."
    return _in_short_by_trust(case)


def _in_short_by_trust(case: Case) -> str:
    explanation = case.explanation
    verdict, own = explanation.verdict, case.rating
    if verdict.level_by is Reason.OWN_POSITIVE:
        whom = f"{case.inherited}, whom they follow," if case.inherited else "them"
        return f"In short: you see them because you rate {whom} {rating_text(own)}."
    if verdict.fetch_by is Reason.OWN_NEGATIVE or (own and (own.mt or 0) < 0):
        return f"In short: you do not see them because you rate them {rating_text(own)}."
    if explanation.mt < 0 and explanation.reproach:
        who = _speakers([it.rater for it in explanation.reproach], case.name)
        return f"In short: you do not see them because {who}, whose judgement you trust, would rather not."
    if verdict.level is Level.FULL:
        who = _speakers([it.rater for it in explanation.praise], case.name)
        return f"In short: you see them because {who}, whose judgement you trust, would see them."
    if verdict.level is Level.LIMITED:
        return (
            "In short: those whose judgement you trust have said little about them yet, so you see their answers only."
        )
    if verdict.fetch_by is Reason.CAP:
        return "In short: you do not see them because your node fetches as many people as it may."
    return "In short: you do not see them because nobody whose judgement you trust has said enough about them."


def _speakers(raters: Sequence[Identity], name: Name) -> str:
    """`alice`, `alice and bob`, `alice, bob and 3 others`."""
    names = [name(it) for it in raters[:2]]
    rest = len(raters) - len(names)
    if rest:
        return f"{', '.join(names)} and {rest} other{'s' if rest > 1 else ''}"
    return " and ".join(names)


def these_posts(settled: Settled, whose: str = "") -> str:
    """`14 posts of theirs are now visible.`; empty when there is nothing to say."""
    parts = [
        f"{count} post{'s' if count > 1 else ''}{f' {whose}' if whose else ''} {'are' if count > 1 else 'is'} {what}"
        for count, what in ((settled.shown, "now visible"), (settled.hidden, "no longer visible"))
        if count
    ]
    return f"{' and '.join(parts)}." if parts else ""


def day_text(moment: int) -> str:
    """The day of a time in unix seconds, UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(moment))


def own_rating_text(rating: StoredRating | None) -> str:
    if rating is None:
        return "You have not rated them yourself."
    return f"Your own rating: {rating_text(rating)}."


def rating_text(rating: StoredRating | None) -> str:
    """A rating as the commands write it."""
    if rating is None or (rating.mt is None and rating.tlt is None):
        return "none"
    parts = [] if rating.mt is None else [f"{rating.mt / 100:g}"]
    parts += [] if rating.tlt is None else [f"list {rating.tlt / 100:g}"]
    parts += [f'comment "{flat(rating.note)}"'] if rating.note else []
    return " ".join(parts)


def flat(text: str) -> str:
    """What somebody wrote, as part of a line of ours: it brings no lines of its own, and does not turn ours around."""
    return seen(" ".join(text.split()))


def wrapped(text: str) -> str:
    """A text as articles carry it; quotes and lines with a link or an id stay whole.

    What goes on an item of a list stands deeper than the items: somebody's words in one cannot pass for another.
    """
    return "\n".join(_wrapped_line(line) for line in text.split("\n"))


def percent(value: float) -> str:
    """A fraction of 1 on the scale of 100."""
    return _printed(round(value * UNITS))


def split(amounts: Sequence[float], total: float) -> list[int]:
    """The parts in whole units, the first one bent so that they sum to the whole as printed."""
    units = [round(amount * UNITS) for amount in amounts]
    if units:
        units[0] += round(total * UNITS) - sum(units)
    return units


def _wrapped_line(line: str) -> str:
    if len(line) <= COLUMNS or line.startswith(">") or max(map(len, line.split())) > COLUMNS // 2:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    deeper = f"{indent}  " if indent or line.startswith("- ") else ""
    return textwrap.fill(line, COLUMNS, subsequent_indent=deeper, break_long_words=False, break_on_hyphens=False)


def _printed(units: int) -> str:
    return f"{units * 100 / UNITS:.4f}".rstrip("0").rstrip(".")


def _decision(explanation: Explanation, params: Parameters) -> str:
    verdict = explanation.verdict
    full, fetch = percent(params.eps_full), percent(params.eps_fetch)
    trust, ratings = percent(explanation.mt), percent(explanation.tlt)
    sentences = {
        Reason.OWN_POSITIVE: "Your own rating decides: whom you rate above 0 you see in full.",
        Reason.OWN_NEGATIVE: "Your own rating decides: whom you rate below 0 is neither fetched nor shown.",
        Reason.NEGATIVE: f"Trust in their posts is {trust}, and whoever is below 0 is hidden.",
        Reason.ABOVE: f"Trust in their posts is {trust}; from {full} on somebody is shown in full.",
        Reason.BAND: f"Trust in their posts is {trust}, a little below the {full} for being shown in full; they were "
        f"shown so before and stay until it falls below {percent(params.eps_full * params.band)}.",
        Reason.BELOW: f"Trust in their posts is {trust}, below the {full} from which you see somebody's threads.",
        Reason.NOT_FOLLOWED: "Your node fetches only people whom you rate above 0: the setting fetch is 'followed'.",
        Reason.CAP: f"Your node fetches {params.fetch_cap} people at most, and all of them have more trust.",
    }
    if verdict.level_by is not Reason.NOT_FETCHED:
        return sentences[verdict.level_by]
    if verdict.fetch_by is Reason.BELOW:
        both = f"Trust in their posts is {trust}, in their ratings {ratings}"
        return f"{both}; somebody is fetched when one of the two is {fetch} or more."
    return sentences[verdict.fetch_by]


def _posts_part(case: Case) -> list[str]:
    explanation = case.explanation
    own = explanation.own is not None and explanation.own.mt is not None
    lines = [f"Trust in their posts: {percent(explanation.mt)}{_whose(own)}"]
    if not explanation.praise and not explanation.reproach:
        return [*lines, "  Nobody whose ratings count for you has rated them."]
    lines += [NOT_COUNTED] if own else []
    lines += _table("For", explanation.praise, _vote_text, case)
    if explanation.replies_capped or explanation.registrars_capped:
        lines.append(f"{percent(explanation.praise_sum):>{WIDTH}}  counted: {_caps(case)}")
    lines += _table("Against", explanation.reproach, _reproach_text, case)
    return lines if own else [*lines, *_balance(explanation)]


def _balance(explanation: Explanation) -> list[str]:
    praise, reproach = explanation.praise_sum, explanation.reproach_sum
    parts = f"{percent(praise)} - {percent(reproach)}"
    if praise + reproach <= 1.0:
        return [f"  {parts} = {percent(explanation.mt)}"] if reproach else []
    share = f"  ({parts}) of {percent(praise + reproach)} in all = {percent(explanation.mt)}"
    return ["  More than 100 in all, so the share of it counts:", share]


def _caps(case: Case) -> str:
    caps = [
        (case.explanation.replies_capped, "replies", case.params.reply_vote_cap),
        (case.explanation.registrars_capped, "registrars", case.params.registrar_cap),
    ]
    return " and ".join(f"{what} count {percent(most)} at most together" for on, what, most in caps if on)


def _ratings_part(case: Case) -> list[str]:
    explanation = case.explanation
    own = explanation.own is not None and explanation.own.tlt is not None
    implied = own and (case.rating is None or case.rating.tlt is None)
    whose = " (for you rated their posts below 0)" if implied else _whose(own)
    lines = [f"Trust in their ratings of others: {percent(explanation.tlt)}{whose}"]
    if not explanation.introducers:
        return lines
    lines += [NOT_COUNTED] if own else []
    lines += _table("Handed on by", explanation.introducers, _introducer_text, case)
    if explanation.inflow > 1.0:
        lines.append(f"{percent(1.0):>{WIDTH}}  counted: more is not possible")
    if explanation.mercy < 1.0:
        lines.append(f"  Of it {percent(explanation.mercy)} in 100 counts, because they introduced people you hid.")
    return lines


def _whose(own: bool) -> str:
    return " (your own rating)" if own else ""


def _table(
    title: str, parts: Sequence[Contribution] | Sequence[Vote], text: Callable[[Any, Case], str], case: Case
) -> list[str]:
    """The largest parts, the rest as one, and their sum."""
    if not parts:
        return []
    amounts = [part.amount for part in parts]
    units = split(amounts, sum(amounts))
    lines = [f"  {title}:"]
    for part, unit in list(zip(parts, units, strict=True))[:PARTS_SHOWN]:
        lines.append(f"{_printed(unit):>{WIDTH}}  {text(part, case)}")
    rest = units[PARTS_SHOWN:]
    if rest:
        lines.append(f"{_printed(sum(rest)):>{WIDTH}}  {len(rest)} others together")
    if len(units) > 1:
        lines.append(f"{_printed(sum(units)):>{WIDTH}}  together")
    return lines


def _vote_text(vote: Vote, case: Case) -> str:
    said = {
        Source.RATING: f"rates them {percent(vote.value)}",
        Source.REPLY: f"replied to them, worth {percent(vote.value)}",
        Source.REGISTRAR: f"is a registrar and rates them {percent(vote.value)}",
    }[vote.source]
    thin = f", of which {percent(vote.factor)} in 100 count: they praise very many people" if vote.factor < 1 else ""
    return f"{_weighed(vote, case, said)}{thin}"


def _reproach_text(vote: Vote, case: Case) -> str:
    return _weighed(vote, case, f"rates them {percent(-vote.value)}")


def _weighed(vote: Vote, case: Case, said: str) -> str:
    name = case.name(vote.rater)
    return f"{name} {said}" + ("" if name == YOU else f"; your trust in their ratings {percent(vote.tlt)}")


def _introducer_text(part: Contribution, case: Case) -> str:
    how = "by replying to them" if part.by_replies else "by rating them"
    trusted = f"your trust in their ratings, {percent(part.tlt)}"
    return f"{case.name(part.rater)} {how}: {percent(part.weight)} in 100 of {trusted}"


def _path_part(case: Case) -> list[str]:
    path = case.explanation.path
    if path is None or len(path.names) < 2:
        return []
    return [f"Strongest way: you > {' > '.join(case.name(it) for it in path.names)} = {percent(path.strength)}"]


def _causes_part(case: Case) -> list[str]:
    """Which of the owner's own ratings all this comes from, in parts of 100."""
    total = sum(share for _, share in case.causes)
    if total <= 0 or not case.causes:
        return []
    parts = split([share / total for _, share in case.causes], 1.0)
    lines = ["This comes from your own ratings, of 100 parts:"]
    for (person, _), part in list(zip(case.causes, parts, strict=True))[:CAUSES_SHOWN]:
        whom = "your own replies" if case.name(person) == YOU else f"your trust in the ratings of {case.name(person)}"
        lines.append(f"{_printed(part):>{WIDTH}}  {whom}")
    rest = parts[CAUSES_SHOWN:]
    return [*lines, *([f"{_printed(sum(rest)):>{WIDTH}}  {len(rest)} others together"] if rest else [])]


def _advice(verdict: Verdict, target: Identity) -> list[str]:
    who = short_id(target)
    if verdict.level is Level.FULL:
        return [f"To see less of them: trust {who} -50. To leave it to others again: untrust {who}."]
    return [f"To see all they write: trust {who} 50. To hide them for good: trust {who} -50."]
