"""A search goes through the store in small steps, while others are served and others write."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import trio

from tests.houses import House, open_house
from zbnntp import cli, home, searching
from zbnntp.resident import Resident
from zbnntp.searching import Found, Search, parse_query
from zbnntp.store import evidence, scanning


def search(house: House, words: str, most: int = 50) -> Search:
    view = evidence.find_person(house.reader, house.identity) or 0
    return Search(house.reader, view, parse_query(words), (), most)


def subjects(found: Found) -> list[str]:
    return [hit.subject for hit in found.hits]


async def write(house: House, count: int, body: str = "kernel") -> None:
    await house.add_board("chat")
    for number in range(count):
        house.clock.now += 60
        await house.post("chat", f"Post {number}", f"{body}\n")


async def test_a_step_is_small_however_long_posts_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "STEP_OCTETS", 20_000)
    async with open_house(tmp_path, "alice") as alice:
        await write(alice, 12, "long " * 2_000)
        steps = list(search(alice, "nothing").run())
        assert len(steps) > 5
        assert steps[-1] == 12


async def test_others_have_their_turn_after_each_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "STEP_OCTETS", 1)
    async with open_house(tmp_path, "alice") as alice, trio.open_nursery() as nursery:
        await write(alice, 30)
        turns = 0

        async def newsreader() -> None:
            nonlocal turns
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1

        nursery.start_soon(newsreader)
        view = evidence.find_person(alice.reader, alice.identity)
        resident = SimpleNamespace(commons=SimpleNamespace(reader=alice.reader, store=alice.path), view=view)
        found = await Resident.search(resident, parse_query("kernel"), ())  # type: ignore[arg-type]
        assert turns >= 25
        assert len(found.hits) == 30
        nursery.cancel_scope.cancel()


async def test_all_pages_are_gone_through_and_older_ones_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "WINDOW_ROWS", 4)
    async with open_house(tmp_path, "alice") as alice:
        await write(alice, 12)
        whole = search(alice, "kernel")
        assert list(whole.run())[-1] == 12
        assert subjects(whole.found()) == [f"Post {number}" for number in range(11, -1, -1)]
        assert not whole.found().full
        unpacked: list[int] = []
        words = scanning.words

        def noted(database: object, places: list[scanning.Place]) -> object:
            unpacked.append(len(places))
            return words(database, places)  # type: ignore[arg-type]

        monkeypatch.setattr(scanning, "words", noted)
        some = search(alice, "kernel", 3)
        assert list(some.run())[-1] == 12
        assert subjects(some.found()) == ["Post 11", "Post 10", "Post 9"]
        assert some.found().full
        assert unpacked == [4]


async def test_what_goes_meanwhile_is_not_shown(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await write(alice, 2)
        last = await alice.post("chat", "Last", "kernel\n")
        whole = search(alice, "kernel")
        for _ in whole.run():
            pass
        await alice.post("chat", "cancel", "x\n", Control=f"cancel {last}")
        assert subjects(whole.found()) == ["Post 1", "Post 0"]


async def test_sealed_and_foreign_lines_are_found_as_well(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice, open_house(tmp_path, "bob") as bob:
        await write(bob, 3, 'Grüße: \\"kernel\\"\ttab')
        await bob.seal()
        await alice.rate(bob.identity, 5000)
        await alice.take(bob.whole_offer())
        whole = search(alice, 'kernel grüße "kernel tab"')
        for _ in whole.run():
            pass
        assert subjects(whole.found()) == ["Post 2", "Post 1", "Post 0"]
        assert whole.found().hits[0].snippet == 'Grüße: \\"kernel\\" tab'


async def test_the_command_line_searches_without_a_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> tuple[int, str]:
        code = cli.main(["search", "--home", str(tmp_path / "alice"), *words])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    assert "there is no identity in" in run("kernel")[1]
    async with open_house(tmp_path, "alice") as alice:
        account = home.Account(tmp_path / "alice", alice.identity, "alice", False, None)
        monkeypatch.setattr(home, "accounts", lambda place: [account])
        await write(alice, 3)
        code, said = run("kernel")
        assert code == 0
        assert said.startswith("3 posts, the newest first:\n\n  1. Post 2\n")
        assert run("kernel", "post", "--most", "1")[1].count("<news:") == 1
        assert run('"post 1"', "--as", "alice")[1].count("<news:") == 1
        assert run("post 1")[1].count("<news:") == 1  # one word of the shell
        assert run("1 post")[0] == 1
        assert run("board:no where")[0] == 1
        assert run("nothing")[1].startswith("Nothing was found in the posts that you see; 3 are held.")
        assert "say what to look for" in run("-")[1]
        assert "no identity called bob lives" in run("kernel", "--as", "bob")[1]
        with pytest.raises(SystemExit):
            run("kernel", "--most", "0")
        assert "is a number from 1 on" in capsys.readouterr().err
        (tmp_path / "alice" / home.STORE_FILE).unlink()
        assert "there is no store in" in run("kernel")[1]
