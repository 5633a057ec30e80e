#!/usr/bin/env python3
"""How long guests of a public reader wait, many of them at once.

    python bench/gateway [--readers 500] [--seconds 20] [--pause 1.0] [--tls] [--posts 300]

A real node with --public-reader in a process of its own, without tor, on 127.0.0.1. Its operator posts some threads;
then each reader connects from an address of its own (127.1.x.y) and goes on like somebody who reads: GROUP, OVER of the
newest hundred, one article, a pause of so many seconds on average. With --pause 0
nobody ever waits, and the figures say what the machine can do. The crowd is one process, whose own turns are in its
times; what one more reader sees, in a process that does nothing else, is what a reader elsewhere sees, but for the
network. Goal and results are in docs/performance.md, "Many readers".
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import trio

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ("bench.one", "bench.two", "bench.three")
SECRET = "bench"
GOAL_MILLISECONDS = 50
NEWEST = 100
START_SECONDS = 60
RAMP_SECONDS = 3.0  # in which all come
SETTLE_SECONDS = 2.0
PROBE_ADDRESS, PROBE_PAUSE_SECONDS = "127.2.0.1", 0.05
RECEIVE_OCTETS = 1 << 16
ENDS = {b"GROUP": b"\r\n"}
BLOCK_END = b"\r\n.\r\n"


@dataclass
class Figures:
    """Seconds that answers took, by command; `refused` connections; milliseconds of the one more reader."""

    seconds: dict[bytes, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: int = 0
    probed: list[float] = field(default_factory=list)


class Reader:
    """One guest's connection."""

    def __init__(self, stream: trio.abc.Stream, figures: Figures) -> None:
        self._stream, self._figures, self._heard = stream, figures, b""

    async def until(self, ending: bytes) -> bytes:
        while ending not in self._heard:
            self._heard += await self._stream.receive_some(RECEIVE_OCTETS)
        head, _, self._heard = self._heard.partition(ending)
        return head

    async def ask(self, line: bytes) -> bytes:
        """The answer, its time taken down."""
        verb = line.partition(b" ")[0]
        began = time.perf_counter()
        await self._stream.send_all(line + b"\r\n")
        answer = await self.until(ENDS.get(verb, BLOCK_END))
        self._figures.seconds[verb].append(time.perf_counter() - began)
        return answer


async def read(port: int, number: int, asked: argparse.Namespace, figures: Figures) -> None:
    """A guest, until cancelled."""
    rng = random.Random(number)
    await trio.sleep(rng.random() * RAMP_SECONDS)
    connected = trio.socket.socket()
    await connected.bind((f"127.1.{number // 250}.{number % 250 + 1}", 0))
    await connected.connect(("127.0.0.1", port))
    stream: trio.abc.Stream = trio.SocketStream(connected)
    if asked.tls:
        stream = trio.SSLStream(stream, trusting(), https_compatible=True)
    reader = Reader(stream, figures)
    if not (await reader.until(b"\r\n")).startswith(b"200"):
        figures.refused += 1
        return
    while True:
        group = await reader.ask(b"GROUP " + rng.choice(BOARDS).encode())
        low, high = map(int, group.split()[2:4])
        await reader.ask(b"OVER %d-%d" % (max(low, high - NEWEST + 1), high))
        await reader.ask(b"ARTICLE %d" % rng.randint(low, high))
        await trio.sleep(rng.expovariate(1 / asked.pause) if asked.pause else 0)


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def probe(port: int, tls: bool, seconds: float) -> None:
    """One more reader, who asks for a group every now and then: its times in milliseconds, one a line."""
    with socket.create_connection(("127.0.0.1", port), source_address=(PROBE_ADDRESS, 0)) as plain:
        connected = trusting().wrap_socket(plain) if tls else plain
        with connected, connected.makefile("rb") as answers:
            answers.readline()
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                began = time.perf_counter()
                connected.sendall(b"GROUP %b\r\n" % BOARDS[0].encode())
                answers.readline()
                print(1000 * (time.perf_counter() - began))
                time.sleep(PROBE_PAUSE_SECONDS)


async def start_probe(port: int, asked: argparse.Namespace) -> list[float]:
    """Its times."""
    command = [sys.executable, str(Path(__file__).parent), "--probe", str(port), "--seconds", str(asked.seconds)]
    done = await trio.run_process([*command, *(["--tls"] if asked.tls else [])], capture_stdout=True)
    return [float(line) for line in done.stdout.split()]


async def crowd(port: int, asked: argparse.Namespace) -> Figures:
    """All of them; what is counted begins when all have come."""
    figures = Figures()
    async with trio.open_nursery() as nursery:
        for number in range(asked.readers):
            nursery.start_soon(read, port, number, asked, figures)
        await trio.sleep(RAMP_SECONDS + SETTLE_SECONDS)
        figures.seconds.clear()
        figures.probed = await start_probe(port, asked)
        nursery.cancel_scope.cancel()
    return figures


