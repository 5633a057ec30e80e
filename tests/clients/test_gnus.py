"""Gnus, the real one, in a batch Emacs: it pipelines, asks LIST ACTIVE group by group, and reads XOVER."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, GROUPS, SIGNATURE, SUBJECT, check_gone, set_up
from tests.node_process import NodeProcess
from tests.programs import need
from zbnntp.newsreaders.kit import NO_MAIL_SENTENCE, START

pytestmark = [pytest.mark.client, pytest.mark.slow]
SCRIPT = Path(__file__).with_name("gnus.el")


def test_thread_is_read_answered_started_and_cancelled(node: NodeProcess, thread: str, person: Path) -> None:
    need("emacs", "emacs-nox")
    done = subprocess.run(
        [str(set_up(node, "gnus") / START), "--batch", "-l", str(SCRIPT), BOARD],
        env={"HOME": str(person), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.partition("Debugger entered")[2][:1500]
    assert set(printed(done.stdout, "GROUP")) >= GROUPS
    before, _, after = done.stdout.partition("CANCELLED ")
    rows = printed(before, "ROW")
    assert [row.partition(":")[0].split()[-1] for row in rows] == ["anna", "anna", "anna"], done.stdout
    assert any(SUBJECT in row for row in rows)
    assert any("Of foghorns, für alle" in row for row in rows)
    [text] = printed(done.stdout, "TEXT")
    assert "The lamp is lit at dusk." in text
    assert "|Grüße vom Leuchtturm|.A line that starts with a dot." in text

    assert printed(before, "MAIL") == [NO_MAIL_SENTENCE]
    with node.connect() as client:
        client.group(BOARD)
        _, answer = client.over()
        article = client.article(answer.number)
    assert answer.references == thread
    assert "And who lights it?" in article.get_content()
    assert article["User-Agent"] is None
    assert article["Cancel-Lock"] is None
    assert SIGNATURE not in article.get_content()

    assert printed(after, "ROW") == [f"100 anna : {SUBJECT}", r"100 \-> anna :"], "trust is the score"
    check_gone(node, 2, after.partition("\n")[0])


def printed(output: str, word: str) -> list[str]:
    """The rest of the lines that begin with a word."""
    return [line.removeprefix(word).strip() for line in output.splitlines() if line.startswith(f"{word} ")]
