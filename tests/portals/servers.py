"""Real servers, each in a folder and on a port of its own, for as long as a `with` lasts."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from .maven import CACHE, jars

PATIENCE = 180  # seconds until a server must answer


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def program(name: str, package: str) -> str:
    """Where a program is; without it a test is skipped, but not in CI."""
    found = shutil.which(
        name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if not found:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed: {package}")
        pytest.skip(f"{name} is not installed: {package}")
    return found


@contextmanager
def running(command: list[str], folder: Path, address: str) -> Iterator[None]:
    """A server that answers at an address."""
    with (folder / "server.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            _wait(server, folder, address)
            yield
        finally:
            stop(server)


def stop(server: subprocess.Popen) -> None:
    """End a server, by force where it does not end by itself."""
    server.terminate()
    try:
        server.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _wait(server: subprocess.Popen, folder: Path, address: str) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            httpx.get(address, timeout=5)
        except httpx.TransportError:
            told = (folder / "server.log").read_text(encoding="utf-8", errors="replace")
            assert server.poll() is None, told
            assert time.monotonic() < end, told
            time.sleep(0.1)
        else:
            return


@contextmanager
def oxigraph(folder: Path) -> Iterator[str]:
    """Oxigraph's Graph Store address."""
    port = free_port()
    command = [
        program("oxigraph", "pip install oxigraph"),
        "serve",
        "--location",
        str(folder / "data"),
    ]
    with running([*command, "--bind", f"127.0.0.1:{port}"], folder, f"http://127.0.0.1:{port}/"):
        yield f"http://127.0.0.1:{port}/store"


@contextmanager
def fuseki(folder: Path) -> Iterator[str]:
    """Fuseki's Graph Store address, of a data set on the disk."""
    java = program("java", "apt-get install default-jdk-headless")
    mvn = program("mvn", "apt-get install maven")
    version = "5.6.0"
    artifact = f"org.apache.jena:jena-fuseki-server:{version}"
    classes = jars(mvn, f"fuseki-{version}", artifact, alone=True)
    port = free_port()
    (folder / "data").mkdir()
    command = [java, "-Xmx768m", "-jar", str(classes / f"jena-fuseki-server-{version}.jar")]
    options = ["--localhost", f"--port={port}", "--tdb2", "--loc=data", "--update", "/budgets"]
    with running([*command, *options], folder, f"http://127.0.0.1:{port}/$/ping"):
        yield f"http://127.0.0.1:{port}/budgets/data"


@contextmanager
def udata(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """udata's address, and what `udata_server` tells of its people."""
    python = _udata_python()
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [str(python), str(Path(__file__).parent / "udata_server.py"), str(folder), str(port)]
    with running(command, folder, f"{address}/api/1/datasets/extensions/"):
        yield address, json.loads((folder / "told.json").read_text(encoding="utf-8"))


def _udata_python() -> Path:
    """The Python of an environment with udata, which asks for versions of its own; made once."""
    venv = CACHE / "udata-17"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "udata-17.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (venv / "complete").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
            pip = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet"]
            subprocess.run([*pip, "udata>=17.18,<18", "mongomock>=4.3,<5"], check=True)
            (venv / "complete").touch()
    return venv / "bin/python"


@contextmanager
def virtuoso(folder: Path, allowed: Path | None = None) -> Iterator[str]:
    """Virtuoso's Graph Store address, which wants the name dba and the password dba, by Digest.

    Its loader may read the files of the `allowed` folder; its SQL port stands in `virtuoso.ini`.
    """
    command = program("virtuoso-t", "apt-get install virtuoso-opensource-7-bin")
    sql, web = free_port(), free_port()
    (folder / "virtuoso.ini").write_text(
        "[Database]\nDatabaseFile = virtuoso.db\nErrorLogFile = virtuoso.log\nLockFile = virtuoso.lck\n"
        "TransactionFile = virtuoso.trx\nxa_persistent_file = virtuoso.pxa\n"
        f"[Parameters]\nServerPort = {sql}\nNumberOfBuffers = 10000\nMaxDirtyBuffers = 6000\n"
        f"DirsAllowed = {allowed or folder}\n"
        f"[HTTPServer]\nServerPort = {web}\nServerThreads = 4\n",
        encoding="utf-8",
    )
    with running(
        [command, "+configfile", "virtuoso.ini", "+foreground"],
        folder,
        f"http://127.0.0.1:{web}/sparql",
    ):
        yield f"http://127.0.0.1:{web}/sparql-graph-crud-auth"
