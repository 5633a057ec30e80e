"""What came too early or was too much, by the clock."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import trio
import trio.testing

from tests.ingest.forging import Forger
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity
from zbnntp.upkeep import DAY_SECONDS, LATER_SECONDS, keep_later

EARLY, MUCH = Forger("early").identity, Forger("much").identity


@dataclass
class FakeIntake:
    """Parked heads come at the third look; the disk is full at the first."""

    looks: int = 0
    days: list[float] = field(default_factory=list)

    async def retry_parked(self, now: int) -> list[Identity]:
        self.looks += 1
        if self.looks == 1:
            raise NotPermitted("the disk is full")
        return [EARLY] if self.looks == 3 else []

    async def take_up(self, now: int) -> None:
        self.days.append(now)

    def unfinished(self) -> list[Identity]:
        return [MUCH]


async def test_parked_heads_are_looked_at_every_minute_and_quotas_once_a_day(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    intake = FakeIntake()
    completed: list[tuple[int, Identity]] = []

    def now() -> int:
        return int(trio.current_time())

    with trio.move_on_after(2 * DAY_SECONDS + LATER_SECONDS / 2):
        await keep_later(intake, now, lambda identity: completed.append((now() // LATER_SECONDS, identity)))  # type: ignore[arg-type]
    assert intake.looks == 2 * DAY_SECONDS // LATER_SECONDS
    assert [day // DAY_SECONDS for day in intake.days] == [1, 2]
    assert completed == [(3, EARLY), (DAY_SECONDS // 60, MUCH), (2 * DAY_SECONDS // 60, MUCH)]
    assert "the disk is full" in caplog.text
