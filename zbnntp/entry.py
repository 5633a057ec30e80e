"""The console command: Ctrl-C while the program is still being read ends it as quietly as later on."""

from __future__ import annotations


def main() -> int:
    """Exit code of the command line."""
    try:
        from zbnntp.cli import main as run

        return run()
    except KeyboardInterrupt:
        return 130
