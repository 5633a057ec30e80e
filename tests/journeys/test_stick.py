"""Two nodes that never meet: what people say travels on a stick, there and back. Real processes, files between them."""

from __future__ import annotations

import gzip
import mailbox
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.independent.archive import Archive
from tests.independent.octets import message_id
from tests.journeys.boards import BOARD, subjects
from tests.node_process import CommandRefused, NodeProcess, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NodeProcess, NodeProcess]]:
    """Each in a local network of its own, where nobody else is."""
    folder = tmp_path_factory.mktemp("stick")
    with ExitStack() as stack:
        anna, bert = (
            stack.enter_context(NodeProcess(folder / name, name, net=folder / f"net-{name}"))
            for name in ("anna", "bert")
        )
        anna.do(f"board add {BOARD}")
        yield anna, bert


@pytest.fixture(scope="module")
def stick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


def export(node: NodeProcess, file: Path) -> bool:
    """False: nothing of the node's is sealed yet."""
    try:
        return "in" in node.call("export", str(file), "--replace")
    except CommandRefused:
        return False


def test_there_a_running_node_takes_it_in(nodes: tuple[NodeProcess, NodeProcess], stick: Path) -> None:
    anna, bert = nodes
    with anna.connect() as client:
        posted = client.post(BOARD, "On a stick", "Is anybody there?", sender=anna.sender)
    assert posted.code == 240
    there = stick / "there.zb"
    wait_until(lambda: export(anna, there) and b"anybody" in there.read_bytes(), "anna's manifest")
    assert "News of 1 person" in bert.call("import", str(there))
    assert subjects(bert) == []  # kept, and not shown: nobody here trusts her
    bert.do(f"trust {anna.identity} 80")
    assert wait_until(lambda: subjects(bert), "anna's post") == ["On a stick"]
    assert "of 1 person nothing new" in bert.call("import", str(there))


def test_and_back_a_node_that_does_not_run_takes_it_in(nodes: tuple[NodeProcess, NodeProcess], stick: Path) -> None:
    anna, bert = nodes
    with bert.connect() as client:
        client.group(BOARD)
        first = client.over()[0].message_id
        client.post(BOARD, "Re: On a stick", "I am.", sender=bert.sender, references=first)
    back = stick / "back.zb.gz"
    wait_until(lambda: export(bert, back) and b"I am." in gzip.decompress(back.read_bytes()), "bert's answer")
    identity = bert.identity
    anna.stop()
    assert "News of 1 person; of 1 person nothing new" in anna.call("import", str(back))
    anna.start()
    anna.do(f"trust {identity} 80")
    assert wait_until(lambda: len(subjects(anna)) == 2 and subjects(anna), "the answer") == [
        "On a stick",
        "Re: On a stick",
    ]


def test_the_independent_reader_reads_what_is_on_the_stick(nodes: tuple[NodeProcess, NodeProcess], stick: Path) -> None:
    anna, _ = nodes
    archive = Archive()
    archive.take_bundle(gzip.decompress((stick / "back.zb.gz").read_bytes()), 2**40)
    with anna.connect() as client:
        client.group(BOARD)
        assert {message_id(post) for post in archive.shown()} == {row.message_id for row in client.over()}


def test_a_mailbox_for_the_archive(nodes: tuple[NodeProcess, NodeProcess], stick: Path) -> None:
    anna, _ = nodes
    with anna.connect() as client:
        client.post(BOARD, "Quoting", "From here on:\n>From there\n", sender=anna.sender)
    anna.call("export", "--mbox", "--board", BOARD, str(stick / "talk.mbox"))
    with closing(mailbox.mbox(stick / "talk.mbox")) as box:
        assert [message["Subject"] for message in box] == ["On a stick", "Re: On a stick", "Quoting"]
        assert all(message["Xref"] is None and message["X-Zb-Trust"] is None for message in box)
    assert b">From here on:\n>>From there\n" in (stick / "talk.mbox").read_bytes()
    anna.call("export", "--mbox", "--who", "bert", str(stick / "bert.mbox"))
    with closing(mailbox.mbox(stick / "bert.mbox")) as box:
        assert len(box) == 1


def test_a_file_that_is_there_is_not_written_over(nodes: tuple[NodeProcess, NodeProcess], stick: Path) -> None:
    anna, _ = nodes
    (stick / "letter").write_text("dear")
    with pytest.raises(CommandRefused, match="--replace"):
        anna.call("export", str(stick / "letter"))
    assert (stick / "letter").read_text() == "dear"
    with pytest.raises(CommandRefused, match="that is no bundle"):
        anna.call("import", str(stick / "letter"))
