"""The site, running in this process on a port of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pyoxigraph import Store

from opendata.server.run import address, listening, server
from opendata.server.settings import Settings
from opendata.server.sources import Source
from opendata.store.disk import manifest
from opendata.store.workers import Limits

FAST = Limits(seconds=1, memory=300_000_000, output=2_000_000)
SETTINGS = Settings(
    base="", workers=2, limits=FAST, client_seconds=10_000, client_queries=64, access_log=False
)

TOKEN = "a-token-of-the-tests"


def empty_store(path: Path) -> Path:
    """A store without packages: all of it is its owner's."""
    path.mkdir(parents=True)
    Store(str(path / "graph")).flush()
    (path / "manifest.json").write_text(manifest("none", {}), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Running:
    """A site that answers at `base`."""

    base: str
    port: int


@contextmanager
def running(source: Source, **settings: object) -> Iterator[Running]:
    """A site over a source of data, for as long as a `with` lasts."""
    line = listening("127.0.0.1", 0)
    chosen = replace(SETTINGS, base=address(line))
    chosen = replace(chosen, **settings)
    started = threading.Event()
    site = server(source, chosen, started.set)
    thread = threading.Thread(target=site.run, args=([line],))
    thread.start()
    try:
        assert started.wait(60)
        yield Running(address(line), line.getsockname()[1])
    finally:
        site.should_exit = True
        thread.join(60)
        line.close()
        assert not thread.is_alive()


@contextmanager
def command(*words: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], dict]]:
    """`opendata serve` on a port of its own, with what it told of itself."""
    asked = [sys.executable, "-m", "opendata.cli", "serve", *words, "--port", "0", "--json"]
    with subprocess.Popen(
        [*asked, "--workers", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"LANG": "en_GB.UTF-8"} | environment,
        text=True,
    ) as server:
        assert server.stdout
        yield server, json.loads("".join(server.stdout.readline() for _ in range(5)))


def ended(server: subprocess.Popen[str]) -> str:
    """What a server has logged, that ends when it is told to and says no more."""
    server.send_signal(signal.SIGTERM)
    out, log = server.communicate(timeout=30)
    assert (server.returncode, out) == (0, "")
    return log
