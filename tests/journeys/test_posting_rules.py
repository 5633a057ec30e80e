"""The rules of posting, through a whole node and over its socket: what is refused, with which sentence, what is let in.

RFC 5536 and RFC 5537 section 3.5 (injecting), docs/newsgroups.md "Posting". Somebody else's posts are those of a real
second node. Every sentence is what a newsreader shows to the writer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest

from tests.nntp_client import Client, Status
from tests.node_process import NodeProcess, wait_until

pytestmark = pytest.mark.slow
BOARDS = ("test.talk", "test.one", "test.two", "test.three", "test.four")
BOARD = BOARDS[0]
DAY = 86_400


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """Somebody else's node."""
    folder = tmp_path_factory.mktemp("rules")
    with NodeProcess(folder / "bert", "bert", net=folder / "net") as node:
        node.do(f"board add {BOARD}")
        yield node


@pytest.fixture(scope="module")
def anna(bert: NodeProcess) -> Iterator[NodeProcess]:
    with NodeProcess(bert.home.with_name("anna"), "anna", args=bert.args) as node:
        for board in BOARDS:
            node.do(f"board add {board}")
        yield node


@pytest.fixture(scope="module")
def sender(anna: NodeProcess) -> str:
    return anna.sender


@pytest.fixture(scope="module")
def foreign(anna: NodeProcess, bert: NodeProcess) -> str:
    """The id of a thread of bert's, which anna sees."""
    with bert.connect() as client:
        posted = client.post(BOARD, "From bert", "Bert's words.", sender=bert.sender)
    assert posted.code == 240
    anna.do(f"follow {bert.invite()}")
    with anna.connect() as client:
        wait_until(lambda: client.command(f"STAT {posted.message_id}").code == 223, "bert's thread at anna's", 60)
    return posted.message_id


@pytest.fixture
def client(anna: NodeProcess) -> Iterator[Client]:
    with anna.connect() as connection:
        yield connection


def places(client: Client, message_id: str) -> str:
    """The value of an article's Newsgroups."""
    return str(client.article(message_id)["Newsgroups"])


def is_shown(client: Client, message_id: str) -> bool:
    client.group(BOARD)
    return message_id in {row.message_id for row in client.over()}


# Followup-To


@pytest.mark.parametrize("value", [BOARD, f"{BOARD},test.one", "poster", "no.such.board", f" {BOARD} , test.one"])
def test_followup_to_groups_or_poster_is_let_in_and_not_published(client: Client, sender: str, value: str) -> None:
    posted = client.post(BOARD, f"Followup-To {value}", "x", sender=sender, Followup_To=value)
    assert posted.code == 240, posted
    assert client.article(posted.message_id)["Followup-To"] is None


@pytest.mark.parametrize(
    "value", ["<a@b.example>", "nobody@example.org", "test..talk", "test.talk;rm", "Gr\u00fc\u00dfe"]
)
def test_followup_to_what_is_no_group_is_refused(client: Client, sender: str, value: str) -> None:
    refused = client.post(BOARD, "Followup-To", "x", sender=sender, Followup_To=value)
    assert refused == Status(441, "the Followup-To line names no groups; name some, or 'poster', or take it out")


# Date


def dated(client: Client, sender: str, days: float) -> Status:
    subject = f"Days {days}"
    return client.post(BOARD, subject, "x", sender=sender, Date=formatdate(time.time() + days * DAY))


@pytest.mark.parametrize("days", [1.1, 365, -11, -4000])
def test_a_date_far_off_is_refused(client: Client, sender: str, days: float) -> None:
    refused = dated(client, sender, days)
    assert refused == Status(441, "the article's Date is days off; set your computer's clock and send it again")


@pytest.mark.parametrize("days", [0.9, -0.5, -9])
def test_a_date_off_by_less_is_let_in_and_not_published(client: Client, sender: str, days: float) -> None:
    """RFC 5537 section 3.5: never tighter than 72 hours back. What is served is the node's own time."""
    posted = dated(client, sender, days)
    assert posted.code == 240, posted
    served = client.article(posted.message_id)["Date"].datetime.timestamp()
    assert abs(served - time.time()) < DAY / 24


def test_a_date_that_is_none_is_refused(client: Client, sender: str) -> None:
    refused = client.post(BOARD, "When", "x", sender=sender, Date="yesterday")
    assert refused.code == 441
    assert refused.text.startswith("the Date line cannot be read")


# own and others' posts


def test_nobody_cancels_somebody_elses_post(client: Client, sender: str, foreign: str) -> None:
    text = {"subject": f"cmsg cancel {foreign}", "body": "x", "sender": sender}
    refused = client.post(BOARD, **text, Control=f"cancel {foreign}")
    assert refused == Status(441, "that post is somebody else's; only its author can take it back or replace it")
    assert is_shown(client, foreign)


def test_nobody_supersedes_somebody_elses_post(client: Client, sender: str, foreign: str) -> None:
    refused = client.post(BOARD, "Better words", "x", sender=sender, Supersedes=foreign)
    assert refused == Status(441, "that post is somebody else's; only its author can take it back or replace it")
    assert is_shown(client, foreign)
    assert not any(row.subject == "Better words" for row in client.over())


