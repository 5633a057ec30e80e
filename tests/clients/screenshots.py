"""The pictures in docs/pictures: Thunderbird and slrn on the made-up community of `zbnntp demo`.

Run as: python -m tests.clients.screenshots DIRECTORY (or `make screenshots`). What they show is looked for by the same
drivers as in the tests, so a picture is of a program that has been set up by `zbnntp setup` and works. Terminals are
drawn as SVG by rich, with fonts of whoever looks at them: nothing in a picture is fetched from elsewhere.
"""

from __future__ import annotations

import argparse
import io
import re
import tempfile
from itertools import groupby
from pathlib import Path

import pyte
from PIL import Image
from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tests.clients.conftest import set_up
from tests.clients.slrn import Slrn
from tests.clients.thunderbird import Thunderbird
from tests.node_process import DemoProcess, wait_until

ARTICLES = 80
COLORS = 256  # of a picture: windows and text have few
WIDTH = 1000  # of a window, in pixels
SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg"><style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-family: sans-serif; font-size: 18px; font-weight: bold; }}
{styles}</style><defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the pictures of the documentation.")
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="zb") as place, DemoProcess(Path(place) / "demo.log") as demo:
        board = busiest(demo)
        home = Path(place) / "person"
        home.mkdir()
        draw_slrn(demo, home, board, directory)
        draw_thunderbird(demo, home, board, directory)
    print(*sorted(directory.iterdir()), sep="\n")


def busiest(demo: DemoProcess) -> str:
    """The board with most articles, once the community has arrived."""
    with demo.connect() as client:

        def look() -> dict[str, int]:
            counts = {name: client.group(name).count for name in client.groups() if not name.startswith("zb.")}
            return counts if sum(counts.values()) >= ARTICLES else {}

        counts = wait_until(look, f"{ARTICLES} articles on the boards", 60)
    return max(counts, key=lambda name: counts[name])


def draw_slrn(demo: DemoProcess, home: Path, board: str, directory: Path) -> None:
    """A board with an answer open."""
    with Slrn(home, set_up(demo, "slrn"), "-C") as slrn:
        rows = slrn.open_group(board)
        answer = next(row for row in rows if row.depth == 2)
        slrn.read(answer.author, answer.subject)
        (directory / "slrn.svg").write_text(drawn(slrn.picture, f"slrn: {board}"))


def draw_thunderbird(demo: DemoProcess, home: Path, board: str, directory: Path) -> None:
    """The same board, the first thread's opening open."""
    with Thunderbird(home, set_up(demo, "thunderbird")) as thunderbird:
        first, *_ = thunderbird.open_group(board)
        thunderbird.read(first.author, first.subject)
        thunderbird.screenshot(home / "window.png")
    with Image.open(home / "window.png") as window:
        small = window.convert("RGB").resize((WIDTH, window.height * WIDTH // window.width), Image.Resampling.LANCZOS)
        small.quantize(COLORS, Image.Quantize.MAXCOVERAGE).save(directory / "thunderbird.png", optimize=True)


def drawn(screen: pyte.Screen, title: str) -> str:
    """A terminal's screen as SVG."""
    console = Console(record=True, width=screen.columns, file=io.StringIO(), force_terminal=True)
    for row in range(screen.lines):
        cells = [screen.buffer[row][at] for at in range(screen.columns)]
        runs = groupby(cells, style)
        console.print(Text.assemble(*(("".join(it.data for it in run), look) for look, run in runs)), no_wrap=True)
    svg = console.export_svg(title=title, code_format=SVG, unique_id="zbnntp")
    return re.sub(r"[ \t]+\n", "\n", svg)


def style(cell: Char) -> Style:
    """How a cell of the screen is drawn."""
    background = None if cell.bg == "black" else color(cell.bg)  # as the terminal's own, in which slrn leaves gaps
    return Style(color=color(cell.fg), bgcolor=background, bold=cell.bold, reverse=cell.reverse)


def color(name: str) -> str | None:
    """pyte's name of a colour in rich's words."""
    if name == "default":
        return None
    return f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else name.replace("brown", "yellow")


if __name__ == "__main__":
    main()
