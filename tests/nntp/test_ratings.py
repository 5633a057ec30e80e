"""XGETTRUST, XSETTRUST, XGETTRUSTLIST: what front ends written for FMS send and read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import FakeDesk, FakeShelf, FakeTrustDesk, small_forum
from tests.nntp.dialogue import Make, ask, ask_one, forum, reading_room
from zbnntp.model.views import Rated

BOB = Rated("Bob the Builder@ei5f2vf5", 80, None, 12, 3, "knows\tLinux", None)
EVE = Rated("Eve@zzqslnr6", 0, 0, None, None, ".dot", "two")


def room(fms_codes: bool = False) -> Make:
    def make() -> tuple[FakeShelf, FakeDesk]:
        shelf = small_forum()
        trust = FakeTrustDesk({it.name: it for it in (BOB, EVE)}, fms_codes)
        return shelf, FakeDesk(shelf, trust=trust)

    return make


ROOM, FMS_ROOM = room(), room(True)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("XGETTRUST MESSAGE Bob the Builder@ei5f2vf5", "290 80"),
        ("xgettrust message Bob the Builder@ei5f2vf5", "290 80"),
        ("XGETTRUST TRUSTLIST Bob the Builder@ei5f2vf5", "291 null"),
        ("XGETTRUST PEERMESSAGE Bob the Builder@ei5f2vf5", "290 12"),
        ("XGETTRUST PEERTRUSTLIST Bob the Builder@ei5f2vf5", "290 3"),
        ("XGETTRUST PEERMESSAGE Eve@zzqslnr6", "291 null"),
        ("XGETTRUST MESSAGE Eve@zzqslnr6", "290 0"),
        ("XGETTRUST MESSAGE nobody", "490 nobody known here is called 'nobody'"),
        ("XGETTRUST MESSAGE two", "491 'two' can mean 2 people"),
        ("XSETTRUST MESSAGE Eve@zzqslnr6 50", "290 trust set"),
        ("XSETTRUST TRUSTLIST Bob the Builder@ei5f2vf5 100", "290 trust set"),
        ("XSETTRUST MESSAGE Eve@zzqslnr6 null", "290 trust set"),
        ("XSETTRUST MESSAGE Eve@zzqslnr6 -1", "290 trust set"),
        ("XSETTRUST MESSAGE Eve@zzqslnr6 101", "591 101 is out of range: trust goes from 0 to 100"),
        ("XSETTRUST MESSAGE Eve@zzqslnr6 -2", "591 -2 is out of range: trust goes from 0 to 100"),
        ("XSETTRUST MESSAGE Eve@zzqslnr6 much", "591 the syntax is: name, then 0 to 100, or null"),
        ("XSETTRUST MESSAGE 50", "591 the syntax is: name, then 0 to 100, or null"),
        ("XSETTRUST MESSAGE nobody 50", "490 nobody known here is called 'nobody'"),
        ('XSETTRUST MESSAGECOMMENT Eve@zzqslnr6 "a spammer"', "290 trust set"),
        ('XSETTRUST TRUSTLISTCOMMENT Eve@zzqslnr6 ""', "290 trust set"),
        ("XSETTRUST MESSAGECOMMENT Eve@zzqslnr6 a spammer", "591 the syntax is: name, then the comment in quotes"),
        (f'XSETTRUST MESSAGECOMMENT Eve@zzqslnr6 "{"x" * 251}"', "591 a comment has at most 250 octets; shorten it"),
    ],
)
def test_answers(command: str, answer: str) -> None:
    assert str(ask_one(command, make=ROOM)) == answer


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("XGETTRUST MESSAGE Eve@zzqslnr6", 280),
        ("XGETTRUST PEERMESSAGE Eve@zzqslnr6", 281),
        ("XGETTRUST MESSAGE nobody", 480),
        ("XSETTRUST MESSAGE Eve@zzqslnr6 50", 280),
        ("XSETTRUST MESSAGE nobody 50", 480),
        ("XSETTRUST MESSAGE Eve@zzqslnr6 much", 501),
    ],
)
def test_codes_of_fms_where_they_are_asked_for(command: str, code: int) -> None:
    assert ask_one(command, make=FMS_ROOM).code == code


@pytest.mark.parametrize(
    "command",
    ["XGETTRUST", "XGETTRUST MESSAGE", "XGETTRUST LIST x", "XSETTRUST", "XSETTRUST MESSAGE", "XSETTRUST COMMENT x 5"],
)
def test_wrong_syntax(command: str) -> None:
    assert ask_one(command, make=ROOM).code == 501


def test_trust_list() -> None:
    for make, code in ((ROOM, 290), (FMS_ROOM, 280)):
        response = ask_one("XGETTRUSTLIST", make=make)
        assert response.code == code
        assert response.lines == [
            "Bob the Builder@ei5f2vf5\t80\tnull\t12\t3\tknows Linux\tnull",
            "Eve@zzqslnr6\t0\t0\tnull\tnull\t.dot\ttwo",
        ]


def test_what_is_set_is_what_is_read() -> None:
    *_, answer = ask("XSETTRUST MESSAGE Eve@zzqslnr6 55", "XGETTRUST MESSAGE Eve@zzqslnr6", make=ROOM)
    assert str(answer) == "290 55"
    *_, answer = ask("XSETTRUST MESSAGE Eve@zzqslnr6 null", "XGETTRUST MESSAGE Eve@zzqslnr6", make=ROOM)
    assert str(answer) == "291 null"


def test_octets_that_are_no_text() -> None:
    assert ask_one(b"XGETTRUST MESSAGE \xff\xfe\r\n", make=ROOM).code == 591
    assert ask_one(b'XSETTRUST MESSAGECOMMENT Eve@zzqslnr6 "\xff"\r\n', make=ROOM).code == 591


def test_capability_is_true() -> None:
    assert "XFMSTRUST" in ask_one("CAPABILITIES", make=ROOM).lines
    for make in (forum, reading_room):
        assert "XFMSTRUST" not in ask_one("CAPABILITIES", make=make).lines
        assert ask_one("XGETTRUSTLIST", make=make).code == 500
        assert ask_one("XGETTRUST MESSAGE x", make=make).code == 500


@settings(max_examples=50)
@given(
    st.sampled_from(["XGETTRUST MESSAGE ", "XSETTRUST MESSAGE ", "XSETTRUST TRUSTLISTCOMMENT "]), st.binary(max_size=60)
)
def test_any_argument_gets_one_answer(command: str, argument: bytes) -> None:
    line = command.encode() + argument.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"") + b"x\r\n"
    assert ask_one(line, make=ROOM).code in {290, 291, 490, 491, 501, 591}
