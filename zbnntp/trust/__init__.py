"""Whose judgement counts, whose posts are seen: docs/trust.md as code. Pure."""
