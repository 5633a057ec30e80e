"""The tables of pointers, heads, segments and bundles that hold and that do not; see making.py."""

from tests.independent.making import (
    ABSENT,
    ALICE,
    BOB,
    NEXT,
    ONION,
    OP,
    TIME,
    bundle,
    head,
    offer,
    opening,
    pointer,
    pointer_fields,
    reply,
    segment_reference,
    whole_slice,
)
from tests.independent.octets import sha256, write

A = "ab" * 32
ONE, TWO = write(OP) + b"\n", write(reply()) + b"\n"
REFERENCE = segment_reference(ONE, TIME)
LARGE = 524288


def endpoints(*urls):
    return {"endpoints": [{"own": False, "url": url} for url in urls]}


def referring(**changes):
    return {"posts": [{key: value for key, value in (REFERENCE | changes).items() if value is not ABSENT}]}


def many(count, octets=100):
    return [segment_reference(b"x\n") | {"sha256": sha256(b"%d" % n), "bytes": octets} for n in range(count)]


HEADS_ACCEPTED = [
    ("the smallest", {"endpoints": ABSENT, "posts": ABSENT, "state": ABSENT, "nick": ""}),
    ("a segment", referring()),
    ("a version that is not known yet", {"v": 2}),
    ("a demand that is not known", {"crit": ["later"]}),
    ("no demand", {"crit": []}),
    ("fields that are not known", {"later": {"a": 1}, "endpoints": [{"own": True, "url": ONION, "later": 1}]}),
    ("a field in a reference that is not known", referring(later=1)),
    ("eight endpoints of both forms", endpoints(*[ONION] * 6, "local:a", "local:" + "z-9" * 10 + "aa")),
    ("200 segments", {"posts": many(200)[:150], "state": many(200)[150:]}),
    ("4 MiB of state", {"state": many(8, LARGE)}),
    ("a head before", {"prev": [TIME - 1, A]}),
    ("200 heads merged", {"merge": [A] * 200}),
    ("a nick of 40 characters", {"nick": "é" * 40}),
    ("more lines than octets", referring(lines=LARGE * 2)),
]
HEADS_REFUSED = [
    ("another kind", {"kind": "pointer"}),
    ("another identity", {"id": BOB.id}),
    ("another seq", {"seq": TIME + 1}),
    ("no version", {"v": ABSENT}),
    ("version 0", {"v": 0}),
    ("a version that is a string", {"v": "1"}),
    ("a version that is true", {"v": True}),
    ("no time", {"time": ABSENT}),
    ("a time before 1970", {"time": -1}),
    ("no nick", {"nick": ABSENT}),
    ("a nick of 41 characters", {"nick": "a" * 41}),
    ("a nick of two lines", {"nick": "a\nb"}),
    ("no next", {"next": ABSENT}),
    ("a next that is cut off", {"next": NEXT[:-2]}),
    ("nine endpoints", endpoints(*[ONION] * 9)),
    ("endpoints that are no array", {"endpoints": {}}),
    ("an endpoint that is a string", {"endpoints": [ONION]}),
    ("an endpoint without own", {"endpoints": [{"url": ONION}]}),
    ("an endpoint whose own is 1", {"endpoints": [{"own": 1, "url": ONION}]}),
    ("an endpoint without a url", {"endpoints": [{"own": True}]}),
    ("https", endpoints(ONION.replace("http", "https"))),
    ("a url with a port", endpoints(ONION + ":80")),
    ("a url with a slash behind", endpoints(ONION + "/")),
    ("a url with a user", endpoints(ONION.replace("//", "//a@"))),
    ("a url in capitals", endpoints(ONION.upper())),
    ("a url of 55 characters", endpoints(ONION.replace("aa", "a", 1))),
    ("a url of a subdomain", endpoints(ONION.replace("//", "//a."))),
    ("a url with a digit that is not of base32", endpoints(ONION.replace("aa", "a1", 1))),
    ("a url of the open net", endpoints("http://example.org")),
    ("a local name that is empty", endpoints("local:")),
    ("a local name of 33 characters", endpoints("local:" + "a" * 33)),
    ("a local name in capitals", endpoints("local:Anna")),
    ("a local name that is a path", endpoints("local:../a")),
    ("segments that are no array", {"posts": {}}),
    ("a reference that is a string", {"posts": [A]}),
    *((f"a reference without {name}", referring(**{name: ABSENT})) for name in ("bytes", "from", "lines", "sha256")),
    ("a segment of nothing", referring(bytes=0)),
    ("a segment above 512 KiB", referring(bytes=LARGE + 1)),
    ("a segment of no lines", referring(lines=0)),
    ("a segment from 1969", referring(**{"from": -1})),
    ("a segment whose name is no hash", referring(sha256="ab")),
    ("a segment twice", {"posts": [REFERENCE, REFERENCE]}),
    ("a segment as posts and as state", {"posts": [REFERENCE], "state": [REFERENCE]}),
    ("201 segments", {"posts": many(201)[:150], "state": many(201)[150:]}),
    ("more than 4 MiB of state", {"state": [*many(8, LARGE), REFERENCE]}),
    ("a prev of the same seq", {"prev": [TIME, A]}),
    ("a prev of a later seq", {"prev": [TIME + 1, A]}),
    ("a prev of seq 0", {"prev": [0, A]}),
    ("a prev without a hash", {"prev": [TIME - 1]}),
    ("201 heads merged", {"merge": [A] * 201}),
    ("a merge of what is no hash", {"merge": ["ab"]}),
    ("a demand that is a number", {"crit": [1]}),
    ("201 demands", {"crit": ["a"] * 201}),
    ("a name that is demanded, not in an array", {"crit": "a"}),
]

