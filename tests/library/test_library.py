"""What peers may see of a store and what it takes from them: one identity's own manifest, those it mirrors, no more."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.houses import House, open_house
from tests.ingest.forging import Forger, cut, following, head_of, name_of, segment, shown
from tests.ingest.test_moves import Owner
from zbnntp.housekeeping import seal_months
from zbnntp.library import HEADS_AT_ONCE, Bell, Directory, Library
from zbnntp.model.bundle import Offer
from zbnntp.model.errors import Missing, NotPermitted
from zbnntp.model.keys import Identity, Sha256, sha256
from zbnntp.model.manifest import open_head, open_pointer
from zbnntp.model.views import Level
from zbnntp.store import choices, evidence, lines, promises
from zbnntp.store.choices import Pin

BOARD = "test.talk"
FRAMES = "SELECT pk FROM frame"
QUARTER = 900  # of an hour, in seconds


def library(house: House, mirror: str = "rated", bell: Bell | None = None) -> Library:
    return Library(house.reader, house.intake, house.identity, "epoch", bell or Bell(), mirror, house.clock)


def names(house: House, mirror: str, after: int = 0, limit: int = 99) -> list[bytes]:
    """Whose pointers the feed of changes has."""
    return [open_pointer(line).identity for _, line in library(house, mirror).changes(after, limit)]


async def acquainted(bob: House, anna: Forger, carl: Forger) -> None:
    """Bob rates anna, anna rates carl; all three have said something."""
    await bob.rate(anna.identity, mt=5000, tlt=10000)
    await bob.take(anna.offer([segment(anna.opening("One"))], [segment(anna.trust(carl.identity, 5000, 5000))]))
    await bob.take(carl.offer([segment(carl.opening("Two"))]))
    await bob.add_board("test.own")
    await bob.post("test.own", "Three", "x\n")
    await bob.seal()


async def test_what_the_owner_chose_for_somebody_goes_before_the_setting(tmp_path: Path) -> None:
    async with open_house(tmp_path, "anna") as anna, open_house(tmp_path, "bob") as bob:
        await anna.seal()
        await bob.seal()
        await bob.rate(anna.identity, 5000)
        await bob.take(anna.whole_offer())
        view, person = (evidence.find_person(bob.reader, it.identity) or 0 for it in (bob, anna))

        async def choose(serve: bool | None) -> None:
            await bob.writer.run(lambda database: choices.put_mirror_choice(database, view, person, serve))

        own = {bob.identity} & set(names(bob, "none"))
        await choose(True)
        assert set(names(bob, "none")) == {anna.identity} | own
        assert library(bob, "none").manifest(anna.identity) is not None
        await choose(False)
        assert set(names(bob, "fetched")) == own
        assert library(bob, "fetched").manifest(anna.identity) is None
        await choose(None)
        await bob.rate(anna.identity, None)
        assert anna.identity not in names(bob, "rated")
        pin = Pin(person, anna.identity, 1, Sha256(bytes(32)), Level.FULL)
        await bob.writer.run(lambda database: choices.put_pin(database, view, person, pin))
        assert anna.identity in names(bob, "rated")


@pytest.mark.parametrize(("mirror", "offered"), [("none", "b"), ("rated", "ab"), ("fetched", "abc")])
async def test_the_setting_decides_whose_manifests_are_offered(tmp_path: Path, mirror: str, offered: str) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    async with open_house(tmp_path, "bob") as bob:
        await acquainted(bob, anna, carl)
        shelf = library(bob, mirror)
        ids = {"a": anna.identity, "b": bob.identity, "c": carl.identity}
        assert {name for name, identity in ids.items() if shelf.manifest(identity)} == set(offered)
        assert set(names(bob, mirror)) == {ids[name] for name in offered}
        posts = segment(carl.opening("Two"))
        assert (await shelf.segment(Sha256(sha256(posts))) == posts) is ("c" in offered)
        assert await shelf.segment(Sha256(bytes(32))) is None
        assert shelf.manifest(Forger("nobody").identity) is None


async def test_an_upvote_is_a_seed_within_its_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    async with open_house(tmp_path, "bob") as bob:
        await acquainted(bob, anna, carl)
        theirs = segment(carl.opening("Two"))
        for value, offered in ((-1, False), (1, True), (0, False), (1, True)):
            await bob.vote(name_of(carl.opening("Two")), value)
            shelf = library(bob)
            assert (shelf.manifest(carl.identity) is not None) is offered
            assert (await shelf.segment(Sha256(sha256(theirs))) == theirs) is offered
            assert (carl.identity in names(bob, "rated")) is offered
            assert library(bob, "none").manifest(carl.identity) is None
        monkeypatch.setattr(evidence, "UPVOTED_OCTETS", len(theirs) - 1)
        assert library(bob).manifest(carl.identity) is None
        monkeypatch.setattr(evidence, "UPVOTED_OCTETS", len(theirs))
        assert library(bob).manifest(carl.identity) is not None


async def test_upvotes_of_others_pin_nothing_here(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    async with open_house(tmp_path, "bob") as bob:
        await acquainted(bob, anna, carl)
        await bob.take(anna.offer([segment(anna.opening("One"))], [segment(anna.vote(carl.opening("Two"), 1))]))
        assert library(bob).manifest(carl.identity) is None


async def test_an_own_change_behind_those_of_others_is_found_by_a_feed_of_one_row(tmp_path: Path) -> None:
    """Who mirrors nobody still tells of itself, however many others have changed before."""
    anna, carl = Forger("anna"), Forger("carl")
    async with open_house(tmp_path, "bob") as bob:
        await acquainted(bob, anna, carl)
        assert names(bob, "none", limit=1) == [bob.identity]
        with trio.fail_after(5):
            await library(bob, "none").wait_change(0)


async def test_rows_come_in_order_and_each_person_once(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    async with open_house(tmp_path, "bob") as bob:
        await acquainted(bob, anna, carl)
        first = library(bob, "fetched").changes(0, 2)
        assert library(bob, "fetched").changes(first[0][0], 1) == [first[1]]
        await bob.take(anna.offer([segment(anna.opening("Four"))], [segment(anna.trust(carl.identity, 5000, 5000))]))
        later = library(bob, "fetched").changes(first[-1][0], 99)
        assert open_pointer(later[-1][1]).identity == anna.identity
        assert len(names(bob, "fetched")) == 3


async def test_places_in_the_feeds_of_two_identities_of_one_node_have_nothing_in_common(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    async with open_house(tmp_path, "bob") as bob:
        await acquainted(bob, anna, carl)
        feeds = [
            Library(bob.reader, bob.intake, view, "epoch", Bell(), "fetched", bob.clock).changes(0, 99)
            for view in (bob.identity, anna.identity)
        ]
        places = [{place for place, _ in feed} for feed in feeds]
        assert {line for _, line in feeds[0]} & {line for _, line in feeds[1]}, "the same row in both"
        assert not places[0] & places[1]
        for made_up in (1, 7, 10**18 - 1):
            assert library(bob, "fetched").changes(made_up, 99) == library(bob, "fetched").changes(0, 99)
        assert min(places[0] | places[1]) > 1_000_000


async def test_two_identities_of_one_node_do_not_show_by_how_much_its_clock_is_wrong(tmp_path: Path) -> None:
    """Neither in what they say the time is, nor in when they say that it is later."""
    async with open_house(tmp_path, "bob") as bob:
        steps = []
        start = bob.now
        for view in (bob.identity, Forger("anna").identity):
            feed = Library(bob.reader, bob.intake, view, "epoch", Bell(), "fetched", bob.clock)
            shown = []
            for bob.clock.now in range(start, start + 2 * QUARTER):
                shown.append(feed.shown_time())
                assert shown[-1] % QUARTER == 0
                assert 0 <= bob.now - shown[-1] < 2 * QUARTER
            steps.append({second for second in range(1, len(shown)) if shown[second - 1] < shown[second]})
        assert [len(seconds) for seconds in steps] == [2, 2]
        assert not steps[0] & steps[1]


async def test_waiting_for_a_change_ends_when_there_is_one(tmp_path: Path) -> None:
    bell = Bell()
    async with open_house(tmp_path, "bob") as bob:
        shelf = library(bob, bell=bell)
        heard: list[int] = []

        async def wait() -> None:
            await shelf.wait_change(0)
            heard.append(1)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            bell.ring()
            await trio.testing.wait_all_tasks_blocked()
            assert heard == []
            await bob.seal()
            bell.ring()
        assert heard == [1]


async def test_two_who_say_the_same_are_each_served_with_it(tmp_path: Path) -> None:
    """The one whose manifest came first need not be offered for the other's to be whole."""
    anna, carl, target = Forger("anna"), Forger("carl"), Forger("target")
    data = segment(anna.trust(target.identity, 1))
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(anna.offer(state=[data]))
        await bob.take(carl.offer(state=[data]))
        await bob.rate(anna.identity)
        assert library(bob).manifest(anna.identity) is None
        assert await library(bob).segment(Sha256(sha256(data))) == data


