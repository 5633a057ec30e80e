"""The tables of lines of segments that hold and that do not; see making.py. A row: (why, role, line)."""

from tests.independent.making import ABSENT, ALICE, BOB, OP, TIME, carry, head, header_of, opening, post_id, reply
from tests.independent.octets import LATEST, sha256, write

POSTS, STATE = "posts", "state"
A, B = "ab" * 32, "cd" * 32
VERSION = [TIME, sha256(head())]
TRUST = {"kind": "trust", "id": BOB.id, "mt": 8000, "tlt": 5000, "time": TIME}
VOTE = {"kind": "vote", "post": post_id(OP), "author": ALICE.id, "value": 1}
DELETE = {"kind": "delete", "post": post_id(OP), "time": TIME}
LABEL = {"kind": "label", "post": post_id(OP), "name": "spam"}
PROFILE = {"kind": "profile", "text": "Birds.\n"}


def without(fields, name):
    return {key: value for key, value in fields.items() if key != name}


def posts(rows):
    return [(why, POSTS, line) for why, line in rows]


def state(rows):
    return [(why, STATE, line) for why, line in rows]


GOOD_BOARDS = ("misc", "c++", "a.1b", "a-b.c_d", "0a.b", "comp." + "a" * 30, "a.all2", "b.example", "x.zb", "posters")
BAD_BOARDS = (
    *("", "Tech.linux", "tech..linux", ".tech", "tech.", "tech linux", "té", "a/b"),
    *("zb", "zb.log", "via.x", "control.x", "to.x", "example.x", "junk", "poster"),
    *("a.all", "all", "a.ctl.b", "a.123", "7", "_a", "a._b", "a." + "b" * 31, ".".join(["a" * 21] * 3)),
)

ACCEPTED = posts(
    [
        ("an opening post", OP),
        *((f"the board {name}", opening(boards=[name])) for name in GOOD_BOARDS),
        ("a board of 64 characters", opening(boards=[".".join(["a" * 30, "b" * 30, "cc"])])),
        ("four boards", opening(boards=["a.b", "a.c", "a.d", "a.e"])),
        ("an empty body", opening(body="")),
        ("tabs and line ends in a body", opening(body="a\tb\n\n")),
        ("a subject of 250 octets", opening(subject="é" * 125)),
        ("a subject that turns the direction of writing", opening(subject="\u202eabc")),
        ("a subject of a character that is not seen and not of Zs", opening(subject="\u200b")),
        ("a field that is not known, in the header and so in the id", opening(later={"a": [1]})),
        ("the first second", opening(time=0)),
        ("false where nothing would do", opening(sage=False, flowed=False, replaces=[])),
        ("sage, flowed and a language", opening(sage=True, flowed=True, lang="de-AT")),
        ("64 posts replaced", opening(replaces=[A] * 64)),
        ("a reply", reply()),
        ("a reply with a subject of its own", reply(subject="Something else")),
        ("a reply that is signed", opening(**without(reply(), "kind"), subject=ABSENT)),
        ("eight parents", reply(parents=[A] * 7 + [B])),
        ("a carry", carry()),
        ("a carry of a header with a field that is not known", carry(opening(later=1))),
        ("a delete", DELETE),
        ("a kind that is not known", {"kind": "later"}),
    ]
) + state(
    [
        ("a rating", TRUST),
        ("a rating taken back", without(without(TRUST, "mt"), "tlt")),
        ("mt alone, the lowest", without(TRUST, "tlt") | {"mt": -10000}),
        ("tlt alone, the highest", without(TRUST, "mt") | {"tlt": 10000}),
        ("a note of 500 octets, two lines", TRUST | {"note": "é" * 249 + "\n."}),
        ("a rating of a version, for a time", TRUST | {"pin": VERSION, "until": LATEST}),
        ("a vote", VOTE),
        ("a vote against", VOTE | {"value": -1}),
        ("a vote taken back", VOTE | {"value": 0}),
        ("a profile", PROFILE),
        ("a registrar's profile", PROFILE | {"registrar": True}),
        ("a label on a post", LABEL | {"note": "no"}),
        ("a label on a person, taken back", {"kind": "label", "id": BOB.id, "name": "org.example.bot", "off": True}),
        ("a label with a name of 250 characters", LABEL | {"name": "é" * 250}),
        ("an identity of the same person", {"kind": "same", "id": BOB.id}),
        ("a kind that is not known", {"kind": "later", "id": 7}),
    ]
)

