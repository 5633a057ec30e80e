"""`zbnntp feed` itself: between the node's door and a news server, for ever.

It decides nothing and keeps nothing: the node says what is next, and is told what became of it. Whatever breaks, node
or server, is connected again after a pause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from zbnntp.feeding.peer import Answer, Peer, Verdict
from zbnntp.model.errors import Refused, Unreachable

LOOK_SECONDS = 2  # between two questions whether there is something new
PAUSE_SECONDS, PAUSE_MOST_SECONDS = 2, 120  # before the next try; doubled each time
REFUSED_SAID = 10  # replies between two reports; the rest are counted
_TEXT = ("utf-8", "surrogateescape")
_OVER = (Verdict.TAKEN, Verdict.KNOWN, Verdict.REFUSED)

Ask = Callable[[dict[str, Any]], Mapping[str, Any]]
Make = Callable[[str], bool]


class Pump:
    """One server. `ask` is the node's door; `make` makes a group there, and says whether it could."""

    def __init__(
        self,
        ask: Ask,
        host: str,
        port: int,
        *,
        make: Make,
        sleep: Callable[[float], None],
        say: Callable[[str], None],
    ) -> None:
        self._ask, self._host, self._port = ask, host, port
        self._make, self._sleep, self._say = make, sleep, say
        self._counts: Counter[Verdict] = Counter()
        self._withdrawn = self._refused_said = 0
        self._missing: set[str] = set()
        self._pause = PAUSE_SECONDS

    def run(self, once: bool) -> None:
        """Until everything that is here has been sent (`once`; else Unreachable), or until it is stopped. Refused."""
        while True:
            try:
                with Peer(self._host, self._port) as peer:
                    self._say(f"feeding {self._host}:{self._port} by {'TAKETHIS' if peer.streams else 'IHAVE'}")
                    self._feed(peer, once)
                return
            except Unreachable as error:
                if once:
                    raise
                self._say(f"{error}; trying again in {self._pause} s")
                self._sleep(self._pause)
                self._pause = min(2 * self._pause, PAUSE_MOST_SECONDS)

    def _feed(self, peer: Peer, once: bool) -> None:
        boards = peer.boards()
        answer = self._work(boards, begin=True)
        while True:
            if answer["batch"]:
                done, waits = self._carry_out(peer, answer["batch"])
            else:
                done, waits = None, True
                if not self._report(answer["missing"]) and once:
                    return
                if answer["missing"]:
                    boards = peer.boards()
            self._pause = PAUSE_SECONDS  # not before: one that takes no articles greets as others do
            if waits:
                self._sleep(LOOK_SECONDS)
            answer = self._work(boards, done=done)

    def _work(self, boards: frozenset[str] | None, **more: Any) -> Mapping[str, Any]:
        """The node is told what was done, and says what is next. Refused, Unreachable."""
        request = {"feed": f"{self._host}:{self._port}", **more}
        if boards is not None:
            request["boards"] = sorted(boards)
        answer = self._ask(request)
        if not answer.get("ok"):
            raise Refused(str(answer.get("text")))
        return answer

    def _carry_out(self, peer: Peer, batch: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """Send a batch; what the node is to be told of it, and whether something is to be offered later."""
        articles, withdrawn = batch["articles"], batch["withdrawn"]
        answers = peer.offer([(own, text.encode(*_TEXT)) for _, own, text in [*articles, *withdrawn]])
        self._count(answers, len(articles))
        over = [
            number for (number, *_), it in zip([*articles, *withdrawn], answers, strict=True) if it.verdict in _OVER
        ]
        waits = len(over) < len(answers)
        gone = {number for number, *_ in withdrawn}
        done = {
            "board": batch["board"],
            "block": batch["block"],
            "version": 0 if waits else batch["version"],
            "sent": [it for it in over if it not in gone],
            "gone": [*batch["dropped"], *(it for it in over if it in gone)],
        }
        return done, waits

    def _count(self, answers: list[Answer], articles: int) -> None:
        """Of a batch whose first so many are articles, and the rest withdrawals."""
        self._withdrawn += sum(it.verdict == Verdict.TAKEN for it in answers[articles:])
        self._counts += Counter(it.verdict for it in answers[:articles])
        for answer in [it for it in answers if it.verdict == Verdict.REFUSED][: REFUSED_SAID - self._refused_said]:
            self._say(f"refused: {answer.text}")
            self._refused_said += 1

    def _report(self, missing: list[str]) -> bool:
        """What was done since the last time, now that there is nothing more to do; whether a group was made."""
        counts = ", ".join(f"{self._counts[it]} {it.value}" for it in Verdict if self._counts[it])
        if counts or self._withdrawn:
            self._say(f"articles: {counts or 'none'}; withdrawn: {self._withdrawn}")
        new = sorted(set(missing) - self._missing)
        made = [board for board in new if self._make(board)]
        for board in sorted(set(new) - set(made)):
            self._say(f"{self._host} has no group {board}: its articles wait until it is made there")
        self._counts, self._withdrawn, self._refused_said, self._missing = Counter(), 0, 0, set(missing)
        return bool(made)
