"""docs/protocol.md says what the code does: its vectors are those of the tests, its limits those of model/limits.py."""

import re
from pathlib import Path

import pytest

from tests.model.making import vectors
from zbnntp.model import limits

DOCUMENT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
WORDS = " ".join(DOCUMENT.split())


def printed_vectors() -> list[str]:
    """What a reader of the document has to find in it."""
    manifests, weak, succession = vectors("manifests"), vectors("weak_keys"), vectors("succession")
    found = [who[name] for who in vectors("identities") for name in ("seed", "id", "text", "next")]
    found += [post[name] for post in vectors("posts") for name in ("line", "header", "id", "message_id")]
    found += [it[name] for it in manifests["valid"] for name in ("head", "head_sha256", "buffer", "sig", "pointer")]
    found += [manifests["pointer_only"][name] for name in ("head_sha256", "buffer", "sig")]
    found += [manifests["fork"]["line"], *manifests["fork"]["head_sha256"]]
    found += [succession[name]["line"] for name in ("move", "intro")]
    found += [link["text"] for link in vectors("links")]
    found += [item[name] for item in vectors("bep44")["items"] for name in ("buffer", "sig", "target")]
    found += [*weak["small_order"], weak["sig"], weak["sig_plus_l"], weak["sig_small_order_r"]]
    return found


@pytest.mark.parametrize("text", printed_vectors(), ids=lambda text: text[:30])
def test_vectors_are_printed(text: str) -> None:
    assert text in DOCUMENT


def test_segments_of_the_manifests_are_printed() -> None:
    for manifest in vectors("manifests")["valid"]:
        for segment in manifest["segments"]:
            assert segment.removesuffix("\n") in DOCUMENT


def kib(octets: int) -> str:
    return f"{octets // 1024} KiB" if octets < 1024 * 1024 else f"{octets // 1024 // 1024} MiB"


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("line", kib(limits.LINE_OCTETS)),
        ("depth", str(limits.DEPTH)),
        ("body, profile text", kib(limits.BODY_OCTETS)),
        ("body, profile text", kib(limits.PROFILE_OCTETS)),
        ("subject", f"{limits.SUBJECT_OCTETS} octets"),
        ("nick, lang", f"{limits.NICK_CHARACTERS} characters"),
        ("nick, lang", f"{limits.LANG_CHARACTERS} characters"),
        ("note", f"{limits.NOTE_OCTETS} octets"),
        ("label's name", f"{limits.LABEL_CHARACTERS} characters"),
        ("boards a post", str(limits.BOARDS_PER_POST)),
        ("board name", f"{limits.BOARD_OCTETS} characters, {limits.BOARD_COMPONENT_OCTETS} a component"),
        ("parents", str(limits.PARENTS_PER_POST)),
        ("replaces", str(limits.REPLACES_PER_POST)),
        ("times", f"{limits.TIME_MOST}, the end of the year 9999"),
        ("pointer", kib(limits.POINTER_OCTETS)),
        ("head", kib(limits.HEAD_OCTETS)),
        ("endpoints", f"{limits.ENDPOINTS}, url {limits.URL_OCTETS} octets"),
        ("segments a head", str(limits.SEGMENTS)),
        ("segment", f"{kib(limits.SEGMENT_OCTETS)}, sealed from {kib(limits.SEGMENT_SEALED_OCTETS)}"),
        ("state an identity", kib(limits.STATE_OCTETS)),
        ("trust lines an identity", f"{limits.TRUST_LINES:,}: those of the first {limits.TRUST_LINES:,} keys count"),
        ("slice", f"{kib(limits.SLICE_OCTETS)}, or one line"),
        ("bundle line", kib(limits.BUNDLE_LINE_OCTETS)),
        ("offer; bundle in one HTTP message", kib(limits.BUNDLE_OCTETS)),
        ("head ahead of the clock", f"{limits.CLOCK_AHEAD_SECONDS // 3600} hours"),
    ],
)
def test_limits_are_those_of_the_code(what: str, limit: str) -> None:
    assert f"| {what} | {limit} |" in DOCUMENT


def test_quotas_are_those_of_the_code() -> None:
    assert f"up to {limits.FIRST_CONTACT_POSTS:,} posts or {kib(limits.FIRST_CONTACT_OCTETS)}" in WORDS
    assert f"{limits.DAILY_POSTS_FULL} or {kib(limits.DAILY_OCTETS_FULL)} for full members" in WORDS
    assert f"{limits.DAILY_POSTS_LIMITED} or {kib(limits.DAILY_OCTETS_LIMITED)} for limited ones" in WORDS


def test_every_section_is_in_the_contents() -> None:
    headings = re.findall(r"^## (.*)$", DOCUMENT, re.MULTILINE)
    assert headings == re.findall(r"^- \[(.*)\]\(#", DOCUMENT, re.MULTILINE)
