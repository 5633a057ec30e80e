"""The reader stays independent: the standard library, pynacl and its own files are all it knows."""

import ast
import sys
from pathlib import Path

import pytest

READER = [path for path in sorted(Path(__file__).parent.glob("*.py")) if "test" not in path.name]


@pytest.mark.parametrize("path", READER, ids=lambda path: path.name)
def test_the_reader_knows_nothing_of_the_program(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            ours = name.startswith("tests.independent.")
            assert ours or name.split(".")[0] in sys.stdlib_module_names | {"nacl"}, f"{path.name} imports {name}"
