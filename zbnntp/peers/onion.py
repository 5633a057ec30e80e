"""Onion services on a running tor, and a tor that is kept running.

ADD_ONION is sent raw over the control port, because stem's helper knows neither the proof-of-work words nor more than
one client key. Nothing survives a restart of tor, so on every connection all onions are added again; and none is
detached, so that a dead node never leaves an onion that points nowhere. A tor of another user cannot reach our Unix
sockets: its visitors come through a passage.

The onion's address follows from its seed before tor runs. It is another key than the identity's: a leaked onion key
can be replaced, and tor's memory never holds an identity.

Sources: tor's control-spec (ADD_ONION, HS_DESC, TAKEOWNERSHIP), rend-spec-v3; the limits were measured on a private
network.
"""

from __future__ import annotations

import base64
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import trio

from zbnntp.model.errors import TorDown
from zbnntp.model.keys import Signer
from zbnntp.model.onion import ONION_SUFFIX, onion_address
from zbnntp.peers.address import expanded_key
from zbnntp.peers.backends import ONION_PORT
from zbnntp.peers.bootstrap import check_version, describe_stuck, read_progress, read_warning
from zbnntp.peers.control_port import Control, NotYet, open_control
from zbnntp.peers.passage import HOST, Passage, check_recognizable
from zbnntp.peers.tor_process import Complaint, TorSource

log = logging.getLogger(__name__)

CONNECT_SECONDS = 30.0  # from the start of tor to an authenticated control connection
CONNECT_PAUSE_SECONDS = 0.05
HEALTH_SECONDS = 30.0  # between two looks at whether tor still answers
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.1, 30.0
STUCK_SECONDS = 30.0  # without progress on the way into the network
STEADY_SECONDS = 60.0  # a tor that ran this long starts the retries anew
PUBLISHED_AT_ONCE = 5  # more, and some never get through: tor builds 32 circuits at a time
PUBLISH_SECONDS = 180.0  # then the next one gets its turn
THREADS = 8
MAX_STREAMS = 20  # of one visitor
_POW = "PoWDefensesEnabled=1 PoWQueueRate=20 PoWQueueBurst=40"
_COLLISION, _SYNTAX = "550", "512"

Log = Callable[[str], None]


class OnionState(Enum):
    """How far an onion is."""

    ABSENT = "absent"
    ADDING = "adding"
    PUBLISHING = "publishing"
    REACHABLE = "reachable"
    REFUSED = "refused"


class OnionService:
    """One onion: `seed` is 32 secret bytes, `target` the Unix socket it leads to, `clients` x25519 keys in base32.

    With `clients`, only they get in. `port` is where visitors knock.
    """

    def __init__(self, seed: bytes, target: Path, clients: Sequence[str] = (), *, port: int = ONION_PORT) -> None:
        if any(character.isspace() or character == '"' for character in str(target)):
            raise ValueError(f"tor cannot forward to a socket with such a path: {target}")
        self.address = onion_address(Signer.from_seed(seed).identity)
        self.target = target
        self.state = OnionState.ABSENT
        self.publishing = trio.CancelScope()
        self._seed, self._port = seed, port
        self._clients = tuple(clients)
        self._reachable = trio.Event()

    @property
    def service_id(self) -> str:
        return self.address.removesuffix(ONION_SUFFIX)

    async def wait_reachable(self) -> None:
        """Return when a descriptor has been uploaded."""
        while self.state is not OnionState.REACHABLE:
            await self._reachable.wait()

    def become(self, state: OnionState) -> None:
        """What tor said of it."""
        self.state = state
        if state is OnionState.REACHABLE:
            self._reachable.set()
        elif self._reachable.is_set():
            self._reachable = trio.Event()

    def command(self, *, pow_defence: bool, way: str = "") -> str:
        """The line that adds it; a tor older than 0.4.9.2 does not know the words of the defence.

        `way`: where tor leads visitors instead of to the Unix socket itself.
        """
        key = base64.b64encode(expanded_key(self._seed)).decode()
        flags = "DiscardPK,V3Auth" if self._clients else "DiscardPK"
        words = [f"ADD_ONION ED25519-V3:{key} Flags={flags} Port={self._port},{way or f'unix:{self.target}'}"]
        words += [f"MaxStreams={MAX_STREAMS}", *([_POW] if pow_defence else [])]
        return " ".join([*words, *(f"ClientAuthV3={client}" for client in self._clients)])


