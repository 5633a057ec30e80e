"""Pointers, heads and segments: what is believed of a stranger's manifest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.making import (
    ALICE,
    BOB,
    NEXT,
    ONION,
    TIME,
    head_line,
    line_of,
    open_signed_head,
    opening,
    segment_ref,
    urls,
)
from zbnntp.model import limits, manifest
from zbnntp.model.canonical import decode, encode
from zbnntp.model.errors import BadEncoding, BadSignature, Invalid, TooLarge
from zbnntp.model.keys import Sha256, sha256
from zbnntp.model.manifest import Endpoint, SegmentRef

HASHES = st.binary(min_size=32, max_size=32).map(Sha256)
ONE_LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=limits.NICK_CHARACTERS)
ENDPOINTS = st.builds(Endpoint, urls(), st.booleans())
REFS = st.builds(
    SegmentRef,
    HASHES,
    st.integers(1, limits.SEGMENT_OCTETS),
    st.integers(1, 10_000),
    st.integers(0, limits.TIME_MOST),
)


def pointer_line(**fields: object) -> bytes:
    """A pointer of Alice's whose signature holds unless `fields` break it."""
    line = decode(manifest.make_pointer(ALICE, TIME, head_line()))
    return line_of(**(line | fields))


# pointer


def test_a_pointer() -> None:
    pointer = manifest.open_pointer(pointer_line())
    assert (pointer.identity, pointer.seq, pointer.head) == (ALICE.identity, TIME, sha256(head_line()))
    assert pointer.raw == pointer_line()


def test_unknown_fields_of_a_pointer_are_kept() -> None:
    raw = pointer_line(mirror=True)
    assert manifest.open_pointer(raw).raw == raw


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "head"},
        {"kind": None},
        {"id": None},
        {"id": ALICE.identity.hex().upper()},
        {"seq": None},
        {"seq": 0},
        {"seq": -1},
        {"seq": True},
        {"seq": str(TIME)},
        {"head": None},
        {"head": "ab" * 31},
        {"sig": None},
        {"sig": "ab" * 32},
    ],
)
def test_malformed_pointer(fields: dict) -> None:
    with pytest.raises(BadEncoding):
        manifest.open_pointer(pointer_line(**fields))


@pytest.mark.parametrize(
    "fields",
    [{"seq": TIME + 1}, {"head": "ab" * 32}, {"id": BOB.identity.hex()}, {"sig": "00" * 64}, {"id": "00" * 32}],
)
def test_forged_pointer(fields: dict) -> None:
    with pytest.raises(BadSignature):
        manifest.open_pointer(pointer_line(**fields))


def test_a_pointer_that_carries_a_load() -> None:
    with pytest.raises(TooLarge):
        manifest.open_pointer(pointer_line(x="x" * limits.POINTER_OCTETS))


@given(st.binary(max_size=64) | st.dictionaries(st.sampled_from(["kind", "id", "seq"]), st.just("pointer")).map(encode))
def test_any_bytes_give_a_pointer_or_invalid(raw: bytes) -> None:
    with pytest.raises(Invalid):
        manifest.open_pointer(raw)


# head


def test_a_head() -> None:
    ref, state = segment_ref(), segment_ref(sha256="cd" * 32)
    raw = head_line(posts=[ref], state=[state], prev=[TIME - 1, "ef" * 32], merge=["01" * 32], color="blue")
    head = open_signed_head(raw)
    assert head.identity == ALICE.identity
    assert (head.seq, head.time, head.nick) == (TIME, TIME, "alice")
    assert head.endpoints == (Endpoint(ONION, True),)
    assert head.posts == (SegmentRef(Sha256(b"\xab" * 32), 100, 1, TIME),)
    assert head.segments == head.posts + head.state
    assert head.prev == (TIME - 1, b"\xef" * 32)
    assert (head.next, head.merge) == (NEXT, (b"\x01" * 32,))
    assert (head.sha256, head.raw, head.needs_newer) == (sha256(raw), raw, False)


def test_arrays_of_a_head_that_are_left_out_are_empty() -> None:
    head = open_signed_head(head_line(endpoints=None, posts=None, state=None))
    assert (head.endpoints, head.segments, head.merge, head.prev) == ((), (), (), None)


