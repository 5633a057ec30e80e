"""What a node shows to everybody, fetched as a stranger's node fetches it, over the local transport's socket."""

from __future__ import annotations

import http.client
import json
import re
import socket
from pathlib import Path

from tests.node_process import NodeProcess, wait_until
from zbnntp.model.keys import parse_identity

LOCAL = re.compile(r"local:([a-z0-9-]{1,32})")


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.stem, timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(str(self._path))


def fetch(path: Path, target: str) -> bytes:
    """GET from the node that listens at `path`."""
    connection = _Connection(path)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, f"{target}: {answer.status} {body[:200]!r}"
        return body
    finally:
        connection.close()


def published(node: NodeProcess, net: Path) -> bytes:
    """Pointer, head and all segments of the node's own identity, once nothing waits to be published."""
    wait_until(lambda: node.status()["unpublished"] == 0, "everything published")
    status = node.status()
    name = LOCAL.search(status["link"])
    assert name is not None, status
    path = net / f"{name[1]}.sock"
    manifest = fetch(path, f"/zb/1/head/{parse_identity(status['identity']).hex()}")
    head = json.loads(manifest.splitlines()[1])
    segments = [row["sha256"] for row in (*head["posts"], *head.get("state", ()))]
    return manifest + b"".join(fetch(path, f"/zb/1/seg/{digest}") for digest in segments)
