"""Bundles as files, from the command line, with no node running: what is written, taken, refused; hostile files."""

from __future__ import annotations

import gzip
import os
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.houses import START
from tests.ingest.forging import Forger, segment
from zbnntp import bundling, cli, home
from zbnntp.model import keys
from zbnntp.model.bundle import Offer, read_bundle, write_offer
from zbnntp.model.keys import short_id
from zbnntp.store.database import prepare

MEMORY_OCTETS = 16 * 1024 * 1024


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose node does not run, with an empty store."""
    monkeypatch.setattr(keys, "ARGON2_OPS", 1)
    monkeypatch.setattr(keys, "ARGON2_OCTETS", 8192)
    found = tmp_path / "home"
    home.make_directory(found)
    home.make_keys(found, "bob", None)
    prepare(found / home.STORE_FILE)
    return found


@pytest.fixture
def run(place: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Exit code and what was printed, of a command on that home."""

    def call(*words: str | Path) -> tuple[int, str]:
        code = cli.main([*map(str, words), "--home", str(place)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return call


Run = Callable[..., tuple[int, str]]


def offer_of(name: str, *subjects: str) -> Offer:
    author = Forger(name)
    return author.offer([segment(*(author.opening(subject) for subject in subjects or ("One",)))], time=START - 50)


def bundle(*offers: Offer) -> bytes:
    return b"".join(line for offer in offers for line in write_offer(offer))


def write(path: Path, octets: bytes) -> Path:
    path.write_bytes(octets)
    return path


# There and back


@pytest.mark.parametrize("name", ["all.zb", "all.zb.gz"])
def test_what_was_taken_in_is_written_again(run: Run, tmp_path: Path, name: str) -> None:
    whole = bundle(offer_of("mallory"), offer_of("trent"))
    assert run("import", write(tmp_path / "given", whole)) == (0, "News of 2 people; of 0 people nothing new.\n")
    code, said = run("export", tmp_path / name)
    assert code == 0
    assert said.startswith("The manifests of 2 people in ")
    written = (tmp_path / name).read_bytes()
    octets = gzip.decompress(written) if name.endswith(".gz") else written
    assert sorted(octets.splitlines()) == sorted(whole.splitlines())
    assert run("import", tmp_path / name) == (0, "News of 0 people; of 2 people nothing new.\n")


@pytest.mark.parametrize("name", ["all.zb", "all.zb.part"])
def test_an_export_is_not_written_through_a_link(run: Run, tmp_path: Path, name: str) -> None:
    run("import", write(tmp_path / "given", bundle(offer_of("mallory"))))
    precious = write(tmp_path / "precious", b"precious")
    (tmp_path / name).symlink_to(precious)
    run("export", "--replace", tmp_path / "all.zb")
    assert precious.read_bytes() == b"precious"


def test_an_export_of_one_person(run: Run, tmp_path: Path) -> None:
    mallory = offer_of("mallory")
    run("import", write(tmp_path / "given", bundle(mallory, offer_of("trent"))))
    assert run("export", "--who", "mallory", tmp_path / "one.zb")[0] == 0
    assert list(read_bundle((tmp_path / "one.zb").read_bytes().splitlines())) == [mallory]


def test_questions_that_have_no_answer(run: Run, tmp_path: Path) -> None:
    code, said = run("export", tmp_path / "none.zb")
    assert (code, "nothing that is held here" in said) == (1, True)
    code, said = run("export", "--who", "nobody", tmp_path / "none.zb")
    assert (code, "nobody known here is called" in said) == (1, True)
    code, said = run("export", "--mbox", "--as", "nobody", tmp_path / "none.zb")
    assert (code, "no identity called nobody" in said) == (1, True)
    code, said = run("import", tmp_path / "none.zb")
    assert (code, "cannot be read: No such file" in said) == (1, True)
    assert not (tmp_path / "none.zb").exists()


def test_a_day_that_is_none(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("export", "--since", "yesterday", tmp_path / "none.zb")
    assert "is a day such as 2026-05-31" in capsys.readouterr().err


def test_a_home_without_a_store(run: Run, place: Path, tmp_path: Path) -> None:
    (place / home.STORE_FILE).unlink()
    code, said = run("export", tmp_path / "none.zb")
    assert (code, "start the node once" in said) == (1, True)


def test_nobody_imports_into_a_home_that_is_held(run: Run, place: Path, tmp_path: Path) -> None:
    """A node that is just starting holds the lock and has no door yet."""
    with home.locked(place):
        code, said = run("import", write(tmp_path / "given", bundle(offer_of("mallory"))))
    assert (code, "another zbnntp runs" in said) == (1, True)


# Whole or not at all


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_an_export_that_is_interrupted_leaves_no_half_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    run("import", write(tmp_path / "given", bundle(offer_of("mallory"), offer_of("trent"))))
    whole = bundling.bundle_lines
    left = [1]

    def breaking(*arguments: object) -> object:
        if not left:
            raise error
        left.pop()
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(bundling, "bundle_lines", breaking)
    before = write(tmp_path / "old.zb", b'{"old":1}\n')
    for file in (before, tmp_path / "new.zb.gz"):
        left[:] = [1]
        assert run("export", "--replace", file)[0] != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given", "home", "old.zb"]
    assert before.read_bytes() == b'{"old":1}\n'


def test_an_export_into_a_directory_that_is_not_there(run: Run, tmp_path: Path) -> None:
    run("import", write(tmp_path / "given", bundle(offer_of("mallory"))))
    code, said = run("export", tmp_path / "nowhere" / "x.zb")
    assert (code, "cannot be written: No such file or directory" in said) == (1, True)


# Hostile files


def test_one_bad_offer_does_not_keep_the_others_out(run: Run, tmp_path: Path) -> None:
    good, bad, foreign = offer_of("trent"), offer_of("mallory"), offer_of("peggy")
    forged = bad.pointer.replace(b'"seq":1', b'"seq":2')
    octets = bundle(
        Offer(forged, bad.head, bad.slices),
        Offer(bad.pointer, foreign.head, ()),
        Offer(foreign.pointer, foreign.head, bad.slices),
        good,
    )
    code, said = run("import", write(tmp_path / "given", octets))
    assert code == 1
    assert said.startswith("News of 1 person; of 0 people nothing new.\n")
    assert said.count("Refused 1: ") == 3
    assert said.count(f"({short_id(Forger('mallory').identity)})\n") == 2


def test_wrong_hash_in_a_bundle(run: Run, tmp_path: Path) -> None:
    octets = bundle(offer_of("mallory")).replace(b"One", b"Two")
    code, said = run("import", write(tmp_path / "given", octets))
    assert (code, "Refused 1: a segment's bytes are not those its head names" in said) == (1, True)


def test_oversize_segment(run: Run, tmp_path: Path) -> None:
    author = Forger("mallory")
    large = {"sha256": "ab" * 32, "bytes": 512 * 1024 + 1, "lines": 1, "from": 0}
    code, said = run("import", write(tmp_path / "given", bundle(author.offer(refs=[large], time=START - 50))))
    assert (code, "above the limit" in said) == (1, True)


def damaged(octets: bytes, at: int) -> bytes:
    return octets[:at] + bytes([octets[at] ^ 0xFF]) + octets[at + 1 :]


PACKED = gzip.compress(bundle(offer_of("mallory"), offer_of("trent")) * 3)


@pytest.mark.parametrize(
    "octets",
    [
        b"hello",
        b"\x00" * 100,
        b"{}\n",
        b'{"kind":"slice"}\n',
        PACKED[:-20],
        damaged(PACKED, len(PACKED) - 6),
        PACKED[:4],
    ],
)
def test_a_file_that_is_no_bundle_or_is_damaged(run: Run, tmp_path: Path, octets: bytes) -> None:
    code, said = run("import", write(tmp_path / "given", octets))
    assert (code, "that is no bundle, or it is damaged from line " in said) == (1, True)


def test_what_came_before_the_damage_stays(run: Run, tmp_path: Path) -> None:
    octets = bundle(offer_of("mallory"), offer_of("trent"))
    code, said = run("import", write(tmp_path / "given", octets + b"nonsense\n"))
    assert code == 1
    assert said.startswith("News of 2 people; of 0 people nothing new.\n")
    assert "damaged from line 7 on" in said


def test_a_file_that_was_cut_at_the_end_of_a_line(run: Run, tmp_path: Path) -> None:
    octets = bundle(offer_of("mallory"), offer_of("trent"))
    code, said = run("import", write(tmp_path / "given", b"".join(octets.splitlines(keepends=True)[:-1])))
    assert code == 0
    assert f"1 segment of trent ({short_id(Forger('trent').identity)}) is not in this file" in said
    assert "mallory" not in said


def test_a_file_without_a_manifest(run: Run, tmp_path: Path) -> None:
    for octets in (b"", b'{"kind":"later"}\n'):
        code, said = run("import", write(tmp_path / "given", octets))
        assert (code, said.count("\n"), "there is no manifest in that file" in said) == (1, 1, True)


@pytest.mark.parametrize("packed", [True, False])
def test_a_pipe(run: Run, tmp_path: Path, packed: bool) -> None:
    octets = bundle(offer_of("mallory"))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(octets) if packed else octets,))
    writer.start()
    assert run("import", pipe) == (0, "News of 1 person; of 0 people nothing new.\n")
    writer.join()


def test_a_home_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "given", bundle(offer_of("mallory")))
    assert cli.main(["import", str(file), "--home", str(tmp_path / "nowhere")]) == 1
    printed = capsys.readouterr()
    assert (printed.out, "is no home of a node" in printed.err) == ("", True)


