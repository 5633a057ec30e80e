"""What the house tests know about the source: files, their imports and their functions, read with `ast`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = "zbnntp"


@dataclass(frozen=True)
class Import:
    """One import at run time; those under `if TYPE_CHECKING` are left out."""

    module: str
    line: int
    at_top: bool  # not inside a function


@dataclass(frozen=True)
class Function:
    """`lines` as written, from `def` on, without the docstring."""

    name: str
    line: int
    lines: int


def files(folder: str) -> list[Path]:
    """The Python files under a folder of the project, relative to its root."""
    return sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


@lru_cache(maxsize=1024)
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), str(path))


def module_name(path: Path) -> str:
    """zbnntp/store/__init__.py is zbnntp.store."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@lru_cache(maxsize=1)
def modules() -> dict[str, Path]:
    return {module_name(path): path for path in files(PACKAGE)}


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _walk(node: ast.AST, *, at_top: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        if _is_type_checking(child):
            continue
        yield child, at_top
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _walk(child, at_top=at_top and not inside)


def imports(path: Path) -> list[Import]:
    """Every module that the file imports, `from zbnntp.store import posts` as zbnntp.store.posts."""
    found = []
    for node, at_top in _walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno, at_top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            assert node.module is not None
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            if node.module.split(".")[0] == PACKAGE:
                found += [Import(name if name in modules() else node.module, node.lineno, at_top) for name in names]
            else:
                found.append(Import(node.module, node.lineno, at_top))
    return found


def functions(path: Path) -> list[Function]:
    """Every function of the file, nested ones too."""
    return [_measure(node) for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _measure(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    assert node.end_lineno is not None
    lines = node.end_lineno - node.lineno + 1
    if ast.get_docstring(node, clean=False) is not None:
        assert node.body[0].end_lineno is not None
        lines -= node.body[0].end_lineno - node.body[0].lineno + 1
    return Function(node.name, node.lineno, lines)
