"""Two identities on one node: whose eyes, whose numbers, whose name; and newsreaders over TLS."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nntp_client import Client
from tests.node_process import NodeProcess

pytestmark = pytest.mark.slow
BOARD = "test.talk"
SECRET = "open sesame"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """anna's node, on which bert lives too, under a passphrase."""
    folder = tmp_path_factory.mktemp("household")
    passphrase = folder / "passphrase"
    passphrase.write_text(SECRET + "\n")
    node = NodeProcess(folder / "home", "anna", net=folder / "net")
    node.init()
    add = ("init", "--home", str(node.home), "--add", "--nick", "bert", "--passphrase-file", str(passphrase))
    subprocess.run([sys.executable, "-m", "zbnntp.cli", *add], check=True, capture_output=True)
    (node.home / "zbnntp.toml").write_text('tls_listen = "127.0.0.1:0"\n')
    node.start()
    yield node
    node.stop()


def login(client: Client, user: str, password: str) -> int:
    assert client.command(f"AUTHINFO USER {user}").code == 381
    return client.command(f"AUTHINFO PASS {password}").code


def test_each_identity_has_its_own_groups_and_numbers(node: NodeProcess) -> None:
    with node.connect() as anna, node.connect() as bert:
        assert login(bert, "bert", SECRET) == 281
        node.do(f"board add {BOARD}")
        assert BOARD in anna.groups()
        assert BOARD not in bert.groups()
        posted = bert.post("zb.control", "make it", f"board add {BOARD}")
        assert posted.code == 240
        assert BOARD in bert.groups()
        assert bert.post(BOARD, "From bert", "x").code == 240
        bert.group(BOARD)
        row = bert.over()[0]
        assert row.number == 1
        assert row.sender.startswith("bert <id@")
        anna.group(BOARD)
        assert anna.over() == []
        assert anna.command(f"STAT {row.message_id}").code == 430


def test_a_wrong_password_gives_no_view(node: NodeProcess) -> None:
    with node.connect() as client:
        assert login(client, "bert", "open barley") == 481
        assert login(client, "nobody", SECRET) == 481


def test_nobody_posts_as_somebody_whose_key_they_have_not_unlocked(node: NodeProcess) -> None:
    status = node._zbnntp("status", "--json", "--as", "bert")
    sender = re.search(r'"from": "(.*)"', status)
    assert sender
    with node.connect() as client:
        answer = client.post(BOARD, "As bert", "x", sender=sender[1])
        assert answer.code == 441
        assert "somebody else's" in answer.text
    with node.connect() as client:
        assert login(client, "bert", SECRET) == 281
        answer = client.post(BOARD, "As anna", "x", sender=node.sender)
        assert answer.code == 441
        assert "somebody else's" in answer.text


def test_tls_comes_first_at_its_own_port(node: NodeProcess) -> None:
    port = int(next(line for line in node.lines if "nntps://" in line).rpartition(":")[2])
    context = ssl.create_default_context(cafile=str(node.home / "tls-certificate.pem"))
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
        secured.makefile("rb") as lines,
    ):
        assert lines.readline().startswith(b"200 ")
        secured.sendall(b"DATE\r\n")
        assert lines.readline().startswith(b"111 ")


def test_other_machines_need_passphrases(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "home", "anna", net=tmp_path / "net")
    node.init()
    command = [*node._program("run"), "--listen", "0.0.0.0:0", "--local-net", str(tmp_path / "net")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "passphrase" in done.stderr
