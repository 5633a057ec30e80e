"""Fixtures of trio_tests.py."""

from tests.peers.trio_tests import autojump_clock, pytest_pyfunc_call, short_dir

__all__ = ["autojump_clock", "pytest_pyfunc_call", "short_dir"]
