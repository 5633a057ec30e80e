"""What can go wrong, sorted by who is at fault.

Pure code raises Invalid and Refused, the shells (sockets, tor) Unreachable. The text of every error is one plain
sentence that says what to do next: newsreaders show it verbatim. Bugs raise ordinary exceptions and are caught at the
outermost ring alone.
"""


class ZbError(Exception):
    """Base of everything that zbnntp raises on purpose."""


class Invalid(ZbError):
    """Somebody's bytes broke a rule; the sender is at fault."""


class BadEncoding(Invalid):
    """Not the one canonical form of what it claims to be."""


class BadSignature(Invalid):
    """A signature, key or hash does not hold."""


class BadSuccession(Invalid):
    """A head or move that is not reached from the pinned recovery key."""


class TooLarge(Invalid):
    """Above one of the limits of the protocol."""


class BadArticle(Invalid):
    """An article from a newsreader that cannot be published as it is."""


class Refused(ZbError):
    """Nothing is broken; the answer is no."""


class Missing(Refused):
    """What was asked for is not here."""


class NotVisible(Refused):
    """It is here, but the reader's trust hides it."""


class NotPermitted(Refused):
    """This reader, or this peer, may not do that."""


class Unreachable(ZbError):
    """Could not get it; try later."""


class Busy(Unreachable):
    """Too much is asked; `seconds` later it may be answered."""

    def __init__(self, text: str, seconds: int) -> None:
        super().__init__(text)
        self.seconds = seconds


class PeerGone(Unreachable):
    """A peer's node did not answer, or stopped answering."""


class TorDown(Unreachable):
    """Our own tor is not running or not ready."""
