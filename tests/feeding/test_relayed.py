"""What of an article goes to another news server, and that only this node can take it back there."""

from __future__ import annotations

import base64
import hashlib

from zbnntp.feeding.relayed import relayed, withdrawal

SECRET, OWN = b"secret", "<a@zb.invalid>"
HEAD = b"Path: zbnntp!not-for-mail\r\nSubject: =?utf-8?q?a?=\r\n =?utf-8?q?b?=\r\nMessage-ID: <a@zb.invalid>\r\n"
MINE = b"Xref: zbnntp a.b:1\r\nX-Zb-Trust: +0.50\r\nX-Zb-Vote: +0.00\r\nX-Zb-Sage: sage\r\n"
BODY = b"Xref: in the text\r\n\r\nX-Zb-Trust: +1.00\r\n"


def field(octets: bytes, name: str) -> str:
    head = octets.partition(b"\r\n\r\n")[0].decode()
    return next(line.partition(": ")[2] for line in head.split("\r\n") if line.startswith(name + ":"))


def test_lines_of_one_reader_stay_here_and_all_else_goes() -> None:
    sent = relayed(HEAD + MINE + b"\r\n" + BODY, OWN, SECRET)
    head, _, body = sent.partition(b"\r\n\r\n")
    assert body == BODY
    assert head.startswith(HEAD + b"Distribution: zb\r\nCancel-Lock: sha256:")
    assert b"Xref" not in head
    assert b"X-Zb" not in head


def test_the_key_of_a_withdrawal_opens_the_lock_of_its_article_alone() -> None:
    def lock_of(key: str) -> str:
        return "sha256:" + base64.b64encode(hashlib.sha256(key.removeprefix("sha256:").encode()).digest()).decode()

    sent = relayed(HEAD + b"\r\n" + BODY, OWN, SECRET)
    name, control = withdrawal(OWN, "a.b", SECRET, 7, 0)
    assert name == "<cancel.7.a@zb.invalid>" == field(control, "Message-ID")
    assert field(control, "Control") == f"cancel {OWN}"
    assert lock_of(field(control, "Cancel-Key")) == field(sent, "Cancel-Lock")
    others = [withdrawal("<b@zb.invalid>", "a.b", SECRET, 7, 0), withdrawal(OWN, "a.b", b"another", 7, 0)]
    assert all(lock_of(field(octets, "Cancel-Key")) != field(sent, "Cancel-Lock") for _, octets in others)


def test_an_article_that_replaces_another_brings_its_key() -> None:
    sent = relayed(HEAD + b"Supersedes: <old@zb.invalid>\r\n\r\n" + BODY, OWN, SECRET)
    _, control = withdrawal("<old@zb.invalid>", "a.b", SECRET, 7, 0)
    assert field(sent, "Cancel-Key") == field(control, "Cancel-Key")
