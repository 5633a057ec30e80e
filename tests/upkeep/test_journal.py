"""zb.log has room for so many complaints a day, whoever causes them."""

from __future__ import annotations

from pathlib import Path

import trio

from tests.houses import open_house
from zbnntp.journal import A_DAY, Journal
from zbnntp.store import evidence

COMPLAINTS = A_DAY + 50
SAID = "SELECT count(*) FROM diary WHERE kind = 'said'"
ALARMS = "SELECT count(*) FROM local_article"


async def test_complaints_about_peers_do_not_drown_an_alarm(tmp_path: Path) -> None:
    async with open_house(tmp_path, "bob") as bob, trio.open_nursery() as nursery:
        me = evidence.find_person(bob.reader, bob.identity) or 0
        journal = Journal(bob.writer, lambda: bob.now, lambda urgent: [me])
        for number in range(COMPLAINTS):
            journal.say(f"Refused a manifest from mallory: {number}")
            journal.say(f"mallory{number} has signed two versions of one manifest", urgent=True)
        journal.say("Your own key has signed two versions of one manifest", urgent=True, view=me)
        nursery.start_soon(journal.run)
        with trio.fail_after(60):
            while (alarms := bob.reader.execute(ALARMS).fetchone()[0]) < A_DAY + 1:
                await trio.sleep(0.01)
        assert alarms == A_DAY + 1
        assert bob.reader.execute(SAID).fetchone()[0] == A_DAY
        nursery.cancel_scope.cancel()
