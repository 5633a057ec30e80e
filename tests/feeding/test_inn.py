"""A real INN gets a community, is killed with the node in the midst of it, and serves the same as the node does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.feeding.conftest import Demo, Feed
from tests.inn import Inn, need_inn
from tests.nntp_client import Client
from tests.node_process import NodeProcess, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.client]
ONE_SERVERS = ("Xref:", "Path:", "X-Zb-", "Distribution:", "Cancel-Lock:", "Cancel-Key:")

FEW = 80  # of the posts of the demo; the visitor sees 88


def boards(reader: Client) -> list[str]:
    return sorted(it for it in reader.groups() if not it.startswith(("zb.", "via.", "control", "junk")))


def served(reader: Client) -> dict[str, dict[str, tuple[object, bytes]]]:
    """By board and Message-ID: the headers that are not one server's own, and the body."""
    found: dict[str, dict[str, tuple[object, bytes]]] = {}
    for board in boards(reader):
        if reader.group(board).count:
            found[board] = {line.message_id: article(reader, line.message_id) for line in reader.over()}
    return found


def article(reader: Client, message_id: str) -> tuple[object, bytes]:
    head, _, body = reader.raw_article(message_id).partition(b"\r\n\r\n")
    lines = head.replace(b"\r\n ", b" ").decode().split("\r\n")
    return sorted(it for it in lines if not it.startswith(ONE_SERVERS)), body


def test_inn_serves_what_the_node_does_though_both_were_killed(place: Path, inn: Inn) -> None:
    with Demo(place) as demo:
        node = NodeProcess(demo.visitor, "visitor", net=demo.visitor.parent / "net")
        wait_until(lambda: sum(node.status()["boards"].values()) > FEW, "the community's posts", 60)
        with Feed(node, inn) as feed:
            wait_until(lambda: inn_has(inn, 1), "the first article at INN")
            for it in (feed, demo, inn):
                it.kill()
    inn.start()
    node.start()
    try:
        feed.finish()
        compare_and_hide(node, inn, feed)
    finally:
        node.stop()


def compare_and_hide(node: NodeProcess, inn: Inn, feed: Feed) -> None:
    with node.connect() as ours, inn.read() as theirs:
        here, there = served(ours), served(theirs)
        assert sum(map(len, here.values())) > FEW
        assert there == here
        assert b"X-Zb-" not in theirs.raw_article(min(next(iter(there.values()))))
        node.do("mute Ada")
        feed.finish()
        fewer = served(ours)
        assert sum(map(len, fewer.values())) < sum(map(len, here.values()))
        assert served(theirs) == fewer


def inn_has(inn: Inn, least: int) -> bool:
    with inn.read() as reader:
        return sum(reader.group(it).count for it in boards(reader)) >= least


def test_what_is_shown_no_longer_is_withdrawn(place: Path, inn: Inn) -> None:
    with NodeProcess(place / "a", "anna", net=place / "n") as node:
        node.do("board add test.talk")
        with node.connect() as ours, Feed(node, inn):
            stays, goes, old = (post(ours, node, it) for it in ("Stays", "Goes", "Old"))
            wait_until(lambda: subjects(inn) == {"Stays", "Goes", "Old"}, "three posts at INN")
            post(ours, node, "cmsg", control=f"cancel {goes}")
            post(ours, node, "New", supersedes=old)
            wait_until(lambda: subjects(inn) == {"Stays", "New"}, "one withdrawn, one replaced")
        with inn.read() as theirs:
            assert theirs.command(f"STAT {stays}").code == 223
            assert theirs.command(f"STAT {goes}").code == 430


def subjects(inn: Inn) -> set[str]:
    with inn.read() as reader:
        if "test.talk" not in reader.groups():
            return set()
        reader.group("test.talk")
        return {it.subject for it in reader.over()} if reader.group("test.talk").count else set()


def post(reader: Client, node: NodeProcess, subject: str, **headers: str) -> str:
    status = reader.post("test.talk", subject, f"About {subject}.", sender=node.sender, **headers)
    assert status.code == 240, status
    reader.group("test.talk")
    return next((it.message_id for it in reader.over() if it.subject == subject), "")


def test_a_server_without_streaming_gets_it_by_ihave(place: Path) -> None:
    need_inn()
    with (
        Inn(place / "inn", streaming=False) as inn,
        NodeProcess(place / "a", "anna", net=place / "n") as node,
        node.connect() as ours,
    ):
        node.do("board add test.talk")
        post(ours, node, "One")
        feed = Feed(node, inn)
        feed.finish()
        assert subjects(inn) == {"One"}
