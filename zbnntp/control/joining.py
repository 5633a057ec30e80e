"""Command -> change, for getting in: one's own applications at registrars. `zbnntp/joining.py` has the journey."""

from __future__ import annotations

from zbnntp import joining
from zbnntp.control.ledger import After, Before, Receipt
from zbnntp.control.orders import Register, Reply
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
    joining.answered(before.database, application, order.text, before.now)

    async def receipt(after: After) -> str:
        after.house.apply()
        return f"Your answer goes to {after.name(application.registrar)} now; what they say comes below this thread."

    return receipt


def thread_of(before: Before) -> list[str]:
    """The Message-ID of the article of commands, below which others are filed."""
    if before.article is None:
        return []
    return [local_message_id(posts.post_id(before.database, before.article))]
