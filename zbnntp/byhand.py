"""What the owner brings by hand goes the way of all manifests, but is wanted whoever it is about. docs/bundles.md.

Beside an offer stand notices: that its author's key has forked, moved or ended.
"""

from __future__ import annotations

import contextlib

from zbnntp.ingest import IMPORT, Intake
from zbnntp.model.bundle import Offer, read_bundle
from zbnntp.model.errors import Invalid


async def import_bundle(intake: Intake, bundle: bytes, now: int) -> bool:
    """Whether any of it was news. Raises Invalid or Refused for the first offer that is not taken."""
    offers = list(read_bundle(bundle.removesuffix(b"\n").split(b"\n")))
    return any([await import_offer(intake, offer, now) for offer in offers])


async def import_offer(intake: Intake, offer: Offer, now: int) -> bool:
    """An offer and the notices beside it, which stand whatever becomes of the offer; raises Invalid or Refused.

    They come first, because a move decides which version is taken; and last, for somebody who was not held before.
    """
    told = await _take_notices(intake, offer, now)
    try:
        news = await intake.offer(offer, IMPORT, now)
    finally:
        told |= await _take_notices(intake, offer, now)
    return news or told


async def _take_notices(intake: Intake, offer: Offer, now: int) -> bool:
    told = False
    for notice in offer.notices:
        with contextlib.suppress(Invalid):  # the log has it
            told |= await intake.take_notice(notice, IMPORT, now)
    return told
