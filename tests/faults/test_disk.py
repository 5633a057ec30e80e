"""A disk that fails: what cannot be kept is refused with a sentence, and what was answered 240 is there."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.tracing import failing, need_strace
from tests.node_process import NodeProcess
from zbnntp import home
from zbnntp.examining import examine

pytestmark = pytest.mark.slow
BOARD = "test.talk"
FAULTS = [
    ("fdatasync,fsync", "EIO", "1+"),
    ("pwrite64", "EIO", "1+"),
    ("pwrite64", "ENOSPC", "1+"),
    ("pwrite64", "EIO", "3+7"),  # now and then
    ("fdatasync,fsync", "EIO", "2+2"),
]
TRIES = 8


@pytest.fixture
def node(short_dir: Path) -> Iterator[NodeProcess]:
    need_strace()
    with NodeProcess(short_dir / "anna", "anna", net=short_dir / "net") as node:
        node.do(f"board add {BOARD}")
        yield node


def test_what_was_answered_is_kept_whatever_the_disk_does(node: NodeProcess) -> None:
    store = node.home / home.STORE_FILE
    files = (store, store.with_name(f"{store.name}-wal"))
    kept: set[str] = set()
    for turn, (calls, error, when) in enumerate(FAULTS):
        with failing(node.pid, calls, error, *files, when=when), node.connect() as client:
            answers = [client.post(BOARD, f"Turn {turn} {number}", "A text") for number in range(TRIES)]
            client.group(BOARD)
            client.over()
        kept |= {it.message_id for it in answers if it.code == 240}
        refused = [it for it in answers if it.code != 240]
        assert refused, f"nothing failed by {calls} {error} {when}"
        assert all((it.code, "disk" in it.text) == (441, True) for it in refused), refused
        with node.connect() as client:
            answer = client.post(BOARD, f"After turn {turn}", "A text")
            assert answer.code == 240, answer
            kept.add(answer.message_id)
    node.kill()
    assert_sound(node)
    node.start()
    assert_shown(node, kept)
    assert "Traceback" not in node.output


def test_a_disk_that_cannot_be_read_is_named_and_nothing_is_lost(node: NodeProcess) -> None:
    store = node.home / home.STORE_FILE
    with node.connect() as client:
        kept = {client.post(BOARD, "Before", "A text").message_id}
    with failing(node.pid, "pread64", "EIO", store, store.with_name(f"{store.name}-wal")):
        for number in range(TRIES):
            with suppress(OSError), node.connect() as client:
                answer = client.post(BOARD, f"Post {number}", "A text")
                kept |= {answer.message_id} if answer.code == 240 else set()
    if node.running:
        node.kill()  # a node whose work needs what cannot be read ends by itself, with a sentence
    else:
        assert re.search("^zbnntp: the (disk|store) of this node .* failing", node.output, re.MULTILINE), node.output
    assert_sound(node)
    node.start()
    assert_shown(node, kept)


def assert_sound(node: NodeProcess) -> None:
    store = node.home / home.STORE_FILE
    views = [it.identity for it in home.accounts(node.home)]
    assert examine(store, views, int(time.time()), lambda *_: None).sentences == []


def assert_shown(node: NodeProcess, kept: set[str]) -> None:
    with node.connect() as client:
        client.group(BOARD)
        shown = [row.message_id for row in client.over()]
    assert kept <= set(shown)
    assert len(shown) == len(set(shown))
