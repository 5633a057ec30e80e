"""`make test` runs several tests at once: those of a file in one process, for its fixtures, and in one all that use the
private Tor network. What takes long begins first, so that nobody waits for it alone."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        group = "tor" if item.get_closest_marker("tor") else item.location[0]
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if item.get_closest_marker("tor"):
        return 0
    return 1 if item.get_closest_marker("slow") else 2
