"""Where newsreaders connect: the sockets of the settings, or the usual ports on the loopback; and TLS on them."""

from __future__ import annotations

import errno
import os
import re
import resource
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zbnntp.certificate import load_context, make_certificate
from zbnntp.config import Config
from zbnntp.devices import READER_SOCKET
from zbnntp.home import ADMIN_SOCKET, CLOSED_SOCKET, ONION_SOCKET, Account, socket_path
from zbnntp.model.errors import NotPermitted
from zbnntp.nntp import server as nntp
from zbnntp.premises import check_vacant

NNTP_PORT, FALLBACK_PORT = 119, 1119
MOST = 65_535
FIRST_INHERITED = 3
LOOPBACK = ("127.0.0.1", "::1")
UNIX = "unix:"
TAKEN = {ADMIN_SOCKET, CLOSED_SOCKET, ONION_SOCKET, READER_SOCKET}  # names in a home directory
OPEN_FILES = 8192  # 2,000 newsreaders, 200 visitors of each identity, and as many visits
OPEN_FILES_LEAST = 64  # a node has 20 open by itself, some more with tor and while it starts


def allow_connections() -> None:
    """Let this process hold as many connections as its limits let in: 1,024 open files, as is usual, are fewer.

    NotPermitted when it may not even hold what a node needs by itself.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < OPEN_FILES_LEAST:
        raise NotPermitted(
            f"the limit of open files is too low: {hard}, and a node needs {OPEN_FILES_LEAST} at least, {OPEN_FILES} "
            f"when all come; start it after 'ulimit -n {OPEN_FILES}', or with LimitNOFILE={OPEN_FILES} in its unit"
        )
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@dataclass(frozen=True, slots=True)
class Doors:
    """The listening sockets: plain ones, those where TLS comes first, and what TLS is done with (None: not at all).

    `onion` is where tor leads newsreaders.
    """

    plain: Sequence[socket.socket]
    tls: Sequence[socket.socket]
    context: ssl.SSLContext | None
    onion: Sequence[socket.socket] = ()

    def close(self) -> None:
        for listener in (*self.plain, *self.tls, *self.onion):
            listener.close()


def open_doors(
    config: Config, home: Path, accounts: Sequence[Account], say: Callable[[str], None], now: float
) -> Doors:
    """The sockets that the settings name; raises NotPermitted where one cannot be had or would be unsafe.

    An address that other machines reach needs TLS, which is then offered by STARTTLS at least, and passphrases; a
    public reader needs them wherever it listens, and so does whoever demands a login.
    """
    far = [it for it in _addresses(config) if not is_loopback(_split(it)[0])]
    onion = config.nntp_onion != "off"
    if not all(account.sealed for account in accounts):
        _check_clear_text(config, far)
    context = None
    if far or config.tls_listen:
        own = config.tls_certificate and config.tls_key
        files = (Path(config.tls_certificate), Path(config.tls_key)) if own else make_certificate(home, now)
        context = load_context(*files)
    plain = [_listen_at(path) for path in own_sockets(config, home)] or open_listeners(config.listen, say)
    try:
        tls = open_listeners(config.tls_listen, say) if config.tls_listen else []
        through_tor = [nntp.listen_at(socket_path(home, READER_SOCKET))] if onion else []
    except BaseException:
        Doors(plain, (), None).close()
        raise
    return Doors(plain, tls, context, through_tor)


def check_addresses(config: Config, home: Path) -> None:
    """Whether the settings make sense, before anything is made; raises NotPermitted."""
    for path in own_sockets(config, home):
        _check_name(path, home)
    for listen in _addresses(config):
        _split(listen)
    if bool(config.tls_certificate) != bool(config.tls_key):
        raise NotPermitted("set both tls_certificate and tls_key, or neither: then a certificate is made")


def _check_name(path: Path, home: Path) -> None:
    """NotPermitted for a socket in the place of what a node has in its home directory."""
    base, place = home.resolve(), path.parent.resolve() / path.name
    own = place.parent == base and place.suffix == ".sock" and place.name not in TAKEN
    if place.is_relative_to(base) and not own:
        raise NotPermitted(f"the node itself may want the name {path}; choose another, for example unix:nntp.sock")


def hosts(config: Config) -> set[str]:
    """The addresses at which newsreaders may knock."""
    return {*LOOPBACK, *(_split(listen)[0] for listen in _addresses(config))}


def own_sockets(config: Config, home: Path) -> list[Path]:
    """The Unix socket of the settings, if there is one: for newsreaders of the own user."""
    return [home.absolute() / config.listen.removeprefix(UNIX)] if config.listen.startswith(UNIX) else []


def place_of(listener: socket.socket) -> str:
    """Where a socket listens, as an address says it: HOST:PORT, or the path of a Unix socket."""
    address = listener.getsockname()
    if isinstance(address, str):
        return address
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _addresses(config: Config) -> list[str]:
    """The settings that name a host and a port."""
    plain = [] if config.listen.startswith(UNIX) else [config.listen]
    return [it for it in (*plain, config.tls_listen) if it]


def _check_clear_text(config: Config, far: Sequence[str]) -> None:
    """NotPermitted where a key without a passphrase would let anybody in; `far`: what other machines reach."""
    if far or config.public_reader or config.nntp_onion != "off":
        why = f"{far[0]} can be reached from other machines" if far else "strangers can reach this node"
        raise NotPermitted(
            f"{why}, and an identity of this home has no passphrase: anybody could log in; use 127.0.0.1 without "
            "public_reader and nntp_onion, or identities with passphrases"
        )
    if config.login == "demanded":
        raise NotPermitted(
            "a login is demanded, and an identity of this home has no passphrase: anybody could log in as that one; "
            "give it one with 'zbnntp account passwd NICK', or listen at unix:nntp.sock, which nobody else can open"
        )


def _listen_at(path: Path) -> socket.socket:
    check_vacant(path)
    try:
        return nntp.listen_at(path)
    except OSError as error:
        raise NotPermitted(f"{path} cannot be listened at: {error.strerror or error}; choose another") from error


def is_loopback(host: str) -> bool:
    return host in LOOPBACK


def _split(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > MOST:
        raise NotPermitted(f"{listen!r} is no HOST:PORT; for example 127.0.0.1:1119")
    return "127.0.0.1" if host == "localhost" else host, int(port)


def open_listeners(listen: str, say: Callable[[str], None]) -> list[socket.socket]:
    """The sockets of `HOST:PORT`; empty: both loopbacks at 119, or 1119 where that is forbidden, which is said."""
    given = inherited()
    if given and not listen:
        return given
    if listen:
        host, port = _split(listen)
        try:
            return _bind((host,), port)
        except PermissionError as error:
            raise NotPermitted(f"port {port} needs more rights here; choose one above 1023") from error
    try:
        return _bind(LOOPBACK, NNTP_PORT)
    except PermissionError:
        say("port 119 needs more rights here: listening at 1119 (conf/zbnntp.socket shows how to have 119)")
        return _bind(LOOPBACK, FALLBACK_PORT)


def inherited() -> list[socket.socket]:
    """The sockets that systemd opened for us (sd_listen_fds(3)); conf/zbnntp.socket. They are loopback ones."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    sockets = [socket.socket(fileno=FIRST_INHERITED + n) for n in range(int(os.environ.get("LISTEN_FDS", "0")))]
    if not all(is_loopback(it.getsockname()[0]) for it in sockets):
        raise NotPermitted("systemd hands over a socket that other machines reach; name 127.0.0.1 in the .socket unit")
    return sockets


def _bind(hosts: Sequence[str], port: int) -> list[socket.socket]:
    opened: list[socket.socket] = []
    for host in hosts:
        try:
            opened.append(nntp.listen(host, port))
        except PermissionError:
            raise
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) and opened:
                continue  # a machine without IPv6
            for listener in opened:
                listener.close()
            raise NotPermitted(_refusal(host, port, error)) from error
    return opened


def _refusal(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this computer has no address {host}; use 127.0.0.1"
    if isinstance(error, socket.gaierror):
        return f"there is no host {host}; use 127.0.0.1"
    return (
        f"port {port} is taken ({error.strerror}); choose another with --listen 127.0.0.1:PORT, or tls_listen for TLS"
    )
