"""The groups that a running node fills by itself: there from the start, refused as places to begin, kept up to date."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import trio

from tests.ingest.forging import BOARD
from tests.node_process import NodeProcess
from zbnntp import home
from zbnntp.config import load_config
from zbnntp.ingest import keep_state
from zbnntp.local import PLACED, TOPS
from zbnntp.model.entries import STATE, make_vote
from zbnntp.model.keys import parse_message_id
from zbnntp.node import Plan, open_node
from zbnntp.store import choices, evidence

pytestmark = pytest.mark.slow
SECONDS = 30


def test_empty_groups_are_listed_with_what_they_are_for(tmp_path: Path) -> None:
    with NodeProcess(tmp_path / "anna", "anna", net=tmp_path / "net") as node, node.connect() as client:
        lines = [line.decode() for line in client.multiline("LIST NEWSGROUPS", 215)]
        listed = {line.partition("\t")[0]: line.partition("\t")[2] for line in lines}
        assert PLACED.items() <= listed.items()
        active = {line.split()[0]: line.split()[1:] for line in client.multiline("LIST ACTIVE", 215)}
        assert all(active[name.encode()] == [b"1", b"1", b"y"] for name in PLACED), "what will come stands in each"
        refused = client.post("zb.new", "Here?", "x\n", sender=node.sender)
        assert refused.code == 441
        assert "the node fills zb.new by itself" in refused.text
        assert set(node.status()["boards"]) == set()


async def test_a_vote_lifts_its_thread_soon_and_a_filter_ends(tmp_path: Path) -> None:
    place = tmp_path / "anna"
    home.make_keys(place, "anna", None)
    plan = Plan(
        place, load_config(place, listen="127.0.0.1:0"), home.load_keys(place, None), tmp_path / "net", str, time.time
    )
    async with open_node(plan) as node, trio.open_nursery() as nursery:
        owner, write = node.owner, node.commons.writer.run
        await nursery.start(node.live)
        await owner.control.run(f"board add {BOARD}", None)
        octets = f"From: {owner.report()['from']}\r\nNewsgroups: {BOARD}\r\nSubject: Hello\r\n\r\nx\r\n".encode()
        name = await owner.desk(lambda: {owner.identity: plan.keys.signer}, lambda author: None).post(octets, "")
        post = parse_message_id(name)
        assert post is not None

        def vote(database: object) -> None:
            evidence.add_pending(database, owner.view, STATE, make_vote(post, owner.identity, 1))  # type: ignore[arg-type]
            keep_state(database, owner.view, True, node.commons.now())  # type: ignore[arg-type]
            choices.add_filter(database, owner.view, "gone", False, 1)  # type: ignore[arg-type]

        await write(vote)
        owner.publish()
        with trio.fail_after(SECONDS):
            while not all(owner.shelf().find(name, top).number for top in TOPS.values()):  # type: ignore[union-attr]
                await trio.sleep(0.2)
            while choices.filters(node.commons.reader, owner.view):
                await trio.sleep(0.2)
        nursery.cancel_scope.cancel()