EMPTY = head()
GOOD_POINTER = pointer_fields(EMPTY)
POINTERS_ACCEPTED = [("a pointer", GOOD_POINTER), ("a field that is not known", GOOD_POINTER | {"later": "a" * 500})]
POINTERS_REFUSED = [
    ("another kind", GOOD_POINTER | {"kind": "head"}),
    ("a signature by somebody else", GOOD_POINTER | {"sig": pointer_fields(EMPTY, BOB)["sig"]}),
    ("a signature over another seq", GOOD_POINTER | {"seq": TIME + 1}),
    ("a signature over another head", GOOD_POINTER | {"head": A}),
    ("a signature over the raw hash", GOOD_POINTER | {"sig": ALICE.sign(bytes.fromhex(sha256(EMPTY)))}),
    ("seq 0", pointer_fields(EMPTY, seq=0)),
    ("a negative seq", pointer_fields(EMPTY, seq=-1)),
    ("a seq that is a string", GOOD_POINTER | {"seq": str(TIME)}),
    ("a seq that is true", pointer_fields(EMPTY, seq=1) | {"seq": True}),
    ("an identity in capitals", GOOD_POINTER | {"id": ALICE.id.upper()}),
    ("an identity of small order", GOOD_POINTER | {"id": "01" + "00" * 31, "sig": "01" + "00" * 63}),
    ("a signature that is cut off", GOOD_POINTER | {"sig": GOOD_POINTER["sig"][:-2]}),
    *((f"no {name}", {key: it for key, it in GOOD_POINTER.items() if key != name}) for name in GOOD_POINTER),
    ("1,025 octets", GOOD_POINTER | {"later": "a" * (1025 - len(write(GOOD_POINTER | {"later": ""})))}),
]

SEGMENTS_ACCEPTED = [
    ("two posts", ONE + TWO, 2),
    ("an empty line", b"\n" + ONE, 1),
    ("a line in another form", b"{ }\n" + ONE, 1),
    ("a line of a kind that is not known", b'{"kind":"later"}\n' + ONE, 2),
    ("somebody else's post", write(opening(BOB)) + b"\n" + ONE, 1),
    ("nothing that holds", b"\n", 0),
]
SEGMENTS_REFUSED = [
    ("no line end at its end", ONE + b"{}", {"lines": 2}),
    ("another hash", ONE, {"sha256": A}),
    ("another length", ONE, {"bytes": len(ONE) + 1}),
    ("fewer lines than stated", ONE, {"lines": 2}),
    ("more lines than stated", ONE + TWO, {"lines": 1}),
    ("a carriage return", ONE[:-1] + b"\r\n", {}),
    ("a tab", b"\t" + ONE, {}),
    ("a zero", b"\0" + ONE, {}),
    ("octets that are not UTF-8", b"\xff" + ONE, {}),
    ("a surrogate", b"\xed\xa0\x80" + ONE, {}),
]

