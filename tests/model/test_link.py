"""Invitation links, as people hand them on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.making import ALICE, ONION, urls
from zbnntp.model.errors import BadEncoding
from zbnntp.model.keys import Identity, identity_text
from zbnntp.model.link import Link, format_link, parse_link

TEXT = identity_text(ALICE.identity)
HOST = ONION.removeprefix("http://")
LINKS = st.builds(
    Link,
    st.binary(min_size=32, max_size=32).map(Identity),
    st.lists(urls(), min_size=1, max_size=8).map(tuple),
    st.none() | st.text("abz27", min_size=1, max_size=64),
)


@given(LINKS)
def test_links_come_back(link: Link) -> None:
    assert parse_link(format_link(link)) == link


def test_white_space_around_a_pasted_link() -> None:
    assert parse_link(f"  zb:{TEXT}@{HOST}\r\n") == Link(ALICE.identity, (ONION,))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zb:",
        f"zb:{TEXT}",
        f"zb:{TEXT}@",
        f"zb:{TEXT}@{HOST},",
        f"zb:{TEXT}@,{HOST}",
        f"zb:{TEXT}@{HOST}#",
        f"zb:{TEXT}@{HOST}#CODE",
        f"zb:{TEXT}@{HOST}#" + "a" * 65,
        f"zb:{TEXT}@http://{HOST}",
        f"zb:{TEXT}@{HOST}:80",
        f"zb:{TEXT}@{HOST}/",
        f"zb:{TEXT}@{HOST[:-7]}",
        f"zb:{TEXT}@example.org",
        f"zb:{TEXT}@127.0.0.1",
        f"zb:{TEXT}@local:",
        f"zb:{TEXT}@{HOST} and more",
        f"zb:{TEXT[:-1]}@{HOST}",
        f"zb:{TEXT[:-1]}c@{HOST}",
        f"zb:b{TEXT[1:]}x@{HOST}",
        f"ZB:{TEXT}@{HOST}",
        f"http:{TEXT}@{HOST}",
        f"zb:{TEXT}@" + ",".join([HOST] * 9),
    ],
)
def test_what_is_no_link(text: str) -> None:
    with pytest.raises(BadEncoding):
        parse_link(text)


def test_a_typing_error_in_the_identity_is_named() -> None:
    with pytest.raises(BadEncoding, match="typing error"):
        parse_link(f"zb:c{TEXT[1:]}@{HOST}")


@given(st.text(max_size=200))
def test_any_text_gives_a_link_or_bad_encoding(text: str) -> None:
    with pytest.raises(BadEncoding):
        parse_link(text)
