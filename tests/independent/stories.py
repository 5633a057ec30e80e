"""The tables of what is held after one thing and another, of who follows whom, and of what is shown; see making.py.

A story is one person's offers (bundles) in the order in which they come, and after each the head that is held then and
whether the person is marked for a fork.
"""

from tests.independent.making import (
    ABSENT,
    ALICE,
    BOB,
    NEXT_2,
    OP,
    RECOVERY,
    RECOVERY_2,
    TIME,
    Person,
    bundle,
    carry,
    head,
    move,
    next_by,
    offer,
    opening,
    pointer,
    pointer_fields,
    post_id,
    reply,
    whole_slice,
)
from tests.independent.octets import sha256, write

HOURS_2 = 7200
ONE, TWO = write(OP) + b"\n", write(reply(body="Two.\n")) + b"\n"
CAROL = Person("carol")


# Versions: rows are (why, [(offer, now, held offer or None, marked)])


def name(lines):
    return sha256(lines[1])


def said(**changes):
    return offer([ONE], **changes)


FIRST, SECOND = said(), said(seq=TIME + 10)
LATER = said(seq=TIME + 20, prev=[TIME + 10, name(SECOND)])
LOW, HIGH = sorted([said(seq=TIME + 10, nick="a"), said(seq=TIME + 10, nick="b")], key=name)
HEALED = said(seq=TIME + 20, prev=[TIME + 10, name(LOW)])
MERGED = said(seq=TIME + 30, prev=[TIME + 20, name(HEALED)], merge=[name(HIGH)])
MERGED_LOW = said(seq=TIME + 30, prev=[TIME + 20, name(HEALED)], merge=[name(LOW)])
BETWEEN, BESIDE = said(seq=TIME + 15), said(seq=TIME + 10, nick="c")
NEAR, FAR = said(seq=TIME + HOURS_2), said(seq=TIME + HOURS_2 + 1)
AWARE = said(seq=TIME + 20, prev=[TIME + 10, name(SECOND)], merge=[name(BESIDE)])
TAKEN_BACK = said(seq=TIME + 20, prev=[TIME, name(FIRST)], merge=[name(FAR)])
DATED = said(seq=TIME + 10, time=TIME + HOURS_2 + 1)
GROWN = head(ALICE, [ONE + TWO], seq=TIME + 10)
GROWTH = [pointer(GROWN, seq=TIME + 10), GROWN, whole_slice(ONE + TWO, len(ONE))]
BROKEN = [GROWTH[0], GROWTH[1], whole_slice(ONE + TWO, len(ONE), data="{}\n")]
STRANGE = said(seq=TIME + 10, crit=["later"])


def renewed(items, **changes):
    return said(seq=TIME + 10, **{"next": NEXT_2, "next_by": items} | changes)


RECOVERY_3 = Person("alice recovery 3")
NEXT_3 = sha256(bytes.fromhex(RECOVERY_3.id))
STEP_2 = next_by(RECOVERY_2, NEXT_3)
FOREIGN = next_by(CAROL, NEXT_2)
MALFORMED = next_by(sig="ab")


def succession(why, taken, **changes):
    """A head that comes after FIRST."""
    lines = renewed(**changes)
    return why, [(FIRST, TIME, FIRST, False), (lines, TIME + 10, lines if taken else FIRST, False)]


