"""Framing: nothing but CRLF ends a line, nothing but CRLF.CRLF ends a block, and the cut does not matter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zbnntp.model.errors import TooLarge
from zbnntp.nntp.lines import LINE_OCTETS_MAX, Block, Inbox

# octets of which framing mistakes are made
noise = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a", b"\0", b"\r\n.", b"\r\n.\r\n"])).map(b"".join)


def lines_of(*pieces: bytes) -> list[bytes]:
    inbox, found = Inbox(), []
    for piece in pieces:
        inbox.feed(piece)
        while (line := inbox.next_line()) is not None:
            found.append(line)
    return found


def test_lines_end_with_crlf() -> None:
    assert lines_of(b"DATE\r\nHELP\r\nQU") == [b"DATE", b"HELP"]


def test_bare_cr_lf_and_nul_stay_inside_their_line() -> None:
    assert lines_of(b"a\nb\rc\0d\r\n") == [b"a\nb\rc\0d"]


def test_cr_before_crlf_belongs_to_the_line() -> None:
    assert lines_of(b"a\r\r\nb\r\n") == [b"a\r", b"b"]


@given(noise, st.integers(min_value=1, max_value=5))
def test_cutting_never_changes_the_lines(octets: bytes, size: int) -> None:
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    assert lines_of(*pieces) == lines_of(octets) == octets.split(b"\r\n")[:-1]


def test_longest_line_whole_and_cut() -> None:
    octets = b"x" * LINE_OCTETS_MAX
    assert lines_of(octets + b"\r\n") == lines_of(octets, b"\r", b"\n") == [octets]


@pytest.mark.parametrize("tail", [b"\r\n", b"\r", b""])
def test_line_beyond_the_bound_is_refused(tail: bytes) -> None:
    inbox = Inbox()
    inbox.feed(b"x" * (LINE_OCTETS_MAX + 2) + tail)
    with pytest.raises(TooLarge):
        inbox.next_line()


def test_one_octet_beyond_the_bound_is_refused() -> None:
    inbox = Inbox()
    inbox.feed(b"x" * (LINE_OCTETS_MAX + 1))
    assert inbox.next_line() is None  # the next octet may be an LF
    inbox.feed(b"\r\n")
    with pytest.raises(TooLarge):
        inbox.next_line()


def test_inbox_counts_and_gives_the_rest() -> None:
    inbox = Inbox()
    inbox.feed(b"DATE\r\nrest")
    assert inbox.next_line() == b"DATE"
    assert len(inbox) == 4
    assert inbox.starts_with(b"re")
    assert inbox.take() == b"rest"
    assert len(inbox) == 0


def block_of(octets: bytes, limit: int = 1000, size: int = 10_000) -> tuple[bytes | None, bytes, bool]:
    """Octets of the block, what followed, whether it was too large."""
    block = Block(limit)
    for at in range(0, len(octets), size):
        rest = block.feed(octets[at : at + size])
        if rest is not None:
            return block.octets(), rest + octets[at + size :], block.too_large
    return None, b"", block.too_large


def test_block_ends_at_the_lone_dot_and_undoes_stuffing() -> None:
    assert block_of(b"a\r\n..b\r\n...\r\n.\r\nQUIT\r\n") == (b"a\r\n.b\r\n..\r\n", b"QUIT\r\n", False)


def test_empty_block() -> None:
    assert block_of(b".\r\nDATE\r\n") == (b"", b"DATE\r\n", False)


def test_block_that_begins_with_a_stuffed_dot() -> None:
    assert block_of(b"..\r\n.\r\n") == (b".\r\n", b"", False)


@pytest.mark.parametrize(
    "ending", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\0\r\n.\0\r\n", b"\r\n. \r\n"]
)
def test_no_other_ending_ends_a_block(ending: bytes) -> None:
    """The attack known from mail: an article whose reader sees an end where we see none, or the reverse."""
    assert block_of(b"a" + ending + b"POST\r\n") == (None, b"", False)


def test_limit_is_exact_and_counts_no_terminator() -> None:
    for size in (1, 10_000):
        assert block_of(b"x" * 8 + b"\r\n.\r\n", limit=10, size=size) == (b"x" * 8 + b"\r\n", b"", False)
        assert block_of(b"x" * 9 + b"\r\n.\r\nQUIT\r\n", limit=10, size=size)[1:] == (b"QUIT\r\n", True)


def test_too_large_block_is_not_kept() -> None:
    block = Block(100)
    for _ in range(1000):
        assert block.feed(b"x" * 1000) is None
    assert block.too_large
    assert len(block.octets()) < 10
    assert block.feed(b"\r\n.\r\n") == b""


@given(noise, st.integers(min_value=1, max_value=5), st.integers(min_value=0, max_value=12))
def test_cutting_never_changes_a_block(octets: bytes, size: int, limit: int) -> None:
    whole, rest, too_large = block_of(octets, limit)
    cut, cut_rest, cut_too_large = block_of(octets, limit, size)
    assert (cut is None, cut_rest) == (whole is None, rest)
    if whole is not None:
        assert too_large == cut_too_large
        assert too_large or cut == whole


@given(st.lists(st.binary().filter(lambda line: b"\r" not in line and b"\n" not in line)))
def test_block_gives_back_what_was_stuffed(lines: list[bytes]) -> None:
    sent = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
    assert block_of(sent + b".\r\n", limit=100_000)[0] == b"".join(line + b"\r\n" for line in lines)


def test_what_is_left_is_counted_and_looked_at_while_it_is_cut() -> None:
    inbox = Inbox()
    inbox.feed(b"a\r\n\r\nb\r\n.")
    assert inbox.next_line() == b"a"
    assert len(inbox) == len(b"\r\nb\r\n.")
    assert inbox.starts_with(b"\r\nb")
    assert not inbox.starts_with(b"b")


def test_a_block_is_taken_down_to_a_dot_and_what_is_not_needed_put_back() -> None:
    inbox = Inbox()
    inbox.feed(b"a\r\n..\r\n.\r\nDATE\r\nrest")
    assert inbox.take_block() == b"a\r\n..\r\n.\r\n"
    inbox.put_back(b"")
    assert inbox.next_line() == b"DATE"
    assert inbox.take_block() == b"rest"
    inbox.put_back(b"QUIT\r\n.\r\n")
    assert inbox.next_line() == b"QUIT"
    assert inbox.take_block() == b".\r\n"
    assert inbox.take_block() == b""
