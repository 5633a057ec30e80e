"""How fast heads are taken that bring no posts: a burst, then one an hour. What comes too soon is parked, not refused.

Otherwise votes, not posts, would be the traffic; and a key that rates all day would keep every node busy.
docs/protocol.md "Quotas".
"""

from __future__ import annotations

from zbnntp.model.manifest import open_head, open_pointer
from zbnntp.verifying import Verified

STATE_BURST = 8
STATE_SECONDS = 3600  # after which another one is free


def is_state_alone(verified: Verified) -> bool:
    """Whether a new version lists the very posts of the one that is held."""
    held = verified.base
    if held is None or held.seq == verified.pointer.seq:
        return False
    return open_head(held.head, open_pointer(held.pointer)).posts == verified.head.posts


def free_at(spent: int) -> int:
    """When the next such head may be taken; `spent`: when all of the burst will be free again. Both unix seconds."""
    return spent - (STATE_BURST - 1) * STATE_SECONDS


def spend(spent: int, now: int) -> int:
    """The same after one more was taken."""
    return max(spent, now) + STATE_SECONDS
