"""The independent reader accepts what real nodes publish, over HTTP, and reads in it what newsreaders are shown."""

import json
import time
from contextlib import ExitStack

import pytest

from tests.independent.archive import Archive
from tests.independent.asking import Peer
from tests.independent.manifests import check_segment, read_head, read_pointer
from tests.independent.octets import identity_text, message_id, read_identity, read_link, sha256
from tests.node_process import NodeProcess, wait_until

pytestmark = pytest.mark.slow
BOARD = "test.talk"
BODY = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. \N{SNOWMAN}"


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    return tmp_path_factory.mktemp("independent") / "net"


@pytest.fixture(scope="module")
def nodes(net):
    """anna and bert follow each other; a thread of two, a vote, a label, a profile."""
    with ExitStack() as stack:
        anna, bert = (stack.enter_context(NodeProcess(net.parent / name, name, net=net)) for name in ("anna", "bert"))
        anna.do(f"follow {bert.invite()} 80 list 80")
        bert.do(f"follow {anna.invite()} 50 list 50")
        anna.do(f"board add {BOARD}")
        anna.do("profile I keep bees.")
        with anna.connect() as client:
            first = client.post(BOARD, "Von der Küste", BODY, sender=anna.sender)
        wait_until(lambda: len(articles(bert)) == 1, "anna's post at bert's", seconds=60)
        with bert.connect() as client:
            client.post(BOARD, "Re: Von der Küste", "I am.", sender=bert.sender, references=first.message_id)
        bert.do(f"up {first.message_id}")
        wait_until(lambda: len(articles(anna)) == 2, "bert's answer at anna's", seconds=60)
        yield {"anna": anna, "bert": bert}


def articles(node):
    """Message-ID -> date and text, as a newsreader gets them."""
    with node.connect() as client:
        if BOARD not in client.groups():
            return {}
        client.group(BOARD)
        found = {row.message_id: client.article(row.message_id) for row in client.over()}
        return {name: (it["Date"].datetime.timestamp(), it.get_content().strip()) for name, it in found.items()}


def peers(net):
    return [Peer(net, path.stem) for path in sorted(net.glob("*.sock"))]


def test_what_a_node_publishes_is_what_its_newsreader_shows(nodes, net):
    for peer in peers(net):
        archive = Archive()
        pointers, forks, _ = peer.changes()
        assert not forks
        for pointer in pointers:
            offer = peer.offer(pointer.id)
            archive.take(offer, time.time())
        shown = {message_id(post): entry.fields for post, entry in archive.shown().items()}
        assert {key: (it["time"], it["body"].strip()) for key, it in shown.items()} == articles(nodes["anna"])


def test_a_node_says_whose_it_is(nodes, net):
    for peer in peers(net):
        about = peer.node()
        owner = next(node for node in nodes.values() if node.identity == identity_text(about["id"]))
        assert read_identity(owner.identity) == about["id"]
        assert read_link(owner.invite())[:2] == (about["id"], [f"local:{peer.name}"])
        assert about["time"] % 900 == 0
        assert 0 <= time.time() - about["time"] < 1860
        assert about["limits"].keys() == {"bundle", "changes", "fetch"}


def test_fetch_answers_with_a_bundle_of_the_same(nodes, net):
    for peer in peers(net):
        pointers, _, _ = peer.changes()
        singly, bundled = Archive(), Archive()
        for pointer in pointers:
            singly.take(peer.offer(pointer.id), time.time())
        bundled.take_bundle(peer.fetch([[pointer.id, 0, []] for pointer in pointers]), time.time())
        assert bundled.held == singly.held


def test_a_segment_is_continued_from_any_line_end(nodes, net):
    for peer in peers(net):
        for pointer in peer.changes()[0]:
            offer = peer.offer(pointer.id)
            head = read_head(offer.head, read_pointer(offer.pointer))
            for segment, (_, _, octets) in zip(head.segments, offer.slices, strict=True):
                cut = octets.index(b"\n") + 1
                if cut < len(octets):
                    check_segment(segment, octets[:cut] + peer.rest(segment, cut))
                    held = [[sha256(octets[:cut]), cut]]
                    rows = [json.loads(line) for line in peer.fetch([[pointer.id, 0, held]]).splitlines()]
                    assert cut in [row["at"] for row in rows if row.get("seg") == segment.name]


