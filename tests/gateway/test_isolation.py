"""Accounts of one public reader cannot see or act for each other."""

from __future__ import annotations

import pytest

from tests.gateway.gates import Gate
from tests.nntp_client import Client
from tests.node_process import wait_until

pytestmark = pytest.mark.slow
BOARD = "test.accounts"


def command(client: Client, text: str) -> str:
    """The answer to an article of commands in zb.control."""
    posted = client.post("zb.control", "x", text)
    assert posted.code == 240, posted
    client.group("zb.control")
    rows = client.over()
    answer = next(row for row in rows if posted.message_id in row.references)
    return " ".join(client.article(answer.number).get_content().split())


@pytest.fixture(scope="module")
def posts(gate: Gate) -> dict[str, str]:
    """Message-IDs: what anna and bert have written in a board, and to zb.control."""
    found = {}
    for name in ("anna", "bert"):
        client = gate.member(name)
        command(client, f"board add {BOARD}")
        found[name] = client.post(BOARD, f"Of {name}", "x").message_id
        client.group("zb.control")
        found[f"{name} private"] = client.over()[-1].message_id
    return found


def own_address(client: Client) -> str:
    motd = b"\n".join(client.multiline("LIST MOTD")).decode()
    return next(line.partition("From: ")[2] for line in motd.splitlines() if "From: " in line)


def test_an_account_begins_by_seeing_what_the_operator_sees(gate: Gate, posts: dict[str, str]) -> None:
    carl = gate.member("carl")
    wait_until(lambda: carl.command(f"STAT {posts['anna']}").code == 223, "the operator's thread")
    command(carl, "untrust anna")
    wait_until(lambda: carl.command(f"STAT {posts['anna']}").code == 430, "carl decides himself")
    command(carl, "undo")


def test_one_neither_finds_nor_reads_what_another_said_to_the_node(gate: Gate, posts: dict[str, str]) -> None:
    carl = gate.member("carl")
    carl.group("zb.control")
    subjects = {row.subject for row in carl.over()}
    assert not any("Of " in subject for subject in subjects)
    for whose in ("anna private", "bert private"):
        for verb in ("ARTICLE", "HEAD", "BODY", "STAT", "OVER", "XPATH", "HDR Subject"):
            assert carl.command(f"{verb} {posts[whose]}").code == 430
        answer = command(carl, f"why {posts[whose]}")
        assert "anna" not in answer
        assert "bert" not in answer


def test_one_does_not_post_as_another(gate: Gate, posts: dict[str, str]) -> None:
    anna = gate.member("anna")
    bert = gate.member("bert")
    for client, other in ((anna, bert), (bert, anna)):
        answer = client.post(BOARD, "Not me", "x", sender=own_address(other))
        assert (answer.code, "somebody else's" in answer.text) == (441, True)
        answer = client.post("zb.control", "Not me", "help", sender=own_address(other))
        assert answer.code == 441


def test_one_does_not_take_back_or_replace_what_another_wrote(gate: Gate, posts: dict[str, str]) -> None:
    bert = gate.member("bert")
    for headers in ({"Control": f"cancel {posts['anna']}"}, {"Supersedes": posts["anna"]}):
        assert bert.post(BOARD, "cancel", "x", **headers).code == 441
    anna = gate.member("anna")
    assert anna.command(f"STAT {posts['anna']}").code == 223


def test_what_one_rates_filters_and_hides_is_for_that_one(gate: Gate, posts: dict[str, str]) -> None:
    bert = gate.member("bert")
    carl = gate.member("carl")
    wait_until(lambda: bert.command(f"STAT {posts['anna']}").code == 223, "the operator's thread")
    command(bert, f"board hide {BOARD}\nmute anna\nfilter something\nnote carl is a nuisance")
    assert bert.command(f"STAT {posts['anna']}").code == 430
    assert carl.command(f"STAT {posts['anna']}").code == 223
    assert BOARD in carl.groups()
    assert "something" not in command(carl, "filter")
    assert "nuisance" not in command(carl, "why carl")
    assert "nothing" in command(carl, "undo <" + posts["bert private"].strip("<>") + ">").lower()
    command(bert, "undo")


def test_nobody_but_the_operator_decides_for_all(gate: Gate, posts: dict[str, str]) -> None:
    bert = gate.member("bert")
    for text in ("pin carl", "purge carl", f"purge {posts['anna']}"):
        assert "only this node's operator can" in command(bert, text)
    for way in ("email", "command"):
        assert "only its operator can offer it" in command(bert, f"registrar offer {way}")
    assert "You offer newcomers" in command(bert, "registrar offer captcha")
    command(bert, "registrar close captcha")


def test_a_nick_takes_nobodys_login(gate: Gate) -> None:
    bert = gate.member("bert")
    command(bert, "nick carl")
    carl = gate.member("carl")
    assert own_address(carl).startswith("carl ")
    bert = gate.member("bert")
    assert own_address(bert).startswith("carl ")
    command(bert, "nick bert")


def test_the_trust_that_an_account_begins_with_is_not_published(gate: Gate) -> None:
    """Or it would tell who lives at the same gateway."""
    carl = gate.member("carl")
    answer = command(carl, "trust anna 90 list 90 private")
    assert "trust was 100 list 100, is now 90 list 90. It counts for you alone and is never published" in answer
    command(carl, "undo")


def test_the_message_ids_of_one_are_free_to_another(gate: Gate) -> None:
    """Neither found, nor answered, nor in the way: an id that a newsreader made is a matter between it and the node."""
    own = "<chosen.by.a.newsreader@client.example>"
    anna, bert, carl = (gate.member(name) for name in ("anna", "bert", "carl"))
    first = anna.post(BOARD, "Of anna's own", "x", Message_ID=own).message_id
    assert anna.command(f"STAT {own}").code == 223
    for other in (bert, carl):
        assert other.command(f"STAT {own}").code == 430
        assert "anna" not in command(other, f"why {own}")
        assert "no article" in command(other, f"trust {own} 90")
        assert other.post(BOARD, "cancel", "x", Control=f"cancel {own}").code == 441
    second = bert.post(BOARD, "Of bert's own", "y", Message_ID=own)
    assert second.code == 240
    assert second.message_id != first
    for client, subject in ((anna, "Of anna's own"), (bert, "Of bert's own")):
        assert client.article(own)["Subject"] == subject
        assert "already posted" in client.post(BOARD, subject, "z", Message_ID=own).text


def test_commands_of_one_are_carried_out_whatever_id_another_gave(gate: Gate) -> None:
    own = "<commands@client.example>"
    for name in ("anna", "bert"):
        assert gate.member(name).post("zb.control", "x", "board list", Message_ID=own).code == 240
    assert "already posted" in gate.member("bert").post("zb.control", "x", "board list", Message_ID=own).text
