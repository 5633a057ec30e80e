"""What lies on the disk and in memory can be read by the node's owner and by nobody else, whatever the umask is."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_process import ROOT, NodeProcess, wait_until
from zbnntp.newsreaders import MAKERS

pytestmark = pytest.mark.slow
OTHERS = 0o077
BOARD = "test.talk"


@pytest.fixture
def everything_open() -> Iterator[None]:
    """The umask that forbids nothing, here and in all programs that are started."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def readable_by_others(place: Path) -> list[str]:
    """Paths below `place`, and it itself, that somebody else may use in any way."""
    found = [place, *place.rglob("*")]
    return [str(path) for path in found if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & OTHERS]


def test_home_and_all_that_is_written_are_the_owners_alone(short_dir: Path, everything_open: None) -> None:
    """A home that was there before, open to all; everything that makes files; sockets while the node runs."""
    place = short_dir / "anna"
    place.mkdir(0o777)
    (place / "zbnntp.toml").write_text('tls_listen = "127.0.0.1:0"\nsearch_index = true\n')
    (place / "zbnntp.toml").chmod(0o644)  # made by its owner, as he likes
    out = short_dir / "out"
    with NodeProcess(place, "anna", net=short_dir / "net") as anna:
        anna.do(f"board add {BOARD}")
        with anna.connect() as client:
            assert client.post(BOARD, "Of files", "They are mine.", sender=anna.sender).code == 240
        wait_until(lambda: anna.status()["unpublished"] == 0, "the post to be published")
        out.mkdir()
        for verb, *words in (
            ("init", "--add", "--nick", "bert", "--no-passphrase"),
            ("backup", str(out / "store")),
            ("export", str(out / "all.zb")),
            ("export", "--mbox", str(out / "all.mbox")),
            ("check",),
            *(("setup", name, "--write") for name in MAKERS),
        ):
            anna.call(verb, *words)
        open_to_others = readable_by_others(place)
    assert [path for path in open_to_others if not path.endswith("zbnntp.toml")] == []
    assert [path for path in readable_by_others(out) if path != str(out)] == []
    assert len(list(out.iterdir())) == 3
    assert [path for path in readable_by_others(place) if not path.endswith("zbnntp.toml")] == []


def test_the_sockets_of_a_home_are_the_owners_alone(short_dir: Path, everything_open: None) -> None:
    with NodeProcess(short_dir / "anna", "anna", net=short_dir / "net"):
        sockets = [path for path in short_dir.rglob("*") if path.is_socket()]
        assert len(sockets) >= 2, "the owner's door and the peers'"
        assert [path for path in sockets if path.stat().st_mode & OTHERS] == []


def test_a_node_that_dies_leaves_no_image_of_its_memory(short_dir: Path) -> None:
    with NodeProcess(short_dir / "anna", "anna", net=short_dir / "net") as anna:
        limits = Path(f"/proc/{anna.pid}/limits").read_text()
        (row,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert row.split()[4:6] == ["0", "0"], row
        assert anna.stop(signal.SIGABRT) == -signal.SIGABRT
    assert [path for path in (*ROOT.glob("core*"), *short_dir.rglob("core*")) if path.is_file()] == []


def test_programs_of_the_same_user_cannot_look_into_the_memory() -> None:
    """Nor does the kernel hand it to a program that collects cores, which no limit keeps it from."""
    look = "import ctypes; from zbnntp.cli import main; "
    look += "main(['man', 'run']); print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0", "PR_GET_DUMPABLE"


def test_the_version_tells_of_the_program_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zbnntp.cli", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    name, number = done.stdout.split()
    assert (name, done.stderr) == ("zbnntp", "")
    assert number.replace(".", "").isdigit()
    assert socket.gethostname() not in done.stdout
