"""What is refused, and in which words: every field of every kind of line, spoilt in all the ways that there are.

A good line of each kind is opened with one field missing, of another type, empty, at its limits and beyond. What comes
of it is tests/data/refusals.txt, a row for each field and answer, so a limit or a sentence that changes is seen there.

    python -m tests.model.refusals    writes the file anew
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.model.making import ALICE, BOB, NEXT, ONION, TIME, line_of, open_signed_head, segment_ref, signer
from zbnntp.model import bundle, intro, manifest, notices
from zbnntp.model.entries import POSTS, STATE, open_entry
from zbnntp.model.errors import Invalid
from zbnntp.model.intro import open_terms
from zbnntp.model.onion import onion_address
from zbnntp.model.succession import open_move

FILE = Path(__file__).parent.parent / "data" / "refusals.txt"
Line = dict[str, Any]
HASH, OTHER = "ab" * 32, "cd" * 32
RECOVERY, NEWCOMER = signer("alice recovery"), signer("newcomer")
MISSING = object()
SPOILT: dict[str, object] = {
    "missing": MISSING,
    "true": True,
    "0": 0,
    "-1": -1,
    "2": 2,
    "text": "x",
    "empty text": "",
    "blanks": "  ",
    "two lines": "a\nb",
    "a tab": "a\tb",
    "U+2028": "a\u2028b",
    "a hash": OTHER,
    "a hash in capitals": OTHER.upper(),
    "a hash too short": OTHER[:-1],
    "a hash too long": OTHER + "cd",
    "[]": [],
    "[text]": ["x"],
    "[3, a hash]": [3, OTHER],
    "[0, a hash]": [0, OTHER],
    "[3, a hash, 1]": [3, OTHER, 1],
    "{}": {},
}


def signed(by: Any, domain: bytes, line: Line, *leave: str) -> bytes:
    """The line with its signature, over all but `leave`, unless it is spoilt itself."""
    over = {key: value for key, value in line.items() if key not in ("sig", *leave)}
    if line.get("sig") == "sign":
        line = line | {"sig": by.sign(domain + line_of(**over)).hex()}
    return line_of(**line)


def post(line: Line) -> bytes:
    body = line.get("body")
    hashed = hashlib.sha256(body.encode() if isinstance(body, str) else b"").hexdigest()
    header = {key: value for key, value in line.items() if key not in ("body", "sig")} | {"body_sha256": hashed}
    sign = {"sig": ALICE.sign(b"zbnntp1 post\n" + line_of(**header)).hex()} if line.get("sig") == "sign" else {}
    return line_of(**line | sign)


def carry(line: Line) -> bytes:
    header = line.get("header")
    signature = ALICE.sign(b"zbnntp1 post\n" + line_of(**header)).hex() if isinstance(header, dict) else HASH * 2
    return line_of(**line | ({"sig": signature} if line.get("sig") == "sign" else {}))


def pointer(line: Line) -> bytes:
    seq = line.get("seq") if type(line.get("seq")) is int else 1
    head = bytes.fromhex(line["head"]) if line.get("head") in (HASH, OTHER) else bytes(32)
    sign = {"sig": ALICE.sign(manifest.pointer_buffer(seq, head)).hex()} if line.get("sig") == "sign" else {}
    return line_of(**line | sign)


def move(line: Line) -> bytes:
    over = b"zbnntp1 move\n" + line_of(**{key: value for key, value in line.items() if key not in ("sig", "to_sig")})
    sign = {"sig": RECOVERY.sign(over).hex()} if line.get("sig") == "sign" else {}
    sign |= {"to_sig": BOB.sign(over).hex()} if line.get("to_sig") == "sign" else {}
    return line_of(**line | sign)


def entry(role: str, make: Callable[[Line], bytes] | None = None) -> Callable[[Line], object]:
    return lambda line: open_entry(make(line) if make else line_of(**line), ALICE.identity, role)


def outcome_of(line: Line) -> object:
    return intro.open_outcome(line_of(**line))


def bundled(line: Line) -> object:
    return list(bundle.read_bundle([b'{"kind":"pointer"}', b'{"kind":"head"}', line_of(**line)]))


HEADER = {"kind": "post", "author": ALICE.identity.hex(), "boards": ["a"], "time": TIME, "subject": "S"}
OPENING = HEADER | {"body": "Hello.\n", "sage": True, "flowed": True, "replaces": [HASH], "lang": "en", "sig": "sign"}
REPLY = {"kind": "post", "author": ALICE.identity.hex(), "boards": ["a"], "time": TIME, "body": "B", "thread": HASH}
PROOF = {"kib": 8, "passes": 1, "parts": 2, "tries": 3}
CHALLENGE = {"kind": "challenge", "to": HASH, "way": "pow", "nonce": "n", "ask": "What?", "until": TIME}
POINTER = {"kind": "pointer", "head": HASH, "id": ALICE.identity.hex(), "seq": 7, "sig": "sign"}
HEAD = {
    "kind": "head",
    "v": 1,
    "id": ALICE.identity.hex(),
    "seq": TIME,
    "time": TIME,
    "nick": "alice",
    "endpoints": [{"url": ONION, "own": True}],
    "posts": [segment_ref()],
    "state": [segment_ref(sha256=OTHER)],
    "prev": [3, HASH],
    "next": NEXT.hex(),
    "next_by": [{"key": HASH, "next": OTHER, "sig": "ef" * 64}],
    "merge": [HASH],
    "visitor": HASH,
    "crit": [],
}
INTRO = {"kind": "intro", "id": NEWCOMER.identity.hex(), "to": HASH, "nonce": "n", "answer": "a", "time": TIME}
MOVE = {"kind": "move", "from": ALICE.identity.hex(), "key": RECOVERY.identity.hex(), "last": [3, HASH], "time": TIME}

KINDS: dict[str, tuple[Line, Callable[[Line], object]]] = {
    "opening": (OPENING, entry(POSTS, post)),
    "reply": (REPLY | {"parents": [HASH]}, entry(POSTS, post)),
    "carry": ({"kind": "carry", "header": HEADER | {"body_sha256": HASH}, "sig": "sign"}, entry(POSTS, carry)),
    "delete": ({"kind": "delete", "post": HASH, "time": TIME}, entry(POSTS)),
    "trust": (
        {"kind": "trust", "id": HASH, "mt": 1, "tlt": 1, "note": "N", "time": TIME, "until": TIME, "pin": [3, HASH]},
        entry(STATE),
    ),
    "vote": ({"kind": "vote", "post": HASH, "author": HASH, "value": 1}, entry(STATE)),
    "profile": ({"kind": "profile", "text": "T", "registrar": True}, entry(STATE)),
    "label": ({"kind": "label", "post": HASH, "name": "N", "note": "N", "off": True}, entry(STATE)),
    "label of a person": ({"kind": "label", "id": HASH, "name": "N"}, entry(STATE)),
    "same": ({"kind": "same", "id": HASH, "off": True}, entry(STATE)),
    "move": (
        MOVE | {"to": BOB.identity.hex(), "sig": "sign", "to_sig": "sign"},
        lambda it: open_move(move(it)),
    ),
    "pointer": (POINTER, lambda it: manifest.open_pointer(pointer(it))),
    "head": (HEAD, lambda it: open_signed_head(line_of(**it))),
    "fork": (
        {"kind": "fork", "id": ALICE.identity.hex(), "a": POINTER, "b": POINTER | {"head": OTHER}},
        lambda it: notices.open_notice(fork(it)),
    ),
    "slice": ({"kind": "slice", "seg": HASH, "at": 0, "data": "a\n"}, bundled),
    "registrar": (
        {"kind": "registrar", "to": HASH, "ways": [{"way": "pow", "ask": "A"}]},
        lambda it: open_terms(line_of(**it)),
    ),
    "challenge": (
        CHALLENGE | {"picture": "aGVsbG8=", "proof": PROOF},
        outcome_of,
    ),
    "intro": (
        INTRO | {"endpoints": [ONION], "sig": "sign"},
        lambda it: intro.open_introduction(signed(NEWCOMER, b"zbnntp1 intro\n", it)),
    ),
    "admitted": (
        {"kind": "admitted", "to": HASH, "mt": 1, "until": TIME},
        outcome_of,
    ),
}


def fork(line: Line) -> bytes:
    opened = {
        key: json.loads(pointer(value)) if isinstance(value, dict) and value else value for key, value in line.items()
    }
    return line_of(**opened)


def rows(kind: str) -> Iterator[str]:
    """The file's rows of one kind: field, how it was spoilt; then ok, or the error and its sentence."""
    line, opener = KINDS[kind]
    yield f"{kind}: as it should be: {outcome(opener, line)}"
    for path in paths(line):
        name = f"{kind} {'.'.join(map(str, path))}"
        answers: dict[str, list[str]] = {}
        for how, value in SPOILT.items():
            answers.setdefault(outcome(opener, put(line, path, value)), []).append(how)
        for answer, hows in sorted(answers.items()):
            yield f"{name}: {', '.join(hows)}: {answer}"
        yield from (f"{name}: {it}" for it in limits_of(opener, line, path))
    yield f"{kind}: a field more: {outcome(opener, line | {'zzz': 1})}"


