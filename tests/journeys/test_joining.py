"""Getting in: a registrar and newcomers, as real processes on the local transport; each way in, from end to end."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.node_process import CommandRefused, NodeProcess, wait_until
from zbnntp.home import STORE_FILE
from zbnntp.model.keys import MemoKey
from zbnntp.registrar.nonces import open_nonce
from zbnntp.store.database import connect_reader

pytestmark = pytest.mark.slow
CONTROL = "zb.control"
PROGRAM = """\
import json, sys
said = json.load(sys.stdin)
if said["step"] == "ask":
    print(json.dumps({"ask": "Which bird cannot fly?", "memo": {"bird": "penguin"}}))
elif said["answer"].strip().lower() == said["memo"]["bird"]:
    print(json.dumps({"admit": True}))
else:
    print(json.dumps({"refuse": "that bird can fly"}))
"""


class Mailbox:
    """Letters that came to the mail server."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append((envelope.rcpt_tos[0], content.decode()))
        return "250 OK"


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory, mailbox: tuple[Mailbox, int]) -> Iterator[dict[str, NodeProcess]]:
    """rita lets people in; nina and otto are new."""
    folder = tmp_path_factory.mktemp("join")
    nodes = {name: NodeProcess(folder / name, name, net=folder / "net") for name in ("rita", "nina", "otto")}
    program = folder / "birds.py"
    program.write_text(PROGRAM)
    nodes["rita"].init()
    (nodes["rita"].home / "zbnntp.toml").write_text(
        f"registrar_work_minutes = 0.02\nregistrar_command = {json.dumps([sys.executable, str(program)])}\n"
        f'registrar_questions = ["How many legs has a spider? = 8"]\nregistrar_mail_domains = ["example.org"]\n'
        f'mail_server = "127.0.0.1:{mailbox[1]}"\nmail_security = "none"\nmail_from = "rita@example.net"\n'
    )
    with ExitStack() as stack:
        nodes["rita"].start()
        stack.callback(nodes["rita"].stop)
        for name in ("nina", "otto"):
            stack.enter_context(nodes[name])
        for way in ("captcha", "pow", "email", "command"):
            registrar(nodes["rita"], "offer", way)
        yield nodes


