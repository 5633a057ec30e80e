"""An independent reader of the protocol, part 4: bundles, versions, what is shown (docs/protocol.md sections 5, 8, 10).

An `Archive` takes bundles, as they come from a file or over HTTP, and keeps what holds.
"""

from dataclasses import dataclass, field

from tests.independent.entries import is_hash, is_integer, state_key
from tests.independent.manifests import (
    Head,
    Pointer,
    check_segment,
    entries_of,
    reaches,
    read_head,
    read_pointer,
)
from tests.independent.octets import KIB, MIB, Bad, insist, read

BUNDLE_LINE = 600 * KIB
OFFER = 4 * MIB
SLICE = 128 * KIB
SEGMENT = 512 * KIB
AHEAD = 2 * 3600


class Stale(Exception):
    """Older than what is held, or held already: no news and no fault."""


class Parked(Exception):
    """Too far ahead of the clock."""


@dataclass
class Offer:
    pointer: bytes
    head: bytes
    slices: list = field(default_factory=list)
    octets: int = 0


@dataclass
class Manifest:
    """What is held of one identity."""

    pointer: Pointer
    head: Head
    pinned: str
    segments: dict = field(default_factory=dict)
    conflicts: set = field(default_factory=set)  # of hashes of heads: two of one seq, or one that was left out
    merged: set = field(default_factory=set)  # hashes that heads have named

    @property
    def is_marked(self):
        """Whether a fork is known that no head has merged."""
        return any(conflict.isdisjoint(self.merged) for conflict in self.conflicts)

    def entries(self):
        if not self.head.is_understood:
            return []
        return [
            (segment, entry)
            for segment in self.head.segments
            if segment.name in self.segments
            for entry in entries_of(self.head, segment, self.segments[segment.name])
        ]

    def posts(self):
        """id -> entry, of posts that are neither deleted nor replaced."""
        entries = [entry for segment, entry in self.entries() if segment.role == "posts"]
        gone = {entry.fields["post"] for entry in entries if entry.kind == "delete"}
        gone |= {each for entry in entries if entry.kind == "post" for each in entry.fields.get("replaces", [])}
        return {entry.id: entry for entry in entries if entry.kind == "post" and entry.id not in gone}

    def state(self):
        """key -> fields: of lines with the same key the last counts."""
        kinds = {"trust", "vote", "profile", "label", "same"}
        entries = [entry for segment, entry in self.entries() if segment.role == "state"]
        return {state_key(entry): entry.fields for entry in entries if entry.kind in kinds}

    def openings(self):
        """thread id -> boards, of own threads and of those carried beside a reply."""
        found = {}
        for name in {segment.name for segment, _ in self.entries()}:
            here = [entry for segment, entry in self.entries() if segment.name == name]
            posts = sorted((it.fields for it in here if it.kind == "post"), key=lambda it: it["time"])
            replied = {it.get("thread"): it["time"] for it in posts}
            for entry in here:
                if entry.kind == "post" and "thread" not in entry.fields:
                    found[entry.id] = entry.fields["boards"]
                if (
                    entry.kind == "carry"
                    and replied.get(entry.id, -AHEAD - 1) + AHEAD >= entry.fields["header"]["time"]
                ):
                    found[entry.id] = entry.fields["header"]["boards"]
        return found


def read_bundle(octets):
    """Yields the offers; raises Bad at the first line that breaks a rule."""
    offer = None
    for line in octets.removesuffix(b"\n").split(b"\n") if octets else ():
        insist(len(line) <= BUNDLE_LINE, "a bundle line that is too long")
        fields = read(line, BUNDLE_LINE)
        insist(isinstance(fields.get("kind"), str), "a line without a kind")
        match fields["kind"]:
            case "pointer":
                if offer:
                    yield whole(offer)
                offer = Offer(line, b"")
            case "head":
                insist(offer and not offer.head, "a head without its pointer")
                offer.head = line
            case "slice":
                insist(offer and offer.head, "a slice without its head")
                offer.slices.append(read_slice(fields))
        if offer:
            offer.octets += len(line) + 1
            insist(offer.octets <= OFFER, "an offer that is too large")
    if offer:
        yield whole(offer)


