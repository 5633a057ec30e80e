"""The vectors of docs/protocol.md: an implementation that passes these reads and writes what others do."""

import hashlib
import json

import pytest

from tests.model.making import ALICE, BOB, NEXT, SIGNERS, TIME, line_of, opened, vectors
from zbnntp.model import bundle, canonical, entries, keys, link, manifest, notices
from zbnntp.model.errors import BadEncoding, BadSignature

MANIFESTS = vectors("manifests")
SUCCESSION = vectors("succession")
WEAK = vectors("weak_keys")


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("who", vectors("identities"), ids=lambda who: who["name"])
def test_identities(who: dict) -> None:
    assert hashlib.sha256(who["seed_text"].encode()).hexdigest() == who["seed"]
    signer = keys.Signer.from_seed(bytes.fromhex(who["seed"]))
    recovery = keys.Signer.from_seed(hashlib.sha256(who["recovery_seed_text"].encode()).digest())
    assert signer.identity.hex() == who["id"]
    assert keys.identity_text(signer.identity) == who["text"]
    assert keys.parse_identity(who["text"]) == signer.identity
    assert keys.short_id(signer.identity) == who["short"]
    assert recovery.identity.hex() == who["recovery_id"]
    assert sha256_hex(recovery.identity) == who["next"]


@pytest.mark.parametrize("case", vectors("posts"), ids=lambda case: case["name"])
def test_posts(case: dict) -> None:
    author = SIGNERS[case["author"]]
    post = opened(case["line"].encode(), author)
    assert sha256_hex(case["header"].encode()) == case["id"] == post.header.id.hex()
    assert keys.message_id(post.header.id) == case["message_id"]
    assert keys.parse_message_id(case["message_id"]) == post.header.id
    if "sig" in case:
        assert author.sign(b"zbnntp1 post\n" + case["header"].encode()).hex() == case["sig"]
    assert entries.open_header(json.loads(case["header"])) == post.header


@pytest.mark.parametrize("case", vectors("posts"), ids=lambda case: case["name"])
def test_posts_are_made_byte_for_byte(case: dict) -> None:
    post = opened(case["line"].encode(), SIGNERS[case["author"]])
    header = post.header
    made = entries.make_post(
        SIGNERS[case["author"]],
        boards=header.boards,
        body=post.body,
        time=header.time,
        subject=header.subject,
        thread=header.thread,
        parents=header.parents,
    )
    assert made.decode() == case["line"]


@pytest.mark.parametrize("case", vectors("lines"), ids=lambda case: case["kind"])
def test_lines(case: dict) -> None:
    raw = case["line"].encode()
    entry = entries.open_entry(raw, SIGNERS[case["author"]].identity, case["role"])
    assert type(entry).__name__.lower() == case["kind"]
    assert canonical.encode(canonical.decode(raw)) == raw


@pytest.mark.parametrize("case", MANIFESTS["valid"], ids=lambda case: case["name"])
def test_manifests(case: dict) -> None:
    signer, pointer_raw, head_raw = SIGNERS[case["name"]], case["pointer"].encode(), case["head"].encode()
    pointer = manifest.open_pointer(pointer_raw)
    head = manifest.open_head(head_raw, pointer)
    assert pointer.identity == signer.identity
    assert pointer.head.hex() == case["head_sha256"] == sha256_hex(head_raw)
    assert manifest.pointer_buffer(pointer.seq, pointer.head).hex() == case["buffer"]
    assert signer.sign(bytes.fromhex(case["buffer"])).hex() == case["sig"]
    assert manifest.make_pointer(signer, pointer.seq, head_raw) == pointer_raw
    made = manifest.make_head(
        identity=head.identity,
        seq=head.seq,
        time=head.time,
        nick=head.nick,
        endpoints=head.endpoints,
        posts=head.posts,
        state=head.state,
        prev=head.prev,
        next_key=head.next,
    )
    assert made == head_raw


@pytest.mark.parametrize("case", MANIFESTS["valid"], ids=lambda case: case["name"])
def test_segments_of_the_manifests(case: dict) -> None:
    head = manifest.open_head(case["head"].encode(), manifest.open_pointer(case["pointer"].encode()))
    for ref, text in zip(head.segments, case["segments"], strict=True):
        role = entries.POSTS if ref in head.posts else entries.STATE
        found = [entries.open_entry(line, head.identity, role) for line in manifest.check_segment(ref, text.encode())]
        times = [entry.header.time for entry in found if isinstance(entry, entries.Post)]
        assert ref.since == min(times, default=0)


def test_a_pointer_can_be_checked_from_the_hash_of_its_head() -> None:
    case = MANIFESTS["pointer_only"]
    head = keys.Sha256(bytes.fromhex(case["head_sha256"]))
    assert manifest.pointer_buffer(case["seq"], head).hex() == case["buffer"]
    assert ALICE.sign(bytes.fromhex(case["buffer"])).hex() == case["sig"]
    raw = line_of(kind="pointer", id=case["id"], seq=case["seq"], head=case["head_sha256"], sig=case["sig"])
    assert manifest.open_pointer(raw).head == head


def test_a_head_whose_endpoint_ends_in_a_slash_is_refused() -> None:
    """The head behind that hash: signed and canonical, but `http://….onion/` is not the form of an endpoint."""
    case = MANIFESTS["pointer_only"]
    raw = case["refused_head"].encode()
    assert sha256_hex(raw) == case["head_sha256"]
    with pytest.raises(BadEncoding):
        manifest.open_head(raw, manifest.open_pointer(manifest.make_pointer(ALICE, case["seq"], raw)))