def test_what_is_said_of_others_is_read(nodes, net):
    archive = Archive()
    anna, bert = (read_identity(nodes[name].identity) for name in ("anna", "bert"))
    for peer in peers(net):
        for pointer in peer.changes()[0]:
            archive.take(peer.offer(pointer.id), time.time())
    said = {who: archive.held[who].state() for who in (anna, bert)}
    assert [said[anna]["trust", bert][key] for key in ("mt", "tlt")] == [8000, 8000]
    assert [said[bert]["trust", anna][key] for key in ("mt", "tlt")] == [5000, 5000]
    assert said[anna][("profile",)]["text"].strip() == "I keep bees."


def test_the_feed_goes_on_after_its_cursor(nodes, net):
    for peer in peers(net):
        pointers, _, cursor = peer.changes()
        assert pointers
        assert peer.changes(cursor)[0] == []
        assert [row.raw for row in peer.changes("elsewhere.7")[0]] == [row.raw for row in pointers]


def test_statuses(nodes, net):
    peer = peers(net)[0]
    pointers, _, _ = peer.changes()
    _, headers, octets = peer.ask(f"head/{pointers[0].id}")
    assert headers["ETag"] == f'"{pointers[0].head}"'
    assert peer.ask(f"head/{pointers[0].id}", headers={"If-None-Match": headers["ETag"]})[0] == 304
    assert peer.ask(f"head/{'ab' * 32}")[0] == 404
    assert peer.ask("head/abc")[0] == 400
    assert peer.ask("node", headers={"Host": "elsewhere"})[0] == 421
    segment = read_head(octets.split(b"\n")[1], pointers[0]).segments[0]
    assert peer.ask(f"seg/{segment.name}", headers={"Range": f"bytes={segment.octets}-"})[0] == 416
    stranger = octets.replace(pointers[0].id.encode(), b"ab" * 32)
    assert peer.ask("push", stranger)[0] == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("since=&wait=0", 200),
        ("since=nonsense", 200),
        ("since=..%2f..%2fkey.json", 200),
        ("since=abc.999999999999999999999999", 200),
        ("since=abc.-1", 200),
        ("since=" + "a" * 4000, 200),
        ("wait=-1", 400),
        ("wait=1e9", 400),
        ("wait=9999999", 400),
        ("since=%00%ff", 200),
    ],
)
def test_cursor_abuse(nodes, net, query, status):
    """Whatever stands in a cursor: the whole feed, or a refusal."""
    peer = peers(net)[0]
    whole = [row.id for row in peer.changes()[0]]
    code, _, body = peer.ask(f"changes?{query}")
    assert code == status
    if status == 200:
        rows = body.split(b"\n")[:-2]
        assert [json.loads(row)["id"] for row in rows if b'"pointer"' in row] == whole


def test_a_cursor_that_was_never_given_starts_from_the_beginning(nodes, net):
    """Made up, or given before a backup was restored: so nothing is missed."""
    peer = peers(net)[0]
    epoch = peer.changes()[2].partition(".")[0]
    assert peer.changes(f"{epoch}.999999999999999999")[0] == peer.changes()[0] != []


def test_replayed_push(nodes, net):
    """The same head again is answered with what is held; it is neither kept anew nor passed on."""
    for peer in peers(net):
        before = peer.changes()
        for pointer in before[0]:
            offer = peer.offer(pointer.id)
            body = offer.pointer + b"\n" + offer.head + b"\n"
            answers = [peer.ask("push", body) for _ in range(3)]
            assert [json.loads(body)["have"] for status, _, body in answers] == [[[pointer.id, pointer.seq]]] * 3
        assert peer.changes(before[2])[0] == []
