"""Which groups a post stands in: zb.new, zb.replies, zb.by.NICK, via.NICK.BOARD, filters, hidden boards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.houses import START, House
from tests.ingest.forging import BOARD, Forger, check_octets, dump, following, name_of, post_id, segment, shown
from zbnntp import choosing, visibility
from zbnntp.local import NEW, REPLIES
from zbnntp.model.errors import NotPermitted, NotVisible
from zbnntp.store import choices, evidence, numbers, posts

ANNA, CARL, DORA = "anna", "carl", "dora"
VIEW = 1  # a house's own person comes first into its store


@pytest.fixture(autouse=True, params=[2, visibility.STEP_POSTS])
def glanced(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Whether of few posts, too, those that stay where they are are told apart first."""
    monkeypatch.setattr(visibility, "STEP_POSTS", request.param)


def header(house: House, group: str, number: int, name: str) -> str:
    article = house.shelf.article(group, number)
    assert article is not None
    lines = article.octets.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return next((line.partition(": ")[2] for line in lines if line.startswith(f"{name}: ")), "")


async def limited(house: House, *people: Forger) -> None:
    """They may answer, and open threads in zb.new alone."""
    for one in people:
        await house.rate(one.identity, mt=0, tlt=5)


async def choose(house: House, change: Callable[..., object], *arguments: object) -> object:
    result = await house.writer.run(lambda database: change(database, VIEW, *arguments, house.now))
    await house.standings.refresh(house.now)
    return result


def person(house: House, one: Forger) -> int:
    return evidence.find_person(house.reader, one.identity) or 0


