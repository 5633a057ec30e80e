"""Puts a set-up on the disk. What a newsreader or its owner has changed meanwhile is never lost without a word."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from zbnntp.model.errors import NotPermitted
from zbnntp.newsreaders.kit import File

OLD = ".old"  # added to the name of what was replaced, with a number from the second on
DIRECTORY = 0o700


def write(directory: Path, files: Sequence[File], replace: bool) -> list[Path]:
    """Makes what is not there yet as it should be; returns where that which was replaced is kept.

    NotPermitted, with nothing written, when something would be replaced without `replace`.
    """
    try:
        changed = list(_changed(directory, files))
        if changed and not replace:
            names = ", ".join(str(path) for path in changed)
            raise NotPermitted(
                f"{names}: changed since it was made, by you or the newsreader; nothing was written. With --replace it "
                "is made anew, and the old one is kept beside it"
            )
        kept = [path.replace(_free(path)) for path in changed]
        for file in files:
            _put(directory / file.name, file)
    except OSError as error:
        raise NotPermitted(
            f"{error.filename} cannot be written: {error.strerror}; choose another --directory"
        ) from error
    return kept


def _free(path: Path) -> Path:
    """A name beside it that nothing has."""
    names = (path.with_name(f"{path.name}{OLD}{number or ''}") for number in count())
    return next(name for name in names if not name.exists())


def _changed(directory: Path, files: Sequence[File]) -> Iterator[Path]:
    for file in files:
        path = directory / file.name
        if not file.seed and path.exists() and path.read_bytes() != file.text.encode():
            yield path


def _put(path: Path, file: File) -> None:
    if path.exists():
        return
    path.parent.mkdir(mode=DIRECTORY, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode), "w", encoding="utf-8") as made:
        made.write(file.text)
