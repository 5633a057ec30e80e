"""Each library has an owner, so that leaving it touches one file; and only the command line prints or exits."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, files, imports, tree

OWNERS: dict[str, tuple[str, ...]] = {
    "trio": (
        *(
            "node.py",
            "resident.py",
            "homecoming.py",
            "reception.py",
            "journal.py",
            "lodgings.py",
            "reader_onion.py",
            "admin.py",
            "library.py",
            "peering.py",
            "upkeep.py",
            "housekeeping.py",
            "delivery.py",
            "furnishing.py",
            "indexing.py",
            "restarting.py",
            "entrance.py",
            "demo.py",
            "importing.py",
            "cli.py",
        ),
        *(
            "places.py",
            "verifier/bulk.py",
            "nntp/server.py",
            "nntp/crowd.py",
            "nntp/wire.py",
            "nntp/logins.py",
            "peers/",
            "store/writer.py",
            "store/loop.py",
        ),
    ),
    "outcome": ("store/writer.py", "store/loop.py"),
    "aiosqlite": ("store/writer.py",),
    "nacl": ("model/keys.py",),
    "cryptography": ("certificate.py",),
    "stem": ("peers/control_port.py",),
    "httpx": ("peers/transport.py",),
    "httpcore": ("peers/transport.py", "peers/backends.py", "peers/measured.py"),
    "captcha": ("registrar/pictures.py",),
    "h11": ("peers/web.py", "peers/exchange.py"),
    "networkx": ("trust/",),
    "scipy": ("trust/columns.py",),
    "re2": ("filters.py",),
    "numpy": (
        *("trust/", "standing.py", "rendering.py"),
        *("model/lettering.py", "store/database.py", "store/frames.py", "store/slots.py", "store/telling.py"),
    ),
    "orjson": ("model/canonical.py",),
    "zstandard": ("store/packing.py", "store/frames.py", "store/blocks.py"),
    "tqdm": ("cli.py", "cli_bundles.py", "cli_search.py", "cli_store.py"),
    "mnemonic": ("home.py",),
    "shtab": ("cli_manual.py",),
    "segno": ("cli_invite.py",),
    "platformdirs": ("config.py", "cli.py"),
}
SQL = re.compile(r"\s*(SELECT \S+.* FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|PRAGMA) ", re.DOTALL)


@pytest.mark.parametrize("path", files(PACKAGE), ids=str)
def test_libraries_stay_with_their_owners(path: Path) -> None:
    inside = path.relative_to(PACKAGE).as_posix()
    for each in imports(path):
        library = each.module.split(".")[0]
        if library == PACKAGE or library in sys.stdlib_module_names:
            continue
        owners = OWNERS.get(library)
        assert owners is not None, f"{path}:{each.line}: {library} has no owner in {Path(__file__).name}"
        assert inside.startswith(owners), f"{path}:{each.line}: {library} belongs to {', '.join(owners)}"


@pytest.mark.parametrize("path", [path for path in files(PACKAGE) if not path.name.startswith("cli")], ids=str)
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"print", "input", "exit", "sys.exit", "os._exit"}, f"{path}:{node.lineno}: {called}()"
        if isinstance(node, ast.Raise) and node.exc is not None:
            assert "SystemExit" not in ast.unparse(node.exc), f"{path}:{node.lineno}: raises SystemExit"


@pytest.mark.parametrize("path", [path for path in files(PACKAGE) if "store" not in path.parts], ids=str)
def test_sql_is_only_in_the_store(path: Path) -> None:
    """Elsewhere a connection is handed on and nothing is done with it."""
    for node in ast.walk(tree(path)):
        where = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not SQL.match(node.value), f"{where}: {node.value[:60]!r}"
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "sqlite3":
            assert node.attr == "Connection", f"{where}: sqlite3.{node.attr} belongs into the store"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in {"execute", "executemany", "executescript"}, f"{where}: {node.func.attr}()"
