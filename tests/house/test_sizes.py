"""Short functions, short files. The median says how the code is written, the limits say where it got away."""

from __future__ import annotations

from statistics import median, quantiles

from tests.house.source import PACKAGE, ROOT, files, functions

FUNCTION_LINES = 40
FILE_LINES = 400
TEST_FILE_LINES = 500
MEDIAN_LINES = 8
NINETIETH_LINES = 25
COPIED = {"tests/tor/tor_testnet.py"}  # as it is elsewhere, so that it can be compared


def test_no_long_functions() -> None:
    paths = [path for folder in (PACKAGE, "tests", "bench") for path in files(folder) if path.as_posix() not in COPIED]
    long = [
        f"{path}:{each.line} {each.name}: {each.lines} lines"
        for path in paths
        for each in functions(path)
        if each.lines > FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


def test_no_long_files() -> None:
    paths = [path for folder in (PACKAGE, "tests", "bench") for path in files(folder) if path.as_posix() not in COPIED]
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in paths}
    most = {path: FILE_LINES if path.parts[0] == PACKAGE else TEST_FILE_LINES for path in paths}
    assert not {str(path): lines for path, lines in lengths.items() if lines > most[path]}


def test_most_functions_are_short() -> None:
    all_functions = sorted(
        ((each.lines, f"{path}:{each.line} {each.name}") for path in files(PACKAGE) for each in functions(path)),
        reverse=True,
    )
    sizes = [lines for lines, _ in all_functions]
    longest = "\n".join(f"{lines:3} {name}" for lines, name in all_functions[:20])
    middle, ninetieth = median(sizes), quantiles(sizes, n=10)[-1]
    assert middle <= MEDIAN_LINES, f"half of the functions have more than {middle} lines; the longest:\n{longest}"
    assert ninetieth <= NINETIETH_LINES, f"a tenth has more than {ninetieth} lines; the longest:\n{longest}"
