"""A store in which threads have holes: the middle of one and the opening of another are by somebody who is hidden."""

from __future__ import annotations

from pathlib import Path

import trio

from tests.houses import START, Clock, House
from tests.ingest.forging import Forger, segment
from zbnntp import home
from zbnntp.home import STORE_FILE
from zbnntp.model.entries import make_carry
from zbnntp.store import evidence
from zbnntp.store.database import prepare
from zbnntp.store.writer import open_writer

ROPES, KNOTS = "Of ropes", "Of knots"


def tear(place: Path, *, banned: bool = True) -> None:
    """Fill the store of a node that does not run.

    Of ropes: bert > (hidden) > carl > bert. Of knots: (hidden) > carl > bert, and (hidden) > (hidden) > carl. Who is
    hidden is rated below 0, or merely unknown when not `banned`.
    """
    trio.run(_fill, place, banned)


async def _fill(place: Path, banned: bool) -> None:
    keys = home.load_keys(home.accounts(place)[0].place, None)
    prepare(place / STORE_FILE)
    async with open_writer(place / STORE_FILE) as writer:
        await writer.run(lambda database: evidence.person_pk(database, keys.signer.identity))
        house = House("anna", keys.signer, place / STORE_FILE, writer, Clock())
        bert, carl, hidden = Forger("bert"), Forger("carl"), Forger("mallory")
        for one in (bert, carl):
            await house.rate(one.identity, mt=5000)
        if banned:
            await house.rate(hidden.identity, mt=-5000)
        ropes = bert.opening(ROPES, time=START - 9000)
        middle = hidden.reply(ropes, "You cannot see this.\n", time=START - 8000)
        below = carl.reply(middle, "Below the hole.\n", time=START - 7000)
        deeper = bert.reply(below, "Deeper still.\n", time=START - 6000)
        knots = hidden.opening(KNOTS, time=START - 5000)
        first = carl.reply(knots, "First below nothing.\n", time=START - 4000)
        answer = bert.reply(first, "Second.\n", time=START - 3000)
        gone = hidden.reply(knots, "Nor this.\n", time=START - 2000)
        third = carl.reply(gone, "Third.\n", time=START - 1000)
        await house.take(bert.offer([segment(ropes, deeper, answer)]))
        await house.take(carl.offer([segment(make_carry(ropes), below, make_carry(knots), first, third)]))
        house.reader.close()
