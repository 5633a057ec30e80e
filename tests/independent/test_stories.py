"""Two implementations hold and show the same after the same bundles: the reader's archive, and a whole house."""

from contextlib import suppress

import pytest

from tests.houses import Clock, open_house
from tests.independent import entries, manifests, octets
from tests.independent.archive import Archive, Parked, Stale
from tests.independent.octets import Bad
from tests.independent.test_vectors import vectors
from zbnntp.model.bundle import read_bundle
from zbnntp.model.errors import Invalid, Refused
from zbnntp.model.keys import Identity, parse_message_id
from zbnntp.model.manifest import open_pointer
from zbnntp.model.notices import open_fork
from zbnntp.model.succession import open_move
from zbnntp.store import evidence, versions

VERSIONS, MOVES, FORKS, THREADS, BUNDLES = map(vectors, ("versions", "moves", "forks", "threads", "bundles"))
BOARDS = ("tech.linux", "tech.bsd")


def each(rows):
    return pytest.mark.parametrize("row", rows, ids=lambda row: row["why"])


def offers(text):
    return list(read_bundle(text.encode().splitlines(keepends=True)))


async def trust_everybody(house, found):
    for identity in {open_pointer(offer.pointer).identity for offer in found}:
        await house.rate(identity, mt=10000)


@each(VERSIONS["stories"] + VERSIONS["successions"])
def test_the_reader_holds(row):
    archive = Archive()
    for step in row["steps"]:
        with suppress(Bad, Stale, Parked):
            archive.take_bundle(step["text"].encode(), step["now"])
        held = archive.held[VERSIONS["id"]]
        assert (held.head.hash, held.is_marked) == (step["head"], step["forked"])


@each(VERSIONS["stories"] + VERSIONS["successions"])
async def test_the_house_holds(row, tmp_path):
    identity, clock = Identity(bytes.fromhex(VERSIONS["id"])), Clock()
    async with open_house(tmp_path, "reader", clock) as house:
        await house.rate(identity, mt=10000)
        for step in row["steps"]:
            clock.now = step["now"]
            for offer in offers(step["text"]):
                with suppress(Invalid, Refused):
                    await house.take(offer)
            held = evidence.find_manifest(house.reader, identity)
            assert held is not None
            marked = bool(versions.count_conflicts(house.reader, held.person))
            assert (held.head_sha256.hex(), marked) == (step["head"], step["forked"])


@each(THREADS["threads"])
def test_the_reader_shows(row):
    archive = Archive()
    archive.take_bundle(row["text"].encode(), THREADS["now"])
    assert sorted(archive.shown()) == row["shown"]


@each(THREADS["threads"])
async def test_the_house_shows(row, tmp_path):
    async with open_house(tmp_path, "reader", Clock(THREADS["now"])) as house:
        found = offers(row["text"])
        await trust_everybody(house, found)
        for board in BOARDS:
            await house.add_board(board)
        for offer in found:
            await house.take(offer)
        windows = [window for board in BOARDS for window in house.shelf.overview(board, 1, 2**31 - 1)]
        names = {line.text.split(b"\t")[3].decode() for window in windows for line in window}
        shown = {parse_message_id(text).hex() for text in names}
        assert sorted(shown - carried(row["text"])) == row["shown"]


def carried(text):
    """Threads whose header alone is there, in somebody's carry: they may stand as an article without text."""
    archive = Archive()
    archive.take_bundle(text.encode(), THREADS["now"])
    entries_held = [entry for held in archive.held.values() for _, entry in held.entries()]
    of_kind = {kind: {entry.id for entry in entries_held if entry.kind == kind} for kind in ("carry", "post")}
    return of_kind["carry"] - of_kind["post"]


@each(BUNDLES["refused"])
async def test_the_house_refuses_bundles_that_break_a_rule(row, tmp_path):
    async with open_house(tmp_path, "reader", Clock(BUNDLES["now"])) as house:
        with pytest.raises(Invalid):  # noqa: PT012
            found = offers(row["text"])
            await trust_everybody(house, found)
            for offer in found:
                await house.take(offer)


@each(MOVES["accepted"])
def test_moves_that_hold(row):
    fields = octets.read(row["line"].encode())
    entries.check_move(fields)
    moved = open_move(row["line"].encode())
    assert entries.successor(fields) == (moved.target.hex() if moved.target else None) == row.get("to")


@each(MOVES["refused"])
def test_moves_that_break_a_rule(row):
    with pytest.raises(Bad):
        entries.check_move(octets.read(row["line"].encode()))
    with pytest.raises(Invalid):
        open_move(row["line"].encode())


@each(FORKS["accepted"])
def test_forks_that_hold(row):
    a, b = manifests.read_fork(row["line"].encode())
    fork = open_fork(row["line"].encode())
    assert (a.head, b.head) == (fork.low.head.hex(), fork.high.head.hex())


@each(FORKS["refused"])
def test_forks_that_break_a_rule(row):
    with pytest.raises(Bad):
        manifests.read_fork(row["line"].encode())
    with pytest.raises(Invalid):
        open_fork(row["line"].encode())