def registrar(node: NodeProcess, *words: str) -> str:
    """`zbnntp registrar …`"""
    command = [sys.executable, "-m", "zbnntp.cli", "registrar", words[0], "--home", str(node.home), *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandRefused(done.stdout + done.stderr)
    return done.stdout


def articles(node: NodeProcess) -> list[tuple[str, str, str]]:
    """Message-ID, References and text of all that stands in zb.control."""
    with node.connect() as client:
        client.group(CONTROL)
        rows = client.over()
        messages = [(row, client.article(row.message_id)) for row in rows]
    texts = [(row, it.get_body(("plain",))) for row, it in messages]
    return [(row.message_id, row.references, " ".join(it.get_content().split()) if it else "") for row, it in texts]


def told(node: NodeProcess, words: str, since: int = 0) -> tuple[str, str, str]:
    """The newest article in which these words stand, of those behind the first `since`; waits for it."""

    def look() -> tuple[str, str, str] | None:
        return next((it for it in reversed(articles(node)[since:]) if words in it[2]), None)

    found = wait_until(look, f"{words!r} in {node.nick}'s zb.control", seconds=60)
    assert found is not None
    return found


def reply(node: NodeProcess, to: tuple[str, str, str], text: str) -> None:
    with node.connect() as client:
        references = f"{to[1]} {to[0]}".strip()
        quoted = f"> {to[2][:60]}\n\n{text}\n-- \n{node.nick}\n"
        posted = client.post(CONTROL, "Re: Registration", quoted, sender=node.sender, references=references)
    assert posted.code == 240


def link_in(text: str) -> str:
    return next(word for word in text.split() if word.startswith("zb:"))


def register(node: NodeProcess, link: str) -> str:
    """Asks from a newsreader; the id of the article that did."""
    with node.connect() as client:
        posted = client.post(CONTROL, "Let me in", f"register {link}", sender=node.sender)
    assert posted.code == 240
    return str(posted.message_id)


def asked_by(node: NodeProcess, registrar: NodeProcess, way: str, words: str) -> tuple[str, str, str]:
    """The challenge of one way, as an article below the one that asked for it."""
    since = len(articles(node))
    asked = register(node, f"{registrar.invite()} {way}")
    challenge = told(node, words, since)
    assert challenge[1] == asked
    return challenge


def memo_of(registrar: NodeProcess, node: NodeProcess) -> dict[str, list[str]]:
    """What the registrar remembers of the challenge that a newcomer holds: only its own key opens it."""
    with closing(connect_reader(node.home / STORE_FILE)) as reader:
        (line,) = reader.execute("SELECT challenge FROM application ORDER BY pk DESC LIMIT 1").fetchone()
    with closing(connect_reader(registrar.home / STORE_FILE)) as reader:
        (key,) = reader.execute("SELECT value FROM meta WHERE key LIKE 'intro %'").fetchone()
    return dict(open_nonce(MemoKey(bytes.fromhex(key)), json.loads(line)["nonce"]).memo)


def test_a_one_time_code_lets_one_newcomer_in(nodes: dict[str, NodeProcess]) -> None:
    rita, nina, otto = nodes["rita"], nodes["nina"], nodes["otto"]
    link = link_in(registrar(rita, "code", "for", "nina"))
    nina.do(f"register {link}")
    assert "rates your posts 0.1 of 100 for 30 days" in told(nina, "has let you in")[2]
    assert "nina" in wait_until(lambda: "came with it" in (text := rita.do("registrar codes")) and text, "nina's name")
    wait_until(lambda: "nina" in rita.do(f"why {nina.identity}"), "nina's manifest at rita's", seconds=60)
    otto.do(f"register {link}")
    told(otto, "used before")


def test_a_revoked_code_lets_nobody_in(nodes: dict[str, NodeProcess]) -> None:
    rita, otto = nodes["rita"], nodes["otto"]
    link = link_in(registrar(rita, "code"))
    registrar(rita, "revoke", link)
    with pytest.raises(CommandRefused, match="no unused code"):
        registrar(rita, "revoke", link)
    otto.do(f"register {link}")
    told(otto, "not known here")


def test_a_picture_is_answered_by_reply(nodes: dict[str, NodeProcess]) -> None:
    rita, otto = nodes["rita"], nodes["otto"]
    challenge = asked_by(otto, rita, "", "The attached picture shows 6 letters")
    assert "How many legs has a spider?" in challenge[2]
    assert "Other ways in are" in challenge[2]
    with otto.connect() as client:
        (picture,) = client.article(challenge[0]).iter_attachments()
        assert picture.get_content_type() == "image/png"
        assert picture.get_content().startswith(b"\x89PNG")
    since = len(articles(otto))
    reply(otto, challenge, "wrong")
    again = told(otto, "has not let you in: That is not what it shows", since)
    assert "register zb:" in again[2]
    challenge = asked_by(otto, rita, "captcha", "The attached picture shows 6 letters")
    since = len(articles(otto))
    reply(otto, challenge, memo_of(rita, otto)["answers"][0].lower())
    assert challenge[0] in told(otto, "has let you in", since)[1]


def test_who_cannot_see_answers_a_question(nodes: dict[str, NodeProcess]) -> None:
    rita, nina = nodes["rita"], nodes["nina"]
    challenge = asked_by(nina, rita, "captcha", "How many legs has a spider?")
    since = len(articles(nina))
    reply(nina, challenge, "8")
    told(nina, "has let you in", since)


def test_a_program_of_the_operator_decides(nodes: dict[str, NodeProcess]) -> None:
    rita, nina = nodes["rita"], nodes["nina"]
    challenge = asked_by(nina, rita, "command", "Which bird cannot fly?")
    since = len(articles(nina))
    reply(nina, challenge, "Eagle")
    told(nina, "has not let you in: That bird can fly", since)
    challenge = asked_by(nina, rita, "command", "Which bird cannot fly?")
    since = len(articles(nina))
    reply(nina, challenge, "Penguin")
    told(nina, "has let you in", since)


def test_a_letter_brings_the_code(nodes: dict[str, NodeProcess], mailbox: tuple[Mailbox, int]) -> None:
    rita, otto, box = nodes["rita"], nodes["otto"], mailbox[0]
    challenge = asked_by(otto, rita, "email", "at example.org")
    since = len(articles(otto))
    reply(otto, challenge, "otto@example.com")
    told(otto, "Only addresses at example.org", since)
    challenge = asked_by(otto, rita, "email", "at example.org")
    since = len(articles(otto))
    reply(otto, challenge, "otto+news@example.org")
    second = told(otto, "A letter with a code", since)
    ((address, letter),) = box.letters
    code = re.search(r"^ +(\d{8})\s*$", letter, re.MULTILINE)
    assert address == "otto+news@example.org"
    assert code
    since = len(articles(otto))
    reply(otto, second, code[1])
    told(otto, "has let you in", since)


def test_a_computer_works_for_it(nodes: dict[str, NodeProcess]) -> None:
    rita, nina = nodes["rita"], nodes["nina"]
    since = len(articles(nina))
    register(nina, f"{rita.invite()} pow")
    told(nina, "It works at it by itself", since)
    told(nina, "has let you in", since)
    assert any("has let you in" in line for line in nina.status()["joining"])


def test_the_report_tells_what_became_of_them(nodes: dict[str, NodeProcess]) -> None:
    rita, otto = nodes["rita"], nodes["otto"]
    since = len(articles(otto))
    otto.do(f"register {link_in(registrar(rita, 'code'))}")
    told(otto, "has let you in", since)
    rita.do(f"trust {otto.identity} -50")
    assert re.search(r"(?m)^invite: \d newcomers; 0 rated well, 1 badly", registrar(rita, "report"))
    assert "pow: " in registrar(rita, "status")
    asked = asked_by(otto, rita, "command", "Which bird")
    reply(otto, asked, "penguin")
    told(otto, "has rated you below 0")
