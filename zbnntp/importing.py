"""Taking a bundle into the store of a node that does not run: the same way in that every manifest takes.

No key is needed: nothing is signed and nothing shown. Levels are computed when the node starts. docs/bundles.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import trio

from zbnntp import home
from zbnntp.byhand import import_offer
from zbnntp.config import load_config
from zbnntp.ingest import Intake
from zbnntp.model.bundle import Offer
from zbnntp.model.errors import Invalid, Refused, ZbError
from zbnntp.standing import Standings
from zbnntp.store.database import connect_reader, prepare
from zbnntp.store.writer import open_writer
from zbnntp.tuning import make_parameters

Told = Callable[[Offer, bool, ZbError | None], None]  # an offer, whether it was news, and why it was refused


def take_offers(place: Path, offers: Iterable[Offer], told: Told, say: Callable[[str], None]) -> None:
    """Into the store of a home directory whose lock the caller holds. What `offers` raises is raised.

    `say` is told what a running node files as an alarm: that a key has forked or moved.
    """
    trio.run(_take, place, offers, told, say)


async def _take(place: Path, offers: Iterable[Offer], told: Told, say: Callable[[str], None]) -> None:
    path = place / home.STORE_FILE
    prepare(path)
    path.chmod(0o600)
    async with open_writer(path) as writer:
        with closing(connect_reader(path)) as reader:
            views = [account.identity for account in home.accounts(place)]
            standings = Standings(reader, writer, views, make_parameters(load_config(place)))
            intake = Intake(reader, writer, standings, lambda text: None, lambda: None)
            intake.alarm = say
            for offer in offers:
                try:
                    told(offer, await import_offer(intake, offer, int(time.time())), None)
                except (Invalid, Refused) as error:
                    told(offer, False, error)
