"""Manifests that never become whole: what is held of them stays bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.forging import Forger, following, segment, shown
from zbnntp import verifying
from zbnntp.store import evidence


async def test_segments_that_no_head_names_any_more_are_not_hoarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each version brings a segment and names one that never comes: so nothing ever takes the place of the others."""
    mallory = Forger("mallory")
    posts = [segment(mallory.opening(f"of number {number}")) for number in range(12)]
    monkeypatch.setattr(verifying, "STALE_OCTETS", 3 * len(posts[0]) + 3)
    async with following(tmp_path, mallory) as bob:
        for number, data in enumerate(posts):
            missing = {"bytes": 1000, "from": 1, "lines": 1, "sha256": f"{number:064x}"}
            await bob.take(mallory.offer([data], refs=[missing]))
        assert len(evidence.segments(bob.reader, evidence.find_person(bob.reader, mallory.identity) or 0)) == 4
        assert list(shown(bob).values()) == [f"of number {number}" for number in (8, 9, 10, 11)]
