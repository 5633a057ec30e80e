"""A public reader: anna's node, where bert and carl have accounts. Made once for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.gates import Gate, make_gate
from tests.peers.trio_tests import pytest_pyfunc_call

__all__ = ["pytest_pyfunc_call"]

NAMES = ("anna", "bert", "carl")


@pytest.fixture(scope="session")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with make_gate(tmp_path_factory.mktemp("gate"), NAMES) as gate:
        yield gate
