"""Queries answered in processes of their own, that end when they take too long or too much.

::

    with Worker(store / "graph", Limits(seconds=5)) as worker:
        worker.ask(Query(text="SELECT * { ?s ?p ?o } LIMIT 10")).body

`pool.Pool` is the same for a server, with many at a time.
"""

import socket
import time
from pathlib import Path
from typing import Self

from opendata.store.workers import child
from opendata.store.workers.frames import (
    Change,
    Dump,
    Limits,
    Query,
    Reply,
    Update,
    Upload,
    died,
    late,
    outcome,
    prefixes,
    request,
)
from opendata.store.workers.process import Process, ready, start

__all__ = ["Change", "Dump", "Limits", "Query", "Reply", "Update", "Upload", "Worker", "prefixes"]

_START = 30.0  # seconds in which a worker must have opened its store


class Worker:
    """One worker over the graph folder of a store; started at the first query, again after its end."""

    def __init__(self, graph: Path, limits: Limits | None = None) -> None:
        self.graph = graph
        self.limits = limits or Limits()
        self._process: Process | None = None

    def ask(self, ask: Query | Dump | Change) -> Reply:
        """The answer to a query; an empty one where a change was made.

        Raises:
            QueryError: which of its kinds says why there is none.
            OutputError: a change cannot be written.
        """
        frame = request(ask, self.limits)
        process = self._started()
        end = time.monotonic() + self.limits.seconds
        try:
            _send(process.line, frame, end)
            told = _receive(process.line, end)
        except TimeoutError as error:
            self.close()
            raise late(self.limits) from error
        except OSError as error:
            raise died(*self._buried(process), self.limits) from error
        except BaseException:
            self.close()  # Ctrl-C: what it would reply is nobody's answer
            raise
        if told[1]:
            self.close()
        return outcome(told, ask, self.limits)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process:
            self._buried(self._process)

    def _started(self) -> Process:
        if self._process and self._process.popen.poll() is not None:
            self.close()  # it was killed while it had nothing to do
        if self._process is None:
            self._process = start(self.graph, self.limits, prefixes())
            try:
                what, _, _, body = _receive(self._process.line, time.monotonic() + _START)
            except OSError as error:
                raise died(*self._buried(self._process), self.limits) from error
            if what != child.READY:
                self.close()
            ready(self.graph, what, body)
        return self._process

    def _buried(self, process: Process) -> tuple[int, str]:
        self._process = None
        return process.bury()

    def __enter__(self) -> Self:
        """The worker; it starts with the first query."""
        return self

    def __exit__(self, *_: object) -> None:
        """End what was started."""
        self.close()


def _send(line: socket.socket, data: bytes, end: float) -> None:
    line.settimeout(max(0.001, end - time.monotonic()))
    line.sendall(data)


def _receive(line: socket.socket, end: float) -> tuple[int, int, bytes, bytes]:
    what, tired, head, body = child.REPLY.unpack(_read(line, child.REPLY.size, end))
    return what, tired, _read(line, head, end), _read(line, body, end)


def _read(line: socket.socket, size: int, end: float) -> bytes:
    data = bytearray()
    while len(data) < size:
        line.settimeout(max(0.001, end - time.monotonic()))
        more = line.recv(min(size - len(data), 1 << 20))
        if not more:
            raise ConnectionResetError
        data += more
    return bytes(data)
