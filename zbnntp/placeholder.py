"""What stands in a board in place of an opening of which the node has the header and not the text.

Whoever answers in a thread passes its opening's header on, signed by its author, so a reader who does not fetch that
author still sees what is answered: who, when, what about, and why the text is missing. The text, when it comes, has the
same number. docs/newsgroups.md "Served articles".
"""

from __future__ import annotations

import json
from dataclasses import replace

from zbnntp.local import CONTROL
from zbnntp.model.article import Form, Rendered, compose, overview_fields
from zbnntp.model.entries import Header
from zbnntp.model.kept import reopen_header
from zbnntp.model.keys import short_id
from zbnntp.model.views import Level
from zbnntp.store.sources import Source

GENUINE = """\
Somebody whose posts you see has answered it and passed its header on.
Its author has signed that: who, when and the subject are genuine.
"""
FETCHED = """\
[The text of this post is not here.]

Your node fetches what its author publishes. This has not come yet, and
takes this article's place when somebody is reached who keeps it; or it
is older than what your node keeps, or was taken out of what its author
publishes.

"""
NOT_FETCHED = """\
[The text of this post is not here.]

Your node does not fetch what its author publishes: nobody whose
judgement you trust speaks for them. To have it, send to {control}

    trust {who} 50

"""


def compose_placeholder(source: Source, extra: bytes = b"") -> bytes:
    """The whole article; `extra` are the lines of one reader alone."""
    reason = FETCHED if source.level in (Level.LIMITED, Level.FULL) else NOT_FETCHED
    body = reason.format(control=CONTROL, who=short_id(source.identity)) + GENUINE
    return compose(header_of(source), body, source.subject or "", source.nick, extra)


def render_placeholder(source: Source) -> Rendered:
    """What the overview keeps of it."""
    return replace(overview_fields(compose_placeholder(source)), form=Form.PLACEHOLDER)


def header_of(source: Source) -> Header:
    """The header in its carry line."""
    return reopen_header(json.loads(source.line)["header"])
