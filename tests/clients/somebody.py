"""Who runs a newsreader under test, as far as the environment of a program says it."""

from __future__ import annotations

# By default nobody in particular, on Greenwich time. A test may put in whatever newsreaders look for.
ABOUT = {"TZ": "UTC"}
