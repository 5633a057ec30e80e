"""Pan, the real one, on what `zbnntp setup pan` makes: it reads and answers in the group, and mails nobody.

"n", by which the tests open an article, passes the topmost one over, hence the thread of two. Cancelling is in a menu
that keys do not reach, and is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, SUBJECT, set_up
from tests.clients.display import Display
from tests.clients.pan import Pan
from tests.node_process import NodeProcess, wait_until
from tests.programs import need
from zbnntp.newsreaders.kit import NO_MAIL_SENTENCE

pytestmark = [pytest.mark.client, pytest.mark.slow]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    """A running node of `anna`, with a door where TLS comes first."""
    anna = NodeProcess(tmp_path / "anna", "anna", net=tmp_path / "net")
    anna.init()
    (anna.home / "zbnntp.toml").write_text('tls_listen = "127.0.0.1:0"\n')
    anna.start()
    anna.do(f"board add {BOARD} A place to talk")
    yield anna
    anna.stop()


@pytest.fixture
def pan(request: pytest.FixtureRequest, node: NodeProcess, answered: str, person: Path) -> Iterator[Pan]:
    """Its parameter has the options of the set-up."""
    need("pan")
    with Display() as display, Pan(person, set_up(node, "pan", *request.param.split()), display) as running:
        running.open_next_article(BOARD)
        yield running


@pytest.mark.parametrize("pan", ["--tls"], indirect=True)
def test_thread_is_read_and_answered_over_tls(pan: Pan, node: NodeProcess, thread: str) -> None:
    pan.reply("And who lights it?")
    with node.connect() as client:
        wait_until(lambda: client.group(BOARD).count == 3, "the answer")
        _, read, answer = client.over()
        article = client.article(answer.number)
    assert answer.references.split() == [thread, read.message_id]
    assert (answer.subject, answer.sender) == (f"Re: {SUBJECT}", node.sender)
    said = " ".join(article.get_content().split())
    assert said == "anna wrote: > At six. And who lights it?", "no date, no signature"
    assert article["User-Agent"] is None


@pytest.mark.parametrize("pan", [""], indirect=True, ids=["plain"])
def test_reply_to_author_is_not_mailed(pan: Pan, node: NodeProcess) -> None:
    assert pan.mail("For you alone.") == NO_MAIL_SENTENCE
    with node.connect() as client:
        assert client.group(BOARD).count == 2
