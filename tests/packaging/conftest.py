"""The program as others get it: a wheel out of a source archive, in a virtual environment of its own.

Nothing is downloaded: the environment sees the libraries that are installed here, and pip refuses the wheel if one
that it asks for is not among them.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_process import ROOT


def command(*words: str | Path, place: Path) -> str:
    """What a program prints; it has to succeed."""
    done = subprocess.run(
        [str(it) for it in words], cwd=place, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive."""
    place = tmp_path_factory.mktemp("sdist")
    command(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", place, place=ROOT)
    (found,) = place.glob("*.tar.gz")
    return found


@pytest.fixture(scope="session")
def wheel(archive: Path) -> Path:
    """The wheel, made of nothing but the source archive."""
    place = archive.parent / "unpacked"
    with tarfile.open(archive) as opened:
        opened.extractall(place, filter="data")
    (source,) = place.iterdir()
    command(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place, place=source)
    (found,) = place.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment it is installed in."""
    place = tmp_path_factory.mktemp("env")
    venv.create(place, symlinks=True)
    (site,) = place.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", place / "bin/python")
    command(*pip, "install", "--no-index", "--ignore-installed", "--no-deps", wheel, place=place)
    command(*pip, "install", "--no-index", wheel, place=place)
    return place


@pytest.fixture
def short_place() -> Iterator[Path]:
    """A directory whose path leaves room for the names of sockets."""
    with tempfile.TemporaryDirectory(prefix="zb", dir="/tmp") as place:
        yield Path(place)
