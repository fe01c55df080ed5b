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
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx

ROOT = Path(__file__).parent.parent
NAME = "430105-306001-2023"
EXAMPLE = ROOT / "datapackages" / NAME
BIN = Path(sys.executable).parent
BASE = "https://w3id.org/open-budget/data/"
PATIENCE = 60  # seconds after which an answer is taken to hang
JSON = "application/sparql-results+json"


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


def bombs() -> dict[str, tuple[str, str, bytes, str]]:
    """Method, path, content and its type of each."""

    def query(text: str) -> tuple[str, str, bytes, str]:
        return "POST", "sparql", text.encode(), "application/sparql-query"

    values = "{" + " 1" * 15_000 + "}"
    deep = b'{"@graph":' * 20_000 + b"{}" + b"}" * 20_000
    return {
        "nested braces": query("SELECT * " + "{" * 3000 + "}" * 3000),
        "cartesian product": query(
            "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c = ?f && ?f = ?i) }"
        ),
        "ORDER BY on everything": query("SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f"),
        "property paths": query(
            "SELECT (COUNT(*) AS ?n) { ?a (!<x:a>|^!<x:b>)*/(!<x:c>|^!<x:d>)*/(!<x:e>|^!<x:f>)* ?b }"
        ),
        "regex": query(
            "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f FILTER(REGEX(CONCAT(STR(?c), STR(?f)), '(a*)*(b|a)*c{50}$')) }"
        ),
        "huge VALUES": query(
            f"SELECT (COUNT(*) AS ?n) {{ VALUES ?x {values} VALUES ?y {values} FILTER(?x != ?y) }}"
        ),
        "CONSTRUCT of everything": query(
            "CONSTRUCT { ?a ?b ?c . ?d ?e ?f } { ?a ?b ?c . ?d ?e ?f }"
        ),
        "deep JSON-LD upload": ("POST", "graphs?default", deep, "application/ld+json"),
    }