WHOLE = offer([ONE + TWO])
HALF = [*WHOLE[:2], whole_slice(ONE + TWO, 0, data=ONE.decode()), whole_slice(ONE + TWO, len(ONE))]
OTHERS = offer([write(opening(BOB)) + b"\n"], BOB)
TWICE = head(ALICE, [ONE, TWO])
BUNDLES_ACCEPTED = [
    ("nothing", [], {}),
    ("a manifest", WHOLE, {ALICE.id: 1}),
    ("a segment in two slices", HALF, {ALICE.id: 1}),
    ("a manifest without its segment", WHOLE[:2], {ALICE.id: 0}),
    ("two people", WHOLE + OTHERS, {ALICE.id: 1, BOB.id: 1}),
    ("lines of kinds that are not known", [b'{"kind":"a"}', WHOLE[0], b'{"kind":"b"}', *WHOLE[1:]], {ALICE.id: 1}),
    (
        "one person in two offers",
        [pointer(TWICE), TWICE, whole_slice(ONE), pointer(TWICE), TWICE, whole_slice(TWO)],
        {ALICE.id: 2},
    ),
]
BUNDLES_REFUSED = [
    ("a head before its pointer", [WHOLE[1], WHOLE[0], WHOLE[2]]),
    ("a slice before the head", [WHOLE[0], WHOLE[2], WHOLE[1]]),
    ("a slice alone", WHOLE[2:]),
    ("a pointer alone", WHOLE[:1]),
    ("two heads", [WHOLE[0], WHOLE[1], WHOLE[1]]),
    ("somebody else's head", [WHOLE[0], OTHERS[1]]),
    ("a line in another form", [*WHOLE, b"{ }"]),
    ("a line without a kind", [*WHOLE, b"{}"]),
    ("an empty line", [*WHOLE, b""]),
    ("a slice of a segment that is not named", [*WHOLE, whole_slice(ONE)]),
    ("a slice that is not whole lines", [*WHOLE[:2], whole_slice(ONE + TWO, data="{")]),
    ("a slice of nothing", [*WHOLE[:2], whole_slice(ONE + TWO, data="")]),
    ("a slice without data", [*WHOLE[:2], whole_slice(ONE + TWO, data=ABSENT)]),
    ("a slice at a negative offset", [*WHOLE[:2], whole_slice(ONE + TWO, at=-1, data=ONE.decode())]),
    ("a slice beyond 512 KiB", [*WHOLE[:2], whole_slice(ONE, at=LARGE)]),
    ("another segment under its name", [*WHOLE[:2], whole_slice(ONE + TWO, data=(TWO + ONE).decode())]),
    ("a segment that is not finished", HALF[:3]),
    ("a segment that goes on", [*WHOLE, whole_slice(ONE + TWO, at=len(ONE + TWO), data="{}\n")]),
    ("a gap between slices", [*HALF[:3], whole_slice(ONE + TWO, at=len(ONE) + 1, data=TWO.decode())]),
    ("slices that overlap", [*HALF[:3], whole_slice(ONE + TWO)]),
    ("the end of something that is not held", [*WHOLE[:2], HALF[3]]),
]


def heads(table):
    made = [(why, head(**changes)) for why, changes in table]
    return [{"why": why, "pointer": pointer(octets).decode(), "head": octets.decode()} for why, octets in made]


def pointers(table):
    return [{"why": why, "line": write(fields).decode()} for why, fields in table]


def segment_row(why, octets, **more):
    return {"why": why, "reference": segment_reference(octets), "hex": octets.hex()} | more


HEADS = {"accepted": heads(HEADS_ACCEPTED), "refused": heads(HEADS_REFUSED)}
POINTERS = {"accepted": pointers(POINTERS_ACCEPTED), "refused": pointers(POINTERS_REFUSED)}
SEGMENTS = {
    "author": ALICE.id,
    "head_time": TIME,
    "accepted": [segment_row(why, octets, valid=valid) for why, octets, valid in SEGMENTS_ACCEPTED],
    "refused": [
        segment_row(why, octets, reference=segment_reference(octets) | changes)
        for why, octets, changes in SEGMENTS_REFUSED
    ],
}
BUNDLES = {
    "now": TIME,
    "accepted": [{"why": why, "text": bundle(lines), "segments": held} for why, lines, held in BUNDLES_ACCEPTED],
    "refused": [{"why": why, "text": bundle(lines)} for why, lines in BUNDLES_REFUSED]
    + [{"why": "cut off in a line", "text": bundle(WHOLE)[:-2]}],
}