async def test_threads_of_limited_people_stand_in_zb_new_and_move_to_the_board(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening, other = anna.opening("Hello"), carl.opening("Other")
    async with following(tmp_path, carl) as bob:
        await limited(bob, anna)
        await bob.take(carl.offer([segment(other, carl.reply(opening, time=START - 800))]))
        await bob.take(anna.offer([segment(opening, anna.reply(opening, time=START - 700))]))
        assert shown(bob, NEW) == {1: "Hello", 2: "Re: Hello", 3: "Re: Hello"}
        assert shown(bob) == {1: "Other", 2: "Re: Hello", 3: "Re: Hello"}
        assert header(bob, NEW, 1, "Newsgroups") == header(bob, NEW, 2, "Newsgroups") == BOARD
        assert header(bob, NEW, 1, "Xref") == "zbnntp zb.new:1"
        assert header(bob, NEW, 2, "Xref") == f"zbnntp {BOARD}:2 zb.new:2"
        assert header(bob, NEW, 1, "X-Zb-Sage") == "limited"
        for group in (BOARD, NEW):
            check_octets(bob, group)
        await bob.rate(anna.identity, mt=100)
        assert shown(bob, NEW) == {}
        assert shown(bob) == {1: "Other", 2: "Re: Hello", 3: "Re: Hello", 4: "Hello"}
        check_octets(bob)
        await limited(bob, anna)
        assert shown(bob, NEW) == {1: "Hello", 2: "Re: Hello", 3: "Re: Hello"}
        assert 4 not in shown(bob)
        await bob.rate(anna.identity, mt=-1)
        assert shown(bob, NEW) == {}
        assert shown(bob) == {1: "Other", 2: "Re: Hello"}


async def test_an_answer_from_zb_new_goes_to_the_board(tmp_path: Path) -> None:
    anna = Forger(ANNA)
    opening = anna.opening("Hello", boards=(BOARD, "test.other"))
    async with following(tmp_path) as bob:
        await limited(bob, anna)
        await bob.take(anna.offer([segment(opening)]))
        for group in (f"{BOARD},test.other", NEW, f"{NEW},{BOARD}"):
            await bob.add_board(BOARD)
            await bob.add_board("test.other")
            name = await bob.post(group, "Re: Hello", f"by {group}\n", references=name_of(opening))
            found = bob.shelf.find(name, "test.other")
            assert found is not None
            assert found.number
            assert f"\r\nNewsgroups: {BOARD},test.other\r\n" in found.octets.decode()
            check_octets(bob, NEW)
        with pytest.raises(NotPermitted, match=r"the node fills zb\.new by itself; answer an article in it"):
            await bob.post(NEW, "Mine", "x\n")
        with pytest.raises(NotPermitted, match=r"fills zb\.new by itself"):
            await bob.post(NEW, "Mine", "x\n", references="<nothing@here>")


async def test_replies_to_oneself_and_in_watched_threads(tmp_path: Path) -> None:
    anna, carl, troll = Forger(ANNA), Forger(CARL), Forger("troll")
    opening = anna.opening("Hello")
    async with following(tmp_path, anna) as bob:
        await limited(bob, carl)
        await bob.take(anna.offer([segment(opening)]))
        await bob.post(BOARD, "Re: Hello", "mine\n", references=name_of(opening))
        await bob.seal()
        mine = bob.bundle_line("mine")
        lines = [anna.reply(mine, "to you\n"), anna.reply(opening, "aside\n", time=START - 800)]
        await bob.take(anna.offer([segment(opening, *lines)]))
        await bob.take(carl.offer([segment(carl.reply(mine, "also to you\n", time=START - 500))]))
        await bob.take(anna.offer([segment(opening, *lines)]))
        with pytest.raises(NotPermitted):
            await bob.take(troll.offer([segment(troll.reply(mine))]))
        assert len(shown(bob, REPLIES)) == 2
        assert header(bob, REPLIES, 1, "Newsgroups") == BOARD
        thread = posts.find_article(bob.reader, post_id(opening)) or 0
        await choose(bob, choosing.watch, thread, True)
        assert len(shown(bob, REPLIES)) == 3
        await bob.take(anna.offer([segment(opening, *lines, anna.reply(opening, "more\n", time=START - 300))]))
        assert len(shown(bob, REPLIES)) == 4
        await choose(bob, choosing.watch, thread, False)
        assert len(shown(bob, REPLIES)) == 2
        check_octets(bob, REPLIES)


async def test_a_person_has_a_group_like_a_blog(tmp_path: Path) -> None:
    anna, twin = Forger("Anna B."), Forger("anna.b")
    opening, other = anna.opening("Hello"), twin.opening("Mine")
    async with following(tmp_path, twin) as bob:
        await limited(bob, anna)
        await bob.take(anna.offer([segment(opening)]))
        await bob.take(twin.offer([segment(other, twin.reply(opening))]))
        assert await choose(bob, choosing.show_by, person(bob, anna)) == "zb.by.anna-b"
        second = await choose(bob, choosing.show_by, person(bob, twin))
        assert isinstance(second, str)
        assert second.startswith("zb.by.anna-b-")
        assert shown(bob, "zb.by.anna-b") == {1: "Hello"}
        assert sorted(shown(bob, second).values()) == ["Mine", "Re: Hello"]
        group = bob.shelf.group("zb.by.anna-b")
        assert group is not None
        assert group.description.startswith("Posts by Anna B. (")
        await bob.take(anna.offer([segment(opening, anna.opening("Again"))]))
        assert shown(bob, "zb.by.anna-b") == {1: "Hello", 2: "Again"}
        assert header(bob, "zb.by.anna-b", 2, "Newsgroups") == BOARD
        assert await choose(bob, choosing.hide_by, person(bob, anna)) == "zb.by.anna-b"
        assert bob.shelf.group("zb.by.anna-b") is None
        assert await choose(bob, choosing.show_by, person(bob, anna)) == "zb.by.anna-b"
        assert shown(bob, "zb.by.anna-b") == {1: "Hello", 2: "Again"}


async def test_a_group_of_somebody_without_posts_is_there_and_empty(tmp_path: Path) -> None:
    anna = Forger(ANNA)
    async with following(tmp_path, anna) as bob:
        assert str(await choose(bob, choosing.show_by, person(bob, anna))).startswith("zb.by.")
        assert [group.count for group in bob.shelf.groups()] == [0]
        await bob.take(anna.offer([segment(anna.opening("Hello"))]))
        assert [group.name for group in bob.shelf.groups()] == [BOARD, "zb.by.anna"]
        assert shown(bob, "zb.by.anna") == {1: "Hello"}


async def test_borrowed_eyes_show_what_another_sees(tmp_path: Path) -> None:
    anna, carl, dora = Forger(ANNA), Forger(CARL), Forger(DORA)
    theirs, hidden = carl.opening("By Carl"), dora.opening("By Dora")
    async with following(tmp_path) as bob:
        await bob.rate(dora.identity, mt=100)
        await bob.writer.run(lambda database: evidence.person_pk(database, anna.identity))
        assert not bob.intake.wanted(anna.identity)
        assert str(await choose(bob, choosing.show_via, person(bob, anna))).startswith("via.")
        assert bob.intake.wanted(anna.identity)
        state = segment(anna.trust(carl.identity, 9000, 9000), anna.trust(dora.identity, -10000))
        await bob.take(anna.offer([segment(anna.opening("By Anna"))], [state]))
        assert [it.name for it in choices.via(bob.reader, VIEW)] == ["via.anna"]
        assert bob.intake.wanted(carl.identity)
        await bob.take(carl.offer([segment(theirs)]))
        await bob.take(dora.offer([segment(hidden, dora.reply(theirs))]))
        seen = f"via.anna.{BOARD}"
        assert sorted(shown(bob, seen).values()) == ["By Anna", "By Carl"]
        assert sorted(shown(bob).values()) == ["By Dora", "Re: By Carl"]
        assert header(bob, seen, 1, "Newsgroups") == BOARD
        assert header(bob, seen, 1, "X-Zb-Trust") == "+0.00"
        check_octets(bob, seen)
        group = bob.shelf.group(seen)
        assert group is not None
        assert group.description == f"{BOARD} as anna would see it"
        await bob.take(anna.offer([segment(anna.opening("By Anna"))], [segment(anna.trust(carl.identity, -1))]))
        assert list(shown(bob, seen).values()) == ["By Anna"]
        name = await bob.post(seen, "Re: By Anna", "from far\n", references=name_of(anna.opening("By Anna")))
        assert bob.shelf.find(name, BOARD) is not None
        with pytest.raises(NotPermitted, match=f"open your thread in {BOARD}"):
            await bob.post(seen, "New", "x\n")
        assert await choose(bob, choosing.hide_via, person(bob, anna)) == "via.anna"
        assert bob.shelf.group(seen) is None
        assert not bob.intake.wanted(carl.identity)
        assert bob.reader.execute("SELECT count(*) FROM via_level").fetchone() == (0,)


async def test_nobody_looks_through_himself(tmp_path: Path) -> None:
    async with following(tmp_path) as bob:
        with pytest.raises(NotPermitted, match="that is you"):
            await choose(bob, choosing.show_via, VIEW)


async def test_words_and_expressions_hide_for_this_view_alone(tmp_path: Path) -> None:
    anna = Forger(ANNA)
    lines = [
        anna.opening("Buy Straße pills NOW", time=START - 2000),
        anna.opening("Innocent", body="now or never, buy\nsomething\n", time=START - 1900),
        anna.opening("Nowhere to buy", time=START - 1800),
        anna.opening("Casino777", time=START - 1700),
    ]
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([segment(*lines)]))
        mine = await bob.post(BOARD, "I buy now", "x\n")
        settled = await choose(bob, choosing.add_filter, "buy now", False, None)
        assert settled.hidden == 2  # type: ignore[attr-defined]
        assert set(shown(bob).values()) == {"Nowhere to buy", "Casino777", "I buy now"}
        with pytest.raises(NotVisible, match="one of your filters hides it"):
            bob.shelf.find(name_of(lines[0]), None)
        await choose(bob, choosing.add_filter, r"casino\d+", True, bob.now + 60)
        assert set(shown(bob).values()) == {"Nowhere to buy", "I buy now"}
        late = anna.opening("STRASSE, buy it now", time=START - 100)
        await bob.take(anna.offer([segment(*lines, late)]))
        assert set(shown(bob).values()) == {"Nowhere to buy", "I buy now"}
        bob.clock.now += 60
        ended = choosing.expired_filters(bob.reader, VIEW, bob.now)
        assert len(ended) == 1
        await choose(bob, choosing.drop_filters, ended)
        assert shown(bob)[4] == "Casino777"
        await choose(bob, choosing.drop_filters, [1])
        assert len(shown(bob)) == 6
        assert bob.shelf.find(mine, None) is not None
        check_octets(bob)


