"""Newsreaders that log in as the second identity of a node, and newsreaders over TLS: from the start, and by STARTTLS.

The identity is bert's, who has a passphrase and a board that anna's view does not know: who sees that board and posts
to it under bert's address has logged in. They are set up by `zbnntp setup … --as bert [--tls]` and ask for the
passphrase. The certificate is the node's own, and NeoMutt, tin and Gnus are told that it is to be trusted; slrn looks
at none. No newsreader here compresses: tin 2.6.2 knows COMPRESS DEFLATE by name only.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import set_up
from tests.clients.neomutt import NeoMutt
from tests.clients.slrn import Slrn
from tests.clients.thunderbird import Thunderbird
from tests.clients.tin import Tin
from tests.nntp_client import Client
from tests.node_process import NodeProcess
from tests.programs import need
from zbnntp.newsreaders.kit import START

pytestmark = [pytest.mark.client, pytest.mark.slow]
BOARD = "bert.cellar"
SECRET = "open-sesame"
GNUS = Path(__file__).with_name("gnus-secured.el")


class Household:
    """The node of anna and bert. `domain` is the right part of bert's address."""

    def __init__(self, node: NodeProcess) -> None:
        self.node = node
        found = re.search(r'"from": "bert <id@(.*)>"', node._zbnntp("status", "--json", "--as", "bert"))
        assert found
        self.domain = found[1]

    @property
    def sender(self) -> str:
        return f"bert <id@{self.domain}>"

    def set_up(self, reader: str, person: Path, tls: bool = True) -> Path:
        """For bert."""
        options = ("--as", "bert", "--directory", str(person / "setup"), *(("--tls",) if tls else ()))
        return set_up(self.node, reader, *options)

    def connect(self) -> Client:
        """bert's connection."""
        client = self.node.connect()
        assert client.command("AUTHINFO USER bert").code == 381
        assert client.command(f"AUTHINFO PASS {SECRET}").code == 281
        return client

    def check_posted(self, subject: str) -> None:
        """bert posted that, and anna sees nothing of it."""
        with self.connect() as client:
            client.group(BOARD)
            [row] = [row for row in client.over() if row.subject == subject]
            assert row.sender == self.sender
        with self.node.connect() as anna:
            assert BOARD not in anna.groups()
            assert anna.command(f"STAT {row.message_id}").code == 430


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Household]:
    folder = tmp_path_factory.mktemp("household")
    passphrase = folder / "passphrase"
    passphrase.write_text(SECRET + "\n")
    node = NodeProcess(folder / "home", "anna", net=folder / "net")
    node.init()
    add = ("init", "--home", str(node.home), "--add", "--nick", "bert", "--passphrase-file", str(passphrase))
    subprocess.run([sys.executable, "-m", "zbnntp.cli", *add], check=True, capture_output=True)
    (node.home / "zbnntp.toml").write_text('tls_listen = "127.0.0.1:0"\n')
    node.start()
    try:
        found = Household(node)
        with found.connect() as client:
            assert client.post("zb.control", "make it", f"board add {BOARD} Below").code == 240
            assert client.post(BOARD, "Of barrels", "Grüße aus dem Keller", sender=found.sender).code == 240
        yield found
    finally:
        node.stop()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_slrn(house: Household, person: Path, tls: bool) -> None:
    need("slrn")
    slrn = Slrn(person, house.set_up("slrn", person, tls))
    slrn.log_in(SECRET)
    with slrn:
        slrn.show_all_groups()
        assert BOARD in slrn.groups()
        slrn.open_group(BOARD)
        assert "Grüße aus dem Keller" in slrn.read("bert", "Of barrels")
        assert slrn.post(f"From slrn {tls}", "x\n") == "Posting...done."
    house.check_posted(f"From slrn {tls}")


def test_neomutt(house: Household, person: Path) -> None:
    """Without STARTTLS it would not go on."""
    need("neomutt")
    with NeoMutt(person, house.set_up("neomutt", person), BOARD, SECRET) as neomutt:
        assert any("Of barrels" in row for row in neomutt.index())
        neomutt.post("From NeoMutt", "x\n")
    house.check_posted("From NeoMutt")


def test_tin(house: Household, person: Path) -> None:
    """SASL PLAIN, which it prefers to USER and PASS."""
    need("tin")
    tin = Tin(person, house.set_up("tin", person), BOARD)
    tin.log_in(SECRET)
    with tin:
        assert "Of barrels" in {row.subject for row in tin.open_group()}
        assert tin.post("From tin", "x\n").startswith("Article posted: <")
    house.check_posted("From tin")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_gnus(house: Household, person: Path, tls: bool) -> None:
    need("emacs", "emacs-nox")
    done = subprocess.run(
        [house.set_up("gnus", person, tls) / START, "--batch", "-l", GNUS, BOARD, f"From Gnus {tls}"],
        env={"HOME": str(person), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        input=f"{SECRET}\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[:1500]
    assert f"GROUP {BOARD}\n" in done.stdout, done.stdout + done.stderr
    assert ("TLS TLS1" in done.stdout) == tls, done.stdout
    house.check_posted(f"From Gnus {tls}")


def test_thunderbird(house: Household, person: Path) -> None:
    """The default identity, without a login; the certificate is trusted without a question."""
    need("thunderbird")
    with Thunderbird(person, set_up(house.node, "thunderbird", "--tls")) as thunderbird:
        thunderbird.open_group("zb.control")
        assert thunderbird.read("zbnntp", "Welcome")