def test_another_head_than_the_pointer_names() -> None:
    pointer = manifest.open_pointer(manifest.make_pointer(ALICE, TIME, head_line()))
    with pytest.raises(BadSignature):
        manifest.open_head(head_line(nick="mallory"), pointer)


@pytest.mark.parametrize(
    "fields",
    [{"id": BOB.identity.hex()}, {"id": None}, {"seq": TIME + 1}, {"seq": str(TIME)}, {"seq": None}, {"kind": "post"}],
)
def test_a_head_that_disagrees_with_its_pointer(fields: dict) -> None:
    with pytest.raises(BadEncoding):
        open_signed_head(head_line(**fields))


def test_seq_true_is_not_seq_1() -> None:
    assert open_signed_head(head_line(seq=1), 1).seq == 1
    with pytest.raises(BadEncoding):
        open_signed_head(head_line(seq=True), 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"v": None},
        {"v": 0},
        {"v": True},
        {"time": None},
        {"time": -1},
        {"time": limits.TIME_MOST + 1},
        {"nick": None},
        {"nick": 5},
        {"nick": "a\nb"},
        {"nick": "a\tb"},
        {"nick": "a\x7fb"},
        {"nick": "a\u0085b"},
        {"nick": "a\u2028b"},
        {"nick": "a\u2029b"},
        {"endpoints": {}},
        {"endpoints": ["http://x"]},
        {"endpoints": [{"url": ONION}]},
        {"endpoints": [{"own": True}]},
        {"endpoints": [{"url": ONION, "own": 1}]},
        {"endpoints": [{"url": 5, "own": True}]},
        {"posts": "all"},
        {"posts": ["ab" * 32]},
        {"posts": [segment_ref(sha256="xyz")]},
        {"posts": [segment_ref(bytes=0)]},
        {"posts": [segment_ref(bytes="100")]},
        {"posts": [segment_ref(lines=0)]},
        {"posts": [segment_ref(**{"from": -1})]},
        {"state": [{}]},
        {"prev": TIME},
        {"prev": []},
        {"prev": [TIME - 1]},
        {"prev": [TIME - 1, "ab"]},
        {"prev": [0, "ab" * 32]},
        {"prev": [True, "ab" * 32]},
        {"next": None},
        {"next": "ab"},
        {"merge": "ab" * 32},
        {"merge": ["ab"]},
        {"crit": "x"},
        {"crit": [["x"]]},
        {"crit": [{}]},
        {"crit": [1]},
    ],
    ids=str,
)
def test_malformed_head(fields: dict) -> None:
    with pytest.raises(BadEncoding):
        open_signed_head(head_line(**fields))


@pytest.mark.parametrize("seq", [TIME, TIME + 1])
def test_prev_is_older_than_the_head(seq: int) -> None:
    with pytest.raises(BadEncoding, match="older"):
        open_signed_head(head_line(prev=[seq, "ab" * 32]))


def test_a_nick_of_40_characters_of_four_octets() -> None:
    assert open_signed_head(head_line(nick="😀" * 40)).nick == "😀" * 40
    with pytest.raises(TooLarge):
        open_signed_head(head_line(nick="😀" * 41))


def test_bidi_controls_in_a_nick_are_legal_on_the_wire() -> None:
    assert open_signed_head(head_line(nick="\u202eecila")).nick == "\u202eecila"


def test_too_many_endpoints() -> None:
    endpoint = {"url": ONION, "own": False}
    assert len(open_signed_head(head_line(endpoints=[endpoint] * 8)).endpoints) == 8
    with pytest.raises(TooLarge):
        open_signed_head(head_line(endpoints=[endpoint] * 9))


def refs(many: int, octets: int = 100) -> list[dict]:
    return [segment_ref(sha256=f"{number:064x}", bytes=octets) for number in range(many)]


def test_200_segments_over_both_roles() -> None:
    assert len(open_signed_head(head_line(posts=refs(200))).segments) == 200
    for fields in (
        {"posts": refs(201)},
        {"posts": refs(150), "state": [{**it, "sha256": "f" * 64} for it in refs(51)]},
    ):
        with pytest.raises(TooLarge):
            open_signed_head(head_line(**fields))


