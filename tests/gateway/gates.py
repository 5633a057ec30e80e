"""A gateway as a real node: identities with passphrases on one home, read by strangers and by those who live there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.nntp_client import Client
from tests.node_process import COMMAND_SECONDS, CommandRefused, NodeProcess


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
    inside: dict[str, Client] = field(default_factory=dict)

    def secret_file(self, name: str) -> Path:
        path = self.folder / f"{name}.secret"
        path.write_text(secret_of(name) + "\n")
        return path

    def account(self, kind: str, *words: str) -> str:
        """`zbnntp account …`: what it printed; CommandRefused."""
        command = [sys.executable, "-m", "zbnntp.cli", "account", kind, "--home", str(self.node.home), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS)
        if done.returncode:
            raise CommandRefused((done.stdout + done.stderr).strip())
        return done.stdout

    def guest(self) -> Client:
        return self.node.connect()

    def member(self, name: str) -> Client:
        """A connection that is logged in; the same one each time, for a login takes its time."""
        if name not in self.inside:
            self.inside[name] = self.node.connect()
            assert log_in(self.inside[name], name, secret_of(name)) == 281
        return self.inside[name]

    def close(self) -> None:
        for client in self.inside.values():
            client.close()
        self.inside.clear()


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
        gate.close()
        if gate.node.running:
            gate.node.stop()
