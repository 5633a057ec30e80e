"""`async def` tests run under trio."""

from tests.peers.trio_tests import autojump_clock, pytest_pyfunc_call

__all__ = ["autojump_clock", "pytest_pyfunc_call"]
