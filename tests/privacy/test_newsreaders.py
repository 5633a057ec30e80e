"""What leaves a node while newsreaders post tells neither of computer and user nor of program and time."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import set_up
from tests.clients.display import Display
from tests.clients.neomutt import NeoMutt
from tests.clients.pan import Pan
from tests.clients.recorded import PARENT, recorded
from tests.clients.slrn import Slrn
from tests.clients.somebody import ABOUT
from tests.clients.thunderbird import Thunderbird
from tests.clients.tin import Tin
from tests.privacy.scene import BOARD, SUBJECT, Scene, open_scene
from tests.privacy.tells import MESSAGE_ID, found, unpacked
from tests.programs import need
from zbnntp.newsreaders.kit import START

pytestmark = pytest.mark.slow
client = pytest.mark.client
HEAD = re.compile(
    rb"(?:(?P<method>GET|POST) (?P<target>\S+) HTTP/1\.1|HTTP/1\.1 \d{3} ?)\r\n(?P<fields>.*?)\r\n\r\n", re.DOTALL
)
REQUEST_FIELDS = {
    b"host": rb"[a-z0-9-]{1,32}",
    b"user-agent": rb"zbnntp/1",
    b"accept": rb"\*/\*",
    b"accept-encoding": rb"identity|gzip",
    b"if-none-match": rb'"[0-9a-f]{64}"',
    b"range": rb"bytes=\d+-",
    b"connection": rb"keep-alive",
    b"content-length": rb"\d+",
}
ANSWER_FIELDS = {
    b"content-type": rb"application/json|text/plain",
    b"content-length": rb"\d+",
    b"content-encoding": rb"gzip",
    b"transfer-encoding": rb"chunked",
    b"etag": rb'"[0-9a-f]{64}"',
    b"cache-control": rb"immutable",
    b"accept-ranges": rb"bytes",
    b"content-range": rb"bytes \d+-\d+/\d+",
    b"retry-after": rb"\d+",
    b"connection": rb"close",
}


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory(prefix="zb", dir="/tmp") as place, open_scene(Path(place)) as opened:
        yield opened


def use_slrn(scene: Scene) -> str:
    with Slrn(scene.person, set_up(scene.anna, "slrn")) as slrn:
        slrn.open_group(BOARD)
        slrn.post("Of foghorns", "They are loud.\n")
        slrn.read("bert", SUBJECT)
        slrn.reply("Gannets do not mind.")
    return "Gannets do not mind."


def use_tin(scene: Scene) -> str:
    with Tin(scene.person, set_up(scene.anna, "tin"), BOARD) as tin:
        tin.open_group()
        tin.read(SUBJECT)
        tin.reply("Puffins do not mind.")
    return "Puffins do not mind."


def use_neomutt(scene: Scene) -> str:
    with NeoMutt(scene.person, set_up(scene.anna, "neomutt"), BOARD) as neomutt:
        neomutt.index()
        neomutt.read()
        neomutt.reply("Fulmars do not mind.")
    return "Fulmars do not mind."


def use_gnus(scene: Scene) -> str:
    script = Path(set_up.__code__.co_filename).with_name("gnus.el")
    subprocess.run(
        [str(set_up(scene.anna, "gnus") / START), "--batch", "-l", str(script), BOARD],
        env={"HOME": str(scene.person), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", **ABOUT},
        capture_output=True,
        timeout=120,
        check=True,
    )
    return "And who lights it?"


def use_thunderbird(scene: Scene) -> str:
    with Thunderbird(scene.person, set_up(scene.anna, "thunderbird")) as thunderbird:
        thunderbird.subscribe(BOARD)
        thunderbird.open_group(BOARD)
        thunderbird.read("bert", SUBJECT)
        assert thunderbird.reply("Razorbills do not mind.") is None
    return "Razorbills do not mind."


def use_pan(scene: Scene) -> str:
    with Display() as display, Pan(scene.person, set_up(scene.anna, "pan"), display) as pan:
        pan.open_next_article(BOARD)
        pan.reply("Skuas do not mind.")
    return "Skuas do not mind."


def foreign_ids(octets: bytes) -> list[bytes]:
    """Message-IDs, and addresses in brackets, that are not the network's own."""
    return [it for it in MESSAGE_ID.findall(unpacked(octets)) if not it.endswith(b".zb.invalid>")]


USES = {
    "slrn": use_slrn,
    "tin": use_tin,
    "neomutt": use_neomutt,
    "emacs": use_gnus,
    "thunderbird": use_thunderbird,
    "pan": use_pan,
}


@pytest.fixture(scope="module")
def said(scene: Scene) -> dict[str, str]:
    """A line of what was posted with each of the programs that are there."""
    return {program: use(scene) for program, use in USES.items() if shutil.which(program)}


@client
@pytest.mark.parametrize("program", USES)
def test_what_a_newsreader_posts_tells_of_nothing_but_its_words(
    scene: Scene, said: dict[str, str], program: str
) -> None:
    need(program, "emacs-nox" if program == "emacs" else "")
    scene.arrives(said[program])
    assert said[program].encode() in unpacked(scene.left), "what leaves is what is looked at"
    assert found(scene.left, scene.telling) == []
    assert foreign_ids(scene.left) == [], "an id that a newsreader made names its computer"


def test_what_newsreaders_post_that_nobody_set_up_tells_of_nothing_but_its_words(scene: Scene) -> None:
    cases = recorded()
    with scene.anna.connect() as connection:
        connection.group(BOARD)
        opening = next(row for row in connection.over() if row.subject == SUBJECT)
        for case in cases:
            answer = connection.post_raw(case.octets.replace(PARENT, opening.message_id.encode()))
            assert answer.code == 240, f"{case.name}: {answer}"
    scene.arrives(cases[-1].says)
    for case in cases:
        assert case.says.encode() in unpacked(scene.left), case.name
        assert found(scene.left, (it.decode() for it in case.identifying)) == [], case.name
    assert foreign_ids(scene.left) == []


def test_requests_and_answers_have_fixed_fields_and_nothing_else(scene: Scene) -> None:
    heads = list(HEAD.finditer(scene.left))
    assert {head["method"] for head in heads} == {b"GET", b"POST", None}
    for head in heads:
        known = REQUEST_FIELDS if head["method"] else ANSWER_FIELDS
        for line in head["fields"].split(b"\r\n"):
            name, _, value = line.partition(b": ")
            assert name.lower() in known, line
            assert re.fullmatch(known[name.lower()], value), line