STORIES = [
    ("a newer head is taken", [(FIRST, TIME, FIRST, False), (SECOND, TIME, SECOND, False)]),
    ("an older head is no news", [(SECOND, TIME, SECOND, False), (FIRST, TIME, SECOND, False)]),
    ("the same head again", [(FIRST, TIME, FIRST, False), (FIRST, TIME, FIRST, False)]),
    ("a head that skips some", [(FIRST, TIME, FIRST, False), (LATER, TIME, LATER, False)]),
    (
        "a fork, the lower hash first, healed and merged",
        [(LOW, TIME, LOW, False), (HIGH, TIME, LOW, True), (HEALED, TIME, HEALED, True), (MERGED, TIME, MERGED, False)],
    ),
    ("a fork, the lower hash last", [(HIGH, TIME, HIGH, False), (LOW, TIME, LOW, True), (HIGH, TIME, LOW, True)]),
    (
        "a fork whose other head is not what the pointer names",
        [(LOW, TIME, LOW, False), ([HIGH[0], LOW[1]], TIME, LOW, True)],
    ),
    ("a head between prev and seq", [(LATER, TIME, LATER, False), (BETWEEN, TIME, LATER, True)]),
    ("a head beside prev", [(LATER, TIME, LATER, False), (BESIDE, TIME, LATER, True)]),
    (
        "a newer head that does not know of the one that is held",
        [(BESIDE, TIME, BESIDE, False), (LATER, TIME, LATER, True)],
    ),
    (
        "a fork that is merged by the head that was kept",
        [
            (HIGH, TIME, HIGH, False),
            (LOW, TIME, LOW, True),
            (HEALED, TIME, HEALED, True),
            (MERGED_LOW, TIME, MERGED_LOW, False),
        ],
    ),
    ("a head that leaves another out and names it", [(BESIDE, TIME, BESIDE, False), (AWARE, TIME, AWARE, False)]),
    (
        "a head with a later seq that was taken back",
        [(TAKEN_BACK, TIME, TAKEN_BACK, False), (FAR, TIME + 1, TAKEN_BACK, False)],
    ),
    ("the head that is prev", [(LATER, TIME, LATER, False), (SECOND, TIME, LATER, False)]),
    ("a head before prev", [(LATER, TIME, LATER, False), (FIRST, TIME, LATER, False)]),
    ("a seq two hours ahead", [(FIRST, TIME, FIRST, False), (NEAR, TIME, NEAR, False)]),
    (
        "a seq more than two hours ahead waits for its time, and burns none",
        [
            (FIRST, TIME, FIRST, False),
            (FAR, TIME, FIRST, False),
            (SECOND, TIME, SECOND, False),
            (FAR, TIME + 1, FAR, False),
        ],
    ),
    (
        "a time more than two hours ahead waits",
        [(FIRST, TIME, FIRST, False), (DATED, TIME, FIRST, False), (DATED, TIME + 1, DATED, False)],
    ),
    ("a segment that grows", [(FIRST, TIME, FIRST, False), (GROWTH, TIME, GROWTH, False)]),
    ("a segment that grows into something else", [(FIRST, TIME, FIRST, False), (BROKEN, TIME, FIRST, False)]),
    (
        "a head that demands what is not known holds its place",
        [(FIRST, TIME, FIRST, False), (STRANGE, TIME, STRANGE, False), (FIRST, TIME, STRANGE, False)],
    ),
]
SUCCESSIONS = [
    succession("another recovery key", False, items=ABSENT),
    succession("another recovery key, named by the one before", True, items=[next_by()]),
    succession("two recovery keys on", True, items=[next_by(), STEP_2], next=NEXT_3),
    succession("what comes after it does not matter", True, items=[next_by(), MALFORMED]),
    succession("an item that comes before the walk", True, items=[FOREIGN, next_by()]),
    succession("an item that is malformed, before the walk", False, items=[MALFORMED, next_by()]),
    succession("an item that does not follow", False, items=[next_by(), FOREIGN, STEP_2], next=NEXT_3),
    succession("a step is left out", False, items=[STEP_2], next=NEXT_3),
    succession("a signature by another key", False, items=[next_by(sig=FOREIGN["sig"])]),
    succession("a signature about somebody else", False, items=[next_by(identity=BOB.id)]),
    succession("seventeen items", False, items=[next_by()] * 17),
    succession("items that are no array", False, items={}),
]


# Moves and forks


def without(fields, *names):
    return {key: value for key, value in fields.items() if key not in names}