@pytest.mark.parametrize(
    ("pattern", "is_regex", "sentence"),
    [
        ("(", True, "not understood"),
        (r"(a)\1", True, "not understood"),
        ("(?=x)", True, "not understood"),
        ("(((a{100}){100}){100})", True, "not understood"),
        ("", True, "every text"),
        ("x*", True, "every text"),
        ("x" * 501, True, "at most 500"),
        ("!? ...", False, "at least one word"),
        ("", False, "at least one word"),
    ],
)
async def test_a_filter_that_is_none_is_refused(tmp_path: Path, pattern: str, is_regex: bool, sentence: str) -> None:
    async with following(tmp_path) as bob:
        before = dump(bob)
        with pytest.raises(NotPermitted, match=sentence):
            await choose(bob, choosing.add_filter, pattern, is_regex, None)
        assert dump(bob) == before


async def test_no_text_makes_an_expression_slow(tmp_path: Path) -> None:
    """Backtracking engines need longer than the universe has."""
    anna = Forger(ANNA)
    async with following(tmp_path, anna) as bob:
        await choose(bob, choosing.add_filter, r"(a+)+$", True, None)
        await choose(bob, choosing.add_filter, r"(x|x|x)*y.*(z|z)*q", True, None)
        await bob.take(anna.offer([segment(anna.opening("Hm", body="a" * 30_000 + "x" * 30_000 + "!\n"))]))
        assert len(shown(bob)) == 1


