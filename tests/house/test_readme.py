"""What README tells people to type into their newsreader is what the files in conf/ say, and what the tests drive."""

from __future__ import annotations

import re

from tests.house.source import ROOT

README = (ROOT / "README.md").read_text()
SLRNRC = (ROOT / "conf" / "slrnrc").read_text().splitlines()
EXAMPLES = {'"amber417"': '"NICK"', '"k3f…qb.zb.invalid"': '"IDENTITY.zb.invalid"'}


def section(name: str) -> str:
    """A newsreader's part of README."""
    return README.partition(f"**{name}**: ")[2].partition("\n\n**")[0]


def test_slrn_lines_are_those_of_its_settings_file() -> None:
    shown = re.findall(r"^    (set .*)$", section("slrn"), re.MULTILINE)
    assert len(shown) >= 4
    for line in shown:
        for example, placeholder in EXAMPLES.items():
            line = line.replace(example, placeholder)
        assert line in SLRNRC, f"README says {line!r}, conf/slrnrc does not"


def test_slrn_placeholders_are_all_that_has_to_be_filled_in() -> None:
    settings = "\n".join(line for line in SLRNRC if not line.startswith("%"))
    assert set(re.findall(r"\b[A-Z]{3,}\b", settings)) == {"NICK", "IDENTITY"}
    for placeholder in ("NICK", "IDENTITY"):
        assert f"`{placeholder}`" in section("slrn")


def test_slrn_is_started_as_its_settings_file_says() -> None:
    [told] = re.findall(r"`(slrn -h [^`]*)`", README)
    assert any(told in line for line in SLRNRC)


def test_files_that_readme_points_to_are_there() -> None:
    for target in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / target).exists(), target
