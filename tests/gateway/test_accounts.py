"""`zbnntp account`, while the node runs: who comes, who changes a passphrase, who goes."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from tests.gateway.gates import Gate, log_in, secret_of
from tests.node_process import CommandRefused

pytestmark = pytest.mark.slow


def test_somebody_new_logs_in_at_once_and_posts(gate: Gate) -> None:
    printed = gate.account("add", "dora", "--random")
    password = re.search(r"Password +(\S+)", printed)
    address = re.search(r"Address +(\S+)", printed)
    assert password
    assert address
    with gate.node.connect() as dora:
        assert log_in(dora, "dora", password[1]) == 281
        assert dora.post("zb.control", "x", "board add test.dora").code == 240
        assert dora.post("test.dora", "Mine", "x", sender=f"dora <{address[1]}>").code == 240


def test_a_name_is_given_once(gate: Gate) -> None:
    with pytest.raises(CommandRefused, match="there is an account bert already"):
        gate.account("add", "bert", "--random")


def test_a_new_passphrase_takes_the_old_one_and_holds_at_once(gate: Gate) -> None:
    old = gate.secret_file("erik")
    gate.account("add", "erik", "--passphrase-file", str(old))
    printed = gate.account("passwd", "erik", "--old-passphrase-file", str(old), "--random")
    new = printed.rpartition(": ")[2].strip()
    with gate.node.connect() as erik:
        assert log_in(erik, "erik", secret_of("erik")) == 481
        assert log_in(erik, "erik", new) == 281
    with pytest.raises(CommandRefused, match="passphrase"):
        gate.account("passwd", "erik", "--old-passphrase-file", str(old), "--random")


def test_whoever_is_removed_posts_nothing_more_and_is_let_in_no_more(gate: Gate) -> None:
    gate.account("add", "fritz", "--passphrase-file", str(gate.secret_file("fritz")))
    with gate.node.connect() as fritz:
        assert log_in(fritz, "fritz", secret_of("fritz")) == 281
        fritz.post("zb.control", "x", "board add test.fritz")
        gate.account("remove", "fritz")
        with suppress(ConnectionError):  # hung up on already
            answer = fritz.post("test.fritz", "Still here", "x")
            assert (answer.code, "removed" in answer.text) == (441, True)
    with gate.node.connect() as fritz:
        assert log_in(fritz, "fritz", secret_of("fritz")) == 481
    assert "fritz" not in gate.account("list")


def test_the_nodes_own_identity_is_not_removed(gate: Gate) -> None:
    with pytest.raises(CommandRefused, match="identity of the node itself"):
        gate.account("remove", "anna")
    assert "this node's own" in gate.account("list")