@contextmanager
def node(folder: Path, asked: argparse.Namespace) -> Iterator[tuple[int, int, int]]:
    """Process, plain port and TLS port of a public reader with an operator."""
    secret, home = folder / "secret", folder / "home"
    secret.write_text(SECRET + "\n")
    program = [sys.executable, "-m", "zbnntp.cli"]
    init = ["init", "--home", str(home), "--nick", "operator", "--passphrase-file", str(secret)]
    subprocess.run([*program, *init], check=True, cwd=ROOT, capture_output=True)
    (home / "zbnntp.toml").write_text('tls_listen = "127.0.0.1:0"\n' if asked.tls else "")
    run = ["run", "--home", str(home), "--public-reader", "--tor", "off", "--listen", "127.0.0.1:0"]
    with (folder / "node.log").open("w+") as log:
        command = [*program, *run, "--passphrase-file", str(secret)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process.pid, *wait_ports(folder / "node.log", asked.tls)
        finally:
            process.terminate()
            process.wait()


def wait_ports(log: Path, tls: bool) -> tuple[int, int]:
    """Where it listens, when it does."""
    for _ in range(START_SECONDS * 20):
        text = log.read_text()
        if ready := re.search(r"(?m)^ready nntp://[^:]+:(\d+)", text):
            secure = re.search(r"nntps://[^:]+:(\d+)", text) if tls else None
            return int(ready[1]), int(secure[1]) if secure else 0
        time.sleep(0.05)
    raise SystemExit(f"the node did not start:\n{log.read_text()}")


async def write(port: int, posts: int) -> None:
    """The operator's threads."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    operator = Reader(stream, Figures())
    await operator.until(b"\r\n")
    for line in (b"AUTHINFO USER operator", b"AUTHINFO PASS " + SECRET.encode()):
        await stream.send_all(line + b"\r\n")
        await operator.until(b"\r\n")
    orders = "\r\n".join(f"board add {board}" for board in BOARDS)
    await post(stream, operator, "zb.control", orders)
    for number in range(posts):
        await post(stream, operator, BOARDS[number % len(BOARDS)], f"Text of {number}.\r\n" * 20)
    await stream.aclose()


async def post(stream: trio.abc.Stream, operator: Reader, group: str, body: str) -> None:
    await stream.send_all(b"POST\r\n")
    await operator.until(b"\r\n")
    head = f"From: operator <x@example.invalid>\r\nNewsgroups: {group}\r\nSubject: {body.splitlines()[0]}\r\n"
    await stream.send_all(f"{head}\r\n{body}\r\n.\r\n".encode())
    answer = await operator.until(b"\r\n")
    if not answer.startswith(b"240"):
        raise SystemExit(f"the operator cannot post: {answer.decode()}")


def used(pid: int) -> tuple[float, int]:
    """Processor seconds and resident kilobytes of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    resident = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK"), int(resident[1]) if resident else 0


def show(figures: Figures, asked: argparse.Namespace, spent: float, resident: int) -> None:
    answers = sum(map(len, figures.seconds.values()))
    print(f"{answers / asked.seconds:,.0f} answers a second, {figures.refused} readers refused")
    print(f"node: {spent / asked.seconds:.0%} of a processor, {resident / 1024:,.0f} MB")
    print("what the crowd sees:")
    print(f"{'':<10}{'answers':>10}{'median':>12}{'95 %':>12}{'99 %':>12}")
    for verb, seconds in figures.seconds.items():
        cuts = quantiles(seconds, n=100)
        times = "".join(f"{1000 * it:>9.2f} ms" for it in (median(seconds), cuts[94], cuts[98]))
        print(f"{verb.decode():<10}{len(seconds):>10,}{times}")
    cuts, reached = quantiles(figures.probed, n=100), median(figures.probed)
    print(f"GROUP for one more reader: median {reached:.2f} ms, 95 % {cuts[94]:.2f} ms, 99 % {cuts[98]:.2f} ms")
    print(f"goal: median below {GOAL_MILLISECONDS} ms - {'met' if reached < GOAL_MILLISECONDS else 'missed'}")


def main() -> None:
    """Print it all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--readers", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--pause", type=float, default=1.0, metavar="SECONDS")
    parser.add_argument("--posts", type=int, default=300)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--probe", type=int, metavar="PORT", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.probe:
        probe(asked.probe, asked.tls, asked.seconds)
        return
    print(
        f"{datetime.now(UTC):%d %B %Y}, Python {platform.python_version()}, {os.cpu_count()} processors: "
        f"{asked.readers} readers{' over TLS' if asked.tls else ''}, a pause of {asked.pause:g} s"
    )
    with tempfile.TemporaryDirectory() as folder, node(Path(folder), asked) as (pid, port, tls_port):
        trio.run(write, port, asked.posts)
        before, _ = used(pid)
        figures = trio.run(crowd, tls_port or port, asked)
        after, resident = used(pid)
    show(figures, asked, after - before, resident)


if __name__ == "__main__":
    main()
