"""A token bucket: so many a second in the long run, a burst at once. Pure: the clock is an argument."""

from __future__ import annotations


class Bucket:
    """Full at first. `rate` a second flow in, `burst` is the most it holds; it may be overdrawn. Seconds throughout."""

    __slots__ = ("_burst", "_level", "_rate", "_when")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._when = burst, now

    def pay(self, amount: float, now: float) -> None:
        """Take so much out, whether it is there or not."""
        self._flow(now)
        self._level -= amount

    def wait_seconds(self, now: float, amount: float = 0.0) -> float:
        """How long until so much is in it; 0 when it is."""
        self._flow(now)
        return max(0.0, (amount - self._level) / self._rate)

    def _flow(self, now: float) -> None:
        passed = max(0.0, now - self._when)  # a clock may be set back
        self._level = min(self._burst, self._level + passed * self._rate)
        self._when = now