class Tor:
    """Keeps a tor running, connected, and our onions on it. Call `run` in a task of its own."""

    def __init__(self, source: TorSource, say: Log = log.info) -> None:
        self._source = source
        self._say = say
        self._services: dict[str, OnionService] = {}
        self._shown: dict[str, str] = {}  # closed onion's service id -> the command that shows our key there
        self._threads = trio.CapacityLimiter(THREADS)
        self._control: Control | None = None
        self._publishing: trio.Nursery | None = None
        self._stranger: int | None = None  # tor's user, when it cannot reach our Unix sockets
        self._passages: dict[Path, Passage] = {}
        self._turns = trio.CapacityLimiter(PUBLISHED_AT_ONCE)
        self._ready = trio.Event()
        self.bootstrap = 0  # percent; 100 = usable
        self._obstacle = ""  # what keeps it from getting further, in its own words
        self.problem = ""  # why it is not running, one sentence

    @property
    def socks(self) -> Path:
        return self._source.socks

    @property
    def connected(self) -> bool:
        return self._control is not None

    def add(self, service: OnionService) -> None:
        """Have this onion from now on, whenever tor runs."""
        self._services[service.service_id] = service
        if self._publishing is not None:
            self._publishing.start_soon(self._publish, service)

    async def remove(self, service: OnionService, *, cut_off: bool = False) -> None:
        """Publish it no more. Those who are inside go on, unless they are `cut_off`: close its server too."""
        if self._services.get(service.service_id) is service:
            del self._services[service.service_id]
        service.become(OnionState.ABSENT)
        service.publishing.cancel()
        if self._control is not None:
            await self._control.ask(f"DEL_ONION {service.service_id}")
            if cut_off:
                await self._close_circuits(self._control, service.service_id)

    async def _close_circuits(self, control: Control, service_id: str) -> None:
        """Those of visitors: they would lead to a new service of the same key as well."""
        for _, text in await control.ask("GETINFO circuit-status"):
            for line in text.splitlines():
                if f"REND_QUERY={service_id}" in line and "PURPOSE=HS_SERVICE_REND" in line:
                    await control.ask(f"CLOSECIRCUIT {line.removeprefix('circuit-status=').split()[0]}")

    async def present(self, onion: str, secret: bytes) -> None:
        """Show this X25519 key (32 secret octets) at the closed onion of that address, whenever tor runs."""
        service_id = onion.removesuffix(ONION_SUFFIX)
        line = f"ONION_CLIENT_AUTH_ADD {service_id} x25519:{base64.b64encode(secret).decode()}"
        if self._shown.get(service_id) != line:
            self._shown[service_id] = line
            if self._control is not None:
                with contextlib.suppress(TorDown):  # it comes back, and is told then
                    await self._control.ask(line)

    async def wait_bootstrapped(self) -> None:
        while self.bootstrap < 100:
            await self._ready.wait()

    async def renew(self) -> None:
        """SIGNAL NEWNYM: forget the descriptors of all peers, the one remedy for a stale one. Raises TorDown."""
        if self._control is None:
            raise TorDown("This node's tor is not running.")
        await self._control.ask("SIGNAL NEWNYM")

    async def run(self) -> None:
        """Start, connect, add the onions, watch; when tor is gone, all over again."""
        pause = FIRST_RETRY_SECONDS
        while True:
            began = trio.current_time()
            try:
                await self._live()
            except* TorDown as errors:
                self._report(str(_first(errors)))
            finally:
                self._gone()
            if trio.current_time() - began > STEADY_SECONDS:
                pause = FIRST_RETRY_SECONDS
            await trio.sleep(pause)
            pause = min(pause * 2, LAST_RETRY_SECONDS)

    def _report(self, problem: str) -> None:
        """Say it once, however many tries end with it."""
        if problem != self.problem:
            self.problem = problem
            self._say(problem)

    async def _live(self) -> None:
        async with self._source.running() as complaint, self._connection(complaint) as control:
            await self._introduce(control)
            await control.subscribe()
            for line in list(self._shown.values()):
                await control.ask(line)
            self._see_bootstrap((await control.ask("GETINFO status/bootstrap-phase"))[0][1])
            async with trio.open_nursery() as nursery:
                self._control, self._publishing, self.problem = control, nursery, ""
                for service in self._services.values():
                    nursery.start_soon(self._publish, service)
                nursery.start_soon(self._look_after, control)
                nursery.start_soon(self._mind_bootstrap)
                await self._watch(control)

    async def _introduce(self, control: Control) -> None:
        """Our own tor is to end with us; another one has to be such that it can be used. Raises TorDown."""
        if self._source.own:
            await control.ask("TAKEOWNERSHIP")
            await control.ask("RESETCONF __OwningControllerProcess")
            return
        check_version((await control.ask("GETINFO version"))[0][1])
        self._stranger = self._source.stranger()
        if self._stranger is not None and self._services:
            check_recognizable(self._stranger)

    @contextlib.asynccontextmanager
    async def _connection(self, complaint: Complaint) -> AsyncIterator[Control]:
        control = await self._connect(complaint)
        try:
            yield control
        finally:
            await control.close()

    async def _connect(self, complaint: Complaint) -> Control:
        """Try until tor's socket is there and its cookie fresh; TorDown when it ends or takes too long."""
        until, problem = trio.current_time() + CONNECT_SECONDS, "its control socket does not appear"
        while trio.current_time() < until:
            if words := complaint():
                raise TorDown(f"tor has ended: {words}")
            try:
                return await open_control(self._source, self._threads)
            except NotYet as error:
                problem = str(error)
            await trio.sleep(CONNECT_PAUSE_SECONDS)
        raise TorDown(f"tor cannot be controlled: {problem}")

    async def _watch(self, control: Control) -> None:
        async for event in control.events:
            if event is None:
                raise TorDown("This node's tor has ended; it is started again.")
            if event.type == "HS_DESC" and event.action == "UPLOADED":
                self._see_uploaded(str(event.address))
            elif event.type in ("STATUS_CLIENT", "STATUS_GENERAL"):
                self._see_bootstrap(str(event))

    async def _look_after(self, control: Control) -> None:
        """A tor that stopped answering says nothing by itself."""
        while True:
            await trio.sleep(HEALTH_SECONDS)
            await control.ask("GETINFO traffic/read")

    def _see_uploaded(self, service_id: str) -> None:
        service = self._services.get(service_id)
        if service and service.state is not OnionState.REACHABLE:
            service.become(OnionState.REACHABLE)
            self._say(f"{service.address} is reachable.")

    def _see_bootstrap(self, text: str) -> None:
        """Progress, or what keeps it."""
        progress = read_progress(text)
        if progress is not None and progress != self.bootstrap:
            self.bootstrap, self._obstacle, self.problem = progress, "", ""
        self._obstacle = read_warning(text) or self._obstacle
        if self.bootstrap >= 100:
            self._ready.set()

    async def _mind_bootstrap(self) -> None:
        """Say so when it comes no further."""
        while self.bootstrap < 100:
            before = self.bootstrap
            await trio.sleep(STUCK_SECONDS)
            if self.bootstrap == before:
                self._report(describe_stuck(before, self._obstacle))

    async def _publish(self, service: OnionService) -> None:
        async with self._turns:
            if self._control is None or self._services.get(service.service_id) is not service:
                return
            service.become(OnionState.ADDING)
            if not await self._add(self._control, service):
                return
            if service.state is OnionState.ADDING:
                service.become(OnionState.PUBLISHING)
            with trio.move_on_after(PUBLISH_SECONDS) as service.publishing:
                await service.wait_reachable()

    async def _add(self, control: Control, service: OnionService) -> bool:
        way = self._way_to(service)
        line = service.command(pow_defence=True, way=way)
        code, text = (await control.ask(line))[-1]
        if code == _SYNTAX:
            line = service.command(pow_defence=False, way=way)
            code, text = (await control.ask(line))[-1]
        if code == _COLLISION:
            await control.ask(f"DEL_ONION {service.service_id}")
            code, text = (await control.ask(line))[-1]
        if code != "250":
            service.become(OnionState.REFUSED)
            self._say(f"tor does not take the onion {service.address}: {code} {text}")
        return code == "250"

    def _way_to(self, service: OnionService) -> str:
        """Where this tor is to lead visitors: a passage is kept for each socket, as long as we are connected."""
        if self._stranger is None or self._publishing is None:
            return ""
        passage = self._passages.get(service.target)
        if passage is None:
            passage = self._passages[service.target] = Passage(service.target, self._stranger)
            self._publishing.start_soon(passage.run)
        return f"{HOST}:{passage.port}"

    def _gone(self) -> None:
        self._control = self._publishing = None
        self._passages.clear()
        self.bootstrap, self._obstacle = 0, ""
        if self._ready.is_set():
            self._ready = trio.Event()
        for service in self._services.values():
            service.become(OnionState.ABSENT)


def _first(errors: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
