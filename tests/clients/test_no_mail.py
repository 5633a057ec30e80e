"""What newsreaders are set up with sends no mail: "reply to author" is refused with a sentence, in every one of them.

An answer by mail would tell a mail server, outside Tor, what its writer reads. Thunderbird could reach more than mail
servers, and does not. Gnus is asked in test_gnus.py.
"""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, set_up
from tests.clients.neomutt import NeoMutt
from tests.clients.slrn import Slrn
from tests.clients.thunderbird import Thunderbird
from tests.clients.tin import Tin
from tests.node_process import NodeProcess, wait_until
from tests.programs import need
from zbnntp.newsreaders.kit import NO_MAIL, NO_MAIL_SENTENCE

pytestmark = [pytest.mark.client, pytest.mark.slow]
SUBJECT = "Of foghorns"
TRUSTED = "zbtrusted"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A running node of `anna`, who trusts bert and has a thread of his on the board."""
    place = tmp_path_factory.mktemp("nodes")
    with (
        NodeProcess(place / "anna", "anna", net=place / "net") as anna,
        NodeProcess(place / "bert", "bert", net=place / "net") as bert,
    ):
        for one in (anna, bert):
            one.do(f"board add {BOARD}")
        with bert.connect() as client:
            assert client.post(BOARD, SUBJECT, "They are loud.", sender=bert.sender).code == 240
        anna.do(f"follow {bert.invite()} 60 list 0")
        with anna.connect() as client:
            wait_until(lambda: client.group(BOARD).count == 1, "bert's thread at anna's", seconds=60)
        yield anna


def test_slrn(node: NodeProcess, person: Path) -> None:
    need("slrn")
    with Slrn(person, set_up(node, "slrn")) as slrn:
        slrn.open_group(BOARD)
        assert re.search(rf"(?m)^->!?\s*[-D]\s+60 .*{SUBJECT}$", slrn.screen), "trust is the score"
        slrn.read("bert", SUBJECT)
        assert slrn.mail() == NO_MAIL_SENTENCE


def test_tin(node: NodeProcess, person: Path) -> None:
    need("tin")
    with Tin(person, set_up(node, "tin"), BOARD) as tin:
        tin.open_group()
        tin.read(SUBJECT)
        assert "Bad command" in tin.mail()


def test_neomutt(node: NodeProcess, person: Path) -> None:
    need("neomutt")
    with NeoMutt(person, set_up(node, "neomutt"), BOARD) as neomutt:
        for key in "rgmfbL":
            assert neomutt.mail(key) == NO_MAIL_SENTENCE
        assert "X-Zb-Trust: +0.60" in neomutt.read()
        assert neomutt.mail() == NO_MAIL_SENTENCE


@pytest.mark.parametrize("reader", ["slrn", "tin", "neomutt"])
def test_the_mail_program_that_they_are_given_sends_nothing(node: NodeProcess, reader: str) -> None:
    program = set_up(node, reader) / NO_MAIL
    done = subprocess.run([program], input="To: bert\n\nHello.\n", capture_output=True, text=True, timeout=10)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", NO_MAIL_SENTENCE + "\n")


def test_thunderbird(node: NodeProcess, person: Path) -> None:
    """Beside mail: 127.0.0.2 stands for the rest of the world, which it does not get to."""
    need("thunderbird")
    with (
        socket.create_server(("127.0.0.2", 0)) as world,
        Thunderbird(person, set_up(node, "thunderbird")) as thunderbird,
    ):
        assert [(row.subject) for row in thunderbird.open_group(BOARD)] == [SUBJECT]
        assert thunderbird.tags(0) == [TRUSTED]
        thunderbird.read("bert", SUBJECT)
        assert thunderbird.mail("For you alone.") == "Sending of the message failed."

        assert "NetworkError" in thunderbird.fetch(f"http://127.0.0.2:{world.getsockname()[1]}/")
        world.settimeout(0)
        with pytest.raises(BlockingIOError):
            world.accept()
