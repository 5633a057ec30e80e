"""kill -9 while months are sealed and frames are taken apart again: every segment is read in one form or the other."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.store.test_compaction import hold, store
from tests.store.test_frames import posts
from zbnntp.model.keys import Identity, sha256
from zbnntp.store import evidence

KILLS = 40
SEGMENTS = 30
CHILD = """
import sys
from pathlib import Path
from zbnntp.store import compaction, lines
from zbnntp.store.database import transaction
compaction.BATCH_LINES, compaction.TRAINED_OCTETS = 20, 1 << 40
path = Path(sys.argv[1])
sealer = compaction.Sealer(path)
print("ready", flush=True)
while True:
    for batch in compaction.plan(path, 1 << 40).batches:
        made = sealer.prepare(batch)
        with transaction(path) as database:
            compaction.keep_batch(database, made)
    with transaction(path) as database:
        for (frame,) in database.execute("SELECT pk FROM frame WHERE pk % 3").fetchall():
            lines.loosen(database, frame)
"""


@pytest.mark.slow
def test_no_octet_is_lost_by_kill_9(tmp_path: Path) -> None:
    path, chance, raw = tmp_path / "store.sqlite", random.Random(20261125), posts()
    with store(path) as database:
        for at in range(SEGMENTS):
            hold(database, Identity(bytes([at + 1] * 32)), raw[at : at + 12])
    forms: set[int] = set()
    for _ in range(KILLS):
        with subprocess.Popen([sys.executable, "-c", CHILD, path], cwd=ROOT, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.005, 0.3))
            child.kill()
        with store(path) as database:
            segments = database.execute("SELECT pk, sha256, sealed FROM segment").fetchall()
            assert len(segments) == SEGMENTS
            assert all(sha256(evidence.segment_octets(database, pk)) == name for pk, name, _ in segments)
            forms |= {sealed for _, _, sealed in segments}
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert forms == {0, 1}
