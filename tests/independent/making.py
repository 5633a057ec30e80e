"""An independent writer for the test vectors: keys from texts, lines that keep or break a rule.

`python -m tests.independent.vectors` writes the files of tests/data/vectors/ that are made with it.
"""

import hashlib

from nacl.signing import SigningKey

from tests.independent.manifests import pointer_octets
from tests.independent.octets import sha256, write

TIME = 1795000000
ABSENT = object()  # as the value of a field: leave it out


class Person:
    def __init__(self, name):
        self.name = name
        self.key = SigningKey(hashlib.sha256(f"zbnntp test key {name}".encode()).digest())
        self.id = self.key.verify_key.encode().hex()

    def sign(self, octets):
        return self.key.sign(octets).signature.hex()


ALICE, BOB = Person("alice"), Person("bob")
RECOVERY, RECOVERY_2 = Person("alice recovery"), Person("alice recovery 2")
NEXT, NEXT_2 = (sha256(bytes.fromhex(person.id)) for person in (RECOVERY, RECOVERY_2))
ONION = "http://" + "a" * 56 + ".onion"


def changed(fields, changes):
    return {key: value for key, value in (fields | changes).items() if value is not ABSENT}


def header_of(post):
    header = {key: value for key, value in post.items() if key not in {"body", "sig"}}
    return header | {"body_sha256": sha256(str(post.get("body", "")).encode())}


def post_id(post):
    return sha256(write(header_of(post)))


def opening(by=ALICE, **changes):
    """The fields of an opening post, signed over what is changed unless `sig` is."""
    fields = {
        "kind": "post",
        "author": by.id,
        "boards": ["tech.linux"],
        "subject": "First thread",
        "time": TIME,
        "body": "Hello.\n",
    }
    fields = changed(fields, {key: value for key, value in changes.items() if key != "sig"})
    return changed({"sig": by.sign(b"zbnntp1 post\n" + write(header_of(fields)))} | fields, changes)


OP = opening()


def reply(by=ALICE, **changes):
    """The fields of an answer to OP."""
    fields = {
        "kind": "post",
        "author": by.id,
        "boards": ["tech.linux"],
        "thread": post_id(OP),
        "parents": [post_id(OP)],
        "time": TIME,
        "body": "I agree.\n",
    }
    return changed(fields, changes)


def carry(of=OP, **changes):
    return changed({"kind": "carry", "header": header_of(of), "sig": of.get("sig", "")}, changes)


def segment_reference(octets, since=0):
    return {"bytes": len(octets), "from": since, "lines": octets.count(b"\n"), "sha256": sha256(octets)}


def head(by=ALICE, written=(), said=(), **changes):
    """The octets of a head that lists these segments of posts and of state, given as octets."""
    fields = {
        "kind": "head",
        "v": 1,
        "id": by.id,
        "seq": TIME,
        "time": TIME,
        "nick": by.name,
        "endpoints": [{"own": True, "url": ONION}],
        "next": NEXT,
        "posts": [segment_reference(octets, TIME) for octets in written],
        "state": [segment_reference(octets) for octets in said],
    }
    return write(changed(fields, changes))


def pointer_fields(of, by=ALICE, seq=TIME, **changes):
    sig = by.sign(pointer_octets(seq, sha256(of)))
    return changed({"kind": "pointer", "id": by.id, "seq": seq, "head": sha256(of), "sig": sig}, changes)


def pointer(of, by=ALICE, seq=TIME):
    return write(pointer_fields(of, by, seq))


def whole_slice(octets, at=0, **changes):
    fields = {"kind": "slice", "seg": sha256(octets), "at": at, "data": octets[at:].decode()}
    return write(changed(fields, changes))


def offer(segments, by=ALICE, seq=TIME, **changes):
    """The lines of an offer of a manifest whose posts segments these are."""
    made = head(by, segments, seq=seq, **{"time": seq} | changes)
    return [pointer(made, by, seq), made, *map(whole_slice, segments)]


def bundle(lines):
    return b"".join(line + b"\n" for line in lines).decode()


def next_by(key=RECOVERY, after=NEXT_2, identity=ALICE.id, **changes):
    signed = b"zbnntp1 next\n" + bytes.fromhex(identity) + bytes.fromhex(after)
    return changed({"key": key.id, "next": after, "sig": key.sign(signed)}, changes)


def move(key=RECOVERY, follower=BOB, **changes):
    fields = {"kind": "move", "from": ALICE.id, "key": key.id, "last": [TIME, sha256(head())], "time": TIME + 200}
    fields = changed(
        fields | ({"to": follower.id} if follower else {}), {k: v for k, v in changes.items() if "sig" not in k}
    )
    signed = b"zbnntp1 move\n" + write(fields)
    signatures = {"sig": key.sign(signed)} | ({"to_sig": follower.sign(signed)} if follower else {})
    return changed(fields | signatures, {k: v for k, v in changes.items() if "sig" in k})
