"""An independent reader of the protocol, part 2: the lines of segments (docs/protocol.md sections 4 and 9)."""

import re
import unicodedata
from dataclasses import dataclass

from tests.independent.octets import HEX, KIB, LARGEST, LATEST, Bad, holds, insist, read, sha256, write

POSTS = {"post", "carry", "delete"}
STATE = {"trust", "vote", "profile", "label", "same", "move"}
COMPONENT = re.compile(r"[a-z0-9+\-][a-z0-9+\-_]{0,29}")
RESERVED_FIRST = {"zb", "via", "control", "to", "example"}


@dataclass(frozen=True)
class Entry:
    """A line of a segment that is valid; `id` is the post id of a post, the thread carried of a carry."""

    kind: str
    fields: dict
    raw: bytes
    id: str = ""


def read_entry(raw, author, role, head_time):
    """The entry that a line is when it stands in a segment of that author and role; raises Bad."""
    fields = read(raw)
    kind = fields.get("kind")
    insist(isinstance(kind, str), "no kind")
    insist(kind not in (STATE if role == "posts" else POSTS), f"a {kind} in a segment of {role}")
    check = CHECKS.get(kind)
    return Entry(kind, fields, raw, (check(fields, author, head_time) if check else None) or "")


# Fields


def field(fields, name, check, optional=False):
    """The value, checked; None when it is absent and may be."""
    if name not in fields:
        insist(optional, f"no {name}")
        return None
    insist(check(fields[name]), f"{name} is {str(fields[name])[:80]!r}")
    return fields[name]


def is_integer(low, high):
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def is_hex(digits):
    return lambda value: isinstance(value, str) and bool(HEX[digits].fullmatch(value))


def is_octets(most):
    return lambda value: isinstance(value, str) and len(value.encode()) <= most


def is_list(check, least, most):
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(check, value))


def is_one_line(value):
    return isinstance(value, str) and not any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in value)


def is_characters(most):
    return lambda value: is_one_line(value) and len(value) <= most


def is_boolean(value):
    return isinstance(value, bool)


def is_version(value):
    """[seq, head hash]."""
    return isinstance(value, list) and len(value) == 2 and is_seq(value[0]) and is_hash(value[1])


is_hash = is_key = is_hex(64)
is_signature = is_hex(128)
is_time = is_integer(0, LATEST)
is_seq = is_integer(1, LARGEST)


def is_seen(value):
    """At least one character that is not of category Zs."""
    return any(unicodedata.category(c) != "Zs" for c in value)


def is_subject(value):
    return is_one_line(value) and len(value.encode()) <= 250 and is_seen(value)


def is_board(value):
    if not isinstance(value, str) or len(value) > 64 or value in {"junk", "poster"}:
        return False
    parts = value.split(".")
    return (
        all(COMPONENT.fullmatch(each) and not each.isdigit() and each not in {"all", "ctl"} for each in parts)
        and parts[0] not in RESERVED_FIRST
    )


def is_boards(value):
    return is_list(is_board, 1, 4)(value) and len(set(value)) == len(value)


# Kinds


def check_post(fields, author, head_time):
    insist(fields.get("author") == author, "somebody else's post")
    insist("body_sha256" not in fields, "a body_sha256 in a post")
    body = field(fields, "body", is_octets(64 * KIB))
    header = {key: value for key, value in fields.items() if key not in {"body", "sig"}}
    header["body_sha256"] = sha256(body.encode())
    check_header(header)
    insist(fields["time"] <= head_time, "a post that is later than its head")
    field(fields, "sig", is_signature, optional="thread" in fields)
    return signed_id(header, fields.get("sig"))