def test_a_segment_beyond_512_kib() -> None:
    assert open_signed_head(head_line(posts=refs(1, limits.SEGMENT_OCTETS)))
    with pytest.raises(TooLarge):
        open_signed_head(head_line(posts=refs(1, limits.SEGMENT_OCTETS + 1)))


def test_state_beyond_4_mib() -> None:
    assert open_signed_head(head_line(state=refs(8, limits.SEGMENT_OCTETS)))
    with pytest.raises(TooLarge):
        open_signed_head(head_line(state=[*refs(8, limits.SEGMENT_OCTETS), segment_ref()]))


def test_a_segment_named_twice() -> None:
    for fields in ({"posts": [segment_ref(), segment_ref()]}, {"posts": [segment_ref()], "state": [segment_ref()]}):
        with pytest.raises(BadEncoding, match="twice"):
            open_signed_head(head_line(**fields))


def test_a_head_of_64_kib() -> None:
    filling = "x" * (limits.HEAD_OCTETS - len(head_line(x="")))
    assert len(open_signed_head(head_line(x=filling)).raw) == limits.HEAD_OCTETS
    with pytest.raises(TooLarge):
        open_signed_head(head_line(x=filling + "x"))


def test_a_head_above_64_kib_is_not_even_hashed() -> None:
    pointer = manifest.open_pointer(manifest.make_pointer(ALICE, TIME, head_line()))
    with pytest.raises(TooLarge):
        manifest.open_head(b"x" * (limits.HEAD_OCTETS + 1), pointer)


@pytest.mark.parametrize("fields", [{"v": 2}, {"crit": ["sealed_posts"]}, {"v": 2, "crit": ["x", "y"]}])
def test_a_head_of_a_later_version_is_opened_and_says_so(fields: dict) -> None:
    assert open_signed_head(head_line(**fields)).needs_newer


@pytest.mark.parametrize(
    ("value", "key"), [("ab" * 32, b"\xab" * 32), ("ab" * 31, None), ("AB" * 32, None), (7, None), ([], None)]
)
def test_a_visitor_s_key_of_another_form_is_none_and_spoils_no_head(value: object, key: bytes | None) -> None:
    assert open_signed_head(head_line(visitor=value)).visitor == key


def test_an_empty_crit_demands_nothing() -> None:
    assert not open_signed_head(head_line(crit=[])).needs_newer


@pytest.mark.parametrize(
    "url",
    [
        "",
        ONION + "/",
        ONION + ":80",
        ONION.replace("http", "https"),
        ONION.upper(),
        "http://" + "a" * 55 + ".onion",
        "http://" + "a" * 57 + ".onion",
        "http://" + "1" * 56 + ".onion",
        "http://x." + "a" * 56 + ".onion",
        "http://127.0.0.1",
        "http://example.org",
        ONION + "\n",
        "a" * 56 + ".onion",
        "local:",
        "local:Bob",
        "local:" + "b" * 33,
        "local:../etc",
        "file:///etc/passwd",
    ],
)
def test_endpoints_have_two_forms_only(url: str) -> None:
    with pytest.raises(BadEncoding):
        manifest.check_url(url)
    with pytest.raises(BadEncoding):
        open_signed_head(head_line(endpoints=[{"url": url, "own": True}]))


@settings(deadline=None, max_examples=50)
@given(
    seq=st.integers(2, limits.INTEGER),
    time=st.integers(0, limits.TIME_MOST),
    nick=ONE_LINE,
    endpoints=st.lists(ENDPOINTS, max_size=limits.ENDPOINTS),
    posts=st.lists(REFS, max_size=5, unique_by=lambda ref: ref.sha256),
    prev=st.none() | st.tuples(st.just(1), HASHES),
    next_key=HASHES,
)
def test_what_make_head_makes_open_head_opens(
    seq: int,
    time: int,
    nick: str,
    endpoints: list[Endpoint],
    posts: list[SegmentRef],
    prev: tuple[int, Sha256] | None,
    next_key: Sha256,
) -> None:
    given_parts = (seq, time, nick, tuple(endpoints), tuple(posts[:3]), tuple(posts[3:]), prev, next_key)
    raw = manifest.make_head(
        identity=ALICE.identity,
        seq=seq,
        time=time,
        nick=nick,
        endpoints=endpoints,
        posts=posts[:3],
        state=posts[3:],
        prev=prev,
        next_key=next_key,
    )
    it = open_signed_head(raw, seq)
    assert (it.seq, it.time, it.nick, it.endpoints, it.posts, it.state, it.prev, it.next) == given_parts


