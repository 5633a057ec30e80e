"""Gnus, the real one, in a batch Emacs: it pipelines, asks LIST ACTIVE group by group, and reads XOVER."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, SUBJECT
from tests.node_process import NodeProcess
from tests.programs import need

pytestmark = [pytest.mark.client, pytest.mark.slow]
SCRIPT = Path(__file__).with_name("gnus.el")


def test_thread_is_read_answered_and_started(node: NodeProcess, thread: str, person: Path) -> None:
    need("emacs", "emacs-nox")
    address = f"id@{node.identity}.zb.invalid"
    done = subprocess.run(
        ["emacs", "-Q", "--batch", "-l", str(SCRIPT), node.host, str(node.port), BOARD, node.nick, address],
        env={"HOME": str(person), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [line.removeprefix("ROW ").strip() for line in done.stdout.splitlines() if line.startswith("ROW ")]
    assert [row.partition(":")[0].split()[-1] for row in rows] == ["anna", "anna", "anna"], done.stdout
    assert any(SUBJECT in row for row in rows)
    assert any("Of foghorns, für alle" in row for row in rows)
    text = next(line for line in done.stdout.splitlines() if line.startswith("TEXT "))
    assert "The lamp is lit at dusk." in text
    assert "|Grüße vom Leuchtturm|.A line that starts with a dot." in text

    with node.connect() as client:
        client.group(BOARD)
        _, started, answer = client.over()
        article = client.article(answer.number)
        subject = client.article(started.number)["Subject"]
    assert subject == "Of foghorns, für alle"
    assert answer.references == thread
    assert "And who lights it?" in article.get_content()
    assert article["User-Agent"] is None
    assert article["Cancel-Lock"] is None
