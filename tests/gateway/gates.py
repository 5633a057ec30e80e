"""A gateway as a real node: identities with passphrases on one home, read by strangers and by those who live there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.nntp_client import Client
from tests.node_process import NodeProcess


def secret_of(name: str) -> str:
    """Everybody's passphrase is their own."""
    return f"open {name}"


def log_in(client: Client, name: str, secret: str) -> int:
    assert client.command(f"AUTHINFO USER {name}").code == 381
    return client.command(f"AUTHINFO PASS {secret}").code


@dataclass
class Gate:
    """The node, and who lives on it: the operator first."""

    node: NodeProcess
    folder: Path

    def secret_file(self, name: str) -> Path:
        path = self.folder / f"{name}.secret"
        path.write_text(secret_of(name) + "\n")
        return path

    def guest(self) -> Client:
        return self.node.connect()

    @contextmanager
    def member(self, name: str) -> Iterator[Client]:
        """A connection that is logged in."""
        with self.node.connect() as client:
            assert log_in(client, name, secret_of(name)) == 281
            yield client


def make_home(folder: Path, names: Sequence[str], *arguments: str, net: Path | None = None) -> Gate:
    """A home with these identities, not yet running."""
    node = NodeProcess(folder / "home", names[0], net=net or folder / "net")
    gate = Gate(node, folder)
    for name in names:
        add = ("--add",) if name != names[0] else ()
        node._zbnntp("init", "--nick", name, *add, "--passphrase-file", str(gate.secret_file(name)))
    node.args += ("--passphrase-file", str(gate.secret_file(names[0])), *arguments)
    return gate


@contextmanager
def make_gate(folder: Path, names: Sequence[str], *arguments: str, settings: str = "") -> Iterator[Gate]:
    """The same as a public reader, running; `settings` are lines of its zbnntp.toml."""
    gate = make_home(folder, names, "--public-reader", *arguments)
    (gate.node.home / "zbnntp.toml").write_text(settings)
    gate.node.start()
    try:
        yield gate
    finally:
        if gate.node.running:
            gate.node.stop()