def test_nobody_cancels_as_somebody_else(client: Client, bert: NodeProcess, foreign: str) -> None:
    """From proves nothing: without bert's key his address helps as little."""
    refused = client.post(BOARD, "cancel", "x", sender=bert.sender, Control=f"cancel {foreign}")
    assert refused.code == 441
    assert is_shown(client, foreign)


def test_a_cancel_of_what_is_not_here_is_refused(client: Client, sender: str) -> None:
    refused = client.post(BOARD, "cancel", "x", sender=sender, Control="cancel <never@seen.example>")
    assert refused == Status(441, "there is no post <never@seen.example> here; nothing was changed")


@pytest.mark.parametrize("control", ["newgroup local.mine", "rmgroup test.talk", "cancel", "cancel nothing"])
def test_no_other_control_article_is_carried_out(client: Client, sender: str, control: str) -> None:
    refused = client.post(BOARD, "cmsg", "x", sender=sender, Control=control)
    assert refused == Status(441, "of control articles only 'cancel <message-id>' is carried out here")
    assert BOARD in client.groups()


def test_own_posts_are_cancelled_and_superseded(client: Client, anna: NodeProcess, sender: str) -> None:
    first = client.post(BOARD, "First words", "x", sender=sender).message_id
    better = client.post(BOARD, "Better words", "y", sender=sender, Supersedes=first)
    assert better.code == 240, better
    with anna.connect() as other:
        assert not is_shown(other, first)
        assert is_shown(other, better.message_id)
        assert other.command(f"STAT {first}").code == 430
        done = client.post(BOARD, "cmsg", "x", sender=sender, Control=f"cancel {better.message_id}")
        assert done.code == 240, done
        assert not is_shown(other, better.message_id)
        assert other.command(f"STAT {better.message_id}").code == 430


def test_control_and_supersedes_exclude_each_other(client: Client, sender: str, foreign: str) -> None:
    refused = client.post(BOARD, "Both", "x", sender=sender, Control=f"cancel {foreign}", Supersedes=foreign)
    assert refused.code == 441
    assert refused.text.startswith("an article cannot have both Control and Supersedes")


# boards


@pytest.mark.parametrize("groups", [f"{BOARD},no.such.board", f"no.such.board,{BOARD}", f"alt.x, {BOARD} ,comp.y"])
def test_unknown_groups_beside_a_board_are_left_out(client: Client, sender: str, groups: str) -> None:
    posted = client.post(groups, f"To {groups}", "x", sender=sender)
    assert posted.code == 240, posted
    assert places(client, posted.message_id) == BOARD
    assert not {"no.such.board", "alt.x", "comp.y"} & client.groups().keys()


def test_unknown_groups_alone_are_refused_with_the_way_to_make_one(client: Client, sender: str) -> None:
    refused = client.post("no.such.board,alt.x", "Where", "x", sender=sender)
    assert refused == Status(
        441, "there is no board no.such.board here; make it with 'board add no.such.board' in zb.control"
    )


def test_four_boards_are_let_in_and_each_names_the_others(client: Client, sender: str) -> None:
    posted = client.post(",".join(BOARDS[:4]), "Four", "x", sender=sender)
    assert posted.code == 240, posted
    assert set(places(client, posted.message_id).split(",")) == set(BOARDS[:4])
    article = client.article(posted.message_id)
    for place in str(article["Xref"]).split()[1:]:
        board, _, number = place.rpartition(":")
        client.group(board)
        assert client.command(f"STAT {number}").message_id == posted.message_id


def test_five_boards_are_refused(client: Client, sender: str) -> None:
    refused = client.post(",".join(BOARDS), "Five", "x", sender=sender)
    assert refused == Status(441, "a thread stands in at most 4 boards; name fewer and send it again")
    client.group(BOARD)
    assert not any(row.subject == "Five" for row in client.over())


def test_a_fifth_group_that_is_unknown_does_no_harm(client: Client, sender: str) -> None:
    posted = client.post(",".join((*BOARDS[:4], "no.such.board")), "Four and one", "x", sender=sender)
    assert posted.code == 240, posted


def test_commands_at_the_top_of_a_post_are_cut_off(client: Client, sender: str) -> None:
    posted = client.post(f"{BOARD},zb.control", "Both", "status\n\nThe text.", sender=sender)
    assert posted.code == 240, posted
    assert client.article(posted.message_id).get_content().strip() == "The text."
    refused = client.post(f"{BOARD},zb.control", "Both", "status", sender=sender)
    assert refused == Status(441, "nothing is left to publish; send commands alone to zb.control alone")
    refused = client.post(f"{BOARD},zb.control", "Both", "love\n\nThe text.", sender=sender)
    assert refused.code == 441
    assert 'Line 1, "love": unknown command' in refused.text


def test_a_reply_stands_where_its_thread_does(client: Client, sender: str) -> None:
    """Whatever boards a newsreader names, as long as one of them is the thread's."""
    thread = client.post("test.one,test.two", "Two", "x", sender=sender).message_id
    reply = client.post(f"test.one,{BOARD}", "Re: Two", "y", sender=sender, references=thread)
    assert reply.code == 240, reply
    assert set(places(client, reply.message_id).split(",")) == {"test.one", "test.two"}