MOVE = move()
MOVES_ACCEPTED = [
    ("a move", MOVE, BOB.id),
    ("a revocation", move(follower=None), None),
    ("a successor who has not signed", without(MOVE, "to_sig"), None),
    ("a successor whose signature does not hold", MOVE | {"to_sig": MOVE["sig"]}, None),
    ("a successor whose signature is malformed", MOVE | {"to_sig": "ab"}, None),
    ("a field that is not known", move(later=1), BOB.id),
]
MOVES_REFUSED = [
    ("no signature", without(MOVE, "sig")),
    ("a signature by the identity itself", MOVE | {"sig": move(ALICE)["sig"]}),
    ("a signature over another successor", MOVE | {"to": CAROL.id}),
    ("a revocation made of a move", without(MOVE, "to", "to_sig")),
    ("from nobody", move(**{"from": ABSENT})),
    ("to a name", move(to="bob")),
    ("to the same identity", move(follower=ALICE)),
    ("no last good version", move(last=ABSENT)),
    ("a last good version without a hash", move(last=[TIME])),
    ("no time", move(time=ABSENT)),
    ("a recovery key of small order", move(key=RECOVERY) | {"key": "01" + "00" * 31, "sig": "01" + "00" * 63}),
]

PAIR = sorted((pointer_fields(head(nick=nick)) for nick in "ab"), key=lambda it: it["head"])
FORK = {"kind": "fork", "id": ALICE.id, "a": PAIR[0], "b": PAIR[1]}
FORKS_ACCEPTED = [("a fork", FORK), ("fields that are not known", FORK | {"later": 1, "b": PAIR[1] | {"later": 1}})]
FORKS_REFUSED = [
    ("the higher hash first", FORK | {"a": PAIR[1], "b": PAIR[0]}),
    ("one head twice", FORK | {"b": PAIR[0]}),
    ("two versions", FORK | {"b": pointer_fields(head(seq=TIME + 1), seq=TIME + 1)}),
    ("two identities", FORK | {"b": pointer_fields(b"f" * 9, BOB)}),
    ("somebody else", FORK | {"id": BOB.id}),
    ("a signature that does not hold", FORK | {"b": PAIR[1] | {"sig": PAIR[0]["sig"]}}),
    ("one pointer", without(FORK, "b")),
    ("a pointer as a string", FORK | {"a": write(PAIR[0]).decode()}),
]


# Threads: rows are (why, {person: segments of posts as lists of fields}, posts that are shown)


def answer(to, by=BOB, **changes):
    return reply(by, **{"thread": post_id(to), "parents": [post_id(to)]} | changes)


def deleting(post):
    return {"kind": "delete", "post": post_id(post), "time": TIME}


