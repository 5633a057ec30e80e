"""What ways need of the house, and the table of ways."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from zbnntp.registrar.rules import Rules


@dataclass(frozen=True, slots=True)
class Tools:
    """`in_worker` does a job in another thread, one at a time; `post` sends a letter to an address;

    `run` gives a program something to read and returns what it wrote. All may raise Unreachable.
    """

    rules: Rules
    chance: Random
    clock: Callable[[], float]
    in_worker: Callable[[Callable[[], Any]], Awaitable[Any]]
    post: Callable[[str, str, str], Awaitable[None]]
    run: Callable[[Sequence[str], bytes], Awaitable[bytes]]
