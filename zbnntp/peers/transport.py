"""The way out: HTTP to peers' onions through Tor's SOCKS port, and to nothing else.

The only file that imports httpx; the sockets are opened in backends.py and nowhere else. Nothing is followed, kept
or sent that a peer did not need: no redirects, no cookies, no proxies from the environment, the same few headers
from everybody. Bodies are counted and unpacked here, because what unpacks itself is a bomb. Every request has a
deadline.

Sources: httpx 0.28 (transports, timeouts), RFC 1952 (gzip).
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpcore
import httpx
import trio

from zbnntp.model.errors import BadEncoding, TooLarge
from zbnntp.model.onion import is_onion
from zbnntp.peers.address import is_local, local_host, onion_host
from zbnntp.peers.backends import CONNECT_SECONDS, ONION_PORT, LocalBackend, NoAnswer, OnionBackend
from zbnntp.peers.carrier import Answer
from zbnntp.peers.measured import MeasuredStream

READ_SECONDS = 60.0  # between two pieces of an answer
WRITE_SECONDS = 60.0
REQUEST_SECONDS = 300.0  # for a whole request: a drip never reaches the limit above
KEEP_ALIVE_SECONDS = 45.0  # less than a server's 60, so that the server is never the first to close
CONNECTIONS = 100
PACKING_OCTETS = 1024  # that a packed body may be larger than an unpacked one
UNPACK_OCTETS = 64 * 1024  # unpacked at a time
CRUMBS = 1_000  # pieces of a body that may be of any size; beyond, they are ...
CRUMB_OCTETS = 64  # so large at least, taken together: each costs as much work as a whole line does
_GZIP = 16 + zlib.MAX_WBITS


class PoolTransport(httpx.AsyncBaseTransport):
    """httpx over one of the backends: plain http to hosts that pass the check, before the pool is touched."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend, allowed: Callable[[str], bool]) -> None:
        self.pool = httpcore.AsyncConnectionPool(
            network_backend=backend, max_connections=CONNECTIONS, keepalive_expiry=KEEP_ALIVE_SECONDS
        )
        self._allowed = allowed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if url.scheme != "http" or url.port is not None or not self._allowed(url.raw_host.decode("ascii")):
            raise BadEncoding(f"{url.scheme}://{url.host} is not an address of a peer")
        answer = await self.pool.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=ONION_PORT, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(answer.stream, AsyncIterable)
        if isinstance(stream := answer.extensions.get("network_stream"), MeasuredStream):
            stream.head_came()
        return httpx.Response(answer.status, headers=answer.headers, stream=_PoolStream(answer.stream))

    async def aclose(self) -> None:
        await self.pool.aclose()


