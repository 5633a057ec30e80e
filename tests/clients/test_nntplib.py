"""Python's own nntplib, which many scripts and bots use; it left the standard library with Python 3.13."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.conftest import BOARD, GROUPS, SUBJECT, check_gone, newest
from tests.node_process import NodeProcess

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.version_info >= (3, 13), reason="Python 3.13 has no nntplib any more"),
]


@pytest.fixture
def news(node: NodeProcess, thread: str) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import nntplib
    with nntplib.NNTP(node.host, node.port, readermode=True, timeout=30) as connection:
        yield connection


def test_the_server_is_known(news: Any) -> None:
    assert news.nntp_version == 2
    assert {"READER", "POST", "OVER"} <= news.getcapabilities().keys()
    assert {group.group for group in news.list()[1]} >= GROUPS
    assert news.descriptions(BOARD)[1] == {BOARD: "A place to talk"}
    assert news.date()[1].year >= 2024


def test_thread_is_read(news: Any, thread: str) -> None:
    _, count, first, last, name = news.group(BOARD)
    assert (count, first, last, name) == (1, 1, 1, BOARD)
    _, rows = news.over((1, None))
    [(number, fields)] = rows
    assert number == 1
    assert fields["subject"] == SUBJECT
    assert fields["message-id"] == thread
    assert "x-zb-trust" in fields
    _, body = news.body(thread)
    assert b"The lamp is lit at dusk." in body.lines
    assert b".A line that starts with a dot." in body.lines
    assert news.xhdr("subject", "1-")[1] == [("1", SUBJECT)]


def test_thread_is_answered(news: Any, node: NodeProcess, thread: str) -> None:
    article = (
        f"From: {node.sender}\r\nNewsgroups: {BOARD}\r\nSubject: Re: {SUBJECT}\r\nReferences: {thread}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße.\r\n.dot\r\n"
    )
    assert news.post(article.encode()).startswith("240")
    news.group(BOARD)
    _, rows = news.over((2, 2))
    [(_, fields)] = rows
    assert fields["references"] == thread
    _, body = news.body("2")
    assert [line.decode() for line in body.lines][:2] == ["Grüße.", ".dot"]


def test_a_thread_is_started_and_cancelled(news: Any, node: NodeProcess) -> None:
    """Scripts cancel with a Control article of their own making."""
    head = f"From: {node.sender}\r\nNewsgroups: {BOARD}\r\n"
    assert news.post(f"{head}Subject: Of foghorns\r\n\r\nThey are loud.\r\n".encode()).startswith("240")
    posted = newest(node, "Of foghorns")
    cancel = f"Subject: cmsg cancel {posted.message_id}\r\nControl: cancel {posted.message_id}\r\n"
    assert news.post(f"{head}{cancel}\r\nTaken back.\r\n".encode()).startswith("240")
    check_gone(node, posted.number, posted.message_id)
