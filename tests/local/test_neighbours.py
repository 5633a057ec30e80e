"""Another user of the machine, at a node that runs: what is reached without a word, and what is not."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.neighbours import as_nobody, connect
from tests.node_process import NodeProcess
from tests.peers.trio_tests import short_dir
from zbnntp import home
from zbnntp.config import load_config
from zbnntp.listening import open_doors
from zbnntp.model.errors import NotPermitted

__all__ = ["short_dir"]
SECRET = "open sesame"
COMMANDS = ("LIST", "GROUP zb.help", "POST", "ARTICLE <a@b>", "NEWGROUPS 20200101 000000")


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    """One that listens at a Unix socket. Its directories are opened to all: what keeps others out is on the files."""
    with tempfile.TemporaryDirectory(prefix="zb", dir="/tmp") as name:
        place = Path(name)
        args = ("--listen", "unix:nntp.sock", "--local-net", str(place / "n"))
        with NodeProcess(place / "h", "anna", args=args) as made:
            for each in (place, made.home):
                each.chmod(0o755)
            yield made


@pytest.mark.slow
def test_the_sockets_and_files_of_a_node_are_for_its_own_user(node: NodeProcess) -> None:
    nntp, admin = node.home / "nntp.sock", node.home / "admin.sock"
    assert connect(nntp).startswith("200 ")
    for path in (nntp, admin):
        assert path.is_socket()
        assert as_nobody(lambda path=path: connect(path)) == "PermissionError"
    files = [path for path in node.home.rglob("*") if path.is_file()]
    assert {"key.json", "store.sqlite", "lock"} <= {path.name for path in files}
    for path in files:
        assert as_nobody(lambda path=path: path.read_bytes()) == "PermissionError", path


@pytest.mark.slow
def test_the_owner_reads_and_posts_there_without_a_login(node: NodeProcess) -> None:
    node.do("board add test.talk")
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(node.home / "nntp.sock"))
        with one.makefile("rwb") as wire:
            wire.write(b"GROUP test.talk\r\nPOST\r\n")
            wire.flush()
            assert [wire.readline()[:3] for _ in range(3)] == [b"200", b"211", b"340"]


@pytest.mark.slow
def test_a_home_that_others_may_look_into_is_closed_at_the_next_start(node: NodeProcess) -> None:
    node.restart()
    assert node.home.stat().st_mode & 0o777 == 0o700
    assert as_nobody(lambda: list(node.home.iterdir())) == "PermissionError"


@pytest.mark.slow
def test_where_a_login_is_demanded_another_user_neither_reads_nor_posts(short_dir: Path) -> None:
    secret = short_dir / "secret"
    secret.write_text(SECRET)
    node = NodeProcess(short_dir / "h", "anna", net=short_dir / "n")
    node._zbnntp("init", "--nick", "anna", "--passphrase-file", str(secret))
    (node.home / "zbnntp.toml").write_text('login = "demanded"\n')
    node.args = ("--passphrase-file", str(secret), "--local-net", str(short_dir / "n"))
    node.start()
    try:
        with node.connect() as one:
            codes = [
                one.command(line).code
                for line in ("LIST", "GROUP zb.help", "POST", "ARTICLE <a@b>", "NEWGROUPS 20200101 000000")
            ]
            assert codes == [480] * 5
            assert one.command("AUTHINFO USER anna").code == 381
            assert one.command("AUTHINFO PASS wrong").code == 481
            assert one.command("POST").code == 480
        with node.connect() as one:
            one.command("AUTHINFO USER anna")
            assert one.command(f"AUTHINFO PASS {SECRET}").code == 281
            assert one.command("GROUP zb.help").code == 211
    finally:
        node.stop()


def test_a_login_cannot_be_demanded_where_no_passphrase_keeps_anybody_out(tmp_path: Path) -> None:
    home.make_keys(tmp_path, "anna", None)
    config = load_config(tmp_path, login="demanded", listen="127.0.0.1:0")
    with pytest.raises(NotPermitted, match="no passphrase: anybody could log in"):
        open_doors(config, tmp_path, home.accounts(tmp_path), print, 0)


def test_what_is_no_socket_is_never_removed_for_one(short_dir: Path) -> None:
    (short_dir / "precious").write_text("precious")
    (short_dir / "link").symlink_to(short_dir / "precious")
    for name in ("precious", "link"):
        with pytest.raises(NotPermitted, match=f"{name} cannot be listened at"):
            open_doors(load_config(short_dir, listen=f"unix:{name}"), short_dir, (), print, 0)
    assert (short_dir / "precious").read_text() == "precious"