CROSS = opening(boards=["tech.linux", "tech.bsd"])
ANSWER = answer(OP)
CAROLS = answer(OP, CAROL)
OTHER_BOARD = answer(OP, boards=["tech.bsd"])
EDIT = answer(OP, ALICE, subject="First thread, better", replaces=[post_id(OP)])
AGAIN = answer(OP, ALICE, subject="First thread, best", replaces=[post_id(EDIT)])
FORGED_EDIT = answer(OP, BOB, body="Mine.\n", replaces=[post_id(OP)])
DEEP = answer(ANSWER, ALICE, thread=post_id(OP), parents=[post_id(ANSWER)], body="Deep.\n")
STRAY = answer(ANSWER, CAROL, body="The thread is no opening post.\n")
AHEAD = opening(time=TIME + HOURS_2)
TOO_EARLY = answer(AHEAD, time=TIME - 1)
THREADS = [
    ("an opening post", {ALICE: [[OP]]}, [OP]),
    ("a reply waits for its opening post", {BOB: [[ANSWER]]}, []),
    ("a reply to a post that is held", {ALICE: [[OP]], BOB: [[ANSWER]]}, [OP, ANSWER]),
    ("a reply to a reply", {ALICE: [[OP, DEEP]], BOB: [[ANSWER]]}, [OP, ANSWER, DEEP]),
    ("a reply whose thread is carried", {BOB: [[carry(), ANSWER]]}, [ANSWER]),
    ("carried after the reply", {BOB: [[ANSWER, carry()]]}, [ANSWER]),
    ("carried in another segment than the reply", {BOB: [[carry()], [ANSWER]]}, []),
    (
        "carried by somebody else who replied",
        {BOB: [[carry(), ANSWER]], CAROL: [[answer(OP, CAROL)]]},
        [ANSWER, answer(OP, CAROL)],
    ),
    ("answered two hours before its date", {BOB: [[carry(AHEAD), answer(AHEAD)]]}, [answer(AHEAD)]),
    ("answered more than two hours before its date", {BOB: [[carry(AHEAD), TOO_EARLY]]}, []),
    ("the same, and answered again", {BOB: [[TOO_EARLY, carry(AHEAD), answer(AHEAD)]]}, [TOO_EARLY, answer(AHEAD)]),
    ("carried by somebody who did not reply", {BOB: [[ANSWER]], CAROL: [[carry()]]}, []),
    ("a reply in another board", {ALICE: [[OP]], BOB: [[OTHER_BOARD]]}, [OP]),
    ("a reply in one board of two", {ALICE: [[CROSS]], BOB: [[answer(CROSS)]]}, [CROSS]),
    (
        "a reply that has the boards in another order",
        {ALICE: [[CROSS]], BOB: [[answer(CROSS, boards=["tech.bsd", "tech.linux"])]]},
        [CROSS],
    ),
    ("a thread that is a reply", {ALICE: [[OP]], BOB: [[ANSWER]], CAROL: [[STRAY]]}, [OP, ANSWER]),
    ("an answer taken back", {ALICE: [[OP]], BOB: [[ANSWER, deleting(ANSWER)]]}, [OP]),
    ("somebody else's answer taken back", {ALICE: [[OP, deleting(ANSWER)]], BOB: [[ANSWER]]}, [OP, ANSWER]),
    ("an opening post replaced", {ALICE: [[OP, EDIT]]}, [EDIT]),
    ("replaced and replaced again", {ALICE: [[OP, EDIT, AGAIN]]}, [AGAIN]),
    ("replaced by somebody else", {ALICE: [[OP]], BOB: [[FORGED_EDIT]]}, [OP, FORGED_EDIT]),
    ("a post later than its head", {ALICE: [[OP, opening(time=TIME + 1)]]}, [OP]),
    ("lines that break a rule between others", {ALICE: [[opening(sig="00" * 64), OP, {}]]}, [OP]),
]


# Dates: rows are (why, times of heads that list the same two posts one after the other, posts that are shown)

LATER = opening(time=TIME + 60)
DATED = [
    ("a post as late as its head", [TIME + 60], [OP, LATER]),
    ("a post that a later head is not earlier than", [TIME, TIME + 60], [OP, LATER]),
    ("a post that a later head is earlier than", [TIME + 60, TIME], [OP]),
    ("the same, and a head that is not earlier again", [TIME + 60, TIME, TIME + 90], [OP, LATER]),
]


def story(why, steps):
    return {
        "why": why,
        "steps": [
            {"text": bundle(lines), "now": now, "head": name(held), "forked": forked}
            for lines, now, held, forked in steps
        ],
    }


def thread(why, people, shown):
    text = ""
    for person, segments in people.items():
        text += bundle(offer([b"".join(write(line) + b"\n" for line in lines) for lines in segments], person))
    return {"why": why, "text": text, "shown": sorted(map(post_id, shown))}


def dated(why, times, shown):
    posts = b"".join(write(line) + b"\n" for line in (OP, LATER))
    text = "".join(bundle(offer([posts], seq=TIME + number, time=time)) for number, time in enumerate(times))
    return {"why": why, "text": text, "shown": sorted(map(post_id, shown))}


def lines_of(table):
    return [{"why": why, "line": write(fields).decode()} for why, fields in table]


VERSIONS = {
    "id": ALICE.id,
    "stories": [story(why, steps) for why, steps in STORIES],
    "successions": [story(why, steps) for why, steps in SUCCESSIONS],
}
MOVES = {
    "accepted": [
        {"why": why, "line": write(fields).decode()} | ({"to": to} if to else {}) for why, fields, to in MOVES_ACCEPTED
    ],
    "refused": lines_of(MOVES_REFUSED),
}
FORKS = {"accepted": lines_of(FORKS_ACCEPTED), "refused": lines_of(FORKS_REFUSED)}
SHOWN = {"now": TIME, "threads": [thread(*row) for row in THREADS] + [dated(*row) for row in DATED]}
