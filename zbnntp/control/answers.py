"""Commands that only ask: help, status, and why for people and posts."""

from __future__ import annotations

import sqlite3

from zbnntp.control.facts import filter_key, filter_name
from zbnntp.control.kinship import kinship_text
from zbnntp.control.language import Row, find_rows
from zbnntp.control.ledger import After, Before, Receipt, constant, own_rating
from zbnntp.control.orders import Help, Status, Why
from zbnntp.control.people import find_article
from zbnntp.control.reached import reach_text
from zbnntp.control.reasons import PostCase, Standing, post_text
from zbnntp.control.reports import Case, in_short, why_text
from zbnntp.filters import make_filter, matches
from zbnntp.model.boards import is_virtual
from zbnntp.model.kept import reopen_post
from zbnntp.model.keys import Identity, message_id, parse_message_id
from zbnntp.model.views import Level
from zbnntp.store import cards, choices, endings, evidence, labels, numbers, posts, promises, purges, sources
from zbnntp.store.ratings import StoredRating
from zbnntp.trust.explain import Explanation, causes_of, why
from zbnntp.trust.graph import Graph
from zbnntp.trust.policy import State
from zbnntp.trust.ranking import Ranking
from zbnntp.visibility import searched_text

MENTIONS = 3
YOURSELF = "That is you. Your own posts are always shown; how far others see them is up to their ratings of you."

WHO_HELP = """\
Write one command a line into an article to zb.control; the answer comes
as a reply to it. WHO is a nick or the eight characters behind it, a
whole id, a link, or the <message-id> of an article. Leave it out in a
reply: then it is the author of the article that you answer. If one line
is wrong, none is carried out."""


def help_(before: Before, order: Help) -> Receipt:
    return constant(help_text(order.topic))


def help_text(topic: str) -> str:
    """The commands, or those that a topic names, with what they do."""
    return "\n".join(_row_text(row) for row in find_rows(topic)) + ("" if topic else f"\n\n{WHO_HELP}")


def _row_text(row: Row) -> str:
    return f"{row.usage}\n    {row.help}"


def status(before: Before, order: Status) -> Receipt:
    async def receipt(after: After) -> str:
        return "\n".join(after.house.status())

    return receipt


def why_(before: Before, order: Why) -> Receipt:
    """A person; or an article: by its id, or the one answered."""
    named = order.what.removeprefix("news:").strip("<>")
    article = f"<{named}>" if order.what.startswith(("<", "news:")) else "" if order.what else before.answered or ""
    if parse_message_id(article) or (article and _is_post(before, article)):
        return _about_post(before, article)
    target = before.who(order.what)

    async def receipt(after: After) -> str:
        return explain(after, target)

    return receipt


def _is_post(before: Before, reference: str) -> bool:
    """Whether an id is of a post or names nothing; commands, receipts and articles of zb.people are about people."""
    article = find_article(before.database, before.me, reference)
    if article is None:
        return False
    return promises.find_local(before.database, article) is None and cards.subject_of(before.database, article) is None


def _about_post(before: Before, reference: str) -> Receipt:
    async def receipt(after: After) -> str:
        case = post_case(after, reference)
        parts = [post_text(case)]
        if case.author is not None and case.author != after.view:
            parts.append(f"About its author:\n\n{explain(after, case.author)}")
        return "\n\n".join(parts)

    return receipt


def explain(after: After, target: Identity) -> str:
    """The report of `why` on a person."""
    return YOURSELF if target == after.view else why_text(person_case(after, target))


def person_case(after: After, target: Identity) -> Case:
    """All that decides whether somebody is seen. Ranks once; the private ratings of the view count."""
    database, standings, me = after.database, after.standings, after.me
    person = evidence.find_person(database, target)
    standing = after.standing(target)
    with standings.seen_by(after.view) as graph:
        ranking = standings.ranking(after.view)
        state = State(standing.fetch, standing.level)
        explanation = why(graph, after.view, ranking, target, standings.params, state)
        causes = causes_of(graph, after.view, ranking, _weights(graph, ranking, explanation), standings.params)
    own, whose = _rating_that_counts(after, person)
    ending = endings.find(database, person)
    moved = ending is not None and ending.heir and explanation.mt >= 0 and not (own and (own.mt or 0) < 0)
    return Case(
        explanation,
        own,
        posts.count_by(database, person) if person is not None else 0,
        after.name,
        standings.params,
        causes,
        pinned=person is not None and choices.find_pin(database, me, person) is not None,
        kinship=kinship_text(database, person, after.name),
        private=whose is not None and choices.find_private_rating(database, me, whose) is not None,
        heir=evidence.identity_of(database, ending.heir) if ending and ending.heir and moved else None,
        level=standing.level,
        purged=purges.is_purged(database, target),
        inherited=after.name(evidence.identity_of(database, whose)) if whose and whose != person else "",
    )


