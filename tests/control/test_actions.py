"""Each command carried out: what changes, what the receipt says; all of an article or nothing."""

from __future__ import annotations

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.control.conftest import GONE, ONION, Open
from tests.houses import open_house
from zbnntp.control.language import COMMANDS
from zbnntp.local import CONTROL
from zbnntp.model.entries import STATE, Trust, open_entry
from zbnntp.model.errors import NotPermitted, Refused
from zbnntp.model.keys import identity_text, short_id
from zbnntp.store import evidence, numbers, promises

# trust


async def test_trust_is_published_and_takes_effect(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        bob = node.others["bob"]
        await bob.add_board("chat")
        for subject in ("One", "Two"):
            await bob.post("chat", subject, "text")
        await node.arrive("bob")
        assert node.house.subjects("chat") == []
        answer = await node.ok("trust bob 50 list 30 comment knows Linux")
        name = f"bob ({short_id(bob.identity)})"
        assert answer == (
            f'{name}: trust was none, is now 50 list 30 comment "knows Linux". '
            "Their posts were hidden, and are now shown, threads and replies. 2 posts of theirs are now visible.\n\n"
            "In your groups 2 posts are now visible."
        )
        assert node.house.subjects("chat") == ["One", "Two"]
        assert node.rooms.published == 1
        me = evidence.find_person(node.house.reader, node.house.identity) or 0
        entry = open_entry(evidence.lines_of(node.house.reader, me, STATE)[-1][1], node.house.identity, STATE)
        assert entry == Trust(bob.identity, 5000, 3000, "knows Linux", node.house.now, None)


async def test_below_zero_hides(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        bob = node.others["bob"]
        await bob.add_board("chat")
        await bob.post("chat", "One", "text")
        await node.arrive("bob")
        await node.ok("trust bob 50 list 30")
        answer = await node.ok("trust bob -50")
        assert "trust was 50 list 30, is now -50." in answer
        assert "were shown, threads and replies, and are now hidden." in answer
        assert answer.endswith("In your groups 1 post is no longer visible.")
        assert node.house.subjects("chat") == []


async def test_what_is_not_said_stays(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.arrive("bob")
        await node.ok("trust bob 50 list 30 comment a friend")
        answer = await node.ok("trust bob 60")
        assert 'was 50 list 30 comment "a friend", is now 60 list 30 comment "a friend"' in answer
        assert "Their posts stay shown" in answer
        assert "is now 60 list 0." in await node.ok("trust bob 60 list 0 comment")
        await node.ok("trust bob -10 list 40")
        assert node.numbers(node.id("bob")) == (-10, 40)


async def test_self_rating_is_refused(open_desk: Open) -> None:
    async with open_desk() as node:
        answer = await node.refused(f"trust {identity_text(node.house.identity)} 100")
        assert "that is you; your own posts are always shown, and nobody can rate himself" in answer


async def test_untrust(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.arrive("bob")
        await node.ok("trust bob 50")
        answer = await node.ok("untrust bob")
        assert "trust was 50, is now none. Their posts were shown, threads and replies, and are now hidden." in answer
        assert node.rating(node.id("bob")) is None


async def test_untrust_of_somebody_never_rated(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.arrive("bob")
        published = node.rooms.published
        assert "You had not rated bob" in await node.ok("untrust bob")
        assert node.rooms.published == published


async def test_ratings_of_one_article_build_on_each_other(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.arrive("bob")
        answer = await node.ok("trust bob 50 list 20\ntrust bob 60")
        assert answer.startswith("> trust bob 50 list 20\nbob (")
        assert "was none, is now 50 list 20" in answer
        assert "was 50 list 20, is now 60 list 20" in answer
        assert node.numbers(node.id("bob")) == (60, 20)


# follow


async def test_follow(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        link = f"zb:{identity_text(node.id('bob'))}@{ONION},local:bob"
        answer = await node.ok(f"follow {link}")
        assert answer == (f"You follow {short_id(node.id('bob'))}: trust was none, is now 50 list 50. 3 posts came.")
        assert node.numbers(node.id("bob")) == (50, 50)
        assert node.rooms.followed == [(node.id("bob"), (f"http://{ONION}", "local:bob"))]
        assert promises.addresses(node.house.reader, node.id("bob")) == [f"http://{ONION}", "local:bob"]
        assert node.house.intake.wanted(node.id("bob"))


async def test_follow_with_numbers(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.ok(f"follow zb:{identity_text(node.id('bob'))}@{ONION} 80 list 0")
        assert node.numbers(node.id("bob")) == (80, 0)


@pytest.mark.parametrize(("before", "after"), [("80 list 90", (80, 90)), ("10", (50, 50)), ("-50", (50, 50))])
async def test_follow_takes_no_trust_away(open_desk: Open, before: str, after: tuple[int, int]) -> None:
    async with open_desk("bob") as node:
        await node.ok(f"trust {identity_text(node.id('bob'))} {before}")
        await node.ok(f"follow zb:{identity_text(node.id('bob'))}@{ONION}")
        assert node.numbers(node.id("bob")) == after


async def test_follow_of_a_node_that_is_away_is_kept(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        node.rooms.came = GONE
        answer = await node.ok(f"follow zb:{identity_text(node.id('bob'))}@{ONION}")
        assert "Nothing came yet: their node did not answer. Your node tries again by itself." in answer
        assert node.numbers(node.id("bob")) == (50, 50)


async def test_own_link_is_for_others(open_desk: Open) -> None:
    async with open_desk() as node:
        assert "that is your own link; hand it to a friend" in await node.refused(f"follow {node.rooms.link()}")
        assert node.rooms.followed == []


# boards


async def test_board_add(open_desk: Open) -> None:
    async with open_desk() as node:
        assert "Board tech.linux is there now" in await node.ok("board add tech.linux Penguins")
        group = node.house.shelf.group("tech.linux")
        assert group is not None
        assert group.description == "Penguins"
        assert "was there already; nothing has changed" in await node.ok("board add tech.linux")
        assert 'description was "Penguins", is now "Cold birds"' in await node.ok("board add tech.linux Cold birds")


async def test_board_hide_and_show(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.ok("board add chat")
        answer = await node.ok("board hide chat")
        assert answer == "Board chat with 0 articles was shown, is now hidden. To have it back: board show chat."
        assert node.house.shelf.group("chat") is None
        assert "was hidden already" in await node.ok("board hide chat")
        assert "was hidden, is now shown" in await node.ok("board show chat")
        assert node.house.shelf.group("chat") is not None
        await node.ok("board hide chat")
        assert "was hidden and is shown again" in await node.ok("board add chat")


async def test_board_that_is_not_there(open_desk: Open) -> None:
    async with open_desk() as node:
        assert "there is no board chat here; make it with: board add chat" in await node.refused("board hide chat")


async def test_own_groups_cannot_be_hidden(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.post("status")
        assert "always shown" in await node.refused("board hide zb.control")


# the rest


async def test_nick(open_desk: Open) -> None:
    async with open_desk() as node:
        assert "You were called me, now you are called Ada" in await node.ok("nick Ada")
        assert node.rooms.nick() == "Ada"
        assert node.rooms.published == 1
        assert "nothing has changed" in await node.ok("nick Ada")


async def test_help(open_desk: Open) -> None:
    async with open_desk() as node:
        answer = await node.ok("help")
        for row in COMMANDS:
            assert f"{row.usage}\n    {row.help}" in answer
        assert "WHO is a nick" in answer
        one = await node.ok("help untrust")
        assert one == "untrust [WHO]\n    Takes your rating back, a private one too."


async def test_an_invitation_of_a_node_without_an_address(open_desk: Open) -> None:
    async with open_desk() as node:
        node.rooms.reachable = False
        answer = await node.run("invite")
        assert not answer.ok
        assert answer.text == "This node has no address for others yet: it runs without tor"


async def test_status(open_desk: Open) -> None:
    async with open_desk() as node:
        assert await node.ok("status") == "Tor is ready\n2 people are fetched"


# all or nothing


WRONG = (
    "love bob", "trust nobody 50", "trust bob 500", "board hide nowhere", "why nobody",
    "board add zb.x", "untrust nobody",
)  # fmt: skip


async def test_one_wrong_line_and_nothing_is_carried_out(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.arrive("bob")
        for wrong in WRONG:
            answer = await node.refused(f"trust bob 50\nboard add chat\nnick Ada\n{wrong}\nboard add more")
            assert answer.startswith(f'Line 4, "{wrong}": ')
            assert answer.endswith("Nothing was carried out.")
            assert node.rating(node.id("bob")) is None
            assert node.house.shelf.group("chat") is None
            assert node.rooms.nick() == "me"


async def test_receipts_stand_below_their_lines(open_desk: Open) -> None:
    async with open_desk() as node:
        answer = await node.ok("board add chat\n\n> quoted\nBoard hide chat\n-- \nMe")
        assert answer.split("\n\n")[0].startswith("> board add chat\nBoard chat is there now")
        assert answer.split("\n\n")[1].startswith("> Board hide chat\nBoard chat with 0")


# articles


async def test_command_and_answer_are_filed_as_a_thread(open_desk: Open) -> None:
    async with open_desk() as node:
        own = await node.post("board add chat", subject="a board, please", references=("<a@b>", "<c@d>"))
        command, answer = node.articles()
        assert f"Message-ID: {own}\r\n" in command
        assert f"From: me <id@{identity_text(node.house.identity)}.zb.invalid>\r\n" in command
        assert "Subject: a board, please\r\n" in command
        assert "References: <a@b> <c@d>\r\n" in command
        assert command.endswith("\r\n\r\nboard add chat\r\n")
        assert "From: zbnntp <node@local.zb.invalid>\r\n" in answer
        assert "Subject: Re: a board, please\r\n" in answer
        assert f"References: <a@b> <c@d> {own}\r\n" in answer
        assert "Board chat is there now" in answer


async def test_refused_command_is_filed_with_its_answer(open_desk: Open) -> None:
    async with open_desk() as node:
        own = await node.post("board add chat\nlove bob", subject="Re: hello")
        command, answer = node.articles()
        assert f"Message-ID: {own}\r\n" in command
        assert "Subject: Re: hello\r\n" in answer
        assert 'Line 2, "love bob": unknown command' in answer
        assert node.house.shelf.group("chat") is None


async def test_answers_are_wrapped_and_links_are_not_cut(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.post("invite")
        lines = node.articles()[-1].partition("\r\n\r\n")[2].split("\r\n")
        assert lines[0].startswith(f"{node.rooms.link()}#")
        assert all(len(line) <= 76 for line in lines[1:])


async def test_answer_comes_from_whom_it_answers(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        bob = node.others["bob"]
        await bob.add_board("chat")
        post = await bob.post("chat", "Hello", "text")
        await node.arrive("bob")
        await node.post("On 2026-11-06, bob wrote:\n> text\n\n+50", references=("<older@x>", post))
        assert node.numbers(bob.identity) == (50, None)


async def test_flowed_link_is_put_together(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.post(f"follow \nzb:{identity_text(node.id('bob'))}@{ONION} \n80", flowed=True)
        assert node.numbers(node.id("bob")) == (80, 50)


@pytest.mark.parametrize("body", ["board add chat", "love bob"])
async def test_article_sent_twice_is_carried_out_once(open_desk: Open, body: str) -> None:
    async with open_desk() as node:
        own = await node.post(body, message_id="<client@id>")
        with pytest.raises(Refused, match=f"^435 already posted as {own}$"):
            await node.post(body, message_id="<client@id>")
        assert len(node.articles()) == 2
        found = node.house.shelf.find("<client@id>", CONTROL)
        assert found is not None
        assert found.message_id == own


async def test_address_of_somebody_else_is_refused(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        with pytest.raises(NotPermitted, match="somebody else's"):
            await node.post("status", sender=node.id("bob"))
        assert numbers.find_newsgroup(node.house.reader, 1, CONTROL) is None
        await node.post("status", sender=node.house.identity)
        assert len(node.articles()) == 2


async def test_long_references_are_cut_to_one_header_line(open_desk: Open) -> None:
    async with open_desk() as node:
        chain = tuple(f"<{number}{'x' * 200}@y>" for number in range(9))
        await node.post("status", references=chain)
        for article in node.articles():
            line = next(line for line in article.split("\r\n") if line.startswith("References: "))
            assert len(line) < 998
            assert chain[-1] in line


async def test_commands_that_arrive_together_do_not_mix(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.arrive("bob")
        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(node.post, f"trust bob {number}\nboard add b{number}x")
        assert len(node.articles()) == 20
        rating = node.rating(node.id("bob"))
        assert rating is not None
        assert (rating.mt or 0) % 100 == 0


async def test_a_rating_travels_with_the_manifest(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.arrive("bob")
        await node.ok("trust bob 50 list 30")
        offer = await node.house.seal()
        assert offer is not None
        async with open_house(node.directory, "reader") as reader:
            await reader.rate(node.house.identity, 10_000, 10_000)
            await reader.take(node.house.whole_offer())
            assert reader.intake.wanted(node.id("bob"))


SOUP = st.lists(
    st.sampled_from(
        [
            "trust",
            "untrust",
            "follow",
            "why",
            "board",
            "add",
            "hide",
            "nick",
            "+50",
            "-20",
            "list",
            "comment",
            "bob",
            "\n",
        ]
    )
    | st.text(max_size=5),
    max_size=12,
).map(" ".join)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(SOUP | st.text(), min_size=5, max_size=5), answered=st.none() | st.text(max_size=20))
def test_any_text_gets_an_answer(open_desk: Open, texts: list[str], answered: str | None) -> None:
    async def main() -> None:
        async with open_desk() as node:
            for text in texts:
                answer = await node.run(text, answered)
                assert answer.text
                own = await node.post(text.replace("\0", ""), references=(answered,) if answered else ())
                assert own.endswith("@local.zb.invalid>")

    trio.run(main)
