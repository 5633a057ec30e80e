"""An independent reader of the protocol, part 5: asks a node over HTTP (docs/protocol.md section 11).

Nodes of a local network are reached at their Unix sockets, with http.client.
"""

import http.client
import json
import re
import socket
import zlib

from tests.independent.archive import OFFER, Offer
from tests.independent.manifests import HEAD, POINTER, read_fork, read_head, read_pointer
from tests.independent.octets import LINE, insist, read

SECONDS = 30
CURSOR = re.compile(r"[a-z0-9]{1,32}\.[0-9]{1,18}")


class SocketConnection(http.client.HTTPConnection):
    def __init__(self, path, host):
        super().__init__(host, timeout=SECONDS)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Peer:
    """A node behind `<name>.sock` in the directory of a local network."""

    def __init__(self, directory, name):
        self.path, self.name = directory / f"{name}.sock", name

    def ask(self, path, body=None, headers=None, limit=OFFER):
        """(status, headers, body); Bad when the body is longer than `limit`."""
        connection = SocketConnection(self.path, self.name)
        try:
            connection.request("GET" if body is None else "POST", f"/zb/1/{path}", body, headers or {})
            response = connection.getresponse()
            octets = response.read(limit + 1)
            insist(len(octets) <= limit, "an answer that is too long")
            return response.status, response.headers, octets
        finally:
            connection.close()

    def node(self):
        return read(self.lines("node", LINE)[0])

    def lines(self, path, limit):
        status, _, octets = self.ask(path, limit=limit)
        insist(status == 200 and octets.endswith(b"\n"), f"{path} is answered with {status}")
        return octets.split(b"\n")[:-1]

    def changes(self, since=""):
        """(pointers, forks, cursor) of one page of the feed."""
        *rows, last = self.lines(f"changes?since={since}&wait=0", OFFER)
        cursor = read(last)
        insist(cursor.get("kind") == "cursor" and CURSOR.fullmatch(cursor.get("next", "")), "not a cursor")
        kinds = [read(row).get("kind") for row in rows]
        pointers = [read_pointer(row) for row, kind in zip(rows, kinds, strict=True) if kind == "pointer"]
        forks = [read_fork(row) for row, kind in zip(rows, kinds, strict=True) if kind == "fork"]
        return pointers, forks, cursor["next"]

    def offer(self, identity):
        """Pointer, head and all segments kept there, asked for one by one."""
        pointer, head = self.lines(f"head/{identity}", POINTER + HEAD + 2)
        offer = Offer(pointer, head)
        for segment in read_head(head, read_pointer(pointer)).segments:
            octets = self.segment(segment)
            if octets is not None:
                offer.slices.append((segment.name, 0, octets))
        return offer

    def segment(self, segment):
        """Unpacking stops at the length that the head states."""
        status, headers, octets = self.ask(f"seg/{segment.name}", headers={"Accept-Encoding": "gzip"})
        if status == 404:
            return None
        insist(status == 200, f"a segment is answered with {status}")
        if headers.get("Content-Encoding") == "gzip":
            unpacker = zlib.decompressobj(wbits=31)
            octets = unpacker.decompress(octets, segment.octets + 1)
        insist(len(octets) == segment.octets, "not as long as the head states")
        return octets

    def rest(self, segment, start):
        status, headers, octets = self.ask(f"seg/{segment.name}", headers={"Range": f"bytes={start}-"})
        insist(status == 206, f"a range is answered with {status}")
        insist(headers["Content-Range"] == f"bytes {start}-{segment.octets - 1}/{segment.octets}", "another range")
        return octets

    def fetch(self, rows):
        """The octets of a bundle of what is newer than `[id, seq, [[sha256, octets]..]]`."""
        status, _, octets = self.ask("fetch", json.dumps(rows).encode())
        insist(status == 200, f"fetch is answered with {status}")
        return octets
