"""The certificate made at first use: what it names, what it keeps to itself, who can read its key."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from zbnntp.certificate import load_context, make_certificate
from zbnntp.model.errors import NotPermitted

HOST = "betrayed-name"
NOW = 1_767_262_987.0  # 2026-01-01 10:23:07 UTC


def test_it_names_the_loopback_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for ask in ("gethostname", "getfqdn"):
        monkeypatch.setattr(socket, ask, lambda *_: HOST)
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", HOST, "6", "1", "x86_64")))
    path, _ = make_certificate(tmp_path, NOW)
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert certificate.subject == certificate.issuer
    assert certificate.subject.rfc4514_string() == "CN=localhost"
    assert HOST.encode() not in certificate.public_bytes(Encoding.DER)


def test_it_lasts_ten_years_and_tells_no_hour(tmp_path: Path) -> None:
    certificate = x509.load_pem_x509_certificate(make_certificate(tmp_path, NOW)[0].read_bytes())
    assert certificate.not_valid_before_utc == datetime.datetime(2025, 12, 31, tzinfo=datetime.UTC)
    assert certificate.not_valid_after_utc == datetime.datetime(2036, 1, 1, tzinfo=datetime.UTC)


def test_thunderbird_can_take_it_as_an_exception(tmp_path: Path) -> None:
    certificate = x509.load_pem_x509_certificate(make_certificate(tmp_path, NOW)[0].read_bytes())
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_only_its_owner_reads_the_key(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        paths = make_certificate(tmp_path, NOW)
    finally:
        os.umask(old)
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o600, 0o600]


def test_it_is_made_once(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in make_certificate(tmp_path, NOW)]
    assert [path.read_bytes() for path in make_certificate(tmp_path, NOW + 9)] == first
    make_certificate(tmp_path, NOW)[1].unlink()
    assert [path.read_bytes() for path in make_certificate(tmp_path, NOW)] != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tls-certificate.pem", "tls-key.pem"]


def test_its_context_speaks_tls_1_2_and_newer(tmp_path: Path) -> None:
    context = load_context(*make_certificate(tmp_path, NOW))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_NONE  # newsreaders need no certificate of their own


def test_files_that_do_not_serve_are_told(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, NOW)
    with pytest.raises(NotPermitted, match="cannot be used"):
        load_context(certificate, certificate)
    key.write_text("x")
    with pytest.raises(NotPermitted, match="cannot be used"):
        load_context(certificate, key)
    with pytest.raises(NotPermitted, match="cannot be used"):
        load_context(tmp_path / "none", key)
