"""What of an article is meant for the node."""

from __future__ import annotations

import pytest

from zbnntp.control.language import is_command
from zbnntp.control.lines import Line, clean, command_lines, split_top, unflow


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
        "Bob\n<id@aaaa.zb.invalid>\nwrites:",
        "Bob the Builder\n<id@aaaa.zb.invalid>\nwrites:",
        "On Fri, 6 Nov 2026, Bob\n<id@aaaa.zb.invalid> writes:",
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
        ("note bob lives \nby the river", "note bob lives by the river"),
        ("trust bob 50 comment lives \nup there", "trust bob 50 comment lives up there"),
        ("note bob is nice \ntrust bob 50", "note bob is nice \ntrust bob 50"),
        ("like bob \nlike carol", "like bob \nlike carol"),
        ("+50\n-- \nMe", "+50\n-- \nMe"),
    ],
)
def test_flowed_text_is_put_together(flowed: str, fixed: str) -> None:
    assert unflow(flowed, is_command) == fixed


def rest(body: str, flowed: bool = False) -> tuple[list[str], str]:
    top = split_top(body, flowed, is_command)
    return [line.text for line in top.lines], top.rest


@pytest.mark.parametrize(
    ("body", "commands", "published"),
    [
        ("+50\n\nI agree.\n", ["+50"], "I agree.\n"),
        ("\n\n+50\nup\n\nI agree.\n\nlike\n", ["+50", "up"], "I agree.\n\nlike\n"),
        ("+50\n\nBob wrote:\n> hi\n\nYes.", ["+50"], "Bob wrote:\n> hi\n\nYes."),
        ("Bob wrote:\n> hi\n+50\n\nYes.", ["+50"], "Bob wrote:\n> hi\n\nYes."),
        ("+50\nBob wrote:\n> hi\n\nYes.", ["+50"], "Bob wrote:\n> hi\n\nYes."),
        ("follow\nzb:abc\n\nYes.", ["follow zb:abc"], "Yes."),
        ("+50", ["+50"], ""),
        ("", [], ""),
        ("Bob wrote:\n> hi\n\n+50\n", [], "Bob wrote:\n> hi\n\n+50\n"),
        ("I agree.\n\n+50", ["I agree."], "+50"),
        ("+50\n\n  indented\n", ["+50"], "  indented\n"),
    ],
)
def test_commands_at_the_top_are_cut_off(body: str, commands: list[str], published: str) -> None:
    assert rest(body) == (commands, published)


def test_flowed_commands_at_the_top() -> None:
    body = "trust bob 50 comment a long \nexplanation\n\nFlowed \ntext.\n"
    assert rest(body, flowed=True) == (["trust bob 50 comment a long explanation"], "Flowed \ntext.\n")
