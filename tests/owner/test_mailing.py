"""Letters: handed to a real mail server, in each of the ways in which one is spoken to."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from zbnntp.certificate import load_context, make_certificate
from zbnntp.mailing import send_letter
from zbnntp.model.errors import PeerGone
from zbnntp.registrar.rules import MailServer


class Mailbox:
    def __init__(self) -> None:
        self.letters: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.letters.append(envelope)
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, how: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (b"rita", b"secret"), handled=False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def mail_server(box: Mailbox | None = None, **options: Any) -> Iterator[tuple[Mailbox, MailServer]]:
    box, port = box or Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield box, MailServer("localhost", port, "none", "", None, "rita@example.net")
    finally:
        controller.stop()


def test_a_letter_says_that_a_machine_wrote_it_and_nothing_of_this_one() -> None:
    with mail_server() as (box, server):
        send_letter(server, "ann@example.org", "Your code", "The code is 12345678\n")
    (envelope,) = box.letters
    assert isinstance(envelope.content, bytes)
    letter = message_from_bytes(envelope.content)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("rita@example.net", ["ann@example.org"])
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_payload().split() == ["The", "code", "is", "12345678"]
    assert socket.gethostname() not in envelope.content.decode().split()


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A certificate for localhost that this process believes."""
    certificate, key = make_certificate(tmp_path, time.time())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return load_context(certificate, key)


def test_whose_letter_was_refused_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Neither by the address nor by the words of the server."""

    class Choosy(Mailbox):
        async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, options: Any) -> str:
            return f"550 <{to}>: there is no such person"

        async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, sender: str, _: Any) -> str:
            envelope.mail_from = sender
            return "250 OK" if sender != "blocked@example.net" else "554 no letters to ann@example.org from you"

    with mail_server(Choosy()) as (_, server):
        for sender in (server.sender, "blocked@example.net"):
            with pytest.raises(PeerGone):
                send_letter(replace(server, sender=sender), "ann@example.org", "Your code", "The code is 12345678\n")
    assert [record.message.rpartition(": ")[2] for record in caplog.records] == [
        "it takes none to that address (550)",
        "it answered 554",
    ]


def test_with_tls_and_a_password(certified: Any, tmp_path: Path) -> None:
    kept = tmp_path / "password"
    kept.write_text("secret\n")
    box = Mailbox()
    options = {"tls_context": certified, "require_starttls": True, "auth_required": True}
    with mail_server(authenticator=box.authenticate, **options) as (found, server):
        known = replace(server, security="starttls", user="rita", password_file=kept)
        send_letter(known, "ann@example.org", "Your code", "x\n")
        assert len(found.letters) == 1
        kept.write_text("wrong\n")
        with pytest.raises(PeerGone, match="cannot send letters now"):
            send_letter(known, "ann@example.org", "Your code", "x\n")


def test_without_a_server_that_speaks_tls_no_letter_goes_in_clear_text() -> None:
    with mail_server() as (box, server):
        for security in ("starttls", "tls"):
            with pytest.raises(PeerGone):
                send_letter(replace(server, security=security), "ann@example.org", "Your code", "x\n")
        assert box.letters == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context = load_context(*make_certificate(tmp_path, time.time()))
    with mail_server(tls_context=context) as (box, server):
        with pytest.raises(PeerGone):
            send_letter(replace(server, security="starttls"), "ann@example.org", "Your code", "x\n")
        assert box.letters == []


def test_nobody_there() -> None:
    server = MailServer("localhost", free_port(), "none", "", None, "rita@example.net")
    with pytest.raises(PeerGone, match="cannot send letters now"):
        send_letter(server, "ann@example.org", "Your code", "x\n")
