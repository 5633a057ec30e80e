"""Deeds of a whole node, a real process: newsreaders post and give commands until it is killed, and look afterwards.

What got no answer is sent again with the same Message-ID, as newsreaders do, and stands once.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.backup.worlds import World
from tests.kills.frame import Tally
from tests.kills.stores import ignore
from tests.nntp_client import Client
from tests.node_process import NodeProcess
from zbnntp import home
from zbnntp.examining import examine

BOARD = "test.crash"
WRITERS = 3
LONGEST_SECONDS = 0.3
POSTS = 400  # then another node begins: examining takes the longer the more is there


@dataclass
class Written:
    """Subjects by Message-ID as newsreaders gave them: what was answered, and what was sent last."""

    answered: dict[str, str] = field(default_factory=dict)  # by the Message-ID in the answer
    open: dict[str, str] = field(default_factory=dict)  # by the Message-ID in the article
    boards: list[str] = field(default_factory=list)  # whose receipts came
    lock: threading.Lock = field(default_factory=threading.Lock)
    sent: int = 0

    def next(self) -> int:
        with self.lock:
            self.sent += 1
            return self.sent

    def note(self, message_id: str, final_id: str, subject: str) -> None:
        with self.lock:
            self.open.pop(message_id, None)
            self.answered[final_id] = subject


class Newsreaders:
    """A real node under newsreaders that write."""

    def __init__(self, world: World, directory: Path) -> None:
        self.directory, self.lives = directory, 0
        self.begin()

    def begin(self) -> None:
        self.lives += 1
        name = f"n{self.lives}"
        self.node = NodeProcess(self.directory / name, "anna", net=self.directory / "net")
        self.node.__enter__()
        self.node.do(f"board add {BOARD}")
        self.sender, self.views = self.node.sender, [it.identity for it in home.accounts(self.node.home)]
        self.written, self.numbers = Written(), dict[str, int]()

    def close(self) -> None:
        if self.node.running:
            self.node.stop()

    def strike(self, chance: random.Random, tally: Tally) -> None:
        if self.written.sent > POSTS:
            self.close()
            self.begin()
        threads = [threading.Thread(target=self.write) for _ in range(WRITERS)]
        threads.append(threading.Thread(target=self.command))
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0, LONGEST_SECONDS))
        self.node.kill()
        for thread in threads:
            thread.join()
        tally.kills, tally.cut = tally.kills + 1, tally.cut + 1
        store = self.node.home / home.STORE_FILE
        tally.unclean += examine(store, self.views, int(time.time()), ignore).sentences
        self.node.start()
        self.look(tally)

    def write(self) -> None:
        try:
            with self.node.connect() as client:
                while True:
                    number = self.written.next()
                    message_id, subject = f"<{number}@reader.invalid>", f"Post {number}"
                    self.written.open[message_id] = subject
                    if not self.post(client, message_id, subject):
                        return
        except OSError:
            return

    def post(self, client: Client, message_id: str, subject: str) -> bool:
        answer = client.post(BOARD, subject, f"Of {subject}", sender=self.sender, Message_ID=message_id)
        if answer.code == 240:
            self.written.note(message_id, answer.message_id or message_id, subject)
        return answer.code == 240

    def command(self) -> None:
        try:
            with self.node.connect() as client:
                while True:
                    name = f"test.b{self.written.next()}"
                    if client.post("zb.control", "", f"board add {name}", sender=self.sender).code != 240:
                        return
                    self.written.boards.append(name)
        except OSError:
            return

    def look(self, tally: Tally) -> None:
        with self.node.connect() as client:
            for message_id, subject in list(self.written.open.items()):
                self.post(client, message_id, subject)
            self.written.open.clear()
            tally.promised(self.written.boards, set(client.groups()))
            client.group(BOARD)
            rows = client.over()
        subjects = [row.subject for row in rows]
        tally.doubled += [it for it in set(subjects) if subjects.count(it) > 1]
        found = {row.message_id: row.number for row in rows}
        tally.promised(
            self.written.answered,
            {row.message_id for row in rows if self.written.answered.get(row.message_id) == row.subject},
        )
        tally.renumbered += [it for it, number in self.numbers.items() if found.get(it) != number]
        self.numbers = found


DEEDS = {"newsreaders of a node": Newsreaders}
