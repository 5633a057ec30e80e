"""Tests that drive a system program ask for it here: left out in plain sight where it is missing, failed under CI."""

from __future__ import annotations

import os
import shutil

import pytest


def need(program: str, package: str = "") -> None:
    """Skips the test when `program` is not installed; with CI=true that is a failure."""
    if not shutil.which(program):
        leave_out(f"{program} is not installed (package {package or program}; `make test` as root installs it)")


def need_root(why: str) -> None:
    """The same where the tests are not run by root."""
    if os.getuid() != 0:
        leave_out(f"{why}; run the tests as root")


def leave_out(reason: str) -> None:
    """Skips the test; with CI=true it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
