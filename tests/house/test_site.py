"""The pages as a site: everything that one of them points at is there, and nothing is fetched from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    words = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-d",
        place / "doctrees",
        ROOT / "docs",
        place / "html",
    ]
    built = subprocess.run(words, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return place / "html"


def test_every_page_is_in_the_site_and_found_from_its_first(site: Path) -> None:
    first = (site / "index.html").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert (site / page.with_suffix(".html").name).exists()
        assert page.stem == "index" or f'href="{page.stem}.html"' in first


def test_whoever_reads_it_asks_no_other_host_for_anything(site: Path) -> None:
    for page in site.glob("*.html"):
        fetched = re.findall(r'<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)="(https?:[^"]*)"', page.read_text())
        assert not fetched, page.name
