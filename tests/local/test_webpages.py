"""A page in a browser on the node's machine: whatever it can make the browser send, at every door of a node.

No browser reaches a Unix socket; those are tried all the same, as tor leads strangers to one of them. What a page can
choose is method, target, headers but for a few, and the body; the first line is the browser's. With a name of its own
that it lets point at 127.0.0.1 (DNS rebinding) it could read the answers too.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_process import NodeProcess

pytestmark = pytest.mark.slow
BOARD = "test.talk"
COMMANDS = (
    f"MODE READER\r\nGROUP zb.control\r\nPOST\r\nFrom: x <x@y>\r\nNewsgroups: zb.control\r\nSubject: x\r\n\r\n"
    f"board add {BOARD}\r\n.\r\n"
).encode()
REFUSAL = b"400 this is a news server; open it with a newsreader\r\n"
ORDER = f'{{"do": "board add {BOARD}"}}\n'.encode()
FORM = (
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n%b\r\n--x--\r\n",
    b"Content-Type: multipart/form-data; boundary=x\r\n",
)


def request(first: bytes, body: bytes, host: bytes = b"127.0.0.1", extra: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return first + b"\r\nHost: " + host + b"\r\nOrigin: http://evil.example\r\n" + extra + length + b"\r\n" + body


REQUESTS = [
    request(first, body, host)
    for body in (COMMANDS, ORDER)
    for host in (b"127.0.0.1", b"rebound.evil.example")
    for first in (b"GET / HTTP/1.1", b"POST / HTTP/1.1", b"POST /zb/1/push HTTP/1.1", b"OPTIONS * HTTP/1.1")
] + [
    request(b"GROUP / HTTP/1.1", COMMANDS),
    request(b"POST HTTP/1.1", COMMANDS),  # no browser leaves the target out
    request(b"POST / HTTP/1.1", FORM[0] % COMMANDS, extra=FORM[1]),
    request(b"GET /chat HTTP/1.1", COMMANDS, extra=b"Upgrade: websocket\r\nConnection: Upgrade\r\n"),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + COMMANDS,
]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    folder = tmp_path_factory.mktemp("web")
    node = NodeProcess(folder / "h", "anna", net=folder / "n")
    node.init()
    (node.home / "zbnntp.toml").write_text('tls_listen = "127.0.0.1:0"\n')
    node.start()
    yield node
    node.stop()


def said(one: socket.socket, octets: bytes) -> bytes:
    """All that is answered, until the node hangs up."""
    heard = b""
    one.settimeout(30)
    with contextlib.suppress(OSError):  # it does not wait for the end of what it refuses
        one.sendall(octets)
        if isinstance(one, ssl.SSLSocket):
            one.unwrap()
        else:
            one.shutdown(socket.SHUT_WR)
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            heard += data
    return heard


def at_port(port: int, octets: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as one:
        return said(one, octets)


def at_path(path: Path, octets: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(path))
        return said(one, octets)


def test_at_the_newsreaders_port(node: NodeProcess) -> None:
    for octets in REQUESTS:
        heard = at_port(node.port, octets)
        assert heard.partition(b"\r\n")[2] in (b"", REFUSAL), octets
    assert_untouched(node)


def test_at_the_port_with_tls(node: NodeProcess) -> None:
    port = int(next(line for line in node.lines if "nntps://" in line).rpartition(":")[2])
    context = ssl.create_default_context(cafile=str(node.home / "tls-certificate.pem"))
    for octets in REQUESTS:
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=True) as secured,
        ):
            heard = said(secured, octets)
            assert heard.count(b"\r\n") <= 2, octets  # the greeting and the 400, if they came before the end
        assert b"200 " not in at_port(port, octets), octets  # without TLS
    assert_untouched(node)


def test_at_the_owners_door(node: NodeProcess) -> None:
    for octets in REQUESTS:
        assert b'"ok": true' not in at_path(node.home / "admin.sock", octets), octets
    assert_untouched(node)


def test_at_the_peers_door_under_another_name(node: NodeProcess) -> None:
    """A page that reaches it can be told nothing by it, unless it is asked for by the name that is the node's own."""
    (door,) = (path for path in node.home.parent.joinpath("n").iterdir() if path.suffix == ".sock")
    own = request(b"GET /zb/1/node HTTP/1.1", b"", door.stem.encode())
    assert at_path(door, own).startswith(b"HTTP/1.1 200 ")
    identity = node.identity.encode()
    for octets in [*REQUESTS, own.replace(door.stem.encode(), b"localhost"), own.replace(b"Host:", b"X-Host:")]:
        heard = at_path(door, octets)
        assert heard.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")), octets
        assert b"access-control" not in heard.lower()
        assert identity not in heard
    assert_untouched(node)


def assert_untouched(node: NodeProcess) -> None:
    with node.connect() as reader:
        assert BOARD not in reader.groups()
    assert "Traceback" not in node.output
