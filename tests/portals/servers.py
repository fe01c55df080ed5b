"""Real servers, each in a folder and on a port of its own, for as long as a `with` lasts."""

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

PATIENCE = 60  # seconds until a server must answer


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
def virtuoso(folder: Path) -> Iterator[str]:
    """Virtuoso's Graph Store address, which wants the name dba and the password dba, by Digest."""
    command = program("virtuoso-t", "apt-get install virtuoso-opensource-7-bin")
    sql, web = free_port(), free_port()
    (folder / "virtuoso.ini").write_text(
        "[Database]\nDatabaseFile = virtuoso.db\nErrorLogFile = virtuoso.log\nLockFile = virtuoso.lck\n"
        "TransactionFile = virtuoso.trx\nxa_persistent_file = virtuoso.pxa\n"
        f"[Parameters]\nServerPort = {sql}\nNumberOfBuffers = 10000\nMaxDirtyBuffers = 6000\n"
        f"[HTTPServer]\nServerPort = {web}\nServerThreads = 4\n",
        encoding="utf-8",
    )
    with running(
        [command, "+configfile", "virtuoso.ini", "+foreground"],
        folder,
        f"http://127.0.0.1:{web}/sparql",
    ):
        yield f"http://127.0.0.1:{web}/sparql-graph-crud-auth"
