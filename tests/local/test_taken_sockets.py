"""Sockets that others use, and directories of sockets that are somebody else's: refused, and left as they are."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.local.neighbours import as_nobody, connect, open_dir
from tests.node_process import NodeProcess
from tests.peers.trio_tests import short_dir
from zbnntp.config import load_config
from zbnntp.listening import check_addresses, open_doors
from zbnntp.model.errors import NotPermitted
from zbnntp.nntp.server import listen_at
from zbnntp.premises import check_vacant, make_private

__all__ = ["open_dir", "short_dir"]


@pytest.mark.slow
@pytest.mark.parametrize("where", ["listen", "net"])
def test_a_second_node_does_not_take_the_socket_of_one_that_lives(short_dir: Path, where: str) -> None:
    place = short_dir / "s.sock"
    args = ("--listen", f"unix:{place}", "--local-net", str(short_dir / "n"))
    with NodeProcess(short_dir / "a", "anna", args=args) as first:
        second = NodeProcess(short_dir / "b", "bert", args=args)
        second.init()
        if where == "net":
            second.args = ("--listen", f"unix:{short_dir / 't.sock'}", *args[2:])
            for name in ("key.json", "published"):
                (second.home / name).write_bytes((first.home / name).read_bytes())
        with pytest.raises(AssertionError, match=r"zbnntp: \S+\.sock is taken: another program listens there"):
            second.start()
        second.kill()
        assert "Traceback" not in second.output
        assert "ready" not in second.output
        assert connect(place).startswith("200 ")
        net = next((short_dir / "n").iterdir())
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(os.fspath(net))


def test_a_busy_socket_is_a_living_one(short_dir: Path) -> None:
    path = short_dir / "s.sock"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.bind(os.fspath(path))
        listener.listen(0)
        waiting.connect(os.fspath(path))  # the queue is full
        with pytest.raises(NotPermitted, match="is taken"):
            open_doors(load_config(short_dir, listen=f"unix:{path}"), short_dir, (), print, 0)


def test_a_dead_socket_of_ones_own_is_replaced(short_dir: Path) -> None:
    path = short_dir / "s.sock"
    listen_at(path).close()
    doors = open_doors(load_config(short_dir, listen=f"unix:{path}"), short_dir, (), print, 0)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(os.fspath(path))
    finally:
        doors.close()


def test_the_socket_of_another_user_is_not_replaced(open_dir: Path) -> None:
    path = open_dir / "s.sock"
    assert as_nobody(lambda: listen_at(path).close()) == "None"
    with pytest.raises(NotPermitted, match="no socket of your own"):
        check_vacant(path)


@pytest.mark.parametrize("name", ["admin.sock", "onion.sock", "x/../admin.sock", "store.sqlite", "tor/socks", ""])
def test_a_name_that_the_node_uses_itself_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "x").mkdir()
    for listen in (f"unix:{name}", f"unix:{tmp_path}/{name}"):
        with pytest.raises(NotPermitted, match="the node itself may want the name"):
            check_addresses(load_config(tmp_path, listen=listen), tmp_path)


def test_other_names_are_taken(tmp_path: Path) -> None:
    for name in ("nntp.sock", f"{tmp_path.parent}/admin.sock"):
        check_addresses(load_config(tmp_path, listen=f"unix:{name}"), tmp_path)


def test_a_directory_of_sockets_that_is_no_private_one_is_refused_and_left_as_it_is(open_dir: Path) -> None:
    net = open_dir / "net"
    assert as_nobody(lambda: os.mkdir(net, 0o700)) == "None"
    (open_dir / "link").symlink_to(net)
    (open_dir / "open").mkdir()
    (open_dir / "open").chmod(0o777)
    (open_dir / "file").touch()
    modes = [path.lstat().st_mode for path in sorted(open_dir.iterdir())]
    for path in sorted(open_dir.iterdir()):
        with pytest.raises(NotPermitted, match="choose another"):
            make_private(path)
    assert [path.lstat().st_mode for path in sorted(open_dir.iterdir())] == modes
    make_private(open_dir / "new")
    assert (open_dir / "new").stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
def test_a_node_does_not_use_the_directory_of_another_user(open_dir: Path) -> None:
    net = open_dir / "net"
    assert as_nobody(lambda: os.mkdir(net, 0o755)) == "None"
    mode = net.stat().st_mode
    node = NodeProcess(open_dir / "a", "anna", net=net)
    node.init()
    with pytest.raises(AssertionError, match=r"zbnntp: \S+ is a link, or another user's"):
        node.start()
    node.kill()
    assert net.stat().st_mode == mode