@pytest.mark.parametrize("octets", [b"no store at all" * 400, b""])
def test_an_export_or_a_backup_of_what_is_no_store(run: Run, place: Path, tmp_path: Path, octets: bytes) -> None:
    write(place / home.STORE_FILE, octets)
    for command in ("export", "backup")[: 2 if octets else 1]:
        code, said = run(command, tmp_path / "out")
        assert (code, "'zbnntp check --repair'" in said) == (1, True)
        assert not (tmp_path / "out").exists()


def test_what_is_no_name_of_a_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = run("export", "-")
    assert (code, "name a FILE" in said, (tmp_path / "-").exists()) == (1, True, False)
    code, said = run("export", "--replace", tmp_path)
    assert (code, "is a directory; name a file in it" in said) == (1, True)


def within_memory(call: Callable[[], tuple[int, str]]) -> tuple[int, str]:
    tracemalloc.start()
    try:
        result = call()
        assert tracemalloc.get_traced_memory()[1] < MEMORY_OCTETS
    finally:
        tracemalloc.stop()
    return result


def test_compression_bomb(run: Run, tmp_path: Path) -> None:
    """64 MiB of nothing in 64 KiB: no more is unpacked than a line may have."""
    bomb = write(tmp_path / "bomb", gzip.compress(bytes(64 * 1024 * 1024)))
    code, said = within_memory(lambda: run("import", bomb))
    assert (code, "above the limit" in said) == (1, True)