def whole(offer):
    insist(offer.head, "a pointer without its head")
    return offer


def read_slice(fields):
    name, at, data = fields.get("seg"), fields.get("at"), fields.get("data")
    insist(is_hash(name) and is_integer(0, SEGMENT)(at) and isinstance(data, str), "not a slice")
    octets = data.encode()
    insist(octets.endswith(b"\n") and at + len(octets) <= SEGMENT, "not whole lines, or beyond a segment")
    insist(len(octets) <= SLICE or octets.count(b"\n") == 1, "a slice that is too large")
    return name, at, octets


class Archive:
    def __init__(self):
        self.held = {}

    def take_bundle(self, octets, now):
        """Takes what is news; raises Bad, Stale or Parked for the first offer that is not taken."""
        for offer in read_bundle(octets):
            self.take(offer, now)

    def take(self, offer, now):
        """In the order of checks of section 10."""
        pointer = read_pointer(offer.pointer)
        mine = self.held.get(pointer.id)
        if mine:
            check_news(mine, pointer)
        if pointer.seq > now + AHEAD:
            raise Parked
        head = read_head(offer.head, pointer)
        if head.fields["time"] > now + AHEAD:
            raise Parked
        pinned = mine.pinned if mine else head.fields["next"]
        insist(reaches(head, pinned), "a recovery key that the pinned one did not name")
        new = Manifest(pointer, head, pinned, self.segments(offer, head, mine), merged=set(head.merge))
        if mine:
            new.conflicts, new.merged = conflicts_with(mine, head), mine.merged | new.merged
        self.held[pointer.id] = new

    def segments(self, offer, head, mine):
        """name -> octets of what is held of the head's segments with this offer; Bad: a hash does not hold."""
        known = dict(mine.segments) if mine else {}
        named = {segment.name: segment for segment in head.segments}
        found = {name: octets for name, octets in known.items() if name in named}
        for name in dict.fromkeys(name for name, _, _ in offer.slices):
            insist(name in named, "a slice of a segment that the head does not name")
            parts = [(at, data) for seg, at, data in offer.slices if seg == name]
            found[name] = joined(parts, named[name], known.values())
        return found

    def shown(self):
        """Posts whose opening is held, with the same boards: post id -> entry."""
        openings = {}
        for manifest in self.held.values():
            openings.update(manifest.openings())
        return {
            post: entry
            for manifest in self.held.values()
            for post, entry in manifest.posts().items()
            if openings.get(entry.fields.get("thread", post)) == entry.fields["boards"]
        }


def check_news(mine, pointer):
    """Section 8: raises Stale unless the pointer takes the place of what is held, or adds to it; marks forks."""
    held = mine.pointer
    if pointer.seq == held.seq and pointer.head != held.head:
        mine.conflicts.add(frozenset({pointer.head, held.head}))
    if is_left_out(mine.head, pointer):
        mine.conflicts.add(frozenset({pointer.head}))
    older = pointer.seq < held.seq or (pointer.seq == held.seq and pointer.head > held.head)
    if older or pointer.head in mine.head.merge:
        raise Stale


def is_left_out(head, pointer):
    """Whether a pointer is of a version that comes between a head and the one that it says came before."""
    prev = head.fields.get("prev")
    if not prev or pointer.head in head.merge:
        return False
    return prev[0] <= pointer.seq < head.fields["seq"] and [pointer.seq, pointer.head] != prev


def conflicts_with(mine, head):
    """The forks that are known when this head takes the place of what is held."""
    return mine.conflicts | ({frozenset({mine.head.hash})} if is_left_out(head, mine.pointer) else set())


def joined(parts, segment, older):
    """The octets of a segment from slices, on top of the beginning that an older version of it is."""
    start = parts[0][0]
    beginnings = [b""] if start == 0 else [octets for octets in older if len(octets) == start]
    rest = b""
    for at, data in parts:
        insist(at == start + len(rest), "a gap between slices")
        rest += data
    for beginning in beginnings:
        try:
            check_segment(segment, beginning + rest)
        except Bad:
            continue
        return beginning + rest
    raise Bad("slices that are not the segment that the head names")
