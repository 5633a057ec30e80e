"""Newsreaders that log in as the second identity of a node, and newsreaders over TLS: from the start, and by STARTTLS.

The identity is bert's, who has a passphrase and a board that anna's view does not know: who sees that board and posts
to it under bert's address has logged in. The certificate is the node's own, and NeoMutt, tin and Gnus are told that it
is to be trusted; slrn looks at none.

NeoMutt is tested with STARTTLS alone: whatever port a snews:// address names, 20220429 connects to 563. No newsreader
here compresses: tin 2.6.2 knows COMPRESS DEFLATE by name only.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.neomutt import NeoMutt
from tests.clients.slrn import Slrn
from tests.clients.tin import Tin
from tests.nntp_client import Client
from tests.node_process import NodeProcess
from tests.programs import need

pytestmark = [pytest.mark.client, pytest.mark.slow]
BOARD = "bert.cellar"
SECRET = "open-sesame"
GNUS = Path(__file__).with_name("gnus-secured.el")


class Household:
    """The node of anna and bert. `domain` is the right part of bert's address, `tls_port` where TLS comes first."""

    def __init__(self, node: NodeProcess) -> None:
        self.node = node
        self.certificate = node.home / "tls-certificate.pem"
        self.tls_port = int(next(line for line in node.lines if "nntps://" in line).rpartition(":")[2])
        found = re.search(r'"from": "bert <id@(.*)>"', node._zbnntp("status", "--json", "--as", "bert"))
        assert found
        self.domain = found[1]

    @property
    def sender(self) -> str:
        return f"bert <id@{self.domain}>"

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
    host, port = ("snews://127.0.0.1", house.tls_port) if tls else (house.node.host, house.node.port)
    login = f'nnrpaccess "{host}:{port}" "bert" "{SECRET}"'
    with Slrn(person, host, port, "bert", house.domain, login) as slrn:
        slrn.show_all_groups()
        assert BOARD in slrn.groups()
        slrn.open_group(BOARD)
        assert "Grüße aus dem Keller" in slrn.read("bert", "Of barrels")
        assert slrn.post(f"From slrn {tls}", "x\n") == "Posting...done."
    house.check_posted(f"From slrn {tls}")


def test_neomutt(house: Household, person: Path) -> None:
    """Without STARTTLS it would not go on."""
    need("neomutt")
    more = f"""
        set nntp_user="bert" nntp_pass="{SECRET}"
        set ssl_force_tls ssl_starttls=yes certificate_file="{house.certificate}"
    """
    address = f"id@{house.domain}"
    with NeoMutt(person, "127.0.0.1", house.node.port, "bert", address, BOARD, more) as neomutt:
        assert any("Of barrels" in row for row in neomutt.index())
        neomutt.post("From NeoMutt", "x\n")
    house.check_posted("From NeoMutt")


def test_tin(house: Household, person: Path) -> None:
    """SASL PLAIN, which it prefers to USER and PASS."""
    need("tin")
    (person / ".newsauth").write_text(f"127.0.0.1 {SECRET} bert\n")
    (person / ".newsauth").chmod(0o600)
    trust = f"tls_ca_cert_file={house.certificate}"
    with Tin(person, "127.0.0.1", house.tls_port, house.sender, BOARD, "-A", "-T", more=trust) as tin:
        assert "Of barrels" in {row.subject for row in tin.open_group()}
        assert tin.post("From tin", "x\n").startswith("Article posted: <")
    house.check_posted("From tin")


@pytest.mark.parametrize("opener", ["nntp-open-network-stream", "nntp-open-tls-stream"])
def test_gnus(house: Household, person: Path, opener: str) -> None:
    need("emacs", "emacs-nox")
    port = house.tls_port if "tls" in opener else house.node.port
    (person / ".emacs.d").mkdir()
    login = person / ".authinfo"
    login.write_text(f"machine 127.0.0.1 port {port} login bert password {SECRET} force yes\n")
    arguments = ["127.0.0.1", str(port), BOARD, "bert", f"id@{house.domain}", opener, str(house.certificate)]
    done = subprocess.run(
        ["emacs", "-Q", "--batch", "-l", str(GNUS), *arguments],
        env={"HOME": str(person), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[:1500]
    assert f"GROUP {BOARD}\n" in done.stdout, done.stdout + done.stderr
    assert "TLS TLS1" in done.stdout, done.stdout
    house.check_posted(f"From Gnus by {opener}")
