"""A post made by any of the recorded newsreaders is published as its words, and as nothing that tells of its author."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, SUBJECT
from tests.clients.recorded import PARENT, Recorded, recorded
from tests.node_process import NodeProcess
from tests.published import published

RECORDED = recorded()


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case.name)
def test_records_are_whole(case: Recorded) -> None:
    """What the other tests rest on: CRLF form, an author who is recognisable, own words."""
    assert case.octets.count(b"\n") == case.octets.count(b"\r\n") == case.octets.count(b"\r")
    assert case.is_reply == case.name.endswith("-reply")
    assert b"Grete Musterfrau" in case.octets
    assert case.says
    assert any(b"15:4" in each or b"grete" in each for each in case.identifying)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """One node for all records."""
    folder = tmp_path_factory.mktemp("recorded")
    with NodeProcess(folder / "anna", "anna", net=folder / "net") as running:
        running.do(f"board add {BOARD} A place to talk")
        yield running


@pytest.mark.slow
def test_only_the_words_are_published(node: NodeProcess) -> None:
    with node.connect() as client:
        client.group(BOARD)
        opening = client.post(BOARD, SUBJECT, "The lamp is lit at dusk.", sender=node.sender)
        assert opening.code == 240, opening
        for case in RECORDED:
            answer = client.post_raw(case.answering(opening.message_id))
            assert answer.code == 240, f"{case.name}: {answer}"
            served = client.raw_article(answer.message_id)
            _check_served(case, served, opening.message_id)
    octets = published(node, Path(node.args[1]))
    for case in RECORDED:
        for each in case.identifying:
            assert each not in octets, f"{case.name}: {each!r} is published"
        assert case.says in octets.decode(), case.name


def _check_served(case: Recorded, served: bytes, parent: str) -> None:
    head, _, body = served.partition(b"\r\n\r\n")
    assert case.says in unicodedata.normalize("NFC", body.decode()), case.name
    for each in case.identifying:
        assert each not in served, f"{case.name}: {each!r} is served"
    assert (parent.encode() in head) == case.is_reply, case.name
    assert PARENT not in served


@pytest.mark.slow
def test_a_client_finds_its_post_under_the_id_it_gave(node: NodeProcess) -> None:
    with node.connect() as client:
        head = "From: a@b.example\nNewsgroups: test.talk\nSubject: Named\nMessage-ID: <mine.1@b.example>\n"
        article = f"{head}\nx\n".replace("\n", "\r\n").encode()
        answer = client.post_raw(article)
        assert answer.code == 240
        found = client.article("<mine.1@b.example>")
        assert found["Message-ID"] == answer.message_id
        again = client.post_raw(article)
        assert again.code == 441
        assert "435" in again.text
        assert answer.message_id in again.text
