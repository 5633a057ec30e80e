"""Two decoders, one written from the document alone, agree on every row of the tables: accepted, or refused."""

import json

import pytest

from tests.independent import entries, manifests, octets
from tests.independent.archive import Archive
from tests.independent.octets import Bad
from tests.independent.test_vectors import vectors
from tests.independent.vectors import FILES, FOLDER, printed
from zbnntp.model import bundle, manifest
from zbnntp.model.entries import Unknown, open_entry
from zbnntp.model.errors import Invalid
from zbnntp.model.keys import Identity, Sha256

ENTRIES, HEADS, POINTERS, SEGMENTS, BUNDLES = map(vectors, ("entries", "heads", "pointers", "segments", "bundles"))


def each(table, kind):
    return pytest.mark.parametrize("row", table[kind], ids=lambda row: row["why"])


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_what_the_tables_make(name):
    assert (FOLDER / f"{name}.json").read_text() == printed(FILES[name]), "run python -m tests.independent.vectors"


# Lines


def read_line(row):
    return entries.read_entry(row["line"].encode(), ENTRIES["author"], row["role"], ENTRIES["head_time"])


def open_line(row):
    """As ingest does: a post must not be later than its head."""
    entry = open_entry(row["line"].encode(), Identity(bytes.fromhex(ENTRIES["author"])), row["role"])
    if getattr(getattr(entry, "header", None), "time", 0) > ENTRIES["head_time"]:
        raise Invalid("later than its head")
    return entry


@each(ENTRIES, "accepted")
def test_lines_that_hold(row):
    read, opened = read_line(row), open_line(row)
    if read.id:
        assert opened.header.id.hex() == read.id
    assert isinstance(opened, Unknown) == (read.kind not in entries.POSTS | entries.STATE)


@each(ENTRIES, "refused")
def test_lines_that_break_a_rule(row):
    octets.read(row["line"].encode())  # in form: it is the rule that is broken
    with pytest.raises(Bad):
        read_line(row)
    with pytest.raises(Invalid):
        open_line(row)


# Pointers and heads


@each(POINTERS, "accepted")
def test_pointers_that_hold(row):
    read, opened = manifests.read_pointer(row["line"].encode()), manifest.open_pointer(row["line"].encode())
    assert (read.id, read.seq, read.head) == (opened.identity.hex(), opened.seq, opened.head.hex())


@each(POINTERS, "refused")
def test_pointers_that_break_a_rule(row):
    with pytest.raises(Bad):
        manifests.read_pointer(row["line"].encode())
    with pytest.raises(Invalid):
        manifest.open_pointer(row["line"].encode())


@each(HEADS, "accepted")
def test_heads_that_hold(row):
    read = manifests.read_head(row["head"].encode(), manifests.read_pointer(row["pointer"].encode()))
    opened = manifest.open_head(row["head"].encode(), manifest.open_pointer(row["pointer"].encode()))
    assert [(it.name, it.octets, it.lines) for it in read.segments] == [
        (it.sha256.hex(), it.octets, it.lines) for it in opened.segments
    ]
    assert read.is_understood != opened.needs_newer


@each(HEADS, "refused")
def test_heads_that_break_a_rule(row):
    with pytest.raises(Bad):
        manifests.read_head(row["head"].encode(), manifests.read_pointer(row["pointer"].encode()))
    with pytest.raises(Invalid):
        manifest.open_head(row["head"].encode(), manifest.open_pointer(row["pointer"].encode()))


# Segments


def read_segment(row):
    """The lines that hold, of a segment that does."""
    segment = manifests.read_reference("posts", row["reference"])
    data = bytes.fromhex(row["hex"])
    manifests.check_segment(segment, data)
    head = manifests.Head({"id": SEGMENTS["author"], "time": SEGMENTS["head_time"]}, "", (segment,))
    return manifests.entries_of(head, segment, data)


def check_segment(row):
    named = row["reference"]
    ref = manifest.SegmentRef(Sha256(bytes.fromhex(named["sha256"])), named["bytes"], named["lines"], named["from"])
    return manifest.check_segment(ref, bytes.fromhex(row["hex"]))


@each(SEGMENTS, "accepted")
def test_segments_that_hold(row):
    assert len(read_segment(row)) == row["valid"]
    assert len(check_segment(row)) == row["reference"]["lines"]


@each(SEGMENTS, "refused")
def test_segments_that_break_a_rule(row):
    with pytest.raises(Bad):
        read_segment(row)
    with pytest.raises(Invalid):
        check_segment(row)


# Bundles


@each(BUNDLES, "accepted")
def test_bundles_that_hold(row):
    archive = Archive()
    archive.take_bundle(row["text"].encode(), BUNDLES["now"])
    assert {who: len(held.segments) for who, held in archive.held.items()} == row["segments"]
    offers = list(bundle.read_bundle(row["text"].encode().splitlines(keepends=True)))
    assert {json.loads(offer.pointer)["id"] for offer in offers} == row["segments"].keys()


@each(BUNDLES, "refused")
def test_bundles_that_break_a_rule(row):
    with pytest.raises(Bad):
        Archive().take_bundle(row["text"].encode(), BUNDLES["now"])
