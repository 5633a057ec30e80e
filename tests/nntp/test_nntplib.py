"""A client that somebody else wrote: the nntplib that Python had up to 3.12. It is strict about framing and fields."""

from __future__ import annotations

import datetime
import io
import warnings
from types import ModuleType

import pytest
import trio

from tests.nntp.dialogue import Make, forum
from tests.nntp.serving import serving


def nntplib() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("nntplib", reason="Python 3.13 has no nntplib")


def with_client(dialogue, make: Make = forum) -> None:
    """Run a blocking dialogue in a thread beside the server."""
    library = nntplib()

    def talk(port: int) -> None:
        with library.NNTP("127.0.0.1", port, readermode=True, timeout=10) as client:
            dialogue(client)

    async def main() -> None:
        async with serving(make) as server:
            await trio.to_thread.run_sync(talk, server.port)

    trio.run(main)


def test_reading() -> None:
    def dialogue(client) -> None:
        assert client.getwelcome().startswith("200")
        assert client.getcapabilities()["OVER"] == ["MSGID"]
        assert client.nntp_version == 2
        assert [info.group for info in client.list()[1]] == ["misc.new", "tech.empty", "tech.linux", "zb.help"]
        assert client.descriptions("tech.l*")[1] == {"tech.linux": "Penguins & friends – news"}
        assert client.group("tech.linux")[1:] == (4, 3, 7, "tech.linux")
        _, overviews = client.over((3, 4))
        assert [number for number, _ in overviews] == [3, 4]
        assert overviews[0][1]["subject"] == "Subject 3"
        assert overviews[0][1][":bytes"] == "247"
        assert overviews[0][1]["x-zb-trust"] == "+0.50"
        assert client.xhdr("subject", "3-4")[1] == [("3", "Subject 3"), ("4", "Subject 4")]
        assert client.next()[1:] == (4, "<a4@zb.invalid>")
        assert client.last()[1:] == (3, "<a3@zb.invalid>")
        assert client.stat(6)[1:] == (6, "<a6@zb.invalid>")
        assert client.article("<a7@zb.invalid>")[1].lines[-1] == b"This is the body of article 7."
        assert client.head(3)[1].lines[3] == b"Subject: Subject 3"
        assert client.body()[1].lines == [b"This is the body of article 3."]
        assert client.date()[1] == datetime.datetime(2026, 1, 1)  # noqa: DTZ001 - it gives naive UTC
        assert client.newgroups(datetime.date(2025, 12, 31))[1][0].group == "misc.new"
        assert client.newnews("zb.*", datetime.date(2026, 1, 1))[1] == ["<help@local.zb.invalid>"]
        assert len(client.help()[1]) > 20

    with_client(dialogue)


def test_posting() -> None:
    def dialogue(client) -> None:
        text = b"From: me@example.org\r\nNewsgroups: tech.linux\r\nSubject: hi\r\n\r\n.a dot\r\nGr\xc3\xbc\xc3\x9fe\r\n"
        assert client.post(io.BytesIO(text)) == "240 article received <post1@zb.invalid>"
        assert client.body("<post1@zb.invalid>")[1].lines == [b".a dot", "Grüße".encode()]
        with pytest.raises(nntplib().NNTPTemporaryError, match="441 the article names no group"):
            client.post(io.BytesIO(b"Subject: x\r\n\r\nx\r\n"))
        with pytest.raises(nntplib().NNTPTemporaryError, match="411 there is no such group"):
            client.group("no.such")

    with_client(dialogue)