# segment


def ref_of(data: bytes, **fields: int) -> SegmentRef:
    return SegmentRef(sha256(data), fields.get("octets", len(data)), fields.get("lines", data.count(b"\n")), 0)


def test_a_segment_gives_its_lines() -> None:
    first, second = opening(), opening(body="Again.\n")
    data = first + b"\n" + second + b"\n"
    assert manifest.check_segment(ref_of(data), data) == (first, second)


def test_a_segment_with_one_byte_changed() -> None:
    data = opening() + b"\n"
    with pytest.raises(BadSignature):
        manifest.check_segment(ref_of(data), data.replace(b"Hello", b"Hullo"))


def test_a_segment_that_is_longer_or_shorter_than_its_head_says() -> None:
    data = opening() + b"\n"
    for octets in (len(data) - 1, len(data) + 1):
        with pytest.raises(BadSignature):
            manifest.check_segment(ref_of(data, octets=octets), data)


def test_a_segment_without_its_last_line_end() -> None:
    data = opening() + b"\n" + opening()
    with pytest.raises(BadEncoding):
        manifest.check_segment(ref_of(data, lines=1), data)


@pytest.mark.parametrize("lines", [1, 3])
def test_a_segment_with_other_lines_than_its_head_says(lines: int) -> None:
    data = (opening() + b"\n") * 2
    with pytest.raises(BadEncoding):
        manifest.check_segment(ref_of(data, lines=lines), data)


@pytest.mark.parametrize("junk", [b"\xff", b"\xed\xa0\x80", b"\r", b"\t", b"\0", b"\x1b"])
def test_a_segment_that_no_slice_could_carry(junk: bytes) -> None:
    data = opening() + b"\n" + junk + b"\n"
    with pytest.raises(BadEncoding):
        manifest.check_segment(ref_of(data), data)


def test_a_segment_with_a_line_that_no_bundle_could_carry() -> None:
    for octets, good in ((limits.LINE_OCTETS, True), (limits.LINE_OCTETS + 1, False)):
        data = b'"' * octets + b"\n"
        if good:
            assert manifest.check_segment(ref_of(data), data)
        else:
            with pytest.raises(TooLarge):
                manifest.check_segment(ref_of(data), data)


def test_lines_that_break_rules_do_not_spoil_a_segment() -> None:
    """They are skipped later, one by one; the segment stays what its hash says and can be relayed."""
    data = b"\nnot json\n" + opening() + b"\n"
    assert len(manifest.check_segment(ref_of(data), data)) == 3


@pytest.mark.parametrize(
    ("data", "lines", "error", "sentence"),
    [
        (b"{}\n{}\n", 1, BadEncoding, "a segment is not made of the lines its head names"),
        (b"{}\n{}", 2, BadEncoding, "a segment is not made of the lines its head names"),
        (b"\xff\n", 1, BadEncoding, "a segment is not UTF-8"),
        (b"a\x1fb\n", 1, BadEncoding, "a segment holds a control character"),
        (b"a\r\n", 1, BadEncoding, "a segment holds a control character"),
        (b"x" * (limits.LINE_OCTETS + 1) + b"\n", 1, TooLarge, "a segment holds a line above the limit of 139264"),
    ],
)
def test_a_segment_is_refused_in_one_sentence(data: bytes, lines: int, error: type[Invalid], sentence: str) -> None:
    with pytest.raises(error) as refused:
        manifest.check_segment(SegmentRef(sha256(data), len(data), lines, 0), data)
    assert str(refused.value) == sentence


def test_other_bytes_than_those_named_are_refused() -> None:
    ref = SegmentRef(sha256(b"{}\n"), 3, 1, 0)
    assert manifest.check_segment(ref, b"{}\n") == (b"{}",)
    for data in (b"[]\n", b"{}\n\n"):
        with pytest.raises(BadSignature) as refused:
            manifest.check_segment(ref, data)
        assert str(refused.value) == "a segment's bytes are not those its head names"
