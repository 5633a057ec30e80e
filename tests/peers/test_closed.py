"""The closed onion: who can read where it is, whom tor lets in, whom we ask for theirs."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.peers.fake_tor import FakeTor
from tests.peers.house import NOW, FakeDirectory, FakeLibrary, signer
from tests.peers.nodes import serving
from tests.peers.test_onion import running, until
from zbnntp.model.errors import BadEncoding
from zbnntp.model.keys import Identity, NoteKey, seal_note, sha256
from zbnntp.peers.api import Api
from zbnntp.peers.closed import ASK_SECONDS, GUESTS, ClosedDoors, ClosedOnion, read_note, visitor_key, write_note
from zbnntp.peers.needs import Mutual
from zbnntp.peers.onion import Tor
from zbnntp.peers.sync import Sync
from zbnntp.peers.transport import Transport, local_transport
from zbnntp.peers.web import listen_unix

AUTHOR, OTHER = signer("author").identity, signer("other").identity
KEYS = [NoteKey(bytes([number]) * 32) for number in range(1, 5)]
URL = "http://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
WEAK = bytes(32)  # a point of small order: everybody would know the secret


def test_a_note_is_read_by_its_reader_alone() -> None:
    note = write_note(AUTHOR, URL, KEYS[0].public)
    assert read_note(note, AUTHOR, KEYS[0]) == URL
    assert read_note(note, AUTHOR, KEYS[1]) is None
    assert read_note(b"short", AUTHOR, KEYS[0]) is None
    assert read_note(note[:-1] + bytes([note[-1] ^ 1]), AUTHOR, KEYS[0]) is None
    assert URL.encode() not in note
    assert AUTHOR.hex().encode() not in note
    assert write_note(AUTHOR, URL, KEYS[0].public) != note, "two notes for one reader look like notes for two"


@pytest.mark.parametrize("key", [WEAK, b"", b"x" * 31, bytes([1]) + bytes(31)])
def test_no_note_is_written_to_a_weak_key(key: bytes) -> None:
    with pytest.raises(BadEncoding):
        write_note(AUTHOR, URL, key)


@pytest.mark.parametrize(
    "text",
    [
        b"no line",
        b'{"id":"%b","kind":"closed","url":"http://127.0.0.1"}' % AUTHOR.hex().encode(),
        b'{"id":"%b","kind":"closed"}' % AUTHOR.hex().encode(),
        b'{"id":"%b","kind":"open","url":"%b"}' % (AUTHOR.hex().encode(), URL.encode()),
        b'{"id":"%b","kind":"closed","url":"%b"}' % (OTHER.hex().encode(), URL.encode()),
    ],
)
def test_a_note_names_its_author_and_an_onion(text: bytes) -> None:
    with pytest.raises(BadEncoding):
        read_note(seal_note(KEYS[0].public, text), AUTHOR, KEYS[0])


def test_the_keys_of_visits_and_of_the_onion_are_apart() -> None:
    seed = b"\x07" * 32
    onion = ClosedOnion(Tor(FakeTorSource()), AUTHOR, seed, Path("/run/closed.sock"))  # type: ignore[arg-type]
    assert visitor_key(seed).secret != seed
    assert visitor_key(seed) == visitor_key(seed)
    assert onion.url != ClosedOnion(Tor(FakeTorSource()), AUTHOR, b"\x08" * 32, Path("/run/closed.sock")).url  # type: ignore[arg-type]
    assert "secret" not in repr(visitor_key(seed))


class FakeTorSource:
    """Nothing is asked of it."""


@asynccontextmanager
async def opened(directory: Path, keys: Sequence[bytes]) -> AsyncIterator[tuple[FakeTor, ClosedOnion, Tor]]:
    """A closed onion on a fake tor, its site being an Api."""
    fake = FakeTor(directory)
    fake.published = False
    tor = Tor(fake.source, [].append)
    onion = ClosedOnion(tor, AUTHOR, b"\x01" * 32, directory / "web" / "closed.sock")
    onion.admit(keys)
    api = Api(AUTHOR, FakeLibrary(), lambda: NOW, notes=lambda: onion.notes)
    async with running(tor, fake), trio.open_nursery() as nursery:
        nursery.start_soon(onion.run, api)
        yield fake, onion, tor
        nursery.cancel_scope.cancel()


def clients(line: str) -> int:
    return line.count("ClientAuthV3=")


async def test_the_list_of_those_who_are_let_in_follows_the_mutuals(short_dir: Path) -> None:
    async with opened(short_dir, []) as (fake, onion, tor):
        await until(lambda: tor.connected)
        assert not fake.asked("ADD_ONION"), "nobody is on the list"
        for number in (1, 2, 3):
            onion.admit(key.public for key in KEYS[:number])
            await until(lambda number=number: len(fake.asked("ADD_ONION")) == number)
            assert clients(fake.asked("ADD_ONION")[-1]) == number
            assert "Flags=DiscardPK,V3Auth " in fake.asked("ADD_ONION")[-1]
        assert not fake.asked("GETINFO circuit-status"), "nobody has left"
        onion.admit(key.public for key in KEYS[:3])
        await trio.testing.wait_all_tasks_blocked()
        assert len(fake.asked("ADD_ONION")) == 3, "nothing has changed"


async def test_who_leaves_the_list_is_cut_off_and_nobody_who_stays(short_dir: Path) -> None:
    async with opened(short_dir, [KEYS[0].public]) as (fake, onion, _):
        path = short_dir / "web" / "closed.sock"
        await until(lambda: fake.asked("ADD_ONION"))
        service = onion.url.removeprefix("http://").removesuffix(".onion")
        fake.replies["GETINFO circuit-status"] = [
            "250+circuit-status=\r\n"
            f"7 BUILT $A PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_JOINED REND_QUERY={service}\r\n"
            "8 BUILT $A PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_JOINED REND_QUERY=another\r\n"
            f"9 BUILT $A PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED REND_QUERY={service}\r\n"
            ".\r\n250 OK"
        ]
        async with await trio.open_unix_socket(path) as inside:
            onion.admit([KEYS[0].public, KEYS[1].public])
            await until(lambda: len(fake.asked("ADD_ONION")) == 2)
            await inside.send_all(f"GET /zb/1/node HTTP/1.1\r\nHost: {service}.onion\r\n\r\n".encode())
            assert b" 200 " in await inside.receive_some()
            onion.admit([KEYS[1].public])
            assert await inside.receive_some() == b""
        await until(lambda: len(fake.asked("ADD_ONION")) == 3)
        assert fake.asked("CLOSECIRCUIT") == ["CLOSECIRCUIT 7"]
        assert len(fake.asked("DEL_ONION")) == 2
        onion.admit([])
        await until(lambda: len(fake.asked("DEL_ONION")) == 3)
        await until(lambda: not path.exists())
        assert len(fake.asked("ADD_ONION")) == 3


async def test_a_weak_key_gets_no_note_and_does_not_get_in(short_dir: Path) -> None:
    async with opened(short_dir, [KEYS[0].public, WEAK]) as (fake, onion, _):
        await until(lambda: fake.asked("ADD_ONION"))
        assert clients(fake.asked("ADD_ONION")[0]) == 1
        assert len(onion.notes) == 1
        onion.admit([KEYS[0].public, WEAK])
        await trio.testing.wait_all_tasks_blocked()
        assert len(fake.asked("ADD_ONION")) == 1


async def test_our_key_is_shown_to_every_tor_that_comes(short_dir: Path) -> None:
    fake = FakeTor(short_dir)
    tor = Tor(fake.source, [].append)
    await tor.present("a.onion", b"\x01" * 32)
    async with running(tor, fake):
        await until(lambda: tor.connected)
        assert len(fake.asked("ONION_CLIENT_AUTH_ADD a x25519:AQEB")) == 1
        await tor.present("a.onion", b"\x01" * 32)
        await tor.present("b.onion", b"\x01" * 32)
        assert len(fake.asked("ONION_CLIENT_AUTH_ADD")) == 2
        await fake.hang_up()
        await until(lambda: len(fake.asked("ONION_CLIENT_AUTH_ADD")) == 4)


# ---- asking others


class Told(FakeDirectory):
    """Mutuals as the test says; what was learned of closed onions goes there."""

    def __init__(self, everybody: list[Mutual]) -> None:
        super().__init__()
        self.mutual = everybody
        self.asked = 0

    def mutuals(self) -> Sequence[Mutual]:
        self.asked += 1
        return list(self.mutual)

    async def remember_closed(self, identity: Identity, url: str) -> None:
        await trio.lowlevel.checkpoint()
        self.mutual = [
            Mutual(it.identity, it.endpoints, it.visitor, url if it.identity == identity else it.closed)
            for it in self.mutual
        ]


class Bench:
    """A node of a local network that asks its mutuals; `notes` is what bob's node has."""

    def __init__(self, directory: Path, mutuals: list[Mutual]) -> None:
        self.directory = directory
        self.told = Told(mutuals)
        self.tor = Tor(FakeTorSource())  # type: ignore[arg-type]
        self.onion = ClosedOnion(self.tor, AUTHOR, b"\x01" * 32, directory / "closed.sock")
        self.doors = ClosedDoors(self.told, self.tor, self.onion, KEYS[0], random.Random(1))
        self.requests = 0
        self.notes: list[bytes] | None = []

    def answer_notes(self) -> list[bytes]:
        self.requests += 1
        return self.notes or []

    @asynccontextmanager
    async def running(self, identity: Identity) -> AsyncIterator[Transport]:
        """Bob's node names `identity`."""
        notes = None if self.notes is None else self.answer_notes
        api = Api(identity, FakeLibrary(), lambda: NOW, notes=notes)
        transport = local_transport(self.directory)
        async with serving(self.directory / "bob.sock", api, {"bob"}), trio.open_nursery() as nursery:
            nursery.start_soon(self.doors.run, transport, Sync(transport, FakeLibrary()))
            yield transport
            nursery.cancel_scope.cancel()
        await transport.aclose()


