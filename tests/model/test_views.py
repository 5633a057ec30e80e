"""What newsreaders are shown: levels in order, windows of overview lines with what is made of them."""

from zbnntp.model.views import Level, Overview, Window


def test_levels_rise() -> None:
    assert Level.HIDDEN < Level.LIMITED < Level.FULL
    assert not Level.HIDDEN


def test_a_window_is_its_lines() -> None:
    window = Window(b"7\tsubject\tfrom\r\n9\t\xc3\xbc\t\r\n")
    assert list(window) == [Overview(7, b"subject\tfrom"), Overview(9, "ü\t".encode())]
    assert list(Window(b"")) == []


def test_what_is_made_of_a_window_is_made_once_and_counted() -> None:
    window, calls = Window(b"7\tsubject\r\n"), []

    def upper(text: bytes) -> bytes:
        calls.append(text)
        return text.upper()

    assert window.octets == 11
    assert [window.derived("upper", upper) for _ in range(3)] == [b"7\tSUBJECT\r\n"] * 3
    assert window.derived("length", lambda text: b"%d" % len(text)) == b"11"
    assert calls == [b"7\tsubject\r\n"]
    assert window.octets == 11 + 11 + 2
