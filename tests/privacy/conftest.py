"""`async def` tests run under trio; sockets have short paths."""

from tests.peers.trio_tests import pytest_pyfunc_call, short_dir

__all__ = ["pytest_pyfunc_call", "short_dir"]
