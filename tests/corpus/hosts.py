"""A Dask cluster of processes, or of hosts that are network namespaces; workers die and lines are cut."""

import os
import random
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.portals.servers import free_port, program

# A cluster notices within seconds what is gone; by itself it waits for minutes.
QUICK = {
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "4s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
    "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "60s",
}
NET = "10.201.77"
TIMES = 3


@dataclass
class Cluster:
    """`hosts` are how a program is run on each; what happened to them stands in `told`."""

    address: str
    folder: Path
    hosts: list[list[str]]
    links: list[str] = field(default_factory=list)
    workers: dict[int, subprocess.Popen] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def start(self, number: int) -> None:
        """Start the worker of a host, where it does not run."""
        if number in self.workers and self.workers[number].poll() is None:
            return
        dask = program("dask", "pip install 'opendata[dask]'")
        command = [
            *self.hosts[number],
            dask,
            "worker",
            self.address,
            "--no-nanny",
            "--nthreads",
            "1",
        ]
        command += ["--no-dashboard", "--local-directory", str(self.folder / f"worker{number}")]
        self.workers[number] = _run(command, self.folder / f"worker{number}.log")

    def kill(self, number: int) -> None:
        """Kill a worker where it stands."""
        self.told.append(f"kill {number}")
        self.workers[number].kill()
        self.workers[number].wait()

    def cut(self, number: int, *, back: bool) -> None:
        """Cut the line to a host, or mend it."""
        self.told.append(f"{'mend' if back else 'cut'} {number}")
        _ip("link", "set", self.links[number], "up" if back else "down")

    def close(self) -> None:
        for worker in self.workers.values():
            worker.kill()
            worker.wait()


def _run(command: list[str], log: Path) -> subprocess.Popen:
    with log.open("a", encoding="utf-8") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ, **QUICK})


@contextmanager
def processes(folder: Path, count: int) -> Iterator[Cluster]:
    """A scheduler and some workers on this machine."""
    port = free_port()
    with _scheduler(folder, [], "127.0.0.1", port):
        cluster = Cluster(f"tcp://127.0.0.1:{port}", folder, [[] for _ in range(count)])
        try:
            yield cluster
        finally:
            cluster.close()


@contextmanager
def _scheduler(folder: Path, host: list[str], address: str, port: int) -> Iterator[None]:
    dask = program("dask", "pip install 'opendata[dask]'")
    command = [*host, dask, "scheduler", "--host", address, "--port", str(port), "--no-dashboard"]
    scheduler = _run(command, folder / "scheduler.log")
    try:
        yield
    finally:
        scheduler.kill()
        scheduler.wait()


@contextmanager
def namespaces(folder: Path, count: int) -> Iterator[Cluster]:
    """Hosts with a network of their own each, on a bridge; only root can make them."""
    if os.geteuid() != 0 or not program("ip", "apt-get install iproute2"):
        pytest.skip("network namespaces want root")
    mark = f"od{os.getpid() % 10000}"
    bridge, names = f"{mark}b", [f"{mark}n{number}" for number in range(count + 1)]
    try:
        try:
            _ip("link", "add", bridge, "type", "bridge")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces here: {error.stderr}")
        _ip("addr", "add", f"{NET}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for number, name in enumerate(names):
            _host(bridge, name, f"{NET}.{number + 10}")
        hosts = [["ip", "netns", "exec", name] for name in names]
        with _scheduler(folder, hosts[0], f"{NET}.10", 8786):
            links = [f"{name}v" for name in names[1:]]
            cluster = Cluster(f"tcp://{NET}.10:8786", folder, hosts[1:], links)
            try:
                yield cluster
            finally:
                cluster.close()
    finally:
        for name in names:
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "del", name)
        with suppress(subprocess.CalledProcessError):
            _ip("link", "del", bridge)


def _host(bridge: str, name: str, address: str) -> None:
    _ip("netns", "add", name)
    _ip("link", "add", f"{name}v", "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("link", "set", f"{name}v", "master", bridge, "up")
    _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
    _ip("-n", name, "link", "set", "eth0", "up")
    _ip("-n", name, "link", "set", "lo", "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@contextmanager
def trouble(steps: Iterator[float], calm: Callable[[], object]) -> Iterator[None]:
    """While it lasts, steps are taken in another thread, each with the seconds to wait after it."""
    done = threading.Event()

    def go() -> None:
        for seconds in steps:
            if done.wait(seconds):
                break

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        calm()


def kills(cluster: Cluster, seed: int, begun: Path) -> Iterator[float]:
    """Workers are killed at random and started again, a few times, once the first package is there."""
    chance = random.Random(seed)
    yield from _until(begun)
    for _ in range(TIMES):
        number = chance.choice(sorted(cluster.workers))
        cluster.kill(number)
        cluster.start(number)
        yield chance.uniform(0.3, 1.5)


def kills_and_cuts(cluster: Cluster, seed: int, begun: Path) -> Iterator[float]:
    """Workers are killed and lines are cut at random, a few times; all come back."""
    chance = random.Random(seed)
    yield from _until(begun)
    for number in chance.sample(sorted(cluster.workers) * TIMES, TIMES):
        cluster.cut(number, back=False)
        yield chance.uniform(0.5, 3.0)
        cluster.cut(number, back=True)
        other = chance.choice(sorted(cluster.workers))
        cluster.kill(other)
        cluster.start(other)
        yield chance.uniform(0.3, 1.0)


def _until(begun: Path) -> Iterator[float]:
    while not (begun.is_dir() and any(begun.iterdir())):
        yield 0.05
