"""A tor as Debian runs it, under a user of its own, and a node under another one; both on the private network."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.node_process import ROOT, NodeProcess, wait_until
from tests.programs import leave_out, need, need_root

TOR_USER, NODE_USER = "daemon", "nobody"
STOP_SECONDS = 10


@dataclass(frozen=True)
class DebianTor:
    """Where its files are, as in Debian's torrc."""

    place: Path

    @property
    def control(self) -> Path:
        return self.place / "run" / "control"

    @property
    def socks(self) -> Path:
        return self.place / "run" / "socks"

    def torrc(self, network: Sequence[str], changes: dict[str, str]) -> str:
        """`changes`: settings that are other than Debian's."""
        own = {
            "DataDirectory": f"{self.place}/data",
            "User": TOR_USER,
            "ControlSocket": f"{self.control} GroupWritable RelaxDirModeCheck",
            "ControlSocketsGroupWritable": "1",
            "SocksPort": f"unix:{self.socks} WorldWritable",
            "CookieAuthentication": "1",
            "CookieAuthFileGroupReadable": "1",
            "CookieAuthFile": f"{self.place}/run/control.authcookie",
            "Log": f"notice file {self.place}/data/log",
        }
        return "\n".join((*(f"{key} {value}" for key, value in (own | changes).items()), *network, ""))


@contextmanager
def debian_tor(network: Sequence[str], **changes: str) -> Iterator[DebianTor]:
    """Running; `place` is a directory that everybody may look into."""
    need_root("a tor of another user is wanted")
    user = pwd.getpwnam(TOR_USER)
    with tempfile.TemporaryDirectory(prefix="zb", dir="/tmp") as name:
        tor = DebianTor(Path(name))
        tor.place.chmod(0o755)
        for each, mode in (("data", 0o700), ("run", 0o2755)):
            (tor.place / each).mkdir()
            os.chown(tor.place / each, user.pw_uid, user.pw_gid)
            (tor.place / each).chmod(mode)
        (tor.place / "torrc").write_text(tor.torrc(network, changes))
        process = subprocess.Popen(
            ["tor", "-f", str(tor.place / "torrc"), "--defaults-torrc", os.devnull, "--hush"],
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_until(tor.control.is_socket, "the system's tor to start")
            yield tor
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


class OthersNode(NodeProcess):
    """A node of `nobody`, who is in these groups besides its own."""

    def __init__(self, tor: DebianTor, groups: str = "") -> None:
        super().__init__(tor.place / "anna", "anna", args=("--tor", "system"))
        self.user = ("setpriv", f"--reuid={NODE_USER}", f"--regid={pwd.getpwnam(NODE_USER).pw_gid}")
        self.user += (f"--groups={groups}",) if groups else ("--clear-groups",)
        need("setpriv", "util-linux")
        if subprocess.run(
            [*self.user, sys.executable, "-c", "import zbnntp"], cwd=ROOT, capture_output=True
        ).returncode:
            leave_out(f"{NODE_USER} may not read the program here")
        self.tor = tor

    def init(self) -> None:
        self.home.mkdir(mode=0o700)
        settings = self.home / "zbnntp.toml"
        settings.write_text(f'tor_control = "{self.tor.control}"\ntor_socks = "{self.tor.socks}"\n')
        for place in (self.home, settings):
            shutil.chown(place, NODE_USER)
        super().init()

    def _program(self, verb: str) -> list[str]:
        return [*self.user, *super()._program(verb)]