def bob(closed: str | None = None) -> Mutual:
    return Mutual(OTHER, ("local:bob",), KEYS[1].public, closed)


async def test_a_mutual_s_address_is_learned_from_the_note_that_is_ours(
    short_dir: Path, autojump_clock: trio.testing.MockClock
) -> None:
    bench = Bench(short_dir, [bob()])
    bench.notes = [write_note(OTHER, URL, KEYS[2].public), write_note(OTHER, URL, KEYS[0].public)]
    async with bench.running(OTHER):
        await until(lambda: bench.doors.known)
        assert bench.told.mutual[0].closed == URL
        assert bench.onion.guests == {KEYS[1].public}
        assert bench.requests == 1
        await trio.sleep(ASK_SECONDS / 2)
        assert bench.requests == 1, "once a day"
        await trio.sleep(ASK_SECONDS)
        assert bench.requests == 2


async def test_who_is_not_told_yet_asks_again_less_and_less(
    short_dir: Path, autojump_clock: trio.testing.MockClock
) -> None:
    bench = Bench(short_dir, [bob()])
    bench.notes = [write_note(OTHER, URL, KEYS[3].public), b"nonsense"]
    async with bench.running(OTHER):
        await trio.sleep(ASK_SECONDS)
        assert 10 < bench.requests < 200
        assert bench.doors.known == 0
        bench.notes.append(write_note(OTHER, URL, KEYS[0].public))
        await until(lambda: bench.doors.known)