async def test_a_bundle_is_what_a_stranger_takes(tmp_path: Path) -> None:
    anna = Forger("anna")
    first, second = segment(anna.opening("One")), segment(anna.opening("Two"))
    async with following(tmp_path / "1", anna) as bob, following(tmp_path / "2", anna) as late:
        await bob.take(anna.offer([first]))
        offer = anna.offer([second, segment(anna.opening("Three"))])
        await bob.take(Offer(offer.pointer, offer.head, (cut(second),)))
        assert set(shown(bob).values()) == {"One", "Two"}
        assert await library(late).offer(library(bob).bundle(anna.identity), "a file")
        await late.standings.refresh(late.now)
        assert set(shown(late).values()) == {"Two"}
        with pytest.raises(Missing):
            library(bob).bundle(Forger("nobody").identity)


async def test_what_is_lacking_comes_newest_first(tmp_path: Path) -> None:
    anna = Forger("anna")
    months = [segment(anna.opening(f"Month {number}")) for number in range(3)]
    state = segment(anna.trust(anna.identity, 1))
    async with following(tmp_path, anna) as bob:
        offer = anna.offer(months, [state])
        head = open_head(offer.head, open_pointer(offer.pointer))
        shelf = library(bob)
        order = [sha256(data) for data in (state, *reversed(months))]
        assert [ref.sha256 for ref in shelf.lacking(head)] == order
        assert shelf.held(anna.identity) is None
        await bob.take(Offer(offer.pointer, offer.head, (cut(months[1]),)))
        assert [ref.sha256 for ref in shelf.lacking(head)] == [order[0], order[1], order[3]]
        held = shelf.held(anna.identity)
        assert held is not None
        assert (held.seq, held.head, held.segments) == (head.seq, head.sha256, ((order[2], len(months[1])),))


