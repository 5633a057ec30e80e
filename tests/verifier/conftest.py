"""`async def` tests run under trio."""

from tests.peers.trio_tests import pytest_pyfunc_call

__all__ = ["pytest_pyfunc_call"]
