"""Own posts say whether another node has fetched them; what is published later waits by itself."""

from __future__ import annotations

from pathlib import Path

from tests.houses import House, open_house
from tests.peers.trio_tests import pytest_pyfunc_call
from zbnntp.store import evidence, fetched

__all__ = ["pytest_pyfunc_call"]


def _reach(house: House, message_id: str) -> str:
    article = house.shelf.find(message_id, "chat")
    assert article is not None
    row = house.shelf.find_overview(message_id)
    assert row is not None
    assert int(row.text.split(b"\t")[5]) == len(article.octets)
    head = article.octets.partition(b"\r\n\r\n")[0].decode()
    return next((line.partition(": ")[2] for line in head.split("\r\n") if line.startswith("X-Zb-Reach")), "")


async def _hand_over(house: House, times: int = 1) -> None:
    view = evidence.find_person(house.reader, house.identity) or 0
    newest = fetched.newest_published(house.reader, view)
    await house.writer.run(lambda database: fetched.note(database, view, {newest: times}, house.now))


async def test_a_post_waits_until_a_version_with_it_was_handed_over(tmp_path: Path) -> None:
    async with open_house(tmp_path, "anna") as anna:
        await anna.add_board("chat")
        first = await anna.post("chat", "One", "1\n")
        assert _reach(anna, first) == "waiting"
        await anna.seal()
        assert _reach(anna, first) == "waiting"
        second = await anna.post("chat", "Two", "2\n")
        await _hand_over(anna)  # the version without the second
        assert (_reach(anna, first), _reach(anna, second)) == ("fetched", "waiting")
        await anna.seal()
        await _hand_over(anna)
        assert _reach(anna, second) == "fetched"


async def test_posts_of_others_say_nothing_of_it(tmp_path: Path) -> None:
    async with open_house(tmp_path, "anna") as anna, open_house(tmp_path, "bert") as bert:
        await anna.add_board("chat")
        first = await anna.post("chat", "One", "1\n")
        await anna.seal()
        await bert.rate(anna.identity, 5000)
        await bert.take(anna.whole_offer())
        assert _reach(bert, first) == ""


async def test_counts_add_up_and_only_the_newest_versions_are_kept(tmp_path: Path) -> None:
    async with open_house(tmp_path, "anna") as anna:
        view = evidence.find_person(anna.reader, anna.identity) or 0
        await anna.add_board("chat")
        articles = []
        for number in range(3):
            await anna.post("chat", f"Post {number}", "x\n")
            articles.append(fetched.newest_own(anna.reader, view))
            await anna.seal()
            await _hand_over(anna, 2)
            anna.clock.now += 60
        found = fetched.find(anna.reader, view, articles[0])
        assert found is not None
        assert found.times == 6
        many = {articles[-1] + it: 1 for it in range(1, fetched.VERSIONS_KEPT + 5)}
        await anna.writer.run(lambda database: fetched.note(database, view, many, anna.now))
        kept = fetched.find(anna.reader, view, articles[0])
        assert kept is not None
        assert kept.times == fetched.VERSIONS_KEPT
