"""Names that people give themselves."""

import pytest

from zbnntp.model.errors import NotPermitted
from zbnntp.model.nick import new_nick


@pytest.mark.parametrize(
    ("said", "nick"),
    [
        ("Alice", "Alice"),
        ("  Anne Marie ", "Anne Marie"),
        ("A\u0308nne", "\u00c4nne"),
        ("x" * 40, "x" * 40),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
        ("\u0646\u200c\u0645", "\u0646\u200c\u0645"),
    ],
)
def test_a_name_is_taken_as_it_is_meant(said: str, nick: str) -> None:
    assert new_nick(said) == nick


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("x" * 41, "a nick has at most 40 characters; choose a shorter one"),
        *(
            (f"a{it}b", "a nick has no control or direction characters; write it with visible ones")
            for it in "\n\t\0\x1b\u2028\u202e\u2066\u200b\ufeff\ue000"
        ),
        ("", "a nick has a visible character at least, for example: Alice"),
        ("  ", "a nick has a visible character at least, for example: Alice"),
        ("\u3164\u2800\ufe0f", "a nick has a visible character at least, for example: Alice"),
        ("\u200d\u200c", "a nick has a visible character at least, for example: Alice"),
    ],
)
def test_what_is_no_name_is_refused_in_one_sentence(said: str, sentence: str) -> None:
    with pytest.raises(NotPermitted) as refused:
        new_nick(said)
    assert str(refused.value) == sentence
