"""Limits that are too large for a file of vectors: what both decoders take to the last octet, and one more."""

import pytest

from tests.independent import archive, entries, making, manifests, octets
from tests.independent.making import ALICE, TIME
from tests.independent.octets import KIB, MIB, Bad, sha256, write
from zbnntp.model import bundle, manifest
from zbnntp.model.canonical import decode
from zbnntp.model.entries import open_entry
from zbnntp.model.errors import Invalid
from zbnntp.model.keys import Identity, Sha256


def both(accepted, refused, *decoders):
    for decoder in decoders:
        decoder(accepted)
        with pytest.raises((Bad, Invalid)):
            decoder(refused)


def read_line(role):
    return lambda fields: entries.read_entry(write(fields), ALICE.id, role, TIME)


def open_line(role):
    return lambda fields: open_entry(write(fields), Identity(bytes.fromhex(ALICE.id)), role)


def test_a_body_has_64_kib():
    bodies = ["é" * 32 * KIB + end for end in ("", "a")]
    both(*(making.opening(body=body) for body in bodies), read_line("posts"), open_line("posts"))


def test_a_profile_has_64_kib():
    profiles = [{"kind": "profile", "text": "a" * (64 * KIB + more)} for more in (0, 1)]
    both(*profiles, read_line("state"), open_line("state"))


def test_a_line_has_136_kib():
    def line(length):
        return write({"a": "a" * (length - len(write({"a": ""})))})

    both(line(136 * KIB), line(136 * KIB + 1), octets.read, decode)


def test_a_head_has_64_kib():
    def head(length):
        empty = len(making.head(later=""))
        return making.head(later="a" * (length - empty))

    def read(raw):
        manifests.read_head(raw, manifests.read_pointer(making.pointer(raw)))

    def opened(raw):
        manifest.open_head(raw, manifest.open_pointer(making.pointer(raw)))

    both(head(64 * KIB), head(64 * KIB + 1), read, opened)


def check_here(data):
    manifests.check_segment(manifests.read_reference("posts", making.segment_reference(data)), data)


def check_there(data):
    ref = making.segment_reference(data)
    named = manifest.SegmentRef(Sha256(bytes.fromhex(ref["sha256"])), ref["bytes"], ref["lines"], ref["from"])
    manifest.check_segment(named, data)


def test_a_segment_holds_lines_of_136_kib():
    both(*(b"{}\n" + b"a" * (136 * KIB + more) + b"\n" for more in (0, 1)), check_here, check_there)


def read_bundle(lines):
    list(archive.read_bundle(b"".join(line + b"\n" for line in lines)))


def open_bundle(lines):
    list(bundle.read_bundle(lines))


HEAD = making.head()
START = [making.pointer(HEAD), HEAD]


def slice_of(data):
    return write({"kind": "slice", "seg": sha256(b""), "at": 0, "data": data})


def test_a_slice_has_128_kib_or_one_line():
    wide, long = "a" * (128 * KIB - 2) + "\n", "a" * (136 * KIB) + "\n"
    assert len((wide + "\n").encode()) == 128 * KIB
    both([*START, slice_of(wide + "\n")], [*START, slice_of(wide + "a\n")], read_bundle, open_bundle)
    for decoder in (read_bundle, open_bundle):
        decoder([*START, slice_of(long)])


def test_a_line_of_a_bundle_has_600_kib():
    lines = [write({"kind": "later", "text": "a" * (600 * KIB + more - 26)}) for more in (0, 1)]
    assert [len(line) for line in lines] == [600 * KIB, 600 * KIB + 1]
    both(*([line] for line in lines), read_bundle, open_bundle)


def test_an_offer_has_4_mib():
    filler = write({"kind": "later", "text": "a" * (100 * KIB)})
    room = 4 * MIB - sum(len(line) + 1 for line in START)
    many = [filler] * (room // (len(filler) + 1))
    last = room - sum(len(line) + 1 for line in many) - 1

    def offer(more):
        return [*START, *many, write({"kind": "later", "text": "a" * (last + more - 26)})]

    both(offer(0), offer(1), read_bundle, open_bundle)
