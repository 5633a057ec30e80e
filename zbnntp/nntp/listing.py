"""Groups and lists: GROUP, LISTGROUP, the variants of LIST, XGTITLE, NEWGROUPS, NEWNEWS.

RFC 3977 sections 6.1.1, 6.1.2, 7.3 to 7.6, 8.4 and 8.6; RFC 6048; RFC 2980 section 2.4. LIST never changes state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from zbnntp.model.views import Group
from zbnntp.nntp.replies import Code, Refusal, Reply, line_block
from zbnntp.nntp.session import Session
from zbnntp.nntp.syntax import NUMBER_MAX, parse_range, parse_since, parse_wildmat

# slrn turns overview off unless the last two of the seven are spelt so; RFC 3977 section 8.4.2 allows it.
FIXED_FIELDS = ("Subject:", "From:", "Date:", "Message-ID:", "References:", "Bytes:", "Lines:")
GROUPS_A_WINDOW = 256


def group(session: Session, name: str) -> Reply:
    """GROUP: selects a group and its first article."""
    found = _select(session, name)
    return Reply(Code.GROUP, _marks(found))


def listgroup(session: Session, name: str = "", span: str = "") -> Reply:
    """LISTGROUP: the same, and the numbers of the articles in the range."""
    low, high = parse_range(span) if span else (1, NUMBER_MAX)
    found = _select(session, name or session.selected())
    windows = session.shelf.numbers(found.name, low, high)
    return Reply(Code.GROUP, f"{_marks(found)} list follows", windows)


def _select(session: Session, name: str) -> Group:
    found = session.shelf.group(name)
    if found is None:
        raise Refusal(Code.NO_GROUP, "there is no such group here; LIST shows all groups")
    session.select(name, session.shelf.first(name))
    return found


def _marks(found: Group) -> str:
    return f"{found.count} {found.low} {found.high} {found.name}"


def list_active(session: Session, wildmat: str = "") -> Reply:
    """LIST ACTIVE."""
    return _group_list(session, Code.LIST, "groups follow", active_line, wildmat)


def list_counts(session: Session, wildmat: str = "") -> Reply:
    """LIST COUNTS, RFC 6048 section 2.2."""
    return _group_list(session, Code.LIST, "groups with counts follow", _counts_line, wildmat)


def list_active_times(session: Session, wildmat: str = "") -> Reply:
    """LIST ACTIVE.TIMES."""
    return _group_list(session, Code.LIST, "creation times follow", _times_line, wildmat)


def list_newsgroups(session: Session, wildmat: str = "") -> Reply:
    """LIST NEWSGROUPS."""
    return _group_list(session, Code.LIST, "descriptions follow", _description_line, wildmat)


def xgtitle(session: Session, wildmat: str = "") -> Reply:
    """XGTITLE: descriptions of the groups that match, or of the selected one."""
    if not wildmat and session.group is None:
        raise Refusal(Code.NO_TITLES, "select a group or give a pattern, for example XGTITLE *")
    return _group_list(session, Code.XGTITLE, "descriptions follow", _description_line, wildmat or session.selected())


def list_overview_fmt(session: Session) -> Reply:
    """LIST OVERVIEW.FMT."""
    fields = [*FIXED_FIELDS, *session.shelf.OVERVIEW_EXTRA]
    return Reply(Code.LIST, "order of fields in the overview follows", (line_block(fields),))


def list_headers(session: Session, form: str = "") -> Reply:
    """LIST HEADERS: any header, and the two items that are computed; the same in every form."""
    if form.upper() not in ("", "MSGID", "RANGE"):
        raise Refusal(Code.SYNTAX, "LIST HEADERS takes MSGID, RANGE or nothing")
    return Reply(Code.LIST, "fields that HDR knows follow", (line_block([":", ":bytes", ":lines"]),))


def list_subscriptions(session: Session, wildmat: str = "") -> Reply:
    """LIST SUBSCRIPTIONS: recommended groups, the best first."""
    matches = parse_wildmat(wildmat) if wildmat else None
    names = [name for name in session.shelf.subscriptions() if not matches or matches(name)]
    return Reply(Code.LIST, "recommended groups follow", (line_block(names),))


def list_motd(session: Session) -> Reply:
    """LIST MOTD."""
    return Reply(Code.LIST, "message of the day follows", (line_block(session.shelf.motd().splitlines()),))


def list_not_kept(session: Session) -> Reply:
    """Variants that exist but make no sense here: there are no distributions and no moderators."""
    raise Refusal(Code.NOT_KEPT, "this server keeps no such list")


def newgroups(session: Session, date: str, time: str, zone: str = "") -> Reply:
    """NEWGROUPS: groups made since then, as LIST ACTIVE shows them."""
    since = parse_since(date, time, zone, session.now())
    groups = list(session.shelf.new_groups(since))
    return Reply(Code.NEWGROUPS, "new groups follow", _group_windows(active_line, groups))


def newnews(session: Session, wildmat: str, date: str, time: str, zone: str = "") -> Reply:
    """NEWNEWS: ids of what arrived since then, whatever its Date says."""
    matches = parse_wildmat(wildmat)
    since = parse_since(date, time, zone, session.now())
    return Reply(Code.NEWNEWS, "new articles follow", session.shelf.new_news(matches, since))


def active_line(row: Group) -> str:
    """One line of LIST ACTIVE: high before low."""
    return f"{row.name} {row.high} {row.low} {row.status}"


def _counts_line(row: Group) -> str:
    return f"{row.name} {row.high} {row.low} {row.count} {row.status}"


def _times_line(row: Group) -> str:
    return f"{row.name} {row.created} {row.creator}"


def _description_line(row: Group) -> str:
    return f"{row.name}\t{row.description or '-'}"


def _group_list(session: Session, code: Code, text: str, line: Callable[[Group], str], wildmat: str) -> Reply:
    """All groups from what is kept ready, or those that match."""
    if not wildmat:
        return Reply(code, text, (session.shelf.listed(line.__name__, lambda row: line_block((line(row),))),))
    return Reply(code, text, _group_windows(line, _matching(session, wildmat)))


def _matching(session: Session, wildmat: str) -> list[Group]:
    if not set(wildmat).intersection("*?!,[]\\"):
        # Gnus asks LIST ACTIVE for each subscribed group
        found = session.shelf.group(wildmat)
        return [found] if found else []
    matches = parse_wildmat(wildmat)
    return [row for row in session.shelf.groups() if matches(row.name)]


def _group_windows(line: Callable[[Group], str], groups: list[Group]) -> Iterator[bytes]:
    for at in range(0, len(groups), GROUPS_A_WINDOW):
        yield line_block(map(line, groups[at : at + GROUPS_A_WINDOW]))