async def test_a_hidden_board_takes_its_threads_out_of_zb_new(tmp_path: Path) -> None:
    anna = Forger(ANNA)
    opening = anna.opening("Hello")
    async with following(tmp_path) as bob:
        await bob.add_board(BOARD)
        await limited(bob, anna)
        await bob.take(anna.offer([segment(opening)]))
        row = numbers.find_newsgroup(bob.reader, VIEW, BOARD)
        assert row is not None
        await choose(bob, choosing.hide_board, row.pk, BOARD, True)
        assert shown(bob, NEW) == {}
        with pytest.raises(NotVisible, match=f"board show {BOARD}"):
            bob.shelf.find(name_of(opening), None)
        await bob.take(anna.offer([segment(opening, anna.opening("Second"))]))
        assert shown(bob, NEW) == {}
        await choose(bob, choosing.hide_board, row.pk, BOARD, False)
        assert shown(bob, NEW) == {1: "Hello", 2: "Second"}


async def test_a_thread_opened_under_a_hidden_name_is_not_new(tmp_path: Path) -> None:
    anna, carl = Forger(ANNA), Forger(CARL)
    opening = anna.opening("Hello")
    async with following(tmp_path, anna) as bob:
        await limited(bob, carl)
        await bob.take(anna.offer([segment(opening)]))
        await bob.take(carl.offer([segment(carl.reply(opening))]))
        await bob.rate(anna.identity, mt=-1)
        assert shown(bob) == {2: "Re: Hello"}
        assert shown(bob, NEW) == {}
