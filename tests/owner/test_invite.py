"""`zbnntp invite` and `zbnntp follow` on a terminal: what they ask the node, and a code that a camera reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
import zxingcpp

from zbnntp import cli, cli_ask
from zbnntp.cli_invite import qr_text
from zbnntp.model.keys import identity_text
from zbnntp.model.onion import onion_address

ONION = onion_address(bytes(32))
LINK = f"zb:{identity_text(bytes(range(32)))}@{ONION}#abcdefghijklmnopqrstuvwx23"
MODULE = 4  # pixels
DRAWN = {" ": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}  # half blocks: upper, lower; 1 is light


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def answer(door: Path, request: dict[str, Any]) -> dict[str, Any]:
        found.append(request)
        return {"ok": True, "text": f"{LINK}\n\nThis invitation is for one person."}

    monkeypatch.setattr(cli_ask, "ask_node", answer)
    return found


def seen(drawn: str) -> str:
    """What a camera reads off half blocks on a dark terminal."""
    rows = [[DRAWN[character][half] for character in line] for line in drawn.splitlines() for half in (0, 1)]
    pixels = numpy.kron(numpy.array(rows, dtype=numpy.uint8) * 255, numpy.ones((MODULE, MODULE), dtype=numpy.uint8))
    (found,) = zxingcpp.read_barcodes(pixels)
    return str(found.text)


def run(place: Path, *words: str) -> int:
    return cli.main([words[0], "--home", str(place), *words[1:]])


def test_a_camera_reads_the_link_off_the_terminal() -> None:
    drawn = qr_text(LINK)
    assert seen(drawn) == LINK
    assert max(map(len, drawn.splitlines())) < 80


def test_the_code_stands_below_the_link_where_it_is_wanted(
    tmp_path: Path, asked: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "invite", "--qr") == 0
    text, _, drawn = capsys.readouterr().out.partition("one person.\n\n")
    assert text.startswith(LINK)
    assert seen(drawn) == LINK
    assert run(tmp_path, "invite") == 0  # no terminal
    assert "\u2588" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        (["invite"], {"do": "invite"}),
        (["invite", "80", "--for", "Bob B"], {"do": "invite 80 for Bob B"}),
        (["invite", "--list"], {"do": "invite list"}),
        (["invite", "--revoke", "abc"], {"do": "invite revoke abc"}),
        (["invite", "list"], {"do": "invite list"}),
        (["invite", "revoke", "abc"], {"do": "invite revoke abc"}),
        (["invite", "--plain", "--as", "bert"], {"ask": "link", "as": "bert"}),
        (["follow", LINK], {"do": f"follow {LINK}"}),
        (["follow", LINK, "80"], {"do": f"follow {LINK} 80"}),
    ],
    ids=lambda it: " ".join(it) if isinstance(it, list) else "",
)
def test_what_is_asked(tmp_path: Path, asked: list[dict[str, Any]], words: list[str], request_: dict[str, Any]) -> None:
    assert run(tmp_path, *words) == 0
    assert asked == [request_]


@pytest.mark.parametrize(
    "words", [["follow", f"{LINK}\ntrust eve 100"], ["invite", "--for", "Bob\nmute anna"], ["why", "x\nmute anna"]]
)
def test_what_is_pasted_is_one_command(
    tmp_path: Path, asked: list[dict[str, Any]], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, *words) == 1
    assert asked == []
    assert "line end" in capsys.readouterr().err
