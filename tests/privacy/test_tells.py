"""The search that the other tests here rest on finds what it should."""

from __future__ import annotations

import base64
import gzip

import pytest

from tests.privacy.tells import found

WORD = "grete-laptop"


@pytest.mark.parametrize(
    "octets",
    [
        b"Host: GRETE-laptop\r\n",
        b"packed: " + gzip.compress(b"of grete-laptop, at home", mtime=0) + b" and more",
        *(base64.b64encode(b"x" * before + b" grete-laptop!") for before in range(3)),
        b"grete-laptop".hex().encode(),
        base64.b32encode(b"grete-laptop"),
    ],
)
def test_a_word_is_found_in_disguise(octets: bytes) -> None:
    assert found(octets, [WORD, "cottbus"]) == [WORD]


def test_a_word_that_is_not_there_is_not_found() -> None:
    assert found(b"Host: greta-laptop\r\n" + gzip.compress(b"nothing") + b"\x1f\x8b\x08 broken", [WORD]) == []
