"""opendata serve against the bare oxigraph server, its peer: look-ups a second; then bombs, and a soak.

    python benchmarks/endpoint.py                    a minute or two
    python benchmarks/endpoint.py --soak 10          ten minutes of mixed load with kills of workers
    python benchmarks/endpoint.py --packages 100 --seconds 10

Both answer the same distinct look-ups over the same triples, from the same client, one after the other.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx

ROOT = Path(__file__).parent.parent
NAME = "430105-306001-2023"
EXAMPLE = ROOT / "datapackages" / NAME
BIN = Path(sys.executable).parent
BASE = "https://w3id.org/open-budget/data/"
JSON = "application/sparql-results+json"
EVERYTHING = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


def make_packages(folder: Path, count: int) -> list[str]:
    """Copies of the example under other codes; the names of their budgets."""
    names = []
    for number in range(count):
        name = f"430105-{400000 + number}-2023"
        new = folder / name
        shutil.copytree(EXAMPLE, new)
        for path in [new / "datapackage.json", *new.glob("*.nt"), *new.glob("*.ttl")]:
            path.write_text(path.read_text("utf-8").replace(NAME, name), "utf-8")
        names.append(name)
    return names


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def running(command: list[str], address: str) -> Iterator[subprocess.Popen]:
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                httpx.get(address)
                break
            assert server.poll() is None, command
            time.sleep(0.1)
        yield server
    finally:
        server.terminate()
        server.wait(30)


@contextlib.contextmanager
def opendata_server(
    folder: Path, *more: str, workers: int = 2
) -> Iterator[tuple[str, subprocess.Popen]]:
    port = free_port()
    command = [str(BIN / "opendata"), "serve", str(folder), "--port", str(port), "--quiet"]
    command += ["--workers", str(workers), "--client-seconds", "100000", "--client-queries", "64"]
    with running([*command, *more], f"http://127.0.0.1:{port}/health") as server:
        yield f"http://127.0.0.1:{port}/sparql", server


@contextlib.contextmanager
def oxigraph_server(folder: Path, place: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    files = [str(path) for path in folder.glob("*/budget.nt")]
    program = str(BIN / "oxigraph")
    subprocess.run(
        [program, "load", "--location", str(place), "--file", *files],
        check=True,
        capture_output=True,
    )
    port = free_port()
    command = [program, "serve-read-only", "--location", str(place), "--bind", f"127.0.0.1:{port}"]
    with running(command, f"http://127.0.0.1:{port}/") as server:
        yield f"http://127.0.0.1:{port}/query", server


class Client(asyncio.Protocol):
    """One connection that asks one request after the other."""

    def __init__(self, requests: Iterator[bytes], done: Counter) -> None:
        self.requests, self.done, self.data = requests, done, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.data[:end]).lower()
            if b"transfer-encoding: chunked" in head:
                if not self.data.endswith(b"0\r\n\r\n"):
                    return
                size = len(self.data)
            else:
                size = end + 4 + int(re.search(rb"content-length: (\d+)", head)[1])
                if len(self.data) < size:
                    return
            assert head.startswith(b"http/1.1 200"), head
            assert b'"bindings":[{' in self.data[:size], "an empty answer"
            del self.data[:size]
            self.done["answers"] += 1
            self._next()

    def _next(self) -> None:
        self.transport.write(next(self.requests))


def cpu(process: int) -> float:
    """Seconds of processor time of a process and its children."""
    found = [process, *children(process)]
    total = 0
    for number in found:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def children(process: int) -> list[int]:
    """The processes that a process started."""
    found = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        found += [int(number) for number in task.read_text().split()]
    return found


async def lookups(
    address: str, iris: list[str], seconds: float, connections: int, process: int
) -> tuple[float, float]:
    """Answers a second, and microseconds of processor time that each takes the server."""
    host, path = re.match(r"http://([^/]+)(/.*)", address).groups()

    def requests() -> Iterator[bytes]:
        while True:
            for iri in iris:
                query = quote(f"SELECT ?p ?o {{ <{iri}> ?p ?o }}")
                yield (
                    f"GET {path}?query={query} HTTP/1.1\r\nhost: {host}\r\naccept: {JSON}\r\n\r\n"
                ).encode()

    done: Counter = Counter()
    source = requests()
    loop = asyncio.get_running_loop()
    name, port = host.split(":")
    lines = [
        await loop.create_connection(lambda: Client(source, done), name, int(port))
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds / 4)
    began, before, used = time.perf_counter(), done["answers"], cpu(process)
    await asyncio.sleep(seconds)
    count = done["answers"] - before
    rate = count / (time.perf_counter() - began), (cpu(process) - used) / count * 1e6
    for transport, _ in lines:
        transport.abort()
    return rate


def subjects(folder: Path, names: list[str]) -> list[str]:
    """Projects, indicators and lines of the packages, mixed."""
    found = []
    for name in names:
        text = (folder / name / "budget.nt").read_text("utf-8")
        found += re.findall(
            rf"^<({BASE}(?:project|indicator|line)/[^>#]+)> <[^>]+#type>", text, re.MULTILINE
        )
    random.Random(1).shuffle(found)
    return list(dict.fromkeys(found))


def compare(folder: Path, names: list[str], seconds: float, connections: int) -> None:
    iris = subjects(folder, names)
    found: dict[str, list[tuple[float, float]]] = {"oxigraph": [], "opendata": []}
    with (
        tempfile.TemporaryDirectory() as place,
        oxigraph_server(folder, Path(place) / "s") as bare,
        opendata_server(folder) as ours,
    ):
        for _ in range(3):
            for name, (address, server) in (("oxigraph", bare), ("opendata", ours)):
                work = lookups(address, iris, seconds, connections, server.pid)
                found[name].append(asyncio.run(work))
    (rate, used), (our_rate, our_used) = (sorted(runs)[1] for runs in found.values())
    print(f"look-ups of {len(iris):,} subjects, {connections} connections, median of 3 runs")
    print(f"  oxigraph serve-read-only    {rate:8,.0f}/s {used:6.0f} µs of processor time each")
    print(f"  opendata serve, 2 workers   {our_rate:8,.0f}/s {our_used:6.0f} µs")
    print(f"  opendata / oxigraph         {our_rate / rate:8.0%}   {our_used / used:6.1f} times")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--packages", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=16)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "packages"
        names = make_packages(folder, args.packages)
        compare(folder, names, args.seconds, args.connections)


if __name__ == "__main__":
    main()
