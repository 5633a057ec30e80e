"""The machine: any octets get a reply or a close, cutting never changes the answer, nothing unbounded is made."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import article
from tests.nntp.dialogue import (
    ask,
    drain,
    exchange,
    feed,
    forum,
    machine_for,
    parse_responses,
    pieces_of,
    proto,
)
from zbnntp.nntp.lines import LINE_OCTETS_MAX
from zbnntp.nntp.machine import READ_AHEAD_OCTETS, SEND_OCTETS, STEPS, Upload
from zbnntp.nntp.protocols import MAX_ARTICLE_OCTETS


def words(text: str) -> list[str]:
    return text.split()


KEYWORDS = words("""
    ARTICLE BODY HEAD STAT GROUP LISTGROUP NEXT LAST OVER XOVER HDR XHDR XPAT POST DATE HELP QUIT
    LIST NEWNEWS NEWGROUPS MODE CAPABILITIES XGTITLE IHAVE list Active NEWSGROUPS OVERVIEW.FMT COUNTS
""")
ARGUMENTS = words("""
    tech.linux tech.empty 3 5 1- 4-6 9-1 <a3@zb.invalid> <x> subject :bytes path * [a] *[Ss]* 20260101 000000
    GMT READER x . .. ü
""")
ARGUMENTS += ["\0", "\n", "\r", "\x16", "\xff"]
pieces = st.one_of(
    st.sampled_from(KEYWORDS).map(str.encode),
    st.sampled_from(ARGUMENTS).map(lambda text: b" " + text.encode("latin-1")),
    st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\r\n.\r\n", b"\n", b"\r", b" ", b"\t"]),
    st.just(proto()),
    st.binary(max_size=6),
)
noise = st.lists(pieces, max_size=30).map(b"".join)


@given(noise, st.integers(min_value=1, max_value=9))
@settings(max_examples=300, deadline=None)
def test_any_octets_get_well_formed_replies_however_they_are_cut(octets: bytes, size: int) -> None:
    whole = feed([octets])
    assert feed(pieces_of(octets, size)) == whole
    parse_responses(whole)


@given(noise)
@settings(max_examples=200, deadline=None)
def test_any_octets_leave_a_session_that_answers_or_is_closed(octets: bytes) -> None:
    machine = machine_for()
    machine.receive(octets)
    drain(machine)
    machine.receive(b"\r\n.\r\n")  # ends whatever line or article was open
    drain(machine)
    machine.receive(b"DATE\r\n")
    assert drain(machine) == b"111 20260101000000\r\n" or machine.closed


@given(st.lists(st.sampled_from(KEYWORDS).filter(lambda word: word not in ("QUIT", "POST")), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_every_command_gets_exactly_one_reply(keywords: list[str]) -> None:
    assert len(ask(*keywords)) == len(keywords)


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/1.1",
        b"POST / HTTP/1.1",
        b"post /x HTTP/1.1",
        b"HEAD /a HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"PUT /x HTTP/1.0",
        b"PRI * HTTP/2.0",
        b"CONNECT a:119 HTTP/1.1",
        b"GROUP /x HTTP/1.1",
        b"GET",
        b"GET /" + b"x" * 2000 + b" HTTP/1.1",
        b"XYZ " + b"x" * 2000 + b" HTTP/1.1",
        b"XYZ a\nb HTTP/1.1",
    ],
)
def test_a_browser_is_cut_off_before_anything_runs(request_line: bytes) -> None:
    """A web page can post a body of commands to a port of this machine."""
    attack = request_line + b"\r\nHost: x\r\n\r\nPOST\r\n" + proto()
    assert exchange(attack) == b"400 this is a news server; open it with a newsreader\r\n"


def test_http_in_a_later_line_is_only_an_unknown_command() -> None:
    assert [reply.code for reply in ask("DATE", "GET / HTTP/1.1", "DATE")] == [111, 500, 111]


def test_first_commands_that_resemble_http_are_served() -> None:
    assert [ask(command)[0].code for command in ("HEAD", "HEAD 5", "HEAD <x@y>", "POST")] == [412, 412, 430, 340]


@pytest.mark.parametrize(("word", "code"), [("GROUP", 501), ("DATE", 501), ("XYZ", 500)])
def test_a_first_line_that_is_too_long_is_answered_as_a_later_one_is(word: str, code: int) -> None:
    line = f"{word} {'a' * 600}"
    assert [reply.code for reply in ask(line, line, "DATE")] == [code, code, 111]


def test_tls_on_a_plain_port_is_told_so() -> None:
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"
    assert exchange(hello) == b"400 this port speaks NNTP without TLS; turn off SSL for it\r\n"


def test_line_without_end_is_cut_off() -> None:
    said = exchange(b"DATE\r\n" + b"x" * (LINE_OCTETS_MAX + 2))
    assert [reply.code for reply in parse_responses(said)] == [111, 400]


def test_article_at_the_limit_and_beyond() -> None:
    line = "x" * 998
    fits = proto(body="\n".join([line] * (MAX_ARTICLE_OCTETS // 1000 - 1)))
    assert len(fits) < MAX_ARTICLE_OCTETS
    too_large = proto(body="\n".join([line] * (MAX_ARTICLE_OCTETS // 1000 + 2)))
    said = feed([b"POST\r\n", fits, b"POST\r\n", too_large, b"DATE\r\n"])
    assert [reply.code for reply in parse_responses(said)] == [200, 340, 240, 340, 441, 111]
    assert feed([b"POST\r\n", *pieces_of(too_large, 4096), b"DATE\r\n"]).endswith(
        b"shorten it\r\n111 20260101000000\r\n"
    )


def big_forum():
    shelf, desk = forum()
    for number in range(8, 3008):
        shelf.add_article(article(number))
    return shelf, desk


def test_long_answers_are_made_as_they_are_taken() -> None:
    """A reader who takes nothing holds one send, not the group."""
    machine = machine_for(big_forum)
    drain(machine)
    machine.receive(b"GROUP tech.linux\r\nOVER 1-\r\nDATE\r\n")
    first = machine.take()
    assert machine.busy
    assert SEND_OCTETS <= len(first) < 3 * SEND_OCTETS
    pulled = machine.session.shelf.pulled
    assert pulled <= 2
    assert machine.take()
    assert machine.session.shelf.pulled <= pulled + 2
    rest = drain(machine)
    assert rest.endswith(b"\r\n.\r\n111 20260101000000\r\n")


def test_work_is_bounded_also_where_nothing_is_sent() -> None:
    """A search without hits over a long group yields to the other readers."""
    machine = machine_for(big_forum)
    drain(machine)
    machine.receive(b"GROUP tech.linux\r\nXPAT Path 1- nothing\r\n")
    turns = 0
    while not turns or machine.busy:
        machine.take()
        turns += 1
    assert turns > 10


def test_many_small_commands_are_answered_in_batches() -> None:
    machine = machine_for()
    drain(machine)
    machine.receive(b"DATE\r\n" * (STEPS + 1))
    assert machine.take().count(b"\r\n") == STEPS
    assert machine.busy
    assert machine.take().count(b"\r\n") == 1
    assert not machine.busy


def test_all_replies_of_one_receive_leave_together() -> None:
    machine = machine_for()
    drain(machine)
    machine.receive(b"GROUP tech.linux\r\nARTICLE 3\r\nARTICLE 4\r\nSTAT 6\r\n")
    said = machine.take()
    assert [reply.code for reply in parse_responses(said)] == [211, 220, 220, 223]
    assert not machine.busy


def test_read_ahead_has_a_bound() -> None:
    machine = machine_for()
    assert machine.has_room
    machine.receive(b"x" * READ_AHEAD_OCTETS)
    assert not machine.has_room


def test_commands_wait_for_the_desk() -> None:
    machine = machine_for()
    drain(machine)
    machine.receive(b"POST\r\n" + proto() + b"DATE\r\n")
    assert machine.take().startswith(b"340 ")
    assert isinstance(machine.errand, Upload)
    assert machine.errand.offered_id == "<offer1@zb.invalid>"
    assert machine.take() == b""
    machine.posted("<final@zb.invalid>")
    assert machine.take() == b"240 article received <final@zb.invalid>\r\n111 20260101000000\r\n"


def test_fault_in_a_handler_is_403_after_the_replies_before_it() -> None:
    machine = machine_for()
    drain(machine)
    machine.session.shelf.group = None
    machine.receive(b"DATE\r\nGROUP tech.linux\r\nDATE\r\n")
    with pytest.raises(TypeError):
        machine.take()
    assert [reply.code for reply in parse_responses(machine.fault())] == [111, 403]
    assert machine.closed


def broken_windows(after: int):
    def windows(group: str, low: int, high: int):
        for number in range(after):
            yield b"%d\r\n" % number
        raise RuntimeError

    return windows


def test_fault_in_the_first_window_is_still_403() -> None:
    machine = machine_for()
    drain(machine)
    machine.session.shelf.numbers = broken_windows(0)
    machine.receive(b"LISTGROUP tech.linux\r\n")
    with pytest.raises(RuntimeError):
        machine.take()
    assert [reply.code for reply in parse_responses(machine.fault())] == [403]


def test_fault_inside_a_block_ends_it_unfinished() -> None:
    """What looked complete would be believed: the newsreader must see that it is not."""
    machine = machine_for()
    drain(machine)
    machine.session.shelf.numbers = broken_windows(1)
    machine.receive(b"LISTGROUP tech.linux\r\n")
    with pytest.raises(RuntimeError):
        machine.take()
    assert machine.fault() == b"211 4 3 7 tech.linux list follows\r\n0\r\n"
    assert machine.closed


def test_stopping_answers_the_next_command_with_400() -> None:
    machine = machine_for()
    drain(machine)
    machine.stop()
    machine.receive(b"DATE\r\nDATE\r\n")
    assert drain(machine) == b"400 this node is stopping; come back later\r\n"
    assert machine.closed


def test_stopping_lets_an_article_in() -> None:
    machine = machine_for()
    drain(machine)
    machine.receive(b"POST\r\nFrom: a")
    drain(machine)
    machine.stop()
    machine.receive(b"\r\nNewsgroups: tech.linux\r\n\r\nx\r\n.\r\nDATE\r\n")
    assert [reply.code for reply in parse_responses(drain(machine))] == [240, 400]


@pytest.mark.parametrize("cuts", [(7,), (8,), (9,), (10,), (11,), (7, 9), (8, 12)])
def test_a_dot_ends_an_article_only_where_its_line_begins_however_it_is_cut(cuts: tuple[int, ...]) -> None:
    """What comes first of a piece looks like a line of one dot, and is the end of one or the half of another."""
    octets = b"abc.\r\nx\r\n.\r\nDATE\r\n"
    ends = [*(cut - len(b"POST\r\n") for cut in cuts), len(octets)]
    pieces = [octets[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert feed([b"POST\r\n", *pieces]) == feed([b"POST\r\n" + octets])
    assert [it.code for it in parse_responses(feed([b"POST\r\n", *pieces]))] == [200, 340, 441, 111]
