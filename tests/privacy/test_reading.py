"""What somebody reads, searches and keeps to herself changes nothing that leaves her node; nor does her node ask about
anybody whom a peer has not listed, as that peer's own log shows."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_process import NodeProcess, wait_until
from tests.privacy.scene import BOARD, SUBJECT, Scene, open_scene
from tests.privacy.tells import found, unpacked
from tests.published import fetch
from zbnntp.model.keys import parse_identity
from zbnntp.model.link import parse_link

pytestmark = pytest.mark.slow
REQUEST = re.compile(rb"^(?:GET|POST) (\S+) HTTP/1\.1\r\n", re.MULTILINE)
# What is asked by the clock, and when a peer has news of his own, whatever the owner of the node does.
ROUTINE = rb"/zb/1/(?:changes\?since=(?:[a-z0-9]{1,32}\.\d{1,18})?(?:&wait=\d+)?|node|closed|head/%b|seg/[0-9a-f]{64})"
NAMED = (re.compile(rb"/zb/1/head/([0-9a-f]{64})"), re.compile(rb'\["([0-9a-f]{64})",\d+,\['))  # and rows of a fetch
SECRETS = ("Of herrings", "Strandgut", "lobsters", "local.dunes")
KEPT_TO_HERSELF = (
    "search Of herrings",
    "note bert He sells Strandgut",
    "filter lobsters",
    "filter",
    "by bert",
    "via bert",
    "why bert",
    "board add local.dunes For me alone",
    "board hide local.dunes",
    "status",
)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory(prefix="zb", dir="/tmp") as place, open_scene(Path(place)) as opened:
        wait_until(lambda: opened.anna.status()["unpublished"] == 0, "everything published", 60)
        yield opened


def shown(scene: Scene) -> dict[str, bytes]:
    """All that anna's node shows to whoever asks, by path; its clock left out."""
    identity = parse_identity(scene.anna.identity).hex()
    path = scene.taps[0].real
    seen = {it: fetch(path, f"/zb/1/{it}") for it in ("node", "changes?since=&wait=0", f"head/{identity}")}
    head = json.loads(seen[f"head/{identity}"].splitlines()[1])
    for row in (*head["posts"], *head.get("state", ())):
        seen[f"seg/{row['sha256']}"] = fetch(path, f"/zb/1/seg/{row['sha256']}")
    seen["node"] = re.sub(rb'"time":\d+', b"", seen["node"])
    return seen


def subjects(node: NodeProcess) -> set[str]:
    with node.connect() as client:
        client.group(BOARD)
        return {row.subject for row in client.over()}


def read_everything(node: NodeProcess) -> None:
    with node.connect() as client:
        for line in (
            "LIST ACTIVE",
            "LIST NEWSGROUPS",
            "NEWNEWS * 20260101 000000 GMT",
            "NEWGROUPS 20260101 000000 GMT",
        ):
            client.multiline(line)
        for name in client.groups():
            if client.group(name).count:
                for row in client.over():
                    client.raw_article(row.number)
        client.group(BOARD)
        client.multiline("HDR Subject 1-")


def test_what_is_read_searched_and_noted_changes_nothing_that_leaves(scene: Scene) -> None:
    before, asked = shown(scene), len(REQUEST.findall(scene.taps[1].asked))
    read_everything(scene.anna)
    for command in KEPT_TO_HERSELF:
        scene.anna.do(command)
    assert "Of lighthouses" in scene.anna.call("search", "lamp")
    read_everything(scene.anna)
    assert scene.anna.status()["unpublished"] == 0, "nothing waits to be published"
    assert shown(scene) == before
    assert found(scene.left, SECRETS) == []
    new = REQUEST.findall(scene.taps[1].asked)[asked:]
    routine = re.compile(ROUTINE % parse_identity(scene.bert.identity).hex().encode())
    assert [it for it in new if not routine.fullmatch(it)] == [], "the feed is read as ever, and nothing else"


def test_whom_she_rates_in_private_is_named_to_nobody(scene: Scene) -> None:
    """Eve is listed by nobody: bert is not asked about her, nor told of her by what is published next."""
    eve = NodeProcess(scene.place / "eve", "eve", net=scene.place / "net")
    eve.init()
    identity = re.findall(r'"identity": "([a-z2-7]{56})"', (eve.home / "key.json").read_text())[0]
    scene.anna.do(f"trust {identity} 30 list 20 private")
    for writer, reader in ((scene.bert, scene.anna), (scene.anna, scene.bert)):
        with writer.connect() as client:
            assert client.post(BOARD, f"By {writer.nick}", "Of eels.", sender=writer.sender).code == 240
        wait_until(lambda it=reader, by=f"By {writer.nick}": by in subjects(it), "the post", 60, 0.5)  # type: ignore[misc]
    assert scene.anna.status()["unpublished"] == 0
    assert found(scene.left, (identity, parse_identity(identity).hex())) == []


def test_nobody_is_asked_about_who_has_not_been_listed(scene: Scene) -> None:
    """In the log of bert's node: every identity that a request names has stood in its feed before."""
    listed = {scene.bert.identity, scene.anna.identity}
    listed |= set(re.findall(r'"id":"([0-9a-f]{64})"', unpacked(scene.taps[1].answered).decode("utf-8", "replace")))
    known = {it if len(it) == 64 else parse_identity(it).hex() for it in listed}
    asked = scene.taps[1].asked
    named = {it for pattern in NAMED for it in pattern.findall(asked)}
    assert {it.decode() for it in named} <= known
    paths = {re.sub(rb"[0-9a-f]{64}|\?.*", b"", it) for it in REQUEST.findall(asked)}
    assert paths <= {b"/zb/1/node", b"/zb/1/changes", b"/zb/1/closed", b"/zb/1/head/", b"/zb/1/seg/", b"/zb/1/fetch",
                     b"/zb/1/push"}  # fmt: skip


def test_what_the_node_prints_holds_nothing_of_what_was_read_and_written(scene: Scene) -> None:
    """Nor passwords, nor whom it visits, nor what visitors send: standard output and error, as a journal keeps them."""
    with scene.anna.connect() as client:
        client.command("AUTHINFO USER grete-at-home")
        client.command("AUTHINFO PASS correct-horse")
        client.command("XYZZY Of mackerels")
    (url,) = parse_link(scene.bert.invite()).urls
    words = (*SECRETS, "grete-at-home", "correct-horse", "mackerels", SUBJECT, "At six", "lamp", BOARD)
    whom = (scene.bert.identity, parse_identity(scene.bert.identity).hex(), url.removeprefix("local:"))
    assert scene.anna.identity in scene.anna.output
    assert found(scene.anna.output.encode(), (*words, *whom)) == []
