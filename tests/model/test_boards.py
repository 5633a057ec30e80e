"""Names that a board may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zbnntp.model.boards import check_board, group_part, is_virtual
from zbnntp.model.errors import BadEncoding


@pytest.mark.parametrize(
    "name",
    [
        "tech.linux",
        "test",
        "a",
        "comp.lang.c++",
        "alt.-x",
        "de.talk_n-roll",
        "3d.printing",
        "x" * 30,
        ".".join(["x" * 30, "y" * 30, "z2"]),
        "zbx.a",
        "a.zb",
        "tech.via.control.to.example",
        "my.junk",
        "poster.art",
        "alles.ctld",
        "4x4",
    ],
)
def test_good_names(name: str) -> None:
    assert check_board(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "Tech.linux",
        "tech linux",
        "tech.linux\n",
        "tech/linux",
        "tech,linux",
        "tech.lïnux",
        "tech.*",
        "!tech",
        "x" * 31,
        ".".join(["x" * 30, "y" * 30, "zzz"]),
        "_a",
        "a._b",
        "2024",
        "a.2024",
        "a.2024.b",
        "a.٣",
    ],
)
def test_names_of_another_form(name: str) -> None:
    with pytest.raises(BadEncoding, match="board name"):
        check_board(name)


RESERVED_FIRST = "zb zb.control via.bob.tech control control.cancel to to.me example example.test"
RESERVED_ANYWHERE = "junk poster all ctl a.all a.ctl.b all.a"


@pytest.mark.parametrize("name", f"{RESERVED_FIRST} {RESERVED_ANYWHERE}".split())
def test_reserved_names(name: str) -> None:
    with pytest.raises(BadEncoding, match="reserved"):
        check_board(name)


@given(st.text() | st.text(alphabet="abz019._+-"))
def test_any_text_is_a_board_or_bad_encoding(name: str) -> None:
    try:
        assert check_board(name) == name
    except BadEncoding:
        return
    assert name.isascii()
    assert 0 < len(name) <= 64


@pytest.mark.parametrize(
    ("nick", "part"),
    [
        ("Alice", "alice"),
        ("Anne Marie", "anne-marie"),
        ("-_a_b-_", "a_b"),
        ("a  !  b", "a-b"),
        ("STRASSE \u00df+", "strasse-ss+"),
        ("12", "them"),
        ("12a", "12a"),
        ("all", "them"),
        ("CTL", "them"),
        ("\u4f60\u597d", "them"),
        ("", "them"),
        ("x" * 60, "x" * 30),
        ("x" * 29 + "-y", "x" * 29),
    ],
)
def test_a_nick_becomes_part_of_a_name(nick: str, part: str) -> None:
    assert group_part(nick, "them") == part
    check_board(f"b.{group_part(nick, 'them')}")


def test_virtual_groups_are_known_by_their_first_part() -> None:
    assert [is_virtual(it) for it in ("zb.control", "via.anne", "zb", "a.zb.b", "tech.zb")] == [
        True,
        True,
        False,
        False,
        False,
    ]
