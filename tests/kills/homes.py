"""Deeds on a home: posts written and sealed, words renewed, a key changed, a bundle taken in, by the command line.

The home's node does not run. What a command has printed is promised; one that was killed is given again, and ends.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import trio

from tests.backup.worlds import World, served
from tests.houses import START, Clock, House
from tests.ingest.forging import Forger, segment
from tests.kills.frame import Forked, Tally
from tests.kills.stores import OnStore, ignore, numbers, put
from tests.node_process import words_in
from zbnntp import cli, halfway, home, sealing
from zbnntp.examining import examine
from zbnntp.home import KEY_FILE, STORE_FILE
from zbnntp.model.bundle import Offer, write_offer
from zbnntp.model.keys import Identity, Sha256, sha256
from zbnntp.store import evidence
from zbnntp.store.database import connect_reader, prepare
from zbnntp.store.writer import open_writer

BOARD = "test.talk"
POSTS = 40  # of one life
LIVES = 12  # over one store: its examination takes the longer the more is in it


class Posting(OnStore):
    """Own posts, and every few of them a new head: what was answered stands once, no version is signed twice."""

    def __init__(self, world: World, directory: Path) -> None:
        super().__init__(world, directory)
        self.lives = 0
        self.answered: dict[str, str] = {}  # subject by Message-ID
        self.numbered: dict[str, int] = {}

    def prepare(self) -> None:
        self.lives += 1
        if self.lives % LIVES == 0:
            put(self.store, self.octets)
            self.answered, self.numbered = {}, {}

    def work(self, say: Callable[[str], None]) -> None:
        async def write(bob: House) -> None:
            for number in range(POSTS):
                subject = f"{os.getpid()} {number}"
                say(f"post {await bob.post(BOARD, subject, 'A text')} {subject}")
                if number % 4 == 3:
                    await bob.seal()
                    held = evidence.find_manifest(bob.reader, bob.identity)
                    assert held is not None
                    say(f"head {held.seq} {held.head_sha256.hex()}")

        self.in_house(write)

    def look(self, said: Sequence[str], tally: Tally) -> None:
        self.examine(self.store, tally)
        for line in said:
            kind, *words = line.split(" ", 2)
            if kind == "post":
                self.answered[words[0]] = words[1]
        rows = self.in_house(self.shown)
        found = {message_id: subject for _, message_id, subject in rows}
        tally.promised(self.answered, {it for it, subject in found.items() if self.answered.get(it) == subject})
        subjects = [subject for *_, subject in rows if subject in self.answered.values()]
        tally.doubled += [it for it in set(subjects) if subjects.count(it) > 1]
        now = {message_id: number for number, message_id, _ in rows}
        tally.renumbered += [it for it, number in self.numbered.items() if now.get(it) != number]
        self.numbered = now
        self.look_at_heads([line.split()[1:] for line in said if line.startswith("head")], tally)

    def look_at_heads(self, said: Sequence[Sequence[str]], tally: Tally) -> None:
        with closing(connect_reader(self.store)) as reader:
            held = evidence.find_manifest(reader, self.world.bob)
        assert held is not None
        for seq, name in said:
            tally.kept += 1
            newer = int(seq) < held.seq or (int(seq), name) == (held.seq, held.head_sha256.hex())
            tally.lost += [] if newer else [f"version {seq}"]

    @staticmethod
    async def shown(bob: House) -> list[tuple[int, str, str]]:
        """Number, Message-ID and subject of what stands on the board."""
        found = []
        for window in bob.shelf.overview(BOARD, 1, 2**31 - 1):
            for row in window:
                subject, _, _, message_id, *_ = row.text.decode().split("\t")
                found.append((row.number, message_id, subject))
        return found


class OnHome(Forked):
    """A deed of the command line on a home with an identity and a store, begun anew each time."""

    def __init__(self, world: World, directory: Path) -> None:
        super().__init__(directory)
        self.world = world
        self.model, self.home, self.paper = (directory / it for it in ("model", "home", "paper"))
        self.words = home.make_keys(self.model, "anna", None)
        self.paper.write_text(self.words)
        trio.run(self.live)
        self.old, self.numbers = self.identity(self.model), numbers(self.model / STORE_FILE)

    async def live(self) -> None:
        """Publish a few posts."""
        keys, path = home.load_keys(self.model, None), self.model / STORE_FILE
        prepare(path)
        async with open_writer(path) as writer:
            await writer.run(lambda database: evidence.person_pk(database, keys.signer.identity))
            house = House(keys.nick, keys.signer, path, writer, Clock(START))
            await house.standings.refresh(house.now)
            await house.add_board(BOARD)
            for number in range(5):
                await house.post(BOARD, f"Post {number}", "A text\n")
            author = sealing.Author(keys.signer, keys.nick, (), keys.next_key, keys.next_by)
            offer = sealing.seal(house.reader, author, house.now)
            assert offer is not None
            await house.intake.offer(offer, "own", house.now)
            house.reader.close()
        with closing(connect_reader(path)) as reader:
            held = evidence.find_manifest(reader, keys.signer.identity)
        home.note_published(self.model, path, held.seq if held else 0)

    def prepare(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.model, self.home)
        with closing(connect_reader(self.home / STORE_FILE)) as reader:
            held = evidence.find_manifest(reader, self.old)
        home.note_published(self.home, self.home / STORE_FILE, held.seq if held else 0)

    def call(self, *words: str | Path) -> None:
        assert cli.main([*map(str, words), "--home", str(self.home)]) == 0

    def identity(self, place: Path) -> Identity:
        return home.accounts(place)[0].identity

    def commitment(self) -> Sha256:
        return home.load_keys(self.home, None).next_key

    def examine(self, tally: Tally) -> None:
        store = self.home / STORE_FILE
        tally.unclean += examine(store, halfway.viewers(self.home), START, ignore).sentences
        tally.kept += len(self.numbers)
        tally.renumbered += [str(it) for it in self.numbers.items() if it not in numbers(store).items()]


def commitment_of(words: str) -> Sha256:
    return sha256(home.read_words(words).identity)


class Renewal(OnHome):
    """`zbnntp recover --renew`: the words that count are those of before, or were printed."""

    def work(self, say: Callable[[str], None]) -> None:
        self.call("recover", "--renew", "--words-file", self.paper)

    def look(self, said: Sequence[str], tally: Tally) -> None:
        self.examine(tally)
        papers = [it for it in (self.words, words_in("\n".join(said))) if len(it.split()) == home.WORDS]
        good = [it for it in papers if commitment_of(it) == self.commitment()]
        tally.kept += 1
        tally.lost += [] if good else ["the words"]


class Move(OnHome):
    """`zbnntp recover --new`: broken off, it is given again, and ends; the words of the new identity were printed."""

    def work(self, say: Callable[[str], None]) -> None:
        self.call("recover", "--new", "--no-passphrase", "--words-file", self.paper)

    def look(self, said: Sequence[str], tally: Tally) -> None:
        self.examine(tally)
        papers = [*said]
        if self.identity(self.home) == self.old:
            self.prepare_again()
            papers += self._said.read_text().splitlines()
        self.examine(tally)
        tally.kept += 2
        tally.lost += ["the move"] if self.identity(self.home) == self.old else []
        found = [words_in("\n".join(papers[at:])) for at, line in enumerate(papers) if line.strip().startswith("1. ")]
        good = any(commitment_of(" ".join(it.split()[:24])) == self.commitment() for it in found)
        tally.lost += [] if good else ["the words of the new identity"]

    def prepare_again(self) -> None:
        self._ended(self._fork())


class Import(OnHome):
    """`zbnntp import`: whatever is there is whole, and given again all of it comes."""

    def __init__(self, world: World, directory: Path) -> None:
        super().__init__(world, directory)
        self.file = directory / "friends.zb"
        offers = [self.manifest(Forger(f"friend{number}")) for number in range(8)]
        self.file.write_bytes(b"".join(line for offer in offers for line in write_offer(offer)))
        self.names = [name for offer in offers for name in (sha256(offer.head).hex(), offer.slices[0].segment.hex())]

    @staticmethod
    def manifest(friend: Forger) -> Offer:
        now = int(time.time())  # as the command line reads it
        posts = [friend.opening(f"{friend.name} {it}", body="a word " * 200, time=now - 1000) for it in range(20)]
        friend.seq = now - 100
        return friend.offer([segment(*posts)], time=now - 50)

    def work(self, say: Callable[[str], None]) -> None:
        self.call("import", self.file)

    def look(self, said: Sequence[str], tally: Tally) -> None:
        store = self.home / STORE_FILE
        self.examine(tally)
        if said:
            tally.promised(self.names, {name.hex() for name in served(store)})
        self._ended(self._fork())
        self.examine(tally)
        tally.promised(self.names, {name.hex() for name in served(store)})


class Start(Forked):
    """`zbnntp init`: there is no key, or one whose words were printed."""

    def __init__(self, world: World, directory: Path) -> None:
        super().__init__(directory)
        self.home = directory / "home"

    def prepare(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)

    def work(self, say: Callable[[str], None]) -> None:
        assert cli.main(["init", "--nick", "anna", "--no-passphrase", "--home", str(self.home)]) == 0

    def look(self, said: Sequence[str], tally: Tally) -> None:
        if not (self.home / KEY_FILE).exists():
            return
        words = words_in("\n".join(said))
        tally.kept += 1
        printed = len(words.split()) == home.WORDS and commitment_of(words) == home.load_keys(self.home, None).next_key
        tally.lost += [] if printed else ["the words"]


DEEDS = {
    "posting and sealing": Posting,
    "new words": Renewal,
    "key change": Move,
    "import": Import,
    "first start": Start,
}
