"""Dialogues of newsreaders, as the files in tests/data/dialogues tell them; its README says how to read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.nntp.dialogue import EXPOSED, HOUSEHOLD, LOOPBACK, PLAIN, Response, exchange_in_turns, parse_responses
from zbnntp.nntp.session import Terms

FOLDER = Path(__file__).resolve().parent.parent / "data" / "dialogues"
OFFERS = {"core": PLAIN, "logins": Terms(offers_login=True), "login first": HOUSEHOLD, "TLS": EXPOSED}
NEWSREADERS = ("thunderbird", "pan", "alpine", "claws", "evolution", "neomutt", "gnus", "slrn", "tin")
NEWSREADERS += ("leafnode", "suck", "sabnzbd", "phone")


@dataclass
class Answer:
    """What an answer has to look like."""

    start: str
    present: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def check(self, response: Response) -> None:
        assert f"{response} ".startswith(f"{self.start} "), f"{response} is not {self.start}"
        for line in self.present:
            assert line in response.lines, f"no {line!r} in {response.lines}"
        for text in self.absent:
            assert not any(text in line for line in (str(response), *response.lines)), f"{text!r} in {response.lines}"


@dataclass
class Dialogue:
    """A file. `turns` are sent one after the other."""

    terms: Terms = PLAIN
    turns: list[bytes] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


def parse(text: str) -> Dialogue:
    found, last = Dialogue(), "#"
    for line in text.splitlines():
        mark, content = (line[:2], line[3:]) if line[1:2] in (":", "+") else (line[:1], line[2:])
        if last == "A:" != mark:
            found.turns[-1] += b".\r\n"
        if mark in ("C:", "C+", "A:"):
            _add_sent(found, content.encode() + b"\r\n", joined=mark == "C+" or last == mark == "A:")
        elif mark == "@":
            found.terms = OFFERS[content]
        elif mark != "#":
            _add_expected(found, mark, content)
        last = mark
    return found


def _add_sent(found: Dialogue, octets: bytes, joined: bool) -> None:
    if joined:
        found.turns[-1] += octets
    else:
        found.turns.append(octets)


def _add_expected(found: Dialogue, mark: str, content: str) -> None:
    if mark == "S:":
        found.answers.append(Answer(content))
    else:
        {"=": found.answers[-1].present, "!": found.answers[-1].absent}[mark].append(content)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_dialogue(path: Path) -> None:
    """Whole, octet by octet and in odd pieces."""
    dialogue = parse(path.read_text())
    responses = parse_responses(exchange_in_turns(dialogue.turns, terms=dialogue.terms))
    assert len(responses) == len(dialogue.answers), [str(response) for response in responses]
    for response, answer in zip(responses, dialogue.answers, strict=True):
        answer.check(response)


@pytest.mark.parametrize("name", NEWSREADERS)
def test_each_newsreader_has_a_dialogue(name: str) -> None:
    assert len(parse((FOLDER / f"{name}.txt").read_text()).answers) > 5


def test_compression_changes_no_dialogue() -> None:
    """What a server really offers on the loopback beside the core."""
    for name in NEWSREADERS:
        dialogue = parse((FOLDER / f"{name}.txt").read_text())
        if dialogue.terms == PLAIN:
            responses = parse_responses(exchange_in_turns(dialogue.turns, terms=LOOPBACK))
            for response, answer in zip(responses, dialogue.answers, strict=True):
                answer.check(response)
