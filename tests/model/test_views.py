"""Levels are in order: code asks whether one is at least another."""

from zbnntp.model.views import Level


def test_levels_rise() -> None:
    assert Level.HIDDEN < Level.LIMITED < Level.FULL
    assert not Level.HIDDEN
