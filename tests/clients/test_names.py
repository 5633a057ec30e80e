"""Names, subjects and texts made to confuse, in real newsreaders: nothing but what they say is shown.

What a terminal would take for a command is never sent to it, a name cannot look like a header or like somebody else's
address, and what has no width or turns the line around is not shown.
"""

from __future__ import annotations

import subprocess
import time
import unicodedata
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, set_up
from tests.clients.neomutt import NeoMutt
from tests.clients.slrn import Slrn
from tests.clients.tin import Tin
from tests.ingest.forging import Forger, segment
from tests.node_process import NodeProcess
from tests.programs import need
from zbnntp.model.bundle import write_offer
from zbnntp.model.keys import identity_text
from zbnntp.newsreaders.kit import START

pytestmark = [pytest.mark.client, pytest.mark.slow]
NOW = int(time.time())
NAMES = {  # as signed -> as shown
    "\u202eecila\u2066": "ecila",
    "an\u200bna\ufeff": "anna",
    "\u200b\u2060\U000e0041": "",
    "From: root <a@b>": "From: root <a@b>",
    '"anna" <id@bxxllgq2q44qoxplwhxaeglnwdi>,': '"anna" <id@bxxllgq2q44qoxplwhxaeglnwdi>,',
    "=?utf-8?q?=1b[31mroot?=": "=?utf-8?q?=1b[31mroot?=",
    "a" + "\u0301" * 39: "á" + "\u0301" * 38,
    "anna, bert; carl:": "anna, bert; carl:",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
}
SUBJECTS = [
    "\u202ediov",
    "=?utf-8?b?G1szMW0=?= x",
    "Subject: \u200b y",
    "Re: [\u2066" + "\u202b" * 60 + "z",
    "\u2067\u200b",
]
ESCAPES = "\u009b2J\u009b31mred\u009d0;title\u009c\u0085\u0090q\u007f.\n"
TEXT = f"begin\n{ESCAPES}end of it\n"


@pytest.fixture
def confused(node: NodeProcess, tmp_path: Path) -> NodeProcess:
    """The node after its owner has followed them all, and brought what they write."""
    lines, people = [], []
    for number, name in enumerate(NAMES):
        forger = Forger(f"name{number}", NOW - 1000)
        subject = SUBJECTS[number % len(SUBJECTS)]
        post = forger.opening(subject, body=TEXT, time=NOW - 500 + number, boards=[BOARD])
        lines += write_offer(forger.offer([segment(post)], time=NOW - 400, nick=name))
        people.append(f"trust {identity_text(forger.identity)} 90")
    node.do("\n".join(people))
    (tmp_path / "names.zb").write_bytes(b"".join(lines))
    node.call("import", str(tmp_path / "names.zb"))
    return node


def check(drawn: str) -> None:
    """No command of the terminal in eight bits, and nothing that is not seen, was ever sent to it."""
    found = {character for character in drawn if "\x80" <= character < "\xa0" or character == "\x7f"}
    assert not found
    assert "title" in drawn, "the text was shown"
    assert "\x1b]0;title" not in drawn
    assert not {it for it in drawn if unicodedata.category(it) == "Cf"} - {"\u200d"}


def test_what_is_served_says_nothing_more(confused: NodeProcess) -> None:
    with confused.connect() as client:
        client.group(BOARD)
        rows = client.over()
        found = sorted((client.article(row.number) for row in rows), key=lambda article: article["Date"].datetime)
    assert len(rows) == len(NAMES)
    for article, name in zip(found, NAMES.values(), strict=True):
        [sender] = article["From"].addresses
        assert sender.domain.endswith(".zb.invalid")
        shown = unicodedata.normalize("NFC", sender.display_name)  # some of Python put a blank where a name is folded
        assert shown.replace(" ", "") == (name or sender.domain[:8]).replace(" ", "")
        assert len(article.get_all("From")) == len(article.get_all("Subject")) == 1


def test_slrn(confused: NodeProcess, person: Path) -> None:
    need("slrn")
    with Slrn(person, set_up(confused, "slrn")) as slrn:
        rows = slrn.open_group(BOARD)
        assert len(rows) >= len(NAMES) - 1, "of wide characters slrn counts the columns in its own way"
        assert "end of it" in slrn.read("ecila", "diov")
        check(slrn.drawn)


def test_tin(confused: NodeProcess, person: Path) -> None:
    need("tin")
    with Tin(person, set_up(confused, "tin"), BOARD) as tin:
        first = tin.open_group()[0].subject
        assert "end of it" in tin.read(first)
        check(tin.drawn)


def test_neomutt(confused: NodeProcess, person: Path) -> None:
    need("neomutt")
    with NeoMutt(person, set_up(confused, "neomutt"), BOARD) as neomutt:
        assert len(neomutt.index()) == len(NAMES)
        assert "end of it" in neomutt.read()
        check(neomutt.drawn)


def test_gnus(confused: NodeProcess, person: Path) -> None:
    need("emacs", "emacs-nox")
    show = f"""
(require 'gnus)
(setq gnus-novice-user nil gnus-interactive-exit nil gnus-large-newsgroup nil gnus-summary-line-format "ROW %n: %s\\n")
(gnus-group-list-active)
(gnus-group-read-group t nil "{BOARD}")
(princ (buffer-substring-no-properties (point-min) (point-max)))
(gnus-summary-goto-article 1)
(with-current-buffer gnus-article-buffer (princ (buffer-substring-no-properties (point-min) (point-max))))
"""
    (person / "show.el").write_text(show)
    done = subprocess.run(
        [str(set_up(confused, "gnus") / START), "--batch", "-l", str(person / "show.el")],
        env={"HOME": str(person), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-1500:]
    rows = [line for line in done.stdout.splitlines() if line.startswith("ROW")]
    assert len(rows) == len(NAMES)
    assert not {it for it in "".join(rows) if unicodedata.category(it) in ("Cf", "Cc")} - {"\u200d"}
    assert "end of it" in done.stdout