def paths(line: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    for key, value in line.items() if isinstance(line, dict) else enumerate(line):
        if not (at and isinstance(line, list) and not isinstance(value, dict)):
            yield (*at, key)
        if isinstance(value, dict | list):
            yield from paths(value, (*at, key))


def put(line: Line, path: tuple[str | int, ...], value: object) -> Line:
    changed = copy.deepcopy(line)
    at: Any = changed
    for key in path[:-1]:
        at = at[key]
    if value is MISSING:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return changed


def got(line: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        line = line[key]
    return line


def outcome(opener: Callable[[Line], object], line: Line) -> str:
    try:
        opener(line)
    except Invalid as error:
        return f"{type(error).__name__}: {error}"
    return "ok"


def limits_of(opener: Callable[[Line], object], line: Line, path: tuple[str | int, ...]) -> Iterator[str]:
    """How far numbers go, how long texts and lists may be: what is taken last, and the sentence beyond."""
    value = got(line, path)

    def at(spoilt: object) -> str:
        return outcome(opener, put(line, path, spoilt))

    if type(value) is int:
        for sign in (1, -1):
            most = furthest(lambda far, sign=sign: at(value + sign * far) == "ok", 1 << 54)
            yield f"from there to {value + sign * most}, then {at(value + sign * (most + 1))}"
    elif isinstance(value, str) and value != "sign" and at("xx") == "ok":
        for letter in ("x", "\u00e9"):
            most = furthest(lambda long, letter=letter: at(letter * long) == "ok", 200_000)
            yield f"{most} times {letter}, then {at(letter * (most + 1))}"
    elif isinstance(value, list) and value and at([value[0]]) == "ok":
        most = furthest(lambda many: at([*value, *more(value[0], many)]) == "ok", 1_500)
        yield f"{len(value) + most} items, then {at([*value, *more(value[0], most + 1)])}"


def more(item: Any, many: int) -> list[Any]:
    """So many more items like that one, no two the same."""
    if isinstance(item, dict) and "sha256" in item:
        return [item | {"sha256": f"{number:064x}"} for number in range(many)]
    if isinstance(item, str) and item == ONION:
        return ["http://" + onion_address(number.to_bytes(32, "big")) for number in range(many)]
    if isinstance(item, str) and len(item) == 64:
        return [f"{number:064x}" for number in range(many)]
    return [f"b{number}" for number in range(many)] if item == "a" else [item] * many


def furthest(good: Callable[[int], bool], most: int) -> int:
    """The largest number up to `most` for which it is good, as if it were good for all smaller ones."""
    if good(most):
        return most
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if good(middle) else (low, middle)
    return low


if __name__ == "__main__":
    FILE.write_text("".join(f"{row}\n" for kind in KINDS for row in rows(kind)))
