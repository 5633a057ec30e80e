"""What is said of people who are being fetched: in `status`, and in zb.log the day after."""

from __future__ import annotations

import pytest

from tests.control.conftest import Node, Open
from tests.control.test_digest import tomorrow
from zbnntp.control.progress import fetching, fetching_text
from zbnntp.model.entries import POSTS
from zbnntp.model.keys import short_id
from zbnntp.store import evidence, quotas

NOTHING = {"absent": 0, "waiting_people": 0, "waiting_posts": 0, "under_way": []}


def person(node: Node, name: str) -> int:
    return evidence.find_person(node.house.reader, node.id(name)) or 0


async def put_aside(node: Node, name: str, count: int) -> None:
    """As if more had come of somebody than is shown a day."""
    who = person(node, name)
    rows = [(line, 0) for line, _ in evidence.lines_of(node.house.reader, who, POSTS)[:count]]
    await node.house.writer.run(lambda database: quotas.put_excess(database, who, rows))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ({}, "nothing is missing"),
        ({"absent": 1}, "1 person has not come yet"),
        (
            {"absent": 4, "waiting_people": 2, "waiting_posts": 30},
            "4 people have not come yet; 2 people wrote more than is shown a day, 30 posts wait",
        ),
        (
            {"under_way": [{"who": "bob (abc)", "octets": 4_194_304, "of": 20_000_000}]},
            "bob (abc) 4.2 of 20.0 MB",
        ),
        (
            {"under_way": [{"who": name, "octets": 0, "of": 1_000_000} for name in "abcde"]},
            "a 0.0 of 1.0 MB; b 0.0 of 1.0 MB; c 0.0 of 1.0 MB; and 2 more people",
        ),
    ],
)
def test_a_sentence(found: dict[str, object], text: str) -> None:
    assert fetching_text(NOTHING | found) == text


async def test_who_has_not_come_yet_and_what_waits(open_desk: Open) -> None:
    async with open_desk("bob", "carol") as node:
        reader, me = node.house.reader, evidence.find_person(node.house.reader, node.house.identity) or 0
        assert fetching(reader, me, {}) == NOTHING
        await node.house.rate(node.id("bob"), 5000)
        await node.house.rate(node.id("carol"), 5000)
        assert fetching(reader, me, {}) == NOTHING | {"absent": 2}
        await node.meet("bob", "One", "Two", rated="")
        await put_aside(node, "bob", 2)
        found = fetching(reader, me, {node.id("bob"): (3, 9)})
        bob = f"bob ({short_id(node.id('bob'))})"
        assert found == {
            "absent": 1,
            "waiting_people": 1,
            "waiting_posts": 2,
            "under_way": [{"who": bob, "octets": 3, "of": 9}],
        }
        await node.house.rate(node.id("bob"), -5000)
        assert fetching(reader, me, {}) == NOTHING | {"absent": 1}, "nobody waits for whom one does not fetch"


async def test_first_visits_are_told_the_day_after(open_desk: Open) -> None:
    async with open_desk("bob", "carol") as node:
        await node.house.rate(node.id("bob"), 5000)
        await node.meet("bob", "One", "Two", rated="")
        await put_aside(node, "bob", 1)
        await node.meet("carol", "Three", rated="")
        (article,) = await tomorrow(node)
        text = " ".join(article.split())
        bob = f"bob ({short_id(node.id('bob'))})"
        assert f"Fetched for the first time: - {bob}: 2 posts, 1 more wait for another day." in text
        assert "carol" not in text
        await node.others["bob"].post("chat", "Four", "text")
        await node.arrive("bob")
        assert len(await tomorrow(node)) == 1