def test_compression_bomb_inside_a_line(run: Run, tmp_path: Path) -> None:
    offer = bundle(offer_of("mallory"))
    bomb = write(tmp_path / "bomb", gzip.compress(offer + b'{"data":"' + b"a" * 64 * 1024 * 1024))
    code, said = within_memory(lambda: run("import", bomb))
    assert (code, "above the limit" in said) == (1, True)


def test_lines_of_a_later_kind_without_end(run: Run, tmp_path: Path) -> None:
    line = b'{"kind":"later","text":"' + b"a" * 1000 + b'"}\n'
    code, said = run("import", write(tmp_path / "bomb", gzip.compress(bundle(offer_of("mallory")) + line * 5000)))
    assert (code, "an offer is at most" in said) == (1, True)


def test_endless_data(run: Run) -> None:
    code, said = within_memory(lambda: run("import", "/dev/zero"))
    assert (code, "above the limit" in said) == (1, True)


def test_a_fork_on_a_stick_is_told_at_once(run: Run, tmp_path: Path) -> None:
    """A running node files an alarm in zb.log; where none runs, whoever imports reads it."""
    author = Forger("mallory")
    one, two = (author.offer([segment(author.opening(it))], seq=START - 50) for it in ("One", "Two"))
    code, said = run("import", write(tmp_path / "given", bundle(one, two)))
    assert (code, "has signed two versions" in said) == (0, True)
