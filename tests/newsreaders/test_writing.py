"""A set-up on the disk: what was changed there by others is never lost without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from zbnntp.model.errors import NotPermitted
from zbnntp.newsreaders.kit import PROGRAM, File
from zbnntp.newsreaders.writing import write

FILES = (File("settings", "new\n"), File("News/newsrc", "a:\n", seed=True), File("start", "#!/bin/sh\n", PROGRAM))


def test_written_once_and_again_is_the_same(tmp_path: Path) -> None:
    for _ in range(2):
        assert write(tmp_path / "r", FILES, replace=False) == []
    assert (tmp_path / "r/settings").read_text() == "new\n"
    assert (tmp_path / "r/start").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "r").stat().st_mode & 0o777 == 0o700


def test_what_was_changed_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("mine\n")
    with pytest.raises(NotPermitted, match=r"settings: changed since it was made, .* nothing was written"):
        write(tmp_path, FILES, replace=False)
    assert [path.name for path in tmp_path.iterdir()] == ["settings"]


def test_what_is_replaced_is_kept(tmp_path: Path) -> None:
    for mine, kept in (("mine\n", "settings.old"), ("mine too\n", "settings.old1")):
        (tmp_path / "settings").write_text(mine)
        assert write(tmp_path, FILES, replace=True) == [tmp_path / kept]
        assert (tmp_path / kept).read_text() == mine
        assert (tmp_path / "settings").read_text() == "new\n"


def test_what_the_newsreader_goes_on_writing_stays(tmp_path: Path) -> None:
    write(tmp_path, FILES, replace=False)
    (tmp_path / "News/newsrc").write_text("a: 1-5\n")
    assert write(tmp_path, FILES, replace=True) == []
    assert (tmp_path / "News/newsrc").read_text() == "a: 1-5\n"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotPermitted, match="choose another --directory"):
        write(tmp_path / "file", FILES, replace=False)
