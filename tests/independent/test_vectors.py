"""The independent reader finds in the published vectors what they say of themselves."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.independent import entries, manifests, octets
from tests.independent.archive import Archive

VECTORS = Path(__file__).parent.parent / "data" / "vectors"
NOW = 1795001000


def vectors(name):
    return json.loads((VECTORS / f"{name}.json").read_text())


def octets_of(row):
    return bytes.fromhex(row["hex"]) if "hex" in row else row["text"].encode()


PEOPLE = {person["name"]: person for person in vectors("identities")}
LATEST = octets.LATEST


@pytest.mark.parametrize("text", vectors("canonical")["accepted"])
def test_canonical_lines_are_read(text):
    octets.read(text.encode())


@pytest.mark.parametrize("row", vectors("canonical")["refused"], ids=lambda row: row["why"])
def test_lines_in_another_form_are_refused(row):
    with pytest.raises(octets.Bad):
        octets.read(octets_of(row))


def test_open_brackets_without_end_are_refused():
    with pytest.raises(octets.Bad):
        octets.read(b"[" * 100_000)


@pytest.mark.parametrize("person", PEOPLE.values(), ids=PEOPLE)
def test_identities(person):
    assert octets.identity_text(person["id"]) == person["text"]
    assert octets.read_identity(person["text"]) == person["id"]
    assert octets.sha256(bytes.fromhex(person["recovery_id"])) == person["next"]


@pytest.mark.parametrize("link", vectors("links"), ids=lambda link: link["text"][-20:])
def test_links(link):
    assert octets.read_link(link["text"]) == (link["id"], link["urls"], link.get("code"))


def test_weak_keys_sign_nothing():
    weak = vectors("weak_keys")
    signature = (1).to_bytes(32, "little").hex() + "00" * 32
    for key in weak["small_order"] + weak["non_canonical"]:
        assert not octets.holds(key, weak["message"].encode(), signature)
        assert not octets.is_sound_key(bytes.fromhex(key))


def test_forged_signatures():
    weak = vectors("weak_keys")
    assert octets.holds(weak["id"], weak["message"].encode(), weak["sig"])
    assert not octets.holds(weak["id"], weak["message"].encode(), weak["sig_plus_l"])
    assert not octets.holds(weak["id"], weak["message"].encode(), weak["sig_small_order_r"])


def test_bep44_signatures_as_published():
    published = vectors("bep44")
    for item in published["items"]:
        assert octets.holds(published["key"], item["buffer"].encode(), item["sig"])
        target = hashlib.sha1(bytes.fromhex(published["key"]) + item["salt"].encode()).hexdigest()
        assert target == item["target"]


@pytest.mark.parametrize("post", vectors("posts"), ids=lambda post: post["name"])
def test_posts(post):
    entry = entries.read_entry(post["line"].encode(), PEOPLE[post["author"]]["id"], "posts", LATEST)
    assert entry.id == post["id"]
    assert octets.message_id(entry.id) == post["message_id"]
    assert octets.read_message_id(post["message_id"]) == post["id"]


@pytest.mark.parametrize("row", vectors("lines"), ids=lambda row: row["kind"])
def test_lines_of_all_kinds(row):
    entry = entries.read_entry(row["line"].encode(), PEOPLE[row["author"]]["id"], row["role"], LATEST)
    assert entry.kind == row["kind"]


@pytest.mark.parametrize("manifest", vectors("manifests")["valid"], ids=lambda row: row["name"])
def test_manifests(manifest):
    pointer = manifests.read_pointer(manifest["pointer"].encode())
    assert manifests.pointer_octets(pointer.seq, pointer.head).hex() == manifest["buffer"]
    head = manifests.read_head(manifest["head"].encode(), pointer)
    assert head.hash == manifest["head_sha256"]
    for segment, text in zip(head.segments, manifest["segments"], strict=True):
        manifests.check_segment(segment, text.encode())
        assert len(manifests.entries_of(head, segment, text.encode())) == segment.lines


def test_a_pointer_holds_without_its_head():
    only = vectors("manifests")["pointer_only"]
    buffer = manifests.pointer_octets(only["seq"], only["head_sha256"])
    assert buffer.hex() == only["buffer"]
    assert octets.holds(only["id"], buffer, only["sig"])
    pointer = manifests.Pointer(only["id"], only["seq"], only["head_sha256"], b"")
    with pytest.raises(octets.Bad, match="endpoints"):
        manifests.read_head(only["refused_head"].encode(), pointer)


def test_a_fork():
    fork = vectors("manifests")["fork"]
    a, b = manifests.read_fork(fork["line"].encode())
    assert (a.head, b.head) == tuple(octets.sha256(text.encode()) for text in fork["heads"])
    assert a.head == fork["kept"]


def test_succession():
    rows = vectors("succession")
    assert manifests.renews(rows["next_by"]["item"], PEOPLE["alice"]["id"])
    move = octets.read(rows["move"]["line"].encode())
    assert entries.move_octets(move).hex() == rows["move"]["signed"]
    entries.check_move(move)
    assert entries.successor(move) == PEOPLE["bob"]["id"]
    intro = octets.read(rows["intro"]["line"].encode())
    signed = b"zbnntp1 intro\n" + octets.write({key: value for key, value in intro.items() if key != "sig"})
    assert signed.hex() == rows["intro"]["signed"]
    assert octets.holds(intro["id"], signed, intro["sig"])


def test_a_bundle():
    archive, bundle = Archive(), vectors("bundle")
    archive.take_bundle(bundle["text"].encode(), NOW)
    held = archive.held[bundle["id"]]
    assert {name: len(text) for name, text in held.segments.items()} == {row[0]: row[2] for row in bundle["slices"]}
    assert list(archive.shown()) == [vectors("posts")[1]["id"]], "the reply; the carry proves its thread"
