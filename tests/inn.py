"""A real INN on the loopback: conf/inn/ as it is, with paths of its own. It runs as the user `news` alone."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.nntp_client import Client
from tests.node_process import ROOT, wait_until
from tests.programs import need, need_root

PROGRAMS = Path("/usr/lib/news/bin")
CONFIGURATION = ROOT / "conf/inn"
HOST, USER = "127.0.0.1", "news"
PATHS = {
    "pathetc": "etc",
    "pathdb": "db",
    "pathspool": "spool",
    "patharticles": "spool/articles",
    "pathoverview": "spool/overview",
    "pathincoming": "spool/incoming",
    "pathoutgoing": "spool/outgoing",
    "patharchive": "spool/archive",
    "pathfilter": "filter",
    "pathhttp": "http",
    "pathrun": "run",
    "pathlog": "log",
    "pathtmp": "tmp",
}
BUILT_IN = ("control", "control.cancel", "junk")


def need_inn() -> None:
    need(str(PROGRAMS / "innd"), "inn2")
    need_root("innd runs as the user news")


class Inn:
    """One news server below `place`; `streaming` as in incoming.conf."""

    def __init__(self, place: Path, *, streaming: bool = True) -> None:
        self.place = place
        with socket.create_server((HOST, 0)) as free:
            self.port: int = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self._furnish(streaming)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.kill()

    def start(self) -> None:
        with (self.place / "out").open("ab") as out:
            command = [PROGRAMS / "innd", "-f", "-N", "-P", str(self.port), "-4", HOST]
            self.process = subprocess.Popen(self._as_news(command), env=self._environment(), stdout=out, stderr=out)
        wait_until(self._answers, f"innd on port {self.port}: {(self.place / 'out').read_text()}")

    def kill(self) -> None:
        """As a power cut."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def control(self, *words: str) -> str:
        """`ctlinnd`."""
        done = subprocess.run(
            self._as_news([PROGRAMS / "ctlinnd", *words]), env=self._environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def read(self) -> Client:
        """A newsreader's connection."""
        reader = Client(HOST, self.port)
        assert reader.command("MODE READER").code in (200, 201)
        return reader

    def newgroup_command(self) -> str:
        """What `zbnntp feed --make` runs."""
        program = ["env", f"INNCONF={self.place}/etc/inn.conf", PROGRAMS / "ctlinnd"]
        return " ".join(self._as_news([*program, "newgroup", "{}", "n"]))

    def _furnish(self, streaming: bool) -> None:
        for path in ("etc", *PATHS.values(), "spool/incoming/bad", "spool/incoming/tmp", "log/OLD", "spool/innfeed"):
            (self.place / path).mkdir(parents=True, exist_ok=True)
        self._configure(streaming)
        for name in ("active.times", "newsgroups", "history"):
            (self.place / "db" / name).touch()
        (self.place / "db/active").write_text("".join(f"{name} 0000000000 0000000001 n\n" for name in BUILT_IN))
        subprocess.run(["chown", "-R", f"{USER}:", self.place], check=True)
        subprocess.run(
            self._as_news([PROGRAMS / "makedbz", "-i", "-o", "-f", self.place / "db/history"]),
            env=self._environment(),
            cwd=self.place / "db",
            check=True,
            capture_output=True,
        )

    def _configure(self, streaming: bool) -> None:
        """conf/inn/, and what the package brings beside it."""
        etc = self.place / "etc"
        for path in (*CONFIGURATION.iterdir(), *Path("/etc/news").iterdir()):
            if path.is_file() and not (etc / path.name).exists():
                shutil.copyfile(path, etc / path.name)
        if not streaming:
            incoming = (etc / "incoming.conf").read_text()
            (etc / "incoming.conf").write_text(incoming.replace("streaming:        true", "streaming:        false"))
        with (etc / "inn.conf").open("a") as file:
            file.writelines(f"{key}: {value}\n" for key, value in self._own_settings().items())
        etc.chmod(0o700)

    def _own_settings(self) -> dict[str, str]:
        own = {
            "pathnews": "/usr/lib/news",
            "mta": "/bin/true",
            "bindaddress": HOST,
            "port": str(self.port),
            "fromhost": "example.net",
            "organization": "test",
            "initialtimeout": "600",  # nobody is hung up on, or kept out, because the machine is busy
            "nnrpdloadlimit": "0",
        }
        return own | {key: str(self.place / path) for key, path in PATHS.items()}

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.place / "out").read_text()
        try:
            with socket.create_connection((HOST, self.port), 1) as probe:
                return probe.recv(3) == b"200"
        except OSError:
            return False

    def _environment(self) -> dict[str, str]:
        return {"INNCONF": str(self.place / "etc/inn.conf"), "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}

    def _as_news(self, command: list[str | Path]) -> list[str]:
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--", *map(str, command)]
