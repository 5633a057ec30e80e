"""A wheel and a source archive that need nothing of the repository."""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.house.test_libraries import OWNERS
from tests.node_process import ROOT, NodeProcess
from tests.packaging.conftest import command

pytestmark = pytest.mark.slow
NAMED_OTHERWISE = {"nacl": "pynacl", "re2": "google-re2"}
IN_AN_EXTRA = {"scipy"}


class Installed(NodeProcess):
    """A node of the installed program, run far from any source."""

    def __init__(self, environment: Path, home: Path, nick: str, net: Path) -> None:
        super().__init__(home, nick, net=net)
        self.environment, self.place = environment, home.parent

    def _program(self, verb: str) -> list[str]:
        return [str(self.environment / "bin/zbnntp"), verb, "--home", str(self.home)]


def test_the_installed_program_runs_and_is_the_installed_one(installed: Path, short_place: Path) -> None:
    where = command(installed / "bin/python", "-c", "import zbnntp; print(zbnntp.__file__)", place=short_place)
    assert where.startswith(str(installed))
    with Installed(installed, short_place / "a", "anna", short_place / "n") as node:
        node.do("board add test.talk")
        with node.connect() as reader:
            assert reader.post("test.talk", "Installed", "It works.", sender=node.sender).code == 240
        node.restart()
        assert node.status()["boards"] == {"test.talk": 1}
        assert "Installed" in node.call("search", "works")


def test_whatever_the_program_reads_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
    sources = {it.relative_to(ROOT).as_posix() for it in (ROOT / "zbnntp").rglob("*") if it.is_file()}
    assert {it for it in sources if "__pycache__" not in it} <= names
    examples = {it.relative_to(ROOT / "conf").as_posix() for it in (ROOT / "conf").rglob("*") if it.is_file()}
    assert {it.partition("/share/zbnntp/")[2] for it in names if "/share/zbnntp/" in it} == examples


def test_the_source_archive_has_tests_docs_and_examples(archive: Path) -> None:
    with tarfile.open(archive) as opened:
        parts = {name.split("/")[1] for name in opened.getnames()}
    assert {"zbnntp", "tests", "docs", "conf", "bench", "Makefile", "README.md", "LICENSE"} <= parts


def test_every_library_that_is_imported_is_asked_for(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        (name,) = [it for it in opened.namelist() if it.endswith("/METADATA")]
        metadata = Parser().parsestr(opened.read(name).decode())
    lines = metadata.get_all("Requires-Dist", [])
    asked = {re.split(r"[^\w-]", line)[0].lower() for line in lines if "extra ==" not in line}
    missing = {NAMED_OTHERWISE.get(it, it) for it in OWNERS.keys() - IN_AN_EXTRA} - asked
    assert not missing, f"pyproject.toml does not ask for {missing}"
    assert metadata["Requires-Python"] == f">={sys.version_info.major}.11"