async def test_an_address_told_by_somebody_else_s_node_is_not_taken(
    short_dir: Path, autojump_clock: trio.testing.MockClock
) -> None:
    bench = Bench(short_dir, [bob()])
    bench.notes = [write_note(OTHER, URL, KEYS[0].public)]
    async with bench.running(AUTHOR):
        await trio.sleep(3600)
        assert bench.doors.known == 0
        assert bench.requests == 0


async def test_a_node_without_a_closed_onion_is_asked_once_a_day(
    short_dir: Path, autojump_clock: trio.testing.MockClock
) -> None:
    bench = Bench(short_dir, [bob()])
    bench.notes = None
    async with bench.running(OTHER) as transport:
        await trio.sleep(3600)
        assert (await transport.request("local:bob", "/zb/1/closed", limit=1000)).status == 404
        assert b"closed" not in (await transport.request("local:bob", "/zb/1/node", limit=1000)).body
        assert bench.doors.known == 0


async def test_the_list_does_not_wait_for_a_peer_that_is_slow(
    short_dir: Path, autojump_clock: trio.testing.MockClock
) -> None:
    bench = Bench(short_dir, [bob()])
    transport = local_transport(short_dir)
    async with trio.open_nursery() as nursery:
        listeners = [listen_unix(short_dir / "bob.sock")]
        nursery.start_soon(trio.serve_listeners, lambda stream: trio.sleep_forever(), listeners)
        nursery.start_soon(bench.doors.run, transport, Sync(transport, FakeLibrary()))
        await until(lambda: bench.onion.guests)
        await trio.sleep(1)
        bench.told.mutual = []
        bench.doors.wake()
        before = trio.current_time()
        await until(lambda: not bench.onion.guests)
        assert trio.current_time() - before < 1
        nursery.cancel_scope.cancel()
    await transport.aclose()


async def test_those_who_are_trusted_most_are_let_in_and_a_new_mutual_at_once(
    short_dir: Path, autojump_clock: trio.testing.MockClock
) -> None:
    many = [
        Mutual(Identity(sha256(b"%d" % number)), (), NoteKey(sha256(b"%d" % number)).public, None)
        for number in range(GUESTS + 10)
    ]
    bench = Bench(short_dir, many[:1])
    async with bench.running(OTHER):
        await until(lambda: len(bench.onion.guests) == 1)
        bench.told.mutual = many
        before = trio.current_time()
        bench.doors.wake()
        await until(lambda: len(bench.onion.guests) == GUESTS)
        assert trio.current_time() - before < 1
        assert bench.onion.guests == {it.visitor for it in many[:GUESTS]}
        bench.told.mutual = []
        bench.doors.wake()
        await until(lambda: not bench.onion.guests)
        assert bench.onion.notes == []
