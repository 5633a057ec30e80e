"""What the tests install is what was tested before, octet for octet; whose work the program rests on is listed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.source import ROOT

FILES = [ROOT / "requirements" / "build.txt", ROOT / "requirements" / "tests.txt"]
LICENCES = re.compile(r"^\| \[?([A-Za-z0-9_.-]+)\]?.*? \| (.+?) \| (.+?) \|$", re.MULTILINE)


def pins(file: Path) -> list[tuple[Requirement, list[str]]]:
    """Each pin with its hashes."""
    blocks = re.split(r"\n(?=\S)", file.read_text().strip())
    return [
        (Requirement(block.split("\\\n")[0].strip()), re.findall(r"--hash=sha256:([0-9a-f]{64})", block))
        for block in blocks
    ]


def asked_for() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    texts = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["dev"],
        *project["project"]["optional-dependencies"]["fast"],
    ]
    found = map(Requirement, texts)
    return [it for it in found if it.marker is None or it.marker.evaluate()]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_version_is_pinned_with_its_hashes(file: Path) -> None:
    found = pins(file)
    assert found
    for pin, hashes in found:
        assert [it.operator for it in pin.specifier] == ["=="], pin
        assert hashes, pin


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_host_is_named(file: Path) -> None:
    options = set(re.findall(r"--[a-z-]+", file.read_text()))
    assert options == {"--hash"}
    assert "://" not in file.read_text()


@pytest.mark.parametrize("wanted", asked_for(), ids=lambda wanted: str(wanted.name))
def test_what_the_project_asks_for_is_pinned_within_its_range(wanted: Requirement) -> None:
    here = [pin for pin, _ in pins(FILES[1]) if pin.marker is None or pin.marker.evaluate()]
    (pin,) = [it for it in here if canonicalize_name(it.name) == canonicalize_name(wanted.name)]
    (version,) = [it.version for it in pin.specifier]
    assert wanted.specifier.contains(version)


def licence(name: str) -> str:
    """As the library's own metadata say it."""
    about = distribution(name).metadata
    classifiers = [it.split(" :: ")[-1] for it in about.get_all("Classifier", []) if it.startswith("License")]
    return str(about.get("License-Expression") or " or ".join(classifiers) or about.get("License"))


def needed(name: str, extra: str = "") -> Iterator[str]:
    """The libraries that a library asks for, and those that these ask for."""
    for wanted in map(Requirement, distribution(name).requires or []):
        if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
            try:
                distribution(wanted.name)
            except PackageNotFoundError:
                continue  # not asked for by what is installed here
            yield str(canonicalize_name(wanted.name))
            yield from needed(wanted.name)


def test_the_licences_of_all_libraries_at_run_time_are_those_listed() -> None:
    listed = {
        str(canonicalize_name(name)): text
        for name, text, _ in LICENCES.findall((ROOT / "docs" / "libraries.md").read_text())
        if name != "library"
    }
    installed = {name: licence(name) for name in {*needed("zbnntp"), *needed("zbnntp", "fast")}}
    assert {name: listed.get(name) for name in installed} == installed
    assert set(listed) <= {str(canonicalize_name(pin.name)) for pin, _ in pins(FILES[1])}
