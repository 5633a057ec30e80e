"""The node's TLS certificate: made at first use, or somebody's own.

Self-signed: newsreaders ask once whether to trust it, and remember it. ECDSA on P-256, because Thunderbird and others
that rest on NSS take no Ed25519. It names `localhost` and the loopback addresses and tells nothing else: no host name,
no person, not the hour it was made. It is no authority (one that is cannot be accepted as an exception).
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from zbnntp.model.errors import NotPermitted
from zbnntp.premises import make_own

CERTIFICATE_FILE, KEY_FILE = "tls-certificate.pem", "tls-key.pem"
NAME = "localhost"
ADDRESSES = ("127.0.0.1", "::1")
LIFE = datetime.timedelta(days=3652)


def make_certificate(directory: Path, now: float) -> tuple[Path, Path]:
    """Paths of certificate and key in `directory`, made when they are not there yet; `now` in unix seconds."""
    certificate_path, key_path = directory / CERTIFICATE_FILE, directory / KEY_FILE
    if not (certificate_path.exists() and key_path.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        _write_private(key_path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        _write_private(certificate_path, _certify(key, now).public_bytes(Encoding.PEM))
    return certificate_path, key_path


def load_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's TLS 1.2 or newer; NotPermitted when the files do not serve."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise NotPermitted(f"the TLS certificate {certificate} with key {key} cannot be used: {error}") from error
    return context


def _no_password() -> str:
    """Without this, OpenSSL would ask at the terminal for that of an encrypted key."""
    return ""


def _certify(key: ec.EllipticCurvePrivateKey, now: float) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    day = datetime.datetime.fromtimestamp(now, datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    names = [x509.DNSName(NAME), *(x509.IPAddress(ipaddress.ip_address(each)) for each in ADDRESSES)]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day - datetime.timedelta(days=1))
        .not_valid_after(day + LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, SHA256())
    )


def _write_private(path: Path, octets: bytes) -> None:
    """Whole or not at all, for its owner's eyes alone."""
    temporary = path.with_name(path.name + ".new")
    with os.fdopen(make_own(temporary), "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
