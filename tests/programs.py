"""Tests that drive a system program ask for it here: left out in plain sight where it is missing, failed under CI."""

from __future__ import annotations

import os
import shutil

import pytest


def need(program: str, package: str = "") -> None:
    """Skips the test when `program` is not installed; with CI=true that is a failure."""
    if shutil.which(program):
        return
    reason = f"{program} is not installed (package {package or program}; `make test` as root installs it)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
