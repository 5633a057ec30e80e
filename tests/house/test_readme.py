"""README and docs/newsreaders.md know the newsreaders that `zbnntp setup` knows, and point to what is there."""

from __future__ import annotations

import re

from tests.house.source import ROOT
from zbnntp.newsreaders import MAKERS

README = (ROOT / "README.md").read_text()
GUIDE = (ROOT / "docs" / "newsreaders.md").read_text()


def test_each_newsreader_has_its_part_of_the_guide() -> None:
    titles = re.findall(r"^## (\w+)$", GUIDE, re.MULTILINE)
    assert [title.lower() for title in titles if title.lower() in MAKERS] == list(MAKERS)


def test_readme_names_them_all() -> None:
    [told] = re.findall(r"zbnntp setup ([\w|]+) --write", README)
    assert told.split("|") == list(MAKERS)


def test_files_that_readme_and_the_guide_point_to_are_there() -> None:
    for text, folder in ((README, ROOT), (GUIDE, ROOT / "docs")):
        for target in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", text):
            assert (folder / target).exists(), target


def test_pictures_fetch_nothing() -> None:
    for picture in (ROOT / "docs" / "pictures").glob("*.svg"):
        assert re.findall(r"\w+://[^\s\"')]+", re.sub(r"<text[^>]*>[^<]*</text>", "", picture.read_text())) == [
            "http://www.w3.org/2000/svg"
        ]
