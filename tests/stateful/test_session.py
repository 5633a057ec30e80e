"""A newsreader's session over a real store, held against a model of what RFC 3977 says, while articles come and go.

The model knows the articles of each board by number, the selected board and the current article. Each answer has to be
what the model says, in whatever order commands are given, posts come and are taken back, and the node is restarted.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.nntp.dialogue import Response, parse_responses, proto
from tests.stateful.resident import Resident
from zbnntp.model.errors import ZbError
from zbnntp.nntp.machine import Machine, Upload
from zbnntp.nntp.session import Session

BOARDS = ("test.talk", "test.other")
BOARD = st.sampled_from(BOARDS)
NUMBER = st.integers(0, 9)


class Newsreader(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.bob = Resident("bob")
        for board in BOARDS:
            self.bob.call(self.bob.house.add_board, board)
        self.articles: dict[str, dict[int, str]] = {board: {} for board in BOARDS}
        self.highest = dict.fromkeys(BOARDS, 0)
        self.lowest = dict.fromkeys(BOARDS, 0)
        self.posted = 0
        self.connect()

    def connect(self) -> None:
        self.group, self.number = "", 0
        house = self.bob.house
        self.machine = self.bob.ask(lambda: Machine(Session(house.shelf, house.desk, self.bob.clock)))
        assert self.responses(b"")[0].code == 200

    def teardown(self) -> None:
        self.bob.close()

    @rule(board=BOARD)
    def select(self, board: str) -> None:
        there, high = self.articles[board], self.highest[board]
        said = self.say(f"GROUP {board}")
        count, low = map(int, said.text.split()[:2])
        assert str(said).startswith(f"211 {len(there)} {low} {high} {board}")
        assert count == len(there)
        assert self.lowest[board] <= low <= min(there, default=high + 1)
        self.lowest[board] = low
        self.group, self.number = board, min(there, default=0)

    @rule()
    def select_nothing(self) -> None:
        assert self.say("GROUP test.none").code == 411

    @rule(number=NUMBER)
    def stat(self, number: int) -> None:
        said = self.say(f"STAT {number}")
        if not self.group:
            assert said.code == 412
        elif number in self.there:
            self.number = number
            assert str(said).startswith(f"223 {number} {self.there[number]}")
        else:
            assert said.code == 423

    @rule(verb=st.sampled_from(("ARTICLE", "HEAD", "BODY", "STAT")))
    def look_at_the_current_article(self, verb: str) -> None:
        said = self.say(verb)
        if not self.group:
            assert said.code == 412
        elif self.number not in self.there:
            assert said.code == 420
        else:
            assert said.code == {"ARTICLE": 220, "HEAD": 221, "BODY": 222, "STAT": 223}[verb]
            assert said.text.startswith(f"{self.number} {self.there[self.number]}")

    @rule(step=st.sampled_from((-1, 1)))
    def go(self, step: int) -> None:
        said = self.say("NEXT" if step > 0 else "LAST")
        beyond = [it for it in self.there if (it - self.number) * step > 0]
        if not self.group:
            assert said.code == 412
        elif not self.number:
            assert said.code == 420
        elif not beyond:
            assert said.code == (421 if step > 0 else 422)
        else:
            self.number = min(beyond, key=lambda it: abs(it - self.number))
            assert str(said).startswith(f"223 {self.number} {self.there[self.number]}")

    @rule(low=NUMBER, high=NUMBER)
    def overview(self, low: int, high: int) -> None:
        said = self.say(f"OVER {low}-{high}")
        wanted = {number: name for number, name in self.there.items() if low <= number <= high}
        if not self.group:
            assert said.code == 412
        elif not wanted:
            assert said.code == 423
        else:
            rows = [line.split("\t") for line in said.lines]
            assert {int(row[0]): row[4] for row in rows} == wanted
            assert [int(row[0]) for row in rows] == sorted(wanted)

    @rule(board=BOARD)
    def list_group(self, board: str) -> None:
        said = self.say(f"LISTGROUP {board}")
        self.group, self.number = board, min(self.articles[board], default=0)
        assert [int(line) for line in said.lines] == sorted(self.articles[board])

    @rule(boards=st.sets(BOARD, min_size=1))
    def post(self, boards: set[str]) -> None:
        self.posted += 1
        before = {board: dict(self.articles[board]) for board in BOARDS}
        octets = proto(group=",".join(sorted(boards)), Subject=f"number {self.posted}")
        asked, said = self.responses(b"POST\r\n" + octets)
        assert (asked.code, said.code) == (340, 240)
        self._look_for_new(boards)
        assert all(set(before[board]) <= set(self.articles[board]) for board in BOARDS)

    def _look_for_new(self, boards: set[str]) -> None:
        for board in boards:
            self.highest[board] += 1
            number = self.highest[board]
            article = self.bob.ask(self.bob.house.shelf.article, board, number)
            assert article is not None
            assert f"number {self.posted}".encode() in article.octets
            self.articles[board][number] = article.message_id

    @precondition(lambda self: any(self.articles.values()))
    @rule(choice=st.integers(0, 99))
    def take_back(self, choice: int) -> None:
        names = sorted({name for there in self.articles.values() for name in there.values()})
        name = names[choice % len(names)]
        board = next(it for it in BOARDS if name in self.articles[it].values())
        octets = proto(group=board, Subject="cancel", Control=f"cancel {name}")
        assert [it.code for it in self.responses(b"POST\r\n" + octets)] == [340, 240]
        for there in self.articles.values():
            for number in [number for number, it in there.items() if it == name]:
                del there[number]

    @rule()
    def publish(self) -> None:
        self.bob.clock.now += 1
        self.bob.call(self.bob.house.seal)

    @rule()
    def start_again(self) -> None:
        self.bob.restart()
        self.connect()

    @invariant()
    def marks_are_right(self) -> None:
        for board in BOARDS:
            group = self.bob.ask(self.bob.house.shelf.group, board)
            assert group is not None
            assert (group.count, group.high) == (len(self.articles[board]), self.highest[board])

    @property
    def there(self) -> dict[int, str]:
        return self.articles.get(self.group, {})

    def say(self, command: str) -> Response:
        (response,) = self.responses(command.encode() + b"\r\n")
        return response

    def responses(self, octets: bytes) -> list[Response]:
        return parse_responses(self.bob.call(self._say, octets))

    async def _say(self, octets: bytes) -> bytes:
        self.machine.receive(octets)
        said = b""
        while True:
            said += self.machine.take()
            if isinstance(self.machine.errand, Upload):
                await self._upload(self.machine.errand)
            elif not self.machine.busy:
                return said

    async def _upload(self, upload: Upload) -> None:
        try:
            self.machine.posted(await self.bob.house.desk.post(upload.octets, upload.offered_id))
        except ZbError as error:
            self.machine.not_posted(error)


TestNewsreader = Newsreader.TestCase
TestNewsreader.settings = settings(max_examples=10, stateful_step_count=25, deadline=None)
