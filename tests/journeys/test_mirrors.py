"""Real node processes: a mirror hands on what its author, who is gone, no longer can; a reader nobody can reach."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.journeys.boards import subjects
from tests.node_process import NodeProcess, wait_until
from tests.published import fetch
from zbnntp.model.keys import parse_identity
from zbnntp.store import lines
from zbnntp.store.database import connect_reader

pytestmark = pytest.mark.slow
BOARD, OTHER = "test.talk", "test.other"


def process(folder: Path, name: str, *flags: str) -> NodeProcess:
    return NodeProcess(folder / name, name, args=("--local-net", str(folder / "net"), *flags))


def publish(node: NodeProcess, board: str, subject: str) -> str:
    node.do(f"board add {board}")
    with node.connect() as client:
        posted = client.post(board, subject, f"About {subject}.", sender=node.sender)
        assert posted.code == 240
        return posted.message_id


def settings(home: Path, text: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "zbnntp.toml").write_text(text)


def test_a_mirror_serves_what_its_author_who_is_gone_wrote(tmp_path: Path) -> None:
    settings(tmp_path / "mirror", 'mirror_boards = ["test.*"]\nquota_megabytes = 100\nserve_megabytes_a_day = 100\n')
    with process(tmp_path, "mirror", "--mirror-only") as mirror:
        with process(tmp_path, "anna") as anna:
            publish(anna, BOARD, "Last words")
            who = anna.identity
            mirror.do(f"follow {anna.invite()} 80 list 80")
            wait_until(lambda: subjects(mirror), "anna's post at the mirror", seconds=60)
        assert not anna.running
        with mirror.connect() as client:
            refused = client.post(BOARD, "Mine", "x", sender=mirror.sender)
            assert refused.code == 441
            assert "this node is a mirror" in refused.text
        with process(tmp_path, "late") as late:
            late.do(f"follow {mirror.invite()} 80 list 80")
            wait_until(lambda: subjects(late) == ["Last words"], "anna's post from the mirror", seconds=60)
            assert who in late.do(f"why {who}")
            mirror.restart()
            head = f"/zb/1/head/{parse_identity(who).hex()}"
            [socket] = [it for it in (tmp_path / "net").iterdir() if mirror.identity.startswith(it.stem)]
            assert b'"nick":"anna"' in fetch(socket, head)
            mirror.do(f"mirror {who} off")
            with pytest.raises(AssertionError, match="404"):
                fetch(socket, head)
            assert subjects(mirror) == ["Last words"]


def test_a_mirror_of_some_boards_lets_the_others_go(tmp_path: Path) -> None:
    with process(tmp_path, "anna") as anna, process(tmp_path, "mirror", "--mirror-only") as mirror:
        publish(anna, OTHER, "Elsewhere")
        mirror.do(f"follow {anna.invite()} 80 list 80")
        wait_until(lambda: subjects(mirror, OTHER), "anna's post at the mirror", seconds=60)
        mirror.stop()
        settings(mirror.home, f'mirror_boards = ["{BOARD}"]\n')
        mirror.start()
        wait_until(lambda: not subjects(mirror, OTHER), "it to go", seconds=60)


def test_a_reader_without_an_onion_fetches_serves_nobody_and_hands_its_posts_to_friends(tmp_path: Path) -> None:
    with process(tmp_path, "anna") as anna, process(tmp_path, "reader", "--no-onion") as reader:
        publish(anna, BOARD, "Hello")
        reader.do(f"follow {anna.invite()} 80 list 80")
        wait_until(lambda: subjects(reader) == ["Hello"], "anna's post at the reader's", seconds=60)
        status = reader.status()
        assert status["link"] == ""
        assert len(list((tmp_path / "net").iterdir())) == 1
        assert "others cannot reach this node" in reader.output
        anna.do(f"trust {reader.identity} 50")
        publish(reader, BOARD, "From the dark")
        wait_until(lambda: "From the dark" in subjects(anna), "the reader's post at anna's", seconds=60)


def test_what_was_purged_is_on_no_file_of_a_node_and_is_not_fetched_again(tmp_path: Path) -> None:
    with process(tmp_path, "anna") as anna, process(tmp_path, "bert") as bert:
        bad = publish(anna, BOARD, "Horrible subject")
        bert.do(f"follow {anna.invite()} 80 list 80")
        wait_until(lambda: subjects(bert), "anna's post at bert's", seconds=60)
        traces = traces_of(bert.home, b"Horrible subject")
        assert all(on_disk(bert.home, trace) for trace in traces)
        assert "is deleted here for good" in bert.do(f"purge {bad}")
        assert [on_disk(bert.home, trace) for trace in (*traces, b"Horrible subject")] == [[]] * (len(traces) + 1)
        publish(anna, BOARD, "Better subject")
        wait_until(lambda: subjects(bert) == ["Better subject"], "anna's next post at bert's", seconds=60)
        assert traces_of(bert.home, b"Horrible subject") == []


def traces_of(home: Path, text: bytes) -> list[bytes]:
    """What the store has made of lines with a text."""
    with closing(connect_reader(home / "store.sqlite")) as reader:
        rows = reader.execute("SELECT octets FROM line").fetchall()
        return [octets for (octets,) in rows if text in lines.read(reader, octets)]


def on_disk(home: Path, text: bytes) -> list[str]:
    return [path.name for path in home.rglob("*") if path.is_file() and text in path.read_bytes()]