REFUSED = posts(
    [
        ("no kind", without(OP, "kind")),
        ("a kind that is no string", OP | {"kind": 1}),
        ("somebody else's post", opening(BOB)),
        ("no author", without(OP, "author")),
        *((f"the board {name!r}", opening(boards=[name])) for name in BAD_BOARDS),
        ("a board of 65 characters", opening(boards=[".".join(["a" * 30, "b" * 30, "ccc"])])),
        ("no boards", opening(boards=ABSENT)),
        ("not one board", opening(boards=[])),
        ("five boards", opening(boards=["a.b", "a.c", "a.d", "a.e", "a.f"])),
        ("a board twice", opening(boards=["a.b", "a.b"])),
        ("boards as a string", opening(boards="tech.linux")),
        ("a board that is a number", opening(boards=[1])),
        ("no time", opening(time=ABSENT)),
        ("a time before 1970", opening(time=-1)),
        ("a time after 9999", opening(time=LATEST + 1)),
        ("a time that is true", opening(time=True)),
        ("a time later than the head's", opening(time=TIME + 1)),
        ("no body", opening(body=ABSENT)),
        ("a body that is a number", opening(body=1)),
        ("a body_sha256 in a post", opening(body_sha256=sha256(b"Hello.\n"))),
        ("no subject", opening(subject=ABSENT)),
        ("an empty subject", opening(subject="")),
        ("a subject of blanks", opening(subject=" \u00a0\u3000")),
        ("a subject of 251 octets", opening(subject="é" * 125 + "a")),
        ("a subject of two lines", opening(subject="a\nb")),
        ("a subject with a tab", opening(subject="a\tb")),
        ("a subject with U+0085", opening(subject="a\u0085b")),
        ("a subject with U+2028", opening(subject="a\u2028b")),
        ("a subject with U+2029", opening(subject="a\u2029b")),
        ("a subject with U+007F", opening(subject="a\u007fb")),
        ("no signature on an opening post", opening(sig=ABSENT)),
        ("a signature over another text", OP | {"body": "Hello!\n"}),
        ("a signature over another subject", OP | {"subject": "Second thread"}),
        ("a signature by somebody else", OP | {"sig": opening(BOB)["sig"]}),
        ("a signature in capitals", OP | {"sig": OP["sig"].upper()}),
        ("a signature that is cut off", OP | {"sig": OP["sig"][:-2]}),
        ("a signature of zeros", OP | {"sig": "00" * 64}),
        ("a reply whose signature does not hold", reply(sig=OP["sig"])),
        ("a reply without parents", reply(parents=ABSENT)),
        ("a reply with none of its parents", reply(parents=[])),
        ("parents without a thread", reply(thread=ABSENT)),
        ("nine parents", reply(parents=[A] * 9)),
        ("a parent that is no id", reply(parents=["ab"])),
        ("a thread that is no id", reply(thread=A.upper())),
        ("a reply with an empty subject", reply(subject="")),
        ("sage that is 1", reply(sage=1)),
        ("flowed that is a string", reply(flowed="true")),
        ("65 posts replaced", reply(replaces=[A] * 65)),
        ("replaces that is no array", reply(replaces=A)),
        ("a language of 41 characters", reply(lang="a" * 41)),
        ("a language of two lines", reply(lang="de\nat")),
        ("a carry without a signature", carry(sig=ABSENT)),
        ("a carry with another signature", carry(sig=opening(body="")["sig"])),
        ("a carry signed by who carries", carry(opening(BOB, sig=OP["sig"]))),
        ("a carry without a header", carry(header=ABSENT)),
        ("a carry whose header is a string", carry(header="a")),
        ("a carry of a whole post", carry(header=OP)),
        ("a carry of a header with its signature", carry(header=header_of(OP) | {"sig": OP["sig"]})),
        ("a carry of a header without a hash", carry(header=without(header_of(OP), "body_sha256"))),
        ("a carry of a reply", carry(opening(**without(reply(), "kind"), subject=ABSENT))),
        ("a carry of another kind", carry(header=header_of(OP) | {"kind": "carry"})),
        ("a carry of a bad board", carry(opening(boards=["zb.log"]))),
        ("a delete of nothing", without(DELETE, "post")),
        ("a delete without a time", without(DELETE, "time")),
        ("a delete of what is no id", DELETE | {"post": "a"}),
        ("a rating among posts", TRUST),
        ("a vote among posts", VOTE),
        ("a profile among posts", PROFILE),
        ("a label among posts", LABEL),
    ]
) + state(
    [
        ("a post among state", OP),
        ("a carry among state", carry()),
        ("a delete among state", DELETE),
        ("mt above 10000", TRUST | {"mt": 10001}),
        ("mt below -10000", TRUST | {"mt": -10001}),
        ("mt that is true", TRUST | {"mt": True}),
        ("tlt above 10000", TRUST | {"tlt": 10001}),
        ("tlt below 0", TRUST | {"tlt": -1}),
        ("tlt that is a string", TRUST | {"tlt": "5000"}),
        ("a rating of nobody", without(TRUST, "id")),
        ("a rating of a name", TRUST | {"id": "bob"}),
        ("a rating without a time", without(TRUST, "time")),
        ("a rating until 1969", TRUST | {"until": -1}),
        ("a note of 501 octets", TRUST | {"note": "a" * 501}),
        ("a note that is a number", TRUST | {"note": 1}),
        ("a pin without a hash", TRUST | {"pin": [TIME]}),
        ("a pin of version 0", TRUST | {"pin": [0, A]}),
        ("a pin of three", TRUST | {"pin": [TIME, A, A]}),
        ("a pin of version true", TRUST | {"pin": [True, A]}),
        ("a vote of 2", VOTE | {"value": 2}),
        ("a vote that is true", VOTE | {"value": True}),
        ("a vote on nothing", without(VOTE, "post")),
        ("a vote without the author", without(VOTE, "author")),
        ("a vote without a value", without(VOTE, "value")),
        ("a profile without text", without(PROFILE, "text")),
        ("a registrar that is 1", PROFILE | {"registrar": 1}),
        ("a label on a post and a person", LABEL | {"id": BOB.id}),
        ("a label on nothing", without(LABEL, "post")),
        ("a label without a name", without(LABEL, "name")),
        ("a label with an empty name", LABEL | {"name": ""}),
        ("a label with a name of blanks", LABEL | {"name": "\u00a0 "}),
        ("a label with a name of two lines", LABEL | {"name": "a\nb"}),
        ("a label with a name of 251 characters", LABEL | {"name": "é" * 251}),
        ("a label with a note of 501 octets", LABEL | {"note": "a" * 501}),
        ("a label that is off by 1", LABEL | {"off": 1}),
    ]
)


def rows(table):
    return [{"why": why, "role": role, "line": write(fields).decode()} for why, role, fields in table]


ENTRIES = {"author": ALICE.id, "head_time": TIME, "accepted": rows(ACCEPTED), "refused": rows(REFUSED)}