def test_fork() -> None:
    """Both pointers hold, both heads open; the lower hash stands first and is kept."""
    case = MANIFESTS["fork"]
    line = canonical.decode(case["line"].encode())
    pointers = [manifest.open_pointer(canonical.encode(line[name])) for name in ("a", "b")]
    heads = [manifest.open_head(raw.encode(), it) for raw, it in zip(case["heads"], pointers, strict=True)]
    assert [head.sha256.hex() for head in heads] == case["head_sha256"] == sorted(case["head_sha256"])
    assert {head.seq for head in heads} == {case["seq"]}
    assert {head.prev for head in heads} == {(TIME, keys.Sha256(bytes.fromhex(MANIFESTS["valid"][0]["head_sha256"])))}
    assert case["kept"] == min(case["head_sha256"])
    fork = notices.open_fork(case["line"].encode())
    assert (fork.low, fork.high) == tuple(pointers)
    assert notices.make_fork(*reversed(pointers)) == fork.raw
    earlier = "917a8fc81de12c1d621a04d20e0146142906e209040a0b46f26d22e233d030ef"
    assert earlier < "db0048de622b13a208dc24cceb5f2e547b424adedfc44404d18206e194df5617"


def test_bundle() -> None:
    case = vectors("bundle")
    lines = case["text"].encode().splitlines(keepends=True)
    (offer,) = bundle.read_bundle(lines)
    assert [[sha256_hex(part.data), part.at, len(part.data)] for part in offer.slices] == case["slices"]
    assert manifest.open_pointer(offer.pointer).identity.hex() == case["id"]
    assert list(bundle.write_offer(offer)) == lines


@pytest.mark.parametrize("case", vectors("links"), ids=lambda case: case["text"][58:])
def test_links(case: dict) -> None:
    found = link.parse_link(case["text"])
    assert (found.identity.hex(), list(found.urls), found.code) == (case["id"], case["urls"], case.get("code"))
    assert link.format_link(found) == case["text"]


@pytest.mark.parametrize("item", vectors("bep44")["items"], ids=lambda item: item["salt"] or "no salt")
def test_bep44_as_published(item: dict) -> None:
    key = bytes.fromhex(vectors("bep44")["key"])
    keys.verify(keys.Identity(key), item["buffer"].encode(), bytes.fromhex(item["sig"]))
    assert hashlib.sha1(key + item["salt"].encode(), usedforsecurity=False).hexdigest() == item["target"]


def test_a_pointer_is_a_bep44_item() -> None:
    """The buffer is what BEP 44 signs: bencoded salt, seq and v, without the dictionary around them."""
    head = keys.sha256(b"")
    assert manifest.pointer_buffer(7, head) == b"4:salt7:zbnntp13:seqi7e1:v32:" + head


def test_succession() -> None:
    item, move = SUCCESSION["next_by"]["item"], canonical.decode(SUCCESSION["move"]["line"].encode())
    assert sha256_hex(bytes.fromhex(item["key"])) == NEXT.hex()
    signed = b"zbnntp1 next\n" + ALICE.identity + bytes.fromhex(item["next"])
    assert signed.hex() == SUCCESSION["next_by"]["signed"]
    keys.verify(keys.Identity(bytes.fromhex(item["key"])), signed, bytes.fromhex(item["sig"]))
    sig, to_sig = bytes.fromhex(move.pop("sig")), bytes.fromhex(move.pop("to_sig"))
    signed = b"zbnntp1 move\n" + canonical.encode(move)
    assert signed.hex() == SUCCESSION["move"]["signed"]
    keys.verify(keys.Identity(bytes.fromhex(move["key"])), signed, sig)
    keys.verify(BOB.identity, signed, to_sig)


def test_intro() -> None:
    line = canonical.decode(SUCCESSION["intro"]["line"].encode())
    sig = bytes.fromhex(line.pop("sig"))
    signed = b"zbnntp1 intro\n" + canonical.encode(line)
    assert signed.hex() == SUCCESSION["intro"]["signed"]
    keys.verify(BOB.identity, signed, sig)


def test_no_signed_buffer_is_the_beginning_of_another_kind() -> None:
    domains = [b"4:salt7:zbnntp1", b"zbnntp1 post\n", b"zbnntp1 move\n", b"zbnntp1 next\n", b"zbnntp1 intro\n"]
    assert not [(a, b) for a in domains for b in domains if a != b and b.startswith(a)]


@pytest.mark.parametrize("key", WEAK["small_order"] + WEAK["non_canonical"])
def test_small_order_and_non_canonical_keys_sign_nothing(key: str) -> None:
    """With S = 0 and R any point of small order, libraries that take such keys accept every eighth message or more."""
    for r in WEAK["small_order"]:
        for message in range(8):
            with pytest.raises(BadSignature):
                keys.verify(keys.Identity(bytes.fromhex(key)), b"%d" % message, bytes.fromhex(r) + bytes(32))


def test_s_plus_l_and_a_small_order_r_are_refused() -> None:
    identity, message = keys.Identity(bytes.fromhex(WEAK["id"])), WEAK["message"].encode()
    keys.verify(identity, message, bytes.fromhex(WEAK["sig"]))
    for forged in ("sig_plus_l", "sig_small_order_r"):
        with pytest.raises(BadSignature):
            keys.verify(identity, message, bytes.fromhex(WEAK[forged]))
