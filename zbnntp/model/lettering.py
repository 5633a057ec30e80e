"""What many overview lines say that has the same width in each: ids in base32, addresses, dates, as rows of octets.

numpy spells ten bits at a time, two letters to a look into a table, and puts a column into all rows at once: an id in
a tenth of the time that one alone takes. Sources: RFC 4648 section 6, docs/protocol.md "Identity".
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from zbnntp.model.article import ADDRESS_BEFORE, ADDRESS_BEHIND, DAY_OCTETS, DAY_SECONDS, date_field
from zbnntp.model.keys import ID_LETTERS, IDENTITY_LETTERS

Octets = NDArray[np.uint8]  # one row for each
Numbers = NDArray[np.uint32]

LETTERS = np.dtype(f"V{IDENTITY_LETTERS}")  # a row of an identity or an id, in one
REFERENCE_OCTETS = len(" <@zb.invalid>") + ID_LETTERS
_PAIRS = np.array(list(product(b"abcdefghijklmnopqrstuvwxyz234567", repeat=2)), np.uint8).view(np.uint16).ravel()
_TWO = np.dtype(">u2")
_SHIFTS = np.array([6, 4, 2, 0], np.uint16)  # ten bits each, of two octets that follow each other
_MINUTES, _SECONDS = (
    np.array([list(date_field(it * step)[place]) for it in range(count)], np.uint8)
    for step, count, place in ((60, 1440, slice(DAY_OCTETS, -8)), (1, 60, slice(-8, None)))
)


def many_letters(ids: bytes) -> Octets:
    """A row of `letters` for each 35 octets."""
    tens = np.ndarray((len(ids) // 5, 4), _TWO, ids, 0, (5, 1)).astype(np.uint16)
    tens >>= _SHIFTS
    tens &= 1023
    return _PAIRS.take(tens).view(np.uint8).reshape(-1, IDENTITY_LETTERS)


def reference_text(ids: Octets) -> bytes:
    """Message-IDs in one piece, a blank before each: REFERENCE_OCTETS for one."""
    return _beside(len(ids), b" <", ids[:, :ID_LETTERS], b"@zb.invalid>").tobytes()


def dates(times: Numbers) -> tuple[Octets, Octets, Octets]:
    """Dates of articles, from unix seconds: the day, the minute, the second."""
    days, back = np.unique(times // DAY_SECONDS, return_inverse=True)
    told = b"".join([date_field(day * DAY_SECONDS)[:DAY_OCTETS] for day in days.tolist()])
    named = np.frombuffer(told, np.uint8).reshape(-1, DAY_OCTETS)
    return named.take(back, 0), _MINUTES.take(times // 60 % 1440, 0), _SECONDS.take(times % 60, 0)


def middles(identities: Octets, times: Numbers, ids: Octets) -> list[bytes]:
    """Of overview lines, what stands behind the author's name: address, Date and Message-ID, each with its tab."""
    return _strings(
        _beside(
            len(times),
            *(ADDRESS_BEFORE, identities, ADDRESS_BEHIND + b"\t"),
            *(*dates(times), b"\t<", ids[:, :ID_LETTERS], b"@zb.invalid>\t"),
        )
    )


def _beside(count: int, *columns: Octets | bytes) -> Octets:
    """Columns side by side; one of octets is the same in all rows."""
    widths = [len(it) if isinstance(it, bytes) else it.shape[1] for it in columns]
    rows = np.empty((count, sum(widths)), np.uint8)
    at = 0
    for column, width in zip(columns, widths, strict=True):
        rows[:, at : at + width] = np.frombuffer(column, np.uint8) if isinstance(column, bytes) else column
        at += width
    return rows


def _strings(rows: Octets) -> list[bytes]:
    """The rows one by one; none of them ends with a zero."""
    told: list[bytes] = rows.view(f"S{rows.shape[1]}").ravel().tolist()
    return told
