"""`make test` runs several files of tests at once. Those that take long begin first: nobody waits for them alone."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is. With CHANCE a run can be repeated.
settings.register_profile("zbnntp", deadline=None, derandomize=bool(os.environ.get("CHANCE")))
settings.load_profile("zbnntp")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if item.get_closest_marker("tor"):
        return 0
    return 1 if item.get_closest_marker("slow") else 2
