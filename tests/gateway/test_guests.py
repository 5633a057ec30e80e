"""What a guest of a public reader sees and may do: what the operator sees of the boards, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.gateway.gates import Gate
from tests.node_process import NodeProcess

pytestmark = pytest.mark.slow
BOARD = "test.talk"
OWN = ("zb.control", "zb.help", "zb.log", "zb.people")


@pytest.fixture(scope="module")
def board(gate: Gate) -> str:
    """A board with one thread of the operator's."""
    gate.node.do(f"board add {BOARD}")
    anna = gate.member("anna")
    assert anna.post(BOARD, "Hello strangers", "Come in.").code == 240
    return BOARD


def test_a_guest_reads_the_boards_that_the_operator_sees(gate: Gate, board: str) -> None:
    anna = gate.member("anna")
    with gate.guest() as guest:
        for client in (guest, anna):
            client.group(board)
        assert guest.over() == anna.over()
        assert guest.command("ARTICLE 1").code == 220


def test_a_guest_finds_none_of_the_operators_own_groups(gate: Gate, board: str) -> None:
    receipt = gate.node.do("status")
    assert receipt
    anna = gate.member("anna")
    anna.group("zb.control")
    private = anna.over()[-1].message_id
    with gate.guest() as guest:
        assert set(guest.groups()).isdisjoint(OWN)
        for name in OWN:
            assert guest.command(f"GROUP {name}").code == 411
        assert guest.command(f"ARTICLE {private}").code == 430
        assert guest.command(f"OVER {private}").code == 430
        assert board in guest.groups()


def test_a_guest_is_told_how_to_post_and_cannot(gate: Gate, board: str) -> None:
    with gate.guest() as guest:
        assert guest.greeting.code == 200
        answer = guest.command("POST")
        assert answer.code == 440
        assert "log in as soon as it connects" in answer.text
        assert "POST" not in guest.capabilities()
        assert guest.multiline("LIST MOTD")[0].startswith(b"You read as a guest, and see what anna sees.")
        assert {line.split()[-1] for line in guest.multiline("LIST ACTIVE")} == {b"n"}
        assert guest.command("XSETTRUST MESSAGE anna 0").code == 500


def test_a_guest_is_not_told_what_the_operators_trust_hides(gate: Gate, board: str) -> None:
    bert = gate.member("bert")
    assert bert.post("zb.control", "a board", f"board add {board}").code == 240
    hidden = bert.post(board, "Bert's", "Anna does not know me.").message_id
    with gate.guest() as guest:
        answer = guest.command(f"STAT {hidden}")
        assert (answer.code, "trust" in answer.text) == (430, False)


def test_the_operators_machine_is_a_guest_too_without_a_login(gate: Gate, board: str) -> None:
    """Whatever stands before the node, a proxy or an onion, connects from this machine."""
    with gate.guest() as guest:
        assert guest.command("POST").code == 440


def test_a_public_reader_needs_passphrases(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "home", "anna", net=tmp_path / "net")
    node.init()
    command = [*node._program("run"), "--public-reader", "--listen", "127.0.0.1:0", *node.args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "passphrase" in done.stderr
