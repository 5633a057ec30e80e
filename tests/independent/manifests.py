"""An independent reader of the protocol, part 3: pointers, heads, segments (docs/protocol.md sections 6 to 9)."""

from dataclasses import dataclass

from tests.independent.entries import (
    field,
    is_boolean,
    is_characters,
    is_hash,
    is_integer,
    is_key,
    is_list,
    is_seq,
    is_signature,
    is_time,
    is_version,
    read_entry,
)
from tests.independent.octets import KIB, LARGEST, LINE, LOCAL, MIB, ONION, Bad, holds, insist, read, sha256

POINTER = 1024
NOTICE = 4 * KIB
HEAD = 64 * KIB
SEGMENT = 512 * KIB
SEGMENTS = 200
STATE = 4 * MIB


@dataclass(frozen=True)
class Pointer:
    id: str
    seq: int
    head: str
    raw: bytes


@dataclass(frozen=True)
class Segment:
    """A reference to one: role `posts` or `state`, name, octets, lines."""

    role: str
    name: str
    octets: int
    lines: int


@dataclass(frozen=True)
class Head:
    fields: dict
    hash: str
    segments: tuple[Segment, ...]

    @property
    def merge(self):
        return self.fields.get("merge", [])

    @property
    def is_understood(self):
        """False: kept, but nothing of it is shown."""
        return self.fields["v"] == 1 and not self.fields.get("crit")


def pointer_octets(seq, head):
    return b"4:salt7:zbnntp13:seqi%de1:v32:" % seq + bytes.fromhex(head)


def read_pointer(raw):
    return pointer_of(read(raw, POINTER), raw)


def pointer_of(fields, raw=b""):
    insist(fields.get("kind") == "pointer", "not a pointer")
    identity, seq = field(fields, "id", is_key), field(fields, "seq", is_seq)
    head, sig = field(fields, "head", is_hash), field(fields, "sig", is_signature)
    insist(holds(identity, pointer_octets(seq, head), sig), "the signature of a pointer")
    return Pointer(identity, seq, head, raw)


def read_head(raw, pointer):
    insist(sha256(raw) == pointer.head, "not the head that the pointer names")
    fields = read(raw, HEAD)
    agrees = (fields.get("kind"), fields.get("id"), fields.get("seq")) == ("head", pointer.id, pointer.seq)
    insist(agrees and is_seq(fields["seq"]), "a head that does not agree with its pointer")
    field(fields, "v", is_integer(1, LARGEST))
    field(fields, "time", is_time)
    field(fields, "nick", is_characters(40))
    field(fields, "next", is_hash)
    field(fields, "endpoints", is_list(is_endpoint, 0, 8), optional=True)
    field(fields, "next_by", lambda value: isinstance(value, list) and len(value) <= 16, optional=True)
    field(fields, "merge", is_list(is_hash, 0, 200), optional=True)
    field(fields, "crit", is_list(lambda name: isinstance(name, str), 0, 200), optional=True)
    prev = field(fields, "prev", is_version, optional=True)
    insist(prev is None or prev[0] < fields["seq"], "a head that comes before the one before it")
    return Head(fields, pointer.head, segments_of(fields))


def is_endpoint(item):
    if not isinstance(item, dict) or not is_boolean(item.get("own")) or not isinstance(item.get("url"), str):
        return False
    url = item["url"]
    return bool(LOCAL.fullmatch(url) or (url.startswith("http://") and ONION.fullmatch(url[7:])))


def segments_of(fields):
    found = [read_reference(role, item) for role in ("posts", "state") for item in references(fields, role)]
    insist(len(found) <= SEGMENTS, "too many segments")
    insist(len({each.name for each in found}) == len(found), "a segment twice")
    insist(sum(each.octets for each in found if each.role == "state") <= STATE, "too much state")
    return tuple(found)


def references(fields, role):
    return field(fields, role, is_list(lambda item: isinstance(item, dict), 0, SEGMENTS), optional=True) or []


def read_reference(role, item):
    field(item, "from", is_time)
    octets, lines = field(item, "bytes", is_integer(1, SEGMENT)), field(item, "lines", is_integer(1, LARGEST))
    return Segment(role, field(item, "sha256", is_hash), octets, lines)


def check_segment(segment, octets):
    """Refused whole by the rules of section 6."""
    insist(len(octets) == segment.octets and sha256(octets) == segment.name, "not the segment that the head names")
    insist(octets.endswith(b"\n") and octets.count(b"\n") == segment.lines, "not as many lines as the head states")
    insist(not any(octet < 0x20 and octet != 0x0A for octet in octets), "a control octet")
    insist(all(len(line) <= LINE for line in octets.split(b"\n")), "a line that is too long")
    try:
        octets.decode()
    except UnicodeDecodeError:
        raise Bad("not UTF-8") from None


def entries_of(head, segment, octets):
    """The valid lines; the others are skipped."""
    found = []
    for line in octets[:-1].split(b"\n"):
        try:
            found.append(read_entry(line, head.fields["id"], segment.role, head.fields["time"]))
        except Bad:
            continue
    return found


def read_fork(raw):
    """The two pointers whose line proves a fork."""
    fields = read(raw, NOTICE)
    insist(fields.get("kind") == "fork", "not a fork")
    a, b = (pointer_of(field(fields, name, lambda value: isinstance(value, dict))) for name in ("a", "b"))
    insist(a.id == b.id == fields.get("id"), "two identities")
    insist(a.seq == b.seq and a.head < b.head, "no fork, or not in order")
    return a, b


def reaches(head, pinned):
    """Whether the head's `next` is the pinned one, or is reached on the walk of `next_by` that begins there."""
    wanted, here, walking = head.fields["next"], pinned, False
    for item in head.fields.get("next_by", []):
        if here == wanted or not is_renewal(item):
            break
        follows = sha256(bytes.fromhex(item["key"])) == here
        if follows and renews(item, head.fields["id"]):
            here, walking = item["next"], True
        elif follows or walking:
            break
    return here == wanted


def is_renewal(item):
    return (
        isinstance(item, dict)
        and is_key(item.get("key"))
        and is_hash(item.get("next"))
        and is_signature(item.get("sig"))
    )


def renews(item, identity):
    signed = b"zbnntp1 next\n" + bytes.fromhex(identity) + bytes.fromhex(item["next"])
    return holds(item["key"], signed, item["sig"])
