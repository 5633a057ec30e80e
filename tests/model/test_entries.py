"""Entries: every rule of a line, named for what somebody might try."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.model.making import ALICE, BOB, TIME, line_of, made_post, opened, opening, reply, vectors
from zbnntp.model import entries, limits
from zbnntp.model.canonical import decode, encode
from zbnntp.model.entries import POSTS, STATE, open_entry
from zbnntp.model.errors import BadEncoding, BadSignature, Invalid, TooLarge
from zbnntp.model.keys import PostId, sha256

ID = "ab" * 32


def test_an_op() -> None:
    post = opened(opening())
    header = post.header
    assert post.body == "Hello.\n"
    assert (header.author, header.boards, header.time) == (ALICE.identity, ("tech.linux",), TIME)
    assert (header.subject, header.thread, header.parents) == ("First thread", None, ())
    assert (header.sage, header.flowed, header.replaces) == (False, False, ())
    assert header.thread_id == header.id


def test_a_reply() -> None:
    op, post = opened(opening()), opened(reply(), BOB)
    assert (post.header.thread, post.header.parents) == (op.header.id, (op.header.id,))
    assert post.header.thread_id == op.header.id
    assert post.header.subject is None


# who may say what


def test_a_post_in_somebody_elses_segment() -> None:
    with pytest.raises(BadEncoding, match="somebody else"):
        open_entry(opening(), BOB.identity, POSTS)
    with pytest.raises(BadEncoding, match="somebody else"):
        open_entry(reply(), ALICE.identity, POSTS)


def test_an_op_signed_by_another_key() -> None:
    forged = decode(opening(BOB)) | {"author": ALICE.identity.hex()}
    with pytest.raises(BadSignature):
        open_entry(encode(forged), ALICE.identity, POSTS)


def test_an_op_without_signature() -> None:
    unsigned = decode(opening())
    del unsigned["sig"]
    with pytest.raises(BadEncoding):
        open_entry(encode(unsigned), ALICE.identity, POSTS)


@pytest.mark.parametrize(
    "change",
    [
        {"body": "Hullo.\n"},
        {"subject": "Another"},
        {"time": TIME + 1},
        {"boards": ["tech.bsd"]},
        {"sage": True},
        {"flowed": True},
        {"replaces": [ID]},
        {"lang": "en"},
        {"unknown": 1},
    ],
    ids=str,
)
def test_nothing_of_a_signed_post_can_be_changed(change: dict) -> None:
    with pytest.raises(BadSignature):
        open_entry(encode(decode(opening()) | change), ALICE.identity, POSTS)


def test_a_signature_in_a_reply_is_optional_but_checked() -> None:
    header = decode(reply(body_sha256=sha256(b"I agree.\n").hex(), body=None))
    sig = BOB.sign(b"zbnntp1 post\n" + encode(header)).hex()
    assert opened(reply(sig=sig), BOB) == opened(reply(), BOB)
    for forged in ("00" * 64, sig[:-2], 5):
        with pytest.raises(Invalid):
            open_entry(reply(sig=forged), BOB.identity, POSTS)


@pytest.mark.parametrize(
    ("raw", "author"),
    [(opening(), ALICE), (reply(), BOB)],
    ids=["post", "reply"],
)
def test_posts_do_not_belong_in_state(raw: bytes, author: object) -> None:
    with pytest.raises(BadEncoding, match="belong"):
        open_entry(raw, author.identity, STATE)  # type: ignore[attr-defined]


@pytest.mark.parametrize("case", vectors("lines"), ids=lambda case: case["kind"])
def test_each_kind_has_one_role(case: dict) -> None:
    other = STATE if case["role"] == POSTS else POSTS
    raw = case["line"].encode()
    with pytest.raises(BadEncoding, match="belong"):
        open_entry(raw, BOB.identity, other)


# id and header


def test_the_id_is_over_everything_but_body_and_signature() -> None:
    raw = opening(mood="good")
    header = decode(raw)
    body = header.pop("body")
    del header["sig"]
    header["body_sha256"] = sha256(body.encode()).hex()
    assert opened(raw).header.id == sha256(encode(header))


def test_a_post_cannot_claim_the_hash_of_another_body() -> None:
    with pytest.raises(BadEncoding, match="hash"):
        open_entry(encode(decode(opening()) | {"body_sha256": ID}), ALICE.identity, POSTS)


@pytest.mark.parametrize("change", [{"body": "Hello.\n"}, {"sig": "00" * 64}, {"kind": "head"}, {"body_sha256": "ab"}])
def test_a_header_is_a_post_without_body_and_sig(change: dict) -> None:
    header = decode(entries.make_carry(opening()))["header"]
    assert entries.open_header(header) == opened(opening()).header
    with pytest.raises(BadEncoding):
        entries.open_header(header | change)


def test_a_header_without_the_hash_of_its_body() -> None:
    header = decode(entries.make_carry(opening()))["header"]
    del header["body_sha256"]
    with pytest.raises(BadEncoding):
        entries.open_header(header)


# the fields of a post


@pytest.mark.parametrize(
    "fields",
    [
        {"boards": None},
        {"boards": []},
        {"boards": "tech.linux"},
        {"boards": [5]},
        {"boards": [["tech.linux"]]},
        {"boards": ["tech.linux", "tech.linux"]},
        {"boards": ["Tech.Linux"]},
        {"boards": ["zb.control"]},
        {"boards": ["tech.linux", "via.bob.tech"]},
        {"time": None},
        {"time": "now"},
        {"time": -1},
        {"time": True},
        {"time": limits.TIME_MOST + 1},
        {"subject": None},
        {"subject": ""},
        {"subject": "   "},
        {"subject": "\u00a0\u3000"},
        {"subject": "two\nlines"},
        {"subject": "a\ttab"},
        {"subject": "a\x7fb"},
        {"subject": "a\u2028b"},
        {"subject": 5},
        {"author": None},
        {"author": "alice"},
        {"sage": 1},
        {"flowed": "yes"},
        {"replaces": ID},
        {"replaces": ["ab"]},
        {"lang": "e\nn"},
        {"lang": 5},
        {"thread": ID},
        {"parents": [ID]},
    ],
    ids=str,
)
def test_malformed_op(fields: dict) -> None:
    with pytest.raises(BadEncoding):
        open_entry(opening(**fields), ALICE.identity, POSTS)


@pytest.mark.parametrize(
    "fields",
    [
        {"thread": None},
        {"parents": None},
        {"parents": []},
        {"parents": ID},
        {"parents": ["ab"]},
        {"parents": [5]},
        {"thread": "ab"},
        {"thread": [ID]},
        {"subject": ""},
        {"subject": " "},
        {"subject": "two\nlines"},
        {"body": None},
        {"body": 5},
        {"body": ["text"]},
    ],
    ids=str,
)
def test_malformed_reply(fields: dict) -> None:
    with pytest.raises(BadEncoding):
        open_entry(reply(**fields), BOB.identity, POSTS)


@pytest.mark.parametrize(
    ("fields", "most"),
    [
        ({"boards": [f"tech.b{number}" for number in range(4)]}, True),
        ({"boards": [f"tech.b{number}" for number in range(5)]}, False),
        ({"parents": [ID] * 8}, True),
        ({"parents": [ID] * 9}, False),
        ({"replaces": [ID] * 64}, True),
        ({"replaces": [ID] * 65}, False),
        ({"subject": "é" * 125}, True),
        ({"subject": "é" * 125 + "x"}, False),
        ({"lang": "x" * 40}, True),
        ({"lang": "x" * 41}, False),
        ({"body": "é" * 32768}, True),
        ({"body": "é" * 32768 + "x"}, False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_limits_of_a_post(fields: dict, most: bool) -> None:
    if most:
        assert opened(reply(**fields), BOB)
    else:
        with pytest.raises(TooLarge):
            open_entry(reply(**fields), BOB.identity, POSTS)


def test_optional_fields() -> None:
    header = opened(reply(sage=True, flowed=True, replaces=[ID], lang="de", subject="New\u202e name"), BOB).header
    assert (header.sage, header.flowed, header.subject) == (True, True, "New\u202e name")
    assert header.replaces == (b"\xab" * 32,)


def test_a_replacement_of_an_op_stays_in_its_thread() -> None:
    header = opened(reply(subject="First thread, corrected", replaces=[opened(opening()).header.id.hex()]), BOB).header
    assert header.thread_id == opened(opening()).header.id
    assert header.replaces == header.parents


@pytest.mark.parametrize("body", ["", "\n", "tab\tand\nlines", "\u202ebidi", "\x7f\u0085\u2028", "😀" * 100])
def test_bodies_hold_any_text(body: str) -> None:
    assert opened(reply(body=body), BOB).body == body


# carry, delete


def test_a_carry_proves_somebody_elses_thread() -> None:
    carry = open_entry(entries.make_carry(opening()), BOB.identity, POSTS)
    assert carry == entries.Carry(opened(opening()).header)


def test_a_carry_of_a_post_with_unknown_fields() -> None:
    carry = open_entry(entries.make_carry(opening(mood="good")), BOB.identity, POSTS)
    assert carry == entries.Carry(opened(opening(mood="good")).header)


def test_a_forged_carry() -> None:
    line = decode(entries.make_carry(opening()))
    for change in ({"subject": "Buy this"}, {"author": BOB.identity.hex()}, {"time": TIME + 1}):
        with pytest.raises(BadSignature):
            open_entry(encode(line | {"header": line["header"] | change}), BOB.identity, POSTS)
    with pytest.raises(BadSignature):
        open_entry(encode(line | {"sig": "00" * 64}), BOB.identity, POSTS)


@pytest.mark.parametrize(
    "change", [{"header": "x"}, {"header": None}, {"header": {}}, {"sig": None}, {"sig": 5}], ids=str
)
def test_a_malformed_carry(change: dict) -> None:
    line = decode(entries.make_carry(opening())) | change
    with pytest.raises(BadEncoding):
        open_entry(line_of(**line), BOB.identity, POSTS)


def test_only_the_opening_post_is_carried() -> None:
    header = decode(reply(body_sha256=ID, body=None))
    sig = BOB.sign(b"zbnntp1 post\n" + encode(header)).hex()
    with pytest.raises(BadEncoding, match="opening"):
        open_entry(line_of(kind="carry", header=header, sig=sig), ALICE.identity, POSTS)


def test_a_signature_for_something_else_proves_no_thread() -> None:
    """Domain separation: the header signed without its prefix, or under another, is worth nothing."""
    header = decode(entries.make_carry(opening()))["header"]
    for domain in (b"", b"zbnntp1 move\n", b"zbnntp1 next\n"):
        raw = line_of(kind="carry", header=header, sig=ALICE.sign(domain + encode(header)).hex())
        with pytest.raises(BadSignature):
            open_entry(raw, BOB.identity, POSTS)


def test_a_delete() -> None:
    raw = entries.make_delete(PostId(b"\xab" * 32), TIME)
    assert raw == line_of(kind="delete", post=ID, time=TIME)
    assert open_entry(raw, BOB.identity, POSTS) == entries.Delete(PostId(b"\xab" * 32), TIME)


@pytest.mark.parametrize("change", [{"post": None}, {"post": "ab"}, {"time": None}, {"time": -1}], ids=str)
def test_a_malformed_delete(change: dict) -> None:
    with pytest.raises(BadEncoding):
        open_entry(line_of(**({"kind": "delete", "post": ID, "time": TIME} | change)), BOB.identity, POSTS)


# state


def trust_line(**fields: object) -> bytes:
    return line_of(**({"kind": "trust", "id": ALICE.identity.hex(), "time": TIME} | fields))


def test_a_rating() -> None:
    raw = trust_line(mt=-10_000, tlt=0, note="why\nand how", until=TIME + 1, pin=[TIME, ID])
    found = open_entry(raw, BOB.identity, STATE)
    assert found == entries.Trust(ALICE.identity, -10_000, 0, "why\nand how", TIME, TIME + 1)
    assert found.key == f"trust {ALICE.identity.hex()}"


def test_a_rating_of_neither_takes_back() -> None:
    assert open_entry(trust_line(), BOB.identity, STATE) == entries.Trust(ALICE.identity, None, None, "", TIME, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": None},
        {"id": "alice"},
        {"mt": 10_001},
        {"mt": -10_001},
        {"mt": "50"},
        {"mt": True},
        {"tlt": -1},
        {"tlt": 10_001},
        {"tlt": False},
        {"time": None},
        {"until": -1},
        {"until": "soon"},
        {"note": 5},
        {"pin": TIME},
        {"pin": [TIME]},
        {"pin": [0, ID]},
        {"pin": [TIME, "ab"]},
        {"pin": [TIME, ID, 1]},
    ],
    ids=str,
)
def test_a_malformed_rating(fields: dict) -> None:
    with pytest.raises(BadEncoding):
        open_entry(trust_line(**fields), BOB.identity, STATE)


def test_a_note_of_500_octets() -> None:
    assert open_entry(trust_line(note="é" * 250), BOB.identity, STATE)
    with pytest.raises(TooLarge):
        open_entry(trust_line(note="é" * 250 + "x"), BOB.identity, STATE)


@pytest.mark.parametrize("value", [-1, 0, 1])
def test_a_vote(value: int) -> None:
    raw = line_of(kind="vote", post=ID, author=ALICE.identity.hex(), value=value)
    found = open_entry(raw, BOB.identity, STATE)
    assert found == entries.Vote(PostId(b"\xab" * 32), ALICE.identity, value)
    assert found.key == f"vote {ID}"


@pytest.mark.parametrize(
    "change", [{"value": 2}, {"value": -2}, {"value": None}, {"value": True}, {"post": None}, {"author": None}], ids=str
)
def test_a_malformed_vote(change: dict) -> None:
    line = {"kind": "vote", "post": ID, "author": ALICE.identity.hex(), "value": 1} | change
    with pytest.raises(BadEncoding):
        open_entry(line_of(**line), BOB.identity, STATE)


def test_a_profile() -> None:
    found = open_entry(entries.make_profile("Birds.\n\tKernels."), BOB.identity, STATE)
    assert found == entries.Profile("Birds.\n\tKernels.")
    assert found.key == "profile"
    with pytest.raises(TooLarge):
        open_entry(entries.make_profile("x" * (limits.PROFILE_OCTETS + 1)), BOB.identity, STATE)
    with pytest.raises(BadEncoding):
        open_entry(line_of(kind="profile"), BOB.identity, STATE)


@pytest.mark.parametrize("role", [POSTS, STATE])
@pytest.mark.parametrize("kind", ["poll", "", "POST"])
def test_unknown_kinds_are_kept_in_both_roles(kind: str, role: str) -> None:
    assert open_entry(line_of(kind=kind, anything=[1, {"a": "b"}]), BOB.identity, role) == entries.Unknown(kind)


@pytest.mark.parametrize("raw", [b"{}", b'{"kind":5}', b'{"kind":["post"]}', b'{"kind":{}}', b"", b"post"])
def test_a_line_has_a_kind(raw: bytes) -> None:
    with pytest.raises(BadEncoding):
        open_entry(raw, BOB.identity, POSTS)


# made and opened


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)
SUBJECT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=60).filter(str.strip)
BOARDS = st.lists(
    st.sampled_from(["tech.linux", "tech.bsd", "comp.lang.c++", "a"]), min_size=1, max_size=4, unique=True
)
IDS = st.binary(min_size=32, max_size=32).map(PostId)


@given(
    boards=BOARDS,
    body=TEXT,
    time=st.integers(0, limits.TIME_MOST),
    subject=SUBJECT,
    answer=st.none() | st.tuples(IDS, st.lists(IDS, min_size=1, max_size=8).map(tuple), st.booleans()),
    sage=st.booleans(),
    flowed=st.booleans(),
    replaces=st.lists(IDS, max_size=2).map(tuple),
)
def test_what_make_post_makes_open_entry_opens(
    boards: list[str],
    body: str,
    time: int,
    subject: str,
    answer: tuple[PostId, tuple[PostId, ...], bool] | None,
    sage: bool,
    flowed: bool,
    replaces: tuple[PostId, ...],
) -> None:
    thread, parents, retitled = answer or (None, (), True)
    title = subject if retitled else None
    flags = {"sage": sage, "flowed": flowed, "replaces": replaces}
    post = made_post(boards=boards, body=body, time=time, subject=title, thread=thread, parents=parents, **flags)
    header = post.header
    assert (post.body, header.author, header.boards, header.time) == (body, ALICE.identity, tuple(boards), time)
    assert (header.subject, header.thread, header.parents) == (title, thread, parents)
    assert (header.sage, header.flowed, header.replaces) == (sage, flowed, replaces)


@given(IDS, st.none() | st.integers(-10_000, 10_000), st.none() | st.integers(0, 10_000), TEXT)
def test_what_make_trust_makes_open_entry_opens(target: bytes, mt: int | None, tlt: int | None, note: str) -> None:
    raw = entries.make_trust(target, mt, tlt, note, TIME)  # type: ignore[arg-type]
    assert open_entry(raw, BOB.identity, STATE) == entries.Trust(target, mt, tlt, note, TIME, None)  # type: ignore[arg-type]


NAMES = ["kind", "author", "boards", "body", "time", "subject", "thread", "parents", "sig", "id", "value", "mt", "tlt"]
VALUES = (
    st.sampled_from(["post", "carry", "delete", "trust", "vote", "profile", ID, ALICE.identity.hex(), "00" * 64])
    | st.integers(-3, 3)
    | st.booleans()
    | st.lists(st.sampled_from([ID, "tech.linux", 1]), max_size=3)
    | st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["post", ID]), max_size=3)
)


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from([*NAMES, "header", "post", "note"]), VALUES), st.sampled_from([POSTS, STATE]))
@example({"kind": "vote", "post": ID, "author": ID, "value": True}, STATE)
def test_any_object_gives_an_entry_or_invalid(line: dict, role: str) -> None:
    try:
        open_entry(encode(line), ALICE.identity, role)
    except Invalid:
        return


@given(st.binary(max_size=100), st.sampled_from([POSTS, STATE]))
def test_any_bytes_give_an_entry_or_invalid(raw: bytes, role: str) -> None:
    with pytest.raises(Invalid):
        open_entry(raw, ALICE.identity, role)
