"""Sockets have short paths."""

from tests.peers.trio_tests import short_dir

__all__ = ["short_dir"]
