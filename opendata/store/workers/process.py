"""A worker's process: started, and buried."""

import json
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO

from opendata.errors import QueryError
from opendata.store.workers import child
from opendata.store.workers.frames import Limits

_WORDS = 4096  # bytes of last words that are read


@dataclass(frozen=True, slots=True)
class Process:
    """A process, the socket to it, and the file of its last words."""

    popen: subprocess.Popen[bytes]
    line: socket.socket
    words: IO[bytes]
    burial: Lock = field(default_factory=Lock, repr=False)

    def bury(self) -> tuple[int, str]:
        """End it, if it has not ended; its exit code and its last words, which are told once."""
        self.popen.kill()
        code = self.popen.wait()
        with self.burial:  # two may find it dead at once
            if self.words.closed:
                return code, ""
            self.line.close()
            self.words.seek(0)
            told = self.words.read(_WORDS).decode("utf-8", "replace")
            self.words.close()
        return code, told


def start(graph: Path, limits: Limits, prefixes: dict[str, str]) -> Process:
    """A worker that opens a store; its first frame says whether it could (`ready`)."""
    told = {
        "graph": str(graph.absolute()),
        "memory": limits.memory,
        "files": limits.files,
        "prefixes": prefixes,
    }
    data = json.dumps(told).encode()
    ours, theirs = socket.socketpair()
    words = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the process
    try:
        popen = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-I", child.__file__],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=words,
            cwd="/",
            env={"RUST_BACKTRACE": "0"},
        )
    except OSError:
        ours.close()
        words.close()
        raise
    finally:
        theirs.close()
    process = Process(popen, ours, words)
    try:
        ours.sendall(child.REQUEST.pack(len(data)) + data)
    except OSError:
        process.bury()
        raise
    return process


def ready(graph: Path, what: int, body: bytes) -> bool:
    """Whether the worker that said this is sealed off from the network.

    Raises:
        QueryError: it cannot open the store.
    """
    if what != child.READY:
        told = body.decode("utf-8", "replace")
        raise QueryError(f"{graph}：无法打开（{told}）。", f"{graph}: cannot be opened ({told}).")
    return body == b"1"