def _rating_that_counts(after: After, person: int | None) -> tuple[StoredRating | None, int | None]:
    """The owner's own of somebody, or a good one of whom they follow; and whom it is of."""
    if person is None:
        return None, None
    own = own_rating(after.database, after.me, person)
    for old in endings.forebears(after.database, person) if own is None else []:
        found = own_rating(after.database, after.me, old)
        if found and (found.mt or 0) >= 0 and (found.mt or found.tlt):
            return found, old
    return own, person


def _weights(graph: Graph, ranking: Ranking, explanation: Explanation) -> dict[Identity, float]:
    """What the decision rests on: the votes against when they outweigh, else those for, else trust in judgement."""
    votes = explanation.reproach if explanation.mt < 0 else explanation.praise
    if explanation.own is not None and explanation.own.mt is not None:
        return {}
    if votes:
        return {vote.rater: vote.value * vote.factor for vote in votes}
    return {explanation.target: 1.0} if explanation.tlt > 0 and explanation.own is None else {}


def post_case(after: After, reference: str) -> PostCase:
    """What became of an article."""
    database = after.database
    article = find_article(database, after.me, reference)
    if article is None:
        return PostCase(reference, Standing.UNKNOWN)
    identifier = message_id(posts.post_id(database, article))
    source = sources.find_source(database, after.me, article)
    said = [(it, after.name(it.labeller)) for it in labels.labels_on(database, after.me, article)]
    if source is None:
        return _absent_case(after, article, identifier)
    places = numbers.places_of(database, after.me, article)
    in_board = any(not is_virtual(name) for name, _ in places)
    standing = Standing.SHOWN if in_board else _hidden_by(database, source, after.me)
    found = _filter_of(after, source) if standing is Standing.SHOWN and not places else ""
    if standing is Standing.SHOWN and not places:
        standing = Standing.FILTERED if found else Standing.EXPIRED
    blamed = standing in (Standing.AUTHOR_HIDDEN, Standing.LIMITED)
    return PostCase(
        identifier,
        standing,
        source.identity,
        after.name(source.identity),
        reopen_post(source.line).header.subject or source.subject or "",
        places,
        labels=said,
        filter=found,
        blame=in_short(person_case(after, source.identity)) if blamed else "",
        reach=reach_text(database, after.me, article) if source.identity == after.view else "",
    )


def _absent_case(after: After, article: int, identifier: str) -> PostCase:
    author, post = posts.author_of(after.database, article), posts.post_id(after.database, article)
    if any(purges.is_purged(after.database, it) for it in (post, author) if it):
        return PostCase(identifier, Standing.PURGED, author, after.name(author) if author else "")
    if author is not None:
        subject = posts.opening_subject(after.database, post)
        blame = in_short(person_case(after, author))
        places = numbers.places_of(after.database, after.me, article)
        return PostCase(identifier, Standing.HEADER, author, after.name(author), subject, places, blame=blame)
    mentions = [
        (message_id(post), after.name(who)) for post, who in posts.answers_to(after.database, article, MENTIONS)
    ]
    return PostCase(identifier, Standing.ABSENT if mentions else Standing.UNKNOWN, mentions=mentions)


def _filter_of(after: After, source: sources.Source) -> str:
    """Number and words of the filter that hides a post."""
    text = searched_text(source)
    for number, row in enumerate(choices.filters(after.database, after.me), 1):
        if (row.until is None or row.until > after.now) and matches(
            [make_filter(row.pattern, bool(row.is_regex))], text
        ):
            return f"{number} {filter_name(filter_key(row.pattern, bool(row.is_regex)))}"
    return ""


def _hidden_by(database: sqlite3.Connection, source: sources.Source, me: int) -> Standing:
    """What keeps a post out of its boards; SHOWN: nothing of this, so a filter does."""
    header = reopen_post(source.line).header
    if source.deleted:
        return Standing.DISOWNED if endings.is_disowned(database, source.article) else Standing.DELETED
    if source.boards is None:
        return Standing.NO_OPENING
    if source.boards != ",".join(header.boards):
        return Standing.OTHER_BOARDS
    if source.level == Level.LIMITED and header.thread is None:
        return Standing.LIMITED
    shown = source.author == me or source.level in (Level.FULL, Level.LIMITED)
    return Standing.SHOWN if shown else Standing.AUTHOR_HIDDEN
