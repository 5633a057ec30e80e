"""Status lines and blocks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zbnntp.nntp.replies import STATUS_OCTETS, line_block, one_line, status_line, stuff


@given(st.text())
def test_any_text_makes_one_status_line(text: str) -> None:
    line = status_line(441, text)
    assert line.startswith(b"441 ")
    assert line.endswith(b"\r\n")
    assert 4 < len(line) <= STATUS_OCTETS
    assert not set(line[:-2]) & {0, 10, 13}
    assert line[4:-2]


def test_status_line_is_cut_between_characters() -> None:
    line = status_line(441, "ü" * 400)
    assert len(line) <= STATUS_OCTETS
    assert line.decode().endswith("ü\r\n")


def test_text_cannot_smuggle_a_second_reply() -> None:
    assert status_line(441, "bad\r\n240 posted") == b"441 bad  240 posted\r\n"


def test_stuffing() -> None:
    assert stuff(b".\r\n..\r\na.\r\n.b\r\n") == b"..\r\n...\r\na.\r\n..b\r\n"


def test_block_lines_are_single_lines() -> None:
    assert line_block(["a\r\n.\r\nb", ".", ""]) == b"a  .  b\r\n..\r\n\r\n"
    assert one_line("a\0b") == "a b"


def test_a_status_line_is_what_was_said() -> None:
    assert status_line(211, "3 1 3 a.b") == b"211 3 1 3 a.b\r\n"
    assert status_line(400, "") == b"400 no reason given\r\n"
    assert status_line(400, "x\ty") == b"400 x y\r\n"
    assert status_line(400, "x\ud800y") == b"400 x y\r\n"


def test_a_status_line_has_512_octets_at_most() -> None:
    fits = "x" * (STATUS_OCTETS - 6)
    assert status_line(400, fits) == b"400 %b\r\n" % fits.encode()
    assert status_line(400, fits + "x") == b"400 %b\r\n" % fits.encode()
    assert status_line(400, fits[:-1] + "\u00e9") == b"400 %b\r\n" % fits[:-1].encode()


def test_what_cannot_be_encoded_does_not_end_a_block() -> None:
    assert line_block(["\ud800", ".a", "b"]) == b"?\r\n..a\r\nb\r\n"