async def test_a_stranger_is_not_wanted_and_epochs_do_not_tell_who_lives_together(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with open_house(tmp_path, "bob") as bob:
        shelf = library(bob)
        assert shelf.wanted(bob.identity)
        assert not shelf.wanted(anna.identity)
        with pytest.raises(NotPermitted):
            await shelf.offer(anna.offer(), "push")
        assert shelf.now() == bob.now
        other = Library(bob.reader, bob.intake, anna.identity, "epoch", Bell(), "rated", bob.clock)
        assert other.epoch != shelf.epoch
        assert "epoch" not in shelf.epoch


async def test_what_is_fetched_by_a_private_rating_or_for_somebody_else_is_not_to_be_seen(tmp_path: Path) -> None:
    anna, carl, dora = Forger("anna"), Forger("carl"), Forger("dora")
    async with open_house(tmp_path, "bob") as bob:
        await acquainted(bob, anna, carl)
        people = (bob.identity, anna.identity, carl.identity, dora.identity)

        def shown_to_all(mirror: str, view: bytes = bob.identity) -> list[bool]:
            it = Library(bob.reader, bob.intake, Identity(view), "epoch", Bell(), mirror, bob.clock)
            return [it.is_shown(each) for each in people]

        assert shown_to_all("fetched") == [True, True, True, False]
        assert shown_to_all("rated") == [True, True, False, False]
        assert shown_to_all("none") == [True, True, False, False], "rated in public, though not served"
        assert shown_to_all("fetched", dora.identity) == [False, False, False, False], "another one who lives here"
        await bob.writer.run(lambda database: rate_in_private(database, bob.identity, dora.identity, 5000))
        bob.standings.note_choices(bob.identity)
        await bob.standings.refresh(bob.now)
        assert library(bob).wanted(dora.identity)
        assert shown_to_all("fetched") == [True, True, False, False], "nor whom she likes, by what else is served"


def rate_in_private(database: sqlite3.Connection, rater: Identity, rated: Identity, mt: int) -> None:
    view, person = (evidence.person_pk(database, it) for it in (rater, rated))
    choices.put_private_rating(database, view, person, mt, None)


async def test_the_directory_knows_whom_to_ask_and_where(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    said: list[str] = []
    places = [{"url": "local:mirror", "own": False}, {"url": "local:anna", "own": True}]
    async with open_house(tmp_path, "bob") as bob:
        directory = Directory(bob.reader, bob.writer, bob.identity, (bob.identity,), said.append)
        await bob.rate(anna.identity, mt=5000, tlt=10000)
        await bob.writer.run(lambda database: promises.add_address(database, anna.identity, "local:link"))
        (person,) = directory.people()
        assert (person.endpoints, person.mutual, person.hops) == (("local:link",), False, 1)
        state = [segment(anna.trust(carl.identity, 5000), anna.trust(bob.identity, 1000))]
        await bob.take(anna.offer(state=state, endpoints=places))
        people = {it.identity: it for it in directory.people()}
        assert people[anna.identity].endpoints == ("local:anna", "local:mirror", "local:link")
        assert people[anna.identity].mutual
        assert (people[carl.identity].hops, people[carl.identity].mutual, people[carl.identity].full) == (
            2,
            False,
            True,
        )
        assert set(people) == {anna.identity, carl.identity}
        moved = anna.offer(state=state, endpoints=[{"url": "local:moved", "own": True}])
        assert head_of(moved)["endpoints"]
        await bob.take(moved)
        people = {it.identity: it for it in directory.people()}
        assert people[anna.identity].endpoints == ("local:moved", "local:link")
        directory.log("hello")
        assert said == ["hello"]


async def test_a_feed_has_the_notices_about_those_who_are_offered(tmp_path: Path) -> None:
    alice, anew = Owner("alice"), Owner("alice-anew")
    last = alice.offer([segment(alice.opening("Old"))])
    stolen = alice.offer([segment(alice.opening("Thief"))])
    move = alice.move(last, anew)
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        (before,) = library(bob).changes(0, 9)
        await library(bob).take_notice(move, "a peer")
        pointer, (number, line) = library(bob).changes(0, 9)
        assert (pointer, line) == (before, move)
        assert library(bob).changes(pointer[0], 9) == [(number, move)]
        assert library(bob, "none").changes(0, 9) == []
        await bob.take(anew.offer([segment(anew.opening("New"))]))
        assert [open_pointer(it[1]).identity for it in library(bob).changes(number, 9)] == [anew.identity]
    async with following(tmp_path / "late", alice) as bob:
        await bob.take(stolen)
        await library(bob).take_notice(move, "a peer")
        assert [line for _, line in library(bob).changes(0, 9)] == [move], "what a thief published is not passed on"
        assert library(bob).manifest(alice.identity) is None
        held = library(bob).held(alice.identity)
        assert held is not None
        assert held.seq == 0, "the older, last good version is news"


async def test_whoever_follows_somebody_serves_what_that_one_left(tmp_path: Path) -> None:
    alice, bob_anew = Owner("alice"), Forger("bob")
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        await bob.rate(alice.identity)
        assert library(bob).manifest(alice.identity) is None
        move = alice.move(last, bob_anew)
        await library(bob).take_notice(move, "a peer")
        assert library(bob).own_moves() == [move]
        assert library(bob).manifest(alice.identity) is not None
        assert set(shown(bob).values()) == {"Old"}, "one's own posts, under the old name"


async def test_a_rival_who_follows_somebody_tells_those_who_rated_that_one(tmp_path: Path) -> None:
    """Once both claims are known the ratings go to neither; who rated the old one has yet to hear of the second."""
    alice, anew, carl = Owner("alice"), Owner("alice-anew"), Owner("carl")
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        await bob.rate(carl.identity, 5000)
        await bob.take(carl.offer([], [segment(carl.trust(alice.identity, 1000))]))
        signer = Forger("bob")
        mine = alice.move(last, signer)
        directory = Directory(bob.reader, bob.writer, bob.identity, [bob.identity], bob.logged.append)
        await library(bob).take_notice(mine, "a peer")
        theirs = alice.move(last, anew)
        await library(bob).take_notice(theirs, "a peer")
        assert {it.identity for it in directory.people() if it.mutual} == {carl.identity}
        assert set(library(bob).own_moves()) == {mine, theirs}


async def test_the_strangers_on_a_list_cost_no_question_each(tmp_path: Path) -> None:
    """Whoever is trusted may name thousands, and others every minute: the event loop has other things to do."""
    carol = Forger("carol")
    strangers = [carol.trust(Identity(sha256(b"stranger %d" % number)), 9000, 9000) for number in range(500)]
    asked: list[str] = []
    async with following(tmp_path) as bob:
        await bob.rate(carol.identity, 9000, 9000)
        await bob.take(carol.offer([segment(carol.opening("of carol"))], [segment(*strangers)]))
        directory = Directory(bob.reader, bob.writer, bob.identity, [bob.identity], bob.logged.append)
        bob.reader.set_trace_callback(asked.append)
        assert len(directory.people()) == 501
    assert len(asked) < 50


async def test_nobody_is_visited_where_somebody_lived_before(tmp_path: Path) -> None:
    alice, anew = Owner("alice"), Owner("alice-anew")
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path, alice) as bob:
        rating = [segment(alice.trust(bob.identity, 1000))]
        await bob.take(alice.offer([segment(alice.opening("Thief"))], rating))
        directory = Directory(bob.reader, bob.writer, bob.identity, [bob.identity], bob.logged.append)
        assert [it.identity for it in directory.mutuals()] == [alice.identity]
        await library(bob).take_notice(alice.move(last, anew), "a peer")
        assert not directory.mutuals()
        assert {it.identity for it in directory.people()} == {alice.identity, anew.identity}, (
            "somebody may have the last"
        )
        await bob.take(last)
        assert {it.identity for it in directory.people()} == {anew.identity}


async def test_mutuals_have_their_key_and_the_address_that_they_told_us_alone(tmp_path: Path) -> None:
    anna, carl, key = Forger("anna"), Forger("carl"), "ab" * 32
    async with open_house(tmp_path, "bob") as bob:
        directory = Directory(bob.reader, bob.writer, bob.identity, (bob.identity,), [].append)
        await bob.rate(anna.identity, mt=5000, tlt=5000)
        await bob.rate(carl.identity, mt=9000, tlt=9000)
        places = [{"url": "local:anna", "own": True}, {"url": "local:mirror", "own": False}]
        for person, endpoints in ((anna, places), (carl, [])):
            assert person.identity not in {it.identity for it in directory.mutuals()}
            state = [segment(person.trust(bob.identity, 1000))]
            await bob.take(person.offer(state=state, endpoints=endpoints, visitor=key))
        assert [it.identity for it in directory.mutuals()] == [carl.identity, anna.identity], "the most trusted first"
        await directory.remember_closed(anna.identity, "local:closed")
        mutual = directory.mutuals()[1]
        assert (mutual.endpoints, mutual.visitor, mutual.closed) == (
            ("local:anna",),
            bytes.fromhex(key),
            "local:closed",
        )
        people = {it.identity: it for it in directory.people()}
        assert people[anna.identity].endpoints == ("local:closed", "local:anna", "local:mirror")
        assert [link.urls for link in directory.friends()] == [("local:anna", "local:mirror")], "not told to others"
        await bob.rate(anna.identity, mt=-5000)
        assert [it.identity for it in directory.mutuals()] == [carl.identity]


async def test_to_look_at_many_people_takes_no_more_questions_than_to_look_at_few(tmp_path: Path) -> None:
    """It happens whenever trust changes, in the thread that answers newsreaders."""
    people = [Forger(f"{number}") for number in range(40)]
    counts: list[int] = []
    async with following(tmp_path, *people) as bob:
        directory = Directory(bob.reader, bob.writer, bob.identity, (bob.identity,), [].append)
        for some in (people[:5], people[5:]):
            for person in some:
                await bob.take(person.offer(endpoints=[{"url": f"local:{person.name}", "own": True}]))
            turns = 0
            async with trio.open_nursery() as nursery:

                async def count() -> None:
                    nonlocal turns
                    while True:
                        await trio.lowlevel.checkpoint()
                        turns += 1

                nursery.start_soon(count)
                await directory.open_heads()
                nursery.cancel_scope.cancel()
            assert turns >= len(people) // HEADS_AT_ONCE - 1
            asked: list[str] = []
            bob.reader.set_trace_callback(asked.append)
            assert len(directory.people()) == len(people)
            assert len(directory.friends()) == sum(bool(it.endpoints) for it in directory.people())
            bob.reader.set_trace_callback(None)
            counts.append(len(asked))
    assert counts[0] == counts[1]


async def test_a_long_segment_is_read_in_steps_between_which_others_have_their_turn(tmp_path: Path) -> None:
    """Each of its lines, when it is sealed, may stand in another frame; a round of sealing may take them elsewhere."""
    anna = Forger("anna")
    data = segment(*(anna.opening(f"{number}") for number in range(200)))
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([data]))
        await seal_months(bob.path, bob.writer, 1 << 40)
        turns = 0

        async def count(*, unseal: bool) -> None:
            nonlocal turns
            turns = 0
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1
                if unseal and turns == 2:
                    await bob.writer.run(lambda it: [lines.loosen(it, pk) for (pk,) in it.execute(FRAMES).fetchall()])

        for unseal, found in ((False, data), (True, None), (False, data)):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(count, unseal=unseal))
                bob.reader.frames.clear()  # type: ignore[attr-defined]
                assert await library(bob).segment(Sha256(sha256(data))) in (data, found)
                assert unseal or turns >= 200 // evidence.STEP_LINES - 1
                nursery.cancel_scope.cancel()