def private(process: int) -> int:
    """Bytes that a process and its children have for themselves."""
    total = 0
    for number in [process, *children(process)]:
        with contextlib.suppress(OSError):
            _, resident, shared, *_ = Path(f"/proc/{number}/statm").read_text().split()
            total += (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return total


def lookup(client: httpx.Client, iri: str) -> float:
    """Seconds that a look-up took; its answer is looked at."""
    began = time.perf_counter()
    answer = client.get("sparql", params={"query": f"SELECT ?p ?o {{ <{iri}> ?p ?o }}"})
    took = time.perf_counter() - began
    assert len(answer.json()["results"]["bindings"]) > 3, answer.text
    return took


def explode(folder: Path, names: list[str]) -> None:
    iri = f"{BASE}budget/{names[0]}"
    limits = "--timeout", "3", "--memory", "600"
    print(
        "bombs: the status; milliseconds of the next look-up, at once and 1 s later; memory 1 s later"
    )
    with (
        opendata_server(folder, *limits) as (address, server),
        httpx.Client(base_url=address.removesuffix("sparql"), timeout=60) as client,
    ):
        for _ in range(20):
            lookup(client, iri)
        rest = private(server.pid)
        for name, (method, path, content, kind) in bombs().items():
            answer = client.request(method, path, content=content, headers={"content-type": kind})
            first = lookup(client, iri)
            time.sleep(1)
            second = lookup(client, iri)
            memory = (private(server.pid) - rest) / 2**20
            print(
                f"  {name:<24} {answer.status_code}  {first * 1000:5.0f} {second * 1000:5.0f} ms  {memory:+6.0f} MB"
            )


@dataclass
class Load:
    """A mixed load on a server until `end`, and what came back."""

    client: httpx.AsyncClient
    end: float
    found: Counter = field(default_factory=Counter)
    slowest: float = 0.0

    @property
    def on(self) -> bool:
        return time.monotonic() < self.end

    async def ask(self, text: str, kind: str) -> httpx.Response | None:
        """An answer of 200; whatever else comes is counted."""
        began = time.monotonic()
        asked = self.client.post("sparql", data={"query": text, "format": "json"})
        try:
            answer = await asyncio.wait_for(asked, PATIENCE)
        except (TimeoutError, httpx.TransportError) as error:
            self.found[f"{kind}: {type(error).__name__}"] += 1
            self.found["hung"] += 1
            return None
        if kind != "bomb":
            self.slowest = max(self.slowest, time.monotonic() - began)
        self.found[f"{kind} {answer.status_code}"] += 1
        return answer if answer.status_code == 200 else None

    async def look_up(self, expected: dict[str, int], number: int) -> None:
        dice, iris = random.Random(number), list(expected)
        while self.on:
            iri = dice.choice(iris)
            answer = await self.ask(f"SELECT (COUNT(*) AS ?n) {{ <{iri}> ?p ?o }}", "look-up")
            if answer:
                count = int(answer.json()["results"]["bindings"][0]["n"]["value"])
                self.found["right" if count == expected[iri] else "wrong"] += 1

    async def add_up(self) -> None:
        first = None
        while self.on:
            answer = await self.ask(
                "SELECT (SUM(?a) AS ?sum) { ?p a ob:Project ; ob:amount ?a }", "sum"
            )
            if answer:
                first = first or answer.content
                self.found["right" if answer.content == first else "wrong"] += 1
            await asyncio.sleep(0.5)

    async def explode(self) -> None:
        heavy = [content.decode() for _, path, content, _ in bombs().values() if path == "sparql"]
        while self.on:
            for text in heavy:
                await self.ask(text, "bomb")

    async def kill(self, process: int) -> None:
        while self.on:
            await asyncio.sleep(1)
            if workers := children(process):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(random.choice(workers), signal.SIGKILL)
                    self.found["kills"] += 1


def counted(folder: Path, names: list[str]) -> dict[str, int]:
    """How many triples some subjects have, counted in the files."""
    found: dict[str, int] = {}
    for name in names:
        found |= dict.fromkeys(subjects(folder, [name])[:40], 0)
        for line in (folder / name / "budget.nt").read_text("utf-8").splitlines():
            if (subject := line[1 : line.index(">")]) in found:
                found[subject] += 1
    return found


async def soak(folder: Path, names: list[str], minutes: float) -> None:
    """Look-ups, sums and bombs, while workers are killed: what came back."""
    expected = counted(folder, names)
    limits = "--timeout", "2", "--memory", "600"
    with opendata_server(folder, *limits, workers=4) as (address, server):
        base = address.removesuffix("sparql")
        async with httpx.AsyncClient(base_url=base, timeout=None) as client:
            load = Load(client, time.monotonic() + minutes * 60)
            await load.ask("ASK {}", "sum")
            rest = private(server.pid)
            readers = (load.look_up(expected, number) for number in range(6))
            work = *readers, load.add_up(), load.explode(), load.kill(server.pid)
            await asyncio.gather(*work)
            await asyncio.sleep(3)
            memory = (private(server.pid) - rest) / 2**20
    print(f"mixed load for {minutes:g} minutes: {dict(sorted(load.found.items()))}")
    print(f"  slowest look-up or sum {load.slowest:.1f} s, memory {memory:+.0f} MB")
    print(f"  wrong {load.found['wrong']}, hung {load.found['hung']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--packages", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--soak", type=float, default=0.25, metavar="MINUTES")
    parser.add_argument("--only", choices=("lookups", "bombs", "soak"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "packages"
        names = make_packages(folder, args.packages)
        if args.only in (None, "lookups"):
            compare(folder, names, args.seconds, args.connections)
        if args.only in (None, "bombs"):
            explode(folder, names)
        if args.only in (None, "soak"):
            asyncio.run(soak(folder, names, args.soak))


if __name__ == "__main__":
    main()
