"""Long inputs take time in proportion to their length: what fuzzing found slow, and its like.

Processor time is compared with that of a quarter of the input, so that a slow or busy machine changes nothing: four
times the input may take eight times as long, where it took sixteen or more.
"""

from __future__ import annotations

import gc
import time

import pytest

from tests.fuzz.targets import TARGETS

QUARTER, WHOLE = 6 * 1024, 24 * 1024
TIMES_MOST = 8
TRIES = 2

ROWS = (
    ("language", b"-", b"a\n"),
    ("language", b"-status ", b"wrote "),
    ("language", b"fnote \n", b"up \n"),
    ("language", b"ftrust bob 5 comment \n", b"a \n"),
    ("language", b"f", b" \n"),
    ("language", b"-", b"follow\n"),
    ("language", b"-", b"On 2026 <a@b>\n"),
    ("nntp", b"\0\xff", b"\r\n"),
    ("nntp", b"\0\xff", b"POST\r\n.\r\n"),
    ("nntp", b"\0\xff", b"LIST\r\n"),
    ("article", b"From: a@b\nNewsgroups: a\nSubject: ", b"=?utf-8?q?x?= "),
    ("article", b"From: a@b\nNewsgroups: a\nSubject: a\n\n", b"begin 644 x\n"),
    ("article", b"From: a@b\nNewsgroups: a\nSubject: a\nReferences: ", b"<a@b>"),
    ("query", b"", b"a*"),
    ("query", b"a b\n", b"a b"),
    ("query", b"a\n", b"> a\n"),
    ("arguments", b"", b"*a"),
    ("arguments", b"*a*b\n", b"a"),
    ("arguments", b"", b"[a-"),
    ("arguments", b"a\n", b"=?a?q?"),
    ("arguments", b"", b"a,"),
    ("config", b"listen = ", b"["),
    ("link", b"", b"zb:"),
    ("entry", b"", b"["),
    ("post", b'{"kind":"post","boards":["a"],"time":1,"subject":"a","body":"', b"\\n"),
    ("bundle", b"", b"\n"),
    ("segment", b"", b"\n"),
    ("visitor", b"\xffGET / HTTP/1.1\r\nhost: alice\r\n", b"a:b\r\n"),
    ("visitor", b"\xffGET /?", b"a&"),
)


def seconds(target: str, data: bytes) -> float:
    """Of the processor, without looking for garbage, which takes as long as others have left some; the best of some."""
    best = float("inf")
    gc.disable()
    for _ in range(TRIES):
        began = time.thread_time()
        TARGETS[target](data)
        best = min(best, time.thread_time() - began)
    gc.enable()
    return best


@pytest.mark.parametrize(("target", "start", "piece"), ROWS, ids=[f"{row[0]} {row[2]!r}" for row in ROWS])
def test_four_times_the_input_takes_about_four_times_as_long(target: str, start: bytes, piece: bytes) -> None:
    quarter, whole = (start + piece * (octets // len(piece)) for octets in (QUARTER, WHOLE))
    assert seconds(target, whole) <= TIMES_MOST * seconds(target, quarter) + 0.01
