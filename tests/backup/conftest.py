"""A home whose node does not run; `async def` tests run under trio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers.trio_tests import pytest_pyfunc_call
from zbnntp import cli, home
from zbnntp.model import keys
from zbnntp.store.database import prepare

__all__ = ["pytest_pyfunc_call"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keys, "ARGON2_OPS", 1)
    monkeypatch.setattr(keys, "ARGON2_OCTETS", 8192)
    found = tmp_path / "home"
    home.make_directory(found)
    home.make_keys(found, "bob", None)
    prepare(found / home.STORE_FILE)
    return found


@pytest.fixture
def run(place: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Exit code and what was printed, of a command on that home."""

    def call(*words: str | Path) -> tuple[int, str]:
        code = cli.main([*map(str, words), "--home", str(place)])
        printed = capsys.readouterr()
        return code, " ".join((printed.out + printed.err).split())

    return call