def check_header(header):
    """The rules of a post that can be checked in its header."""
    is_reply = "thread" in header
    field(header, "author", is_key)
    field(header, "boards", is_boards)
    field(header, "time", is_time)
    field(header, "body_sha256", is_hash)
    field(header, "subject", is_subject, optional=is_reply)
    insist(is_reply == ("parents" in header), "one of thread and parents")
    field(header, "thread", is_hash, optional=True)
    field(header, "parents", is_list(is_hash, 1, 8), optional=True)
    field(header, "replaces", is_list(is_hash, 0, 64), optional=True)
    field(header, "lang", is_characters(40), optional=True)
    for name in ("sage", "flowed"):
        field(header, name, is_boolean, optional=True)


def signed_id(header, signature):
    """The id of a post, whose signature holds if there is one."""
    octets = write(header)
    if signature is not None:
        insist(holds(header["author"], b"zbnntp1 post\n" + octets, signature), "the signature of a post")
    return sha256(octets)


def check_carry(fields, author, head_time):
    header = field(fields, "header", lambda value: isinstance(value, dict))
    insist(header.get("kind") == "post" and not {"body", "sig"} & set(header), "not the header of a post")
    insist(not {"thread", "parents"} & set(header), "not the header of an opening post")
    check_header(header)
    return signed_id(header, field(fields, "sig", is_signature))


def check_delete(fields, author, head_time):
    field(fields, "post", is_hash)
    field(fields, "time", is_time)


def check_trust(fields, author, head_time):
    field(fields, "id", is_key)
    field(fields, "time", is_time)
    field(fields, "mt", is_integer(-10000, 10000), optional=True)
    field(fields, "tlt", is_integer(0, 10000), optional=True)
    field(fields, "note", is_octets(500), optional=True)
    field(fields, "pin", is_version, optional=True)
    field(fields, "until", is_time, optional=True)


def check_vote(fields, author, head_time):
    field(fields, "post", is_hash)
    field(fields, "author", is_key)
    field(fields, "value", is_integer(-1, 1))


def check_profile(fields, author, head_time):
    field(fields, "text", is_octets(64 * KIB))
    field(fields, "registrar", is_boolean, optional=True)


def check_label(fields, author, head_time):
    insist(("post" in fields) != ("id" in fields), "a label is on a post or on an identity")
    field(fields, "post" if "post" in fields else "id", is_hash)
    insist(is_seen(field(fields, "name", is_characters(250))), "a label without a name")
    field(fields, "note", is_octets(500), optional=True)
    field(fields, "off", is_boolean, optional=True)


def check_same(fields, author, head_time):
    field(fields, "id", is_key)


def check_move(fields, author=None, head_time=None):
    """The form and the recovery key's signature; whether that key is the pinned one is section 9's business."""
    field(fields, "from", is_key)
    field(fields, "to", is_key, optional=True)
    field(fields, "last", is_version)
    insist(fields.get("to") != fields["from"], "a move to the same identity")
    key = field(fields, "key", is_key)
    field(fields, "time", is_time)
    insist(holds(key, move_octets(fields), field(fields, "sig", is_signature)), "the signature of a move")


def move_octets(fields):
    return b"zbnntp1 move\n" + write({key: value for key, value in fields.items() if key not in {"sig", "to_sig"}})


def successor(move):
    """Who follows by a move whose form holds; None: it is a revocation only."""
    to, sig = move.get("to"), move.get("to_sig")
    return to if to and is_signature(sig) and holds(to, move_octets(move), sig) else None


CHECKS = {
    "post": check_post,
    "carry": check_carry,
    "delete": check_delete,
    "trust": check_trust,
    "vote": check_vote,
    "profile": check_profile,
    "label": check_label,
    "same": check_same,
    "move": check_move,
}


def state_key(entry):
    """What the last line counts of: section 4."""
    fields = entry.fields
    match entry.kind:
        case "trust" | "same":
            return entry.kind, fields["id"]
        case "vote":
            return entry.kind, fields["post"]
        case "label":
            return entry.kind, fields.get("post") or fields.get("id"), fields["name"]
        case "profile":
            return (entry.kind,)
    raise Bad(f"{entry.kind} has no key")
