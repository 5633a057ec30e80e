"""What of an article is meant for the node."""

from __future__ import annotations

import pytest

from zbnntp.control.language import is_command
from zbnntp.control.lines import Line, clean, command_lines, unflow


def texts(body: str) -> list[str]:
    return [line.text for line in command_lines(body, is_command)]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("+50\n", ["+50"]),
        ("+50", ["+50"]),
        ("\n\n  status \n\n", ["status"]),
        ("help\r\nstatus\r\n", ["help", "status"]),
        ("help\rstatus", ["help", "status"]),
        ("> trust bob -100\n>trust bob -100\n> > why\n+50", ["+50"]),
        ("  > indented quote\n+50", ["+50"]),
        ("+50\n-- \nstatus\n", ["+50"]),
        ("+50\n--\nstatus\n", ["+50"]),
        ("+50\n--  \nstatus\n", ["+50"]),
        ("+50\n\u00a0\nstatus\u00a0\n", ["+50", "status"]),
        ("trust\u00a0bob\u202f50", ["trust bob 50"]),
        ("trust \t bob   50   ", ["trust bob 50"]),
        ("\ufeffstatus\u200b", ["status"]),
        ("\u221220\n\u201330", ["-20", "-30"]),
        ("trust bob \u221250", ["trust bob -50"]),
        ("nick a\u2013b", ["nick a\u2013b"]),
    ],
)
def test_commands_are_found_among_the_rest(body: str, kept: list[str]) -> None:
    assert texts(body) == kept


@pytest.mark.parametrize(
    "attribution",
    [
        "Bob <id@aaaa.zb.invalid> wrote:",
        "On 2026-11-06, Bob <id@aaaa.zb.invalid> wrote:",
        "On 11/6/26 10:00, Bob wrote:",
        "On Fri, 6 Nov 2026 10:00:00 +0000, Bob <id@aaaa.zb.invalid>\nwrote:",
        "On Fri, 6 Nov 2026 10:00:00 +0000,\nBob <id@aaaa.zb.invalid> wrote:",
        "Am 06.11.26 um 10:00 schrieb Bob:",
        "Le 06/11/2026 à 10:00, Bob a écrit :",
        "In <abc@zb.invalid> Bob writes:",
        "Help Me wrote:",
        "Bob sagte das hier:",
        "Il giorno 6 nov 2026, Bob\nha scritto:",
    ],
)
def test_attribution_above_a_quote_is_no_command(attribution: str) -> None:
    assert texts(f"{attribution}\n> what was said\n> and more\n\n+50\n") == ["+50"]
    assert texts(f"{attribution}\n\n> what was said\n+50\n") == ["+50"]
    assert texts(f"+50\n\n{attribution}\n> what was said\n") == ["+50"]


def test_attribution_of_a_quote_that_was_cut_away() -> None:
    assert texts("On 2026-11-06, Bob wrote:\n\n+50") == ["+50"]


@pytest.mark.parametrize(
    "line", ["trsut bob 50", "nonsense", "nonsense:", "trust bob 50 comment as he wrote:", "board add x Things I said:"]
)
def test_what_may_be_a_command_with_an_error_is_not_skipped(line: str) -> None:
    assert texts(f"{line}\n\nstatus") == [line, "status"]


def test_unknown_line_right_above_an_attribution_is_not_skipped() -> None:
    assert texts("trsut bob 50\nBob wrote:\n> hello") == ["trsut bob 50"]


def test_link_wrapped_to_the_next_line() -> None:
    assert texts("Follow\nzb:abc@def.onion\nstatus") == ["Follow zb:abc@def.onion", "status"]
    assert texts("follow") == ["follow"]


def test_lines_are_numbered_as_they_came() -> None:
    lines = list(command_lines("> quoted\n\nhelp\n\nstatus", is_command))
    assert lines == [Line(3, "help"), Line(5, "status")]


def test_long_lines_are_shown_cut() -> None:
    assert str(Line(1, "help")) == 'line 1, "help"'
    assert len(str(Line(7, "x" * 500))) < 80


def test_clean_leaves_one_plain_blank() -> None:
    assert clean(" a\u2003b\x0b\x85c\ud800 ") == "a b c"


@pytest.mark.parametrize(
    ("flowed", "fixed"),
    [
        ("follow \nzb:abc", "follow zb:abc"),
        ("trust bob 50 comment a long \nexplanation", "trust bob 50 comment a long explanation"),
        ("trust bob 50 \ntrust carol 20", "trust bob 50 \ntrust carol 20"),
        ("comment \n+20", "comment \n+20"),
        (" > not a quote", "> not a quote"),
        ("> quoted \n+50", "> quoted \n+50"),
        ("help \n> quoted", "help \n> quoted"),
        ("+50\n-- \nMe", "+50\n-- \nMe"),
    ],
)
def test_flowed_text_is_put_together(flowed: str, fixed: str) -> None:
    assert unflow(flowed, is_command) == fixed
