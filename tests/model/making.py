"""What the tests of the model need again and again: two people, vectors from files, heads with pointers."""

import hashlib
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from zbnntp.model import keys, manifest
from zbnntp.model.entries import POSTS, Post, make_post, open_entry
from zbnntp.model.onion import onion_address

VECTORS = Path(__file__).parent.parent / "data" / "vectors"


def vectors(name: str) -> Any:
    """The test vectors of one file; docs/protocol.md prints the main ones."""
    return json.loads((VECTORS / f"{name}.json").read_text())


def signer(name: str) -> keys.Signer:
    return keys.Signer.from_seed(hashlib.sha256(f"zbnntp test key {name}".encode()).digest())


ALICE, BOB = signer("alice"), signer("bob")
SIGNERS = {"alice": ALICE, "bob": BOB}
NEXT = keys.sha256(signer("alice recovery").identity)
ONION = "http://" + onion_address(bytes(32))
TIME = 1795000000


def line_of(**fields: Any) -> bytes:
    """Canonical bytes written without the code under test; a field that is None is left out."""
    kept = {name: value for name, value in fields.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def opening(by: keys.Signer = ALICE, body: str = "Hello.\n", **fields: Any) -> bytes:
    """The line of a thread's first post, signed over whatever `fields` add or replace."""
    header = {
        "kind": "post",
        "author": by.identity.hex(),
        "boards": ["tech.linux"],
        "time": TIME,
        "subject": "First thread",
        "body_sha256": hashlib.sha256(body.encode()).hexdigest(),
    } | fields
    sig = by.sign(b"zbnntp1 post\n" + line_of(**header)).hex()
    return line_of(**{name: value for name, value in header.items() if name != "body_sha256"}, body=body, sig=sig)


def reply(by: keys.Signer = BOB, body: str = "I agree.\n", **fields: Any) -> bytes:
    """The line of an answer to `opening()`."""
    thread = opened(opening()).header.id.hex()
    made = {
        "kind": "post",
        "author": by.identity.hex(),
        "boards": ["tech.linux"],
        "time": TIME + 60,
        "thread": thread,
        "parents": [thread],
        "body": body,
    }
    return line_of(**(made | fields))


def opened(raw: bytes, author: keys.Signer = ALICE, role: str = POSTS) -> Post:
    entry = open_entry(raw, author.identity, role)
    assert isinstance(entry, Post)
    return entry


def made_post(**fields: Any) -> Post:
    """A post by Alice through make_post and open_entry; an OP unless `thread` is given."""
    return opened(make_post(ALICE, **({"boards": ["tech.linux"], "body": "Hello.\n", "time": TIME} | fields)))


def head_line(**fields: Any) -> bytes:
    """A head of Alice's; `fields` replace, None removes."""
    line = {
        "kind": "head",
        "v": 1,
        "id": ALICE.identity.hex(),
        "seq": TIME,
        "time": TIME,
        "nick": "alice",
        "endpoints": [{"url": ONION, "own": True}],
        "posts": [],
        "state": [],
        "next": NEXT.hex(),
    }
    return line_of(**(line | fields))


def open_signed_head(raw: bytes, seq: int = TIME) -> manifest.Head:
    """The head of a line, under a pointer that Alice signed for it."""
    return manifest.open_head(raw, manifest.open_pointer(manifest.make_pointer(ALICE, seq, raw)))


def segment_ref(**fields: Any) -> dict[str, Any]:
    return {"sha256": "ab" * 32, "bytes": 100, "lines": 1, "from": TIME} | fields


def urls() -> st.SearchStrategy[str]:
    """Endpoints of both forms."""
    onions = st.binary(min_size=32, max_size=32).map(lambda key: f"http://{onion_address(key)}")
    return onions | st.text("az09-", min_size=1, max_size=32).map(lambda name: f"local:{name}")
