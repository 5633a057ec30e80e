"""Command -> change, for getting in: one's own applications at registrars. `zbnntp/joining.py` has the journey."""

from __future__ import annotations

from zbnntp import joining
from zbnntp.control.ledger import After, Before, Receipt, constant
from zbnntp.control.orders import Register, Reply, Rest
from zbnntp.local import local_message_id
from zbnntp.model.errors import NotPermitted
from zbnntp.store import applications, posts, promises


def register(before: Before, order: Register) -> Receipt:
    target = order.link.identity
    if target == before.view:
        raise NotPermitted("that is your own link; a registrar is somebody else")
    for url in order.link.urls:
        promises.add_address(before.database, target, url)
    joining.apply(before.database, before.me, target, order.way, order.link.code or "", thread_of(before), before.now)

    async def receipt(after: After) -> str:
        after.house.apply()
        name = after.name(target)
        return f"{name} is asked now. What they want to know comes as an article below this one, within a minute or so."

    return receipt


def reply(before: Before, order: Reply) -> Receipt:
    application = applications.find_application(before.database, before.me, before.answered or "")
    if application is None:
        raise NotPermitted("that article asks nothing")
    if not joining.is_open(before.database, before.me, before.answered or ""):
        again = joining.link_of(before.database, application.registrar)
        raise NotPermitted(f"that asks nothing any more; for another question write: register {again}")
    joining.answered(before.database, application, order.text, before.now)

    async def receipt(after: After) -> str:
        after.house.apply()
        return f"Your answer goes to {after.name(application.registrar)} now; what they say comes below this thread."

    return receipt


def rest(before: Before, order: Rest) -> Receipt:
    found = joining.rest(before.database, before.me, order.pause)
    if not found:
        return constant("No work is paused." if not order.pause else "No registrar wants work from this computer now.")

    async def receipt(after: After) -> str:
        after.house.apply()
        return "The work is paused; 'register resume' goes on with it." if order.pause else "The work goes on."

    return receipt


def thread_of(before: Before) -> list[str]:
    """The Message-ID of the article of commands, below which others are filed."""
    if before.article is None:
        return []
    return [local_message_id(posts.post_id(before.database, before.article))]
