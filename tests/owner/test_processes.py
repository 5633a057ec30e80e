"""Real processes: what ends a node, what keeps it from starting, and with which exit code and sentence."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_process import CommandRefused, NodeProcess, words_in
from zbnntp import home
from zbnntp.store.database import VERSION, opened, prepare

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent.parent
BOARD = "test.talk"
END_SECONDS = 2.0


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    folder = tmp_path_factory.mktemp("processes")
    with NodeProcess(folder / "anna", "anna", net=folder / "net") as node:
        node.do(f"board add {BOARD}")
        yield node


def zbnntp(*words: str | Path, seconds: float = 30, **environment: str) -> subprocess.CompletedProcess[str]:
    """A run of the command line to its end, without a terminal."""
    command = [sys.executable, "-m", "zbnntp.cli", *map(str, words)]
    kept = {name: value for name, value in os.environ.items() if name not in {"ZBNNTP_HOME", "PYTHONWARNINGS"}}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=kept | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def run(place: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return zbnntp("run", "--home", place, "--local-net", place / "net", *(words or ("--listen", "127.0.0.1:0")))


def refused(done: subprocess.CompletedProcess[str], words: str) -> None:
    """One sentence on stderr, exit code 1."""
    assert done.returncode == 1, done
    assert re.fullmatch(rf"zbnntp: [^\n]*{words}[^\n]*\n", done.stderr), done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A home with an identity and a store."""
    home.make_keys(tmp_path, "anna", None)
    prepare(tmp_path / home.STORE_FILE)
    return tmp_path


def test_a_reader_that_has_read_enough(place: Path) -> None:
    command = [sys.executable, "-m", "zbnntp.cli", "init", "--add", "--nick", "bob", "--no-passphrase", "--home", place]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=30)
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_ctrl_c_while_the_program_is_being_read(tmp_path: Path) -> None:
    """In place of the modules: one whose reading is interrupted."""
    (tmp_path / "tqdm.py").write_text("raise KeyboardInterrupt")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    code = "import sys; from zbnntp.entry import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_node_in_two_seconds_with_0(node: NodeProcess, signal_number: int) -> None:
    with node.connect() as reader:
        reader.group(BOARD)
        began = time.monotonic()
        assert node.stop(signal_number) == 0
        assert time.monotonic() - began < END_SECONDS
    assert not (node.home / home.ADMIN_SOCKET).exists()
    assert "Traceback" not in node.output
    node.start()


def test_do_says_yes_with_0_and_no_with_1(node: NodeProcess) -> None:
    assert "board" in node.do("help")
    with pytest.raises(CommandRefused):
        node.do("nonsense")


@pytest.mark.parametrize("limit", [8, 12, 16, 63])
def test_too_few_open_files_are_said_in_one_sentence(place: Path, limit: int) -> None:
    command = [
        sys.executable,
        "-m",
        "zbnntp.cli",
        "run",
        "--home",
        str(place),
        "--listen",
        "127.0.0.1:0",
        "--tor",
        "off",
    ]
    limited = ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *command]
    done = subprocess.run(limited, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    refused(done, f"limit of open files is too low: {limit}, and a node needs 64")


def test_a_second_node_on_one_home(node: NodeProcess) -> None:
    refused(run(node.home), "another zbnntp runs on")


def test_a_port_that_is_taken(node: NodeProcess, place: Path) -> None:
    refused(run(place, "--listen", f"127.0.0.1:{node.port}"), "is taken .* choose another with --listen")


@pytest.mark.parametrize("listen", ["1119", "127.0.0.1:x"])
def test_a_bad_place_to_listen(place: Path, listen: str) -> None:
    refused(run(place, "--listen", listen), "is no HOST:PORT")


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def test_a_place_that_other_machines_reach_is_refused_with_a_key_in_clear_text(place: Path, listen: str) -> None:
    refused(run(place, "--listen", listen), "other machines")


def test_a_corrupt_database(place: Path) -> None:
    path = place / home.STORE_FILE
    data = bytearray(path.read_bytes())
    data[4096:20480] = os.urandom(16384)
    path.write_bytes(data)
    refused(run(place), "restore your backup")


def test_a_database_that_is_none(place: Path) -> None:
    (place / home.STORE_FILE).write_bytes(b"this is no database" * 1000)
    refused(run(place), "restore your backup")


def test_a_database_of_a_newer_version(place: Path) -> None:
    with opened(place / home.STORE_FILE) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    refused(run(place), "newer zbnntp")


def test_a_damaged_key_file(place: Path) -> None:
    (place / home.KEY_FILE).write_text("{")
    refused(run(place), "damaged; restore it from your backup")


def test_wrong_settings(place: Path) -> None:
    (place / "zbnntp.toml").write_text("idle_seconds = 1\n")
    refused(run(place), "zbnntp.toml: idle_seconds is between")


def test_the_home_may_be_named_by_the_environment(tmp_path: Path) -> None:
    done = zbnntp("init", "--nick", "anna", "--no-passphrase", ZBNNTP_HOME=str(tmp_path / "there"))
    assert done.returncode == 0
    assert home.load_keys(tmp_path / "there", None).nick == "anna"
    assert zbnntp("status", ZBNNTP_HOME=str(tmp_path / "there")).returncode == 1


def test_no_terminal_and_an_empty_home_make_an_identity_whose_words_are_printed_once(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "new", "nobody", net=tmp_path / "net")
    node.start()
    try:
        assert "clear text" in node.output
        assert len(words_in(node.output).split()) == 24
        identity = node.identity
        assert node.stop() == 0
        node.start()
        assert node.identity == identity
        assert words_in(node.output) == ""
    finally:
        assert node.stop() == 0


def test_a_home_with_a_long_path(tmp_path: Path) -> None:
    """Socket paths end at 107 octets; the owner's door is elsewhere then, and private."""
    with NodeProcess(tmp_path / ("long" * 30), "anna", net=tmp_path / "net") as node:
        assert node.status()["nick"] == "anna"
        assert "board" in node.do("help")
        assert node.stop() == 0


def test_garbage_at_the_owners_door_changes_nothing(node: NodeProcess) -> None:
    path = os.fspath(home.socket_path(node.home, home.ADMIN_SOCKET))
    for octets in (b"", b"\n", os.urandom(5000), b"[" * 200_000, b'{"do": 5}\n', b'{"as": "nobody", "do": "help"}\n'):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(octets)
    assert node.status()["nick"] == "anna"
    assert "Traceback" not in node.output