class Response:
    """An answer while it comes in."""

    def __init__(self, response: httpx.Response, limit: int) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._limit = limit

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes, unpacked; TooLarge above the limit, packed or not, before more is kept."""
        unpack = _unpacker(self.headers.get("content-encoding", "identity"))
        room, packed = self._limit, self._limit + PACKING_OCTETS
        crumbs = CRUMBS * CRUMB_OCTETS
        raw = self._response.aiter_raw()
        try:
            async for data in raw:
                await trio.lowlevel.checkpoint()  # what has come already is given out without one
                packed -= len(data)
                crumbs += min(len(data), 2 * CRUMB_OCTETS) - CRUMB_OCTETS
                if crumbs < 0:
                    raise BadEncoding("a peer's answer comes in crumbs")
                for piece in unpack(data):
                    room -= len(piece)
                    if room < 0 or packed < 0:
                        raise TooLarge(f"a peer's answer is larger than {self._limit} octets")
                    yield piece
        except BaseException:
            await self._abandon(raw)
            raise

    async def _abandon(self, raw: AsyncIterator[bytes]) -> None:
        """Close the connection, then let the generators inside httpx run to their ends: trio warns of those left."""
        with trio.CancelScope(shield=True):
            await self._response.aclose()
            with suppress(Exception):
                async for _ in raw:
                    pass

    async def read(self) -> bytes:
        """The whole body."""
        body = bytearray()
        async with aclosing(self.chunks()) as chunks:
            async for piece in chunks:
                body += piece
        return bytes(body)

    async def lines(self, longest: int) -> AsyncGenerator[bytes, None]:
        """The lines of the body as they come, without line ends; TooLarge when one is longer than `longest`."""
        rest = b""
        async with aclosing(self.chunks()) as chunks:
            async for piece in chunks:
                *lines, rest = (rest + piece).split(b"\n")
                if max(map(len, (*lines, rest))) > longest:
                    raise TooLarge(f"a peer sent a line longer than {longest} octets")
                for line in lines:
                    await trio.lowlevel.checkpoint()  # each may be a signature to verify
                    yield line


class Transport:
    """Requests to peers. An endpoint is a string as in a signed head; a path starts with /zb/1/."""

    def __init__(self, carrier: PoolTransport, host_of: Callable[[str], str]) -> None:
        self._carrier = carrier
        self._host_of = host_of
        self._client = httpx.AsyncClient(
            transport=carrier,
            trust_env=False,
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"user-agent": "zbnntp/1", "accept": "*/*", "accept-encoding": "identity"},
        )

    @property
    def connections(self) -> int:
        """How many connections are open or being opened."""
        return len(self._carrier.pool.connections)

    async def request(
        self,
        endpoint: str,
        path: str,
        *,
        limit: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        seconds: float = REQUEST_SECONDS,
    ) -> Answer:
        """GET, or POST when there is a body; the answer has at most `limit` octets.

        Raises BadEncoding (bad endpoint or packing), TooLarge, PeerGone, TorDown.
        """
        async with self.open(endpoint, path, limit=limit, headers=headers, body=body, seconds=seconds) as response:
            return Answer(response.status, response.headers, await response.read())

    @asynccontextmanager
    async def open(
        self,
        endpoint: str,
        path: str,
        *,
        limit: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        seconds: float = REQUEST_SECONDS,
        silence: float = READ_SECONDS,
    ) -> AsyncIterator[Response]:
        """The same, to be read as it comes: `seconds` for all of it, `silence` between two pieces."""
        url = f"http://{self._host_of(endpoint)}{path}"
        timeout = httpx.Timeout(CONNECT_SECONDS, read=silence, write=WRITE_SECONDS, pool=None)
        method = "GET" if body is None else "POST"
        with _peer_errors(), trio.fail_after(seconds):
            async with self._client.stream(method, url, content=body, headers=headers, timeout=timeout) as response:
                yield Response(response, limit)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._client.aclose()


def onion_transport(socks: Path, isolation: str) -> Transport:
    """To onions through the SOCKS socket `socks`; isolation = `<local identity>|<purpose>`."""
    return Transport(PoolTransport(OnionBackend(socks, isolation), is_onion), onion_host)


def local_transport(directory: Path) -> Transport:
    """To the neighbours whose sockets are in `directory`."""
    return Transport(PoolTransport(LocalBackend(directory), is_local), local_host)


class _PoolStream(httpx.AsyncByteStream):
    def __init__(self, stream: AsyncIterable[bytes]) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            yield piece

    async def aclose(self) -> None:
        if hasattr(self._stream, "aclose"):
            await self._stream.aclose()


@contextmanager
def _peer_errors() -> Iterator[None]:
    """What httpx, httpcore and the clock raise, as our own errors."""
    try:
        yield
    except (httpx.TimeoutException, httpcore.TimeoutException, trio.TooSlowError) as error:
        raise NoAnswer("its node stopped answering") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise NoAnswer(f"its node does not speak proper HTTP: {error}") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise NoAnswer("its node closed the connection") from error


def _unpacker(coding: str) -> Callable[[bytes], Iterator[bytes]]:
    """A function that unpacks a body piece by piece, never more than UNPACK_OCTETS at a time."""
    if coding == "identity":
        return lambda data: iter((data,))
    if coding != "gzip":
        raise BadEncoding(f"a peer answered packed with {coding}, which nobody asked for")
    inflate = zlib.decompressobj(_GZIP)

    def unpack(data: bytes) -> Iterator[bytes]:
        try:
            while data and not inflate.eof:
                yield inflate.decompress(data, UNPACK_OCTETS)
                data = inflate.unconsumed_tail
        except zlib.error as error:
            raise BadEncoding("a peer's answer cannot be unpacked") from error
        if inflate.unused_data or (data and inflate.eof):
            raise BadEncoding("a peer's answer goes on after its end")

    return unpack
