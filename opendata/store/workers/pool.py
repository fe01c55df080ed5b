"""Many workers for a server: each answers one query at a time, those that end are replaced."""

import asyncio
import logging
import signal
from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from opendata.errors import BusyError, QueryError
from opendata.store.workers import child
from opendata.store.workers.frames import (
    Dump,
    Limits,
    Query,
    Reply,
    Told,
    died,
    late,
    outcome,
    prefixes,
    request,
)
from opendata.store.workers.process import Process, ready, start

_START = 30.0  # seconds in which a worker must have opened its store
_AGAIN = 0.5  # seconds until a worker that could not start is tried again
_TICK = 0.05  # seconds between two looks at what runs
_SLOW = 0.25  # seconds after which a query is slow
_EARLY = 1.0  # seconds in which a query whose worker is killed from outside gets another
_PATIENCE = 10.0  # seconds that a query waits at least for a worker
_WAITING = 64  # queries that wait for each worker at most

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class _Line(asyncio.Protocol):
    """The frames of one worker; at most one reply is awaited."""

    def __init__(self, process: Process, lost: Callable[["_Line"], object]) -> None:
        self.process = process
        self.late = False
        self.began = 0.0  # when it was asked what it works on
        self.slow: Callable[[], object] | None = None
        self.burial: asyncio.Task[tuple[int, str]] | None = None
        self._lost = lost
        self.told: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._data = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        if self._data or len(data) < child.REPLY.size:
            self._data += data
            if len(self._data) < child.REPLY.size:
                return
        found = self._data or data
        what, tired, head, body = child.REPLY.unpack_from(found)
        middle = child.REPLY.size + head
        if len(found) < middle + body:
            if not self._data:
                self._data += data
        elif not self.told.done():
            self._data = bytearray()
            whole = bytes(found[child.REPLY.size : middle]), bytes(found[middle : middle + body])
            self.told.set_result((what, tired, *whole))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.told.done():
            self.told.set_exception(exc or ConnectionResetError())
        else:
            self._lost(self)  # nobody waits for it; it ends on its own where memory is short

    def send(self, frame: bytes) -> asyncio.Future[Told]:
        self.told = asyncio.get_running_loop().create_future()
        assert self._transport
        if self._transport.is_closing():  # it was killed while it had nothing to do
            self.told.set_exception(ConnectionResetError())
        else:
            self._transport.write(frame)
        return self.told

    def end(self) -> None:
        self.late = True
        self.process.popen.kill()

    async def buried(self) -> tuple[int, str]:
        """The exit code and last words; what frees a gigabyte takes its time, so in a thread."""
        if self._transport:
            self._transport.abort()
        if not self.told.done():
            self.told.set_exception(ConnectionResetError())
        if not self.told.cancelled():
            self.told.exception()  # nobody may have waited for it
        return await asyncio.to_thread(self.process.bury)


class Pool:
    """`size` workers over the graph folder of a store."""

    def __init__(self, graph: Path, limits: Limits | None = None, size: int = 2) -> None:
        self.graph = graph
        self.limits = limits or Limits()
        self.size = size
        self.sealed = True  # whether no worker reaches the network
        self._prefixes = prefixes()
        self._idle: list[_Line] = []
        self._all: set[_Line] = set()
        self._waiting: deque[tuple[float, asyncio.Future[_Line]]] = deque()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._open = False
        self._running = 0
        self._quiet: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop
        self._timer: asyncio.TimerHandle | None = None

    @property
    def processes(self) -> list[int]:
        """The ids of the workers' processes."""
        return sorted(line.process.popen.pid for line in self._all)

    async def open(self) -> None:
        """Start the workers.

        Raises:
            QueryError: they cannot open the store.
        """
        self._open = True
        self._loop = asyncio.get_running_loop()
        self._look()
        started = await asyncio.gather(
            *(self._start() for _ in range(self.size)), return_exceptions=True
        )
        for line in started:
            if isinstance(line, BaseException):
                await self.close()
                raise line
            self._give(line)

    async def close(self) -> None:
        """End the workers; who waits is told that there is none."""
        self._open = False
        if self._timer:
            self._timer.cancel()
        for _, waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(_busy())
        self._waiting.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        lines, self._all, self._idle = self._all, set(), []
        await asyncio.gather(*(line.buried() for line in lines))

    async def drain(self) -> None:
        """Come back when no query is worked on."""
        while self._running:
            self._quiet = asyncio.get_running_loop().create_future()
            await self._quiet

    async def ask(self, ask: Query | Dump, slow: Callable[[], object] | None = None) -> Reply:
        """The answer to a query. Who stops waiting for it ends the worker that works on it.

        `slow` is called once, should the query take longer than most.

        Raises:
            QueryError: which of its kinds says why there is none.
        """
        frame, loop = request(ask, self.limits), self._loop
        while True:
            line = self._idle.pop() if self._idle else await self._free()
            began = line.began = loop.time()
            line.slow = slow
            self._running += 1
            try:
                told = await line.send(frame)
                break
            except OSError as error:
                buried = self._lose(line)
                if line.late:
                    raise late(self.limits) from error
                code, words = await asyncio.shield(buried)
                if code != -signal.SIGKILL or loop.time() - began > _EARLY:
                    raise died(code, words, self.limits) from error
                # It was killed from outside, while it had hardly begun: another tries.
            except BaseException:
                self._lose(line)
                raise
            finally:
                line.began = 0.0
                self._running -= 1
                if not self._running and self._quiet and not self._quiet.done():
                    self._quiet.set_result(None)
        if told[1]:
            self._lose(line)
        else:
            self._give(line)
        return outcome(told, ask, self.limits, loop.time() - began)

    def _look(self) -> None:
        """End what runs too long, and tell who waits too long; again and again, for timers cost more."""
        now = self._loop.time()
        for line in self._all:
            took = now - line.began if line.began else 0.0
            if took > self.limits.seconds:
                line.end()
            elif took > _SLOW and line.slow:
                line.slow()
                line.slow = None
        while self._waiting and self._waiting[0][0] < now:
            _, waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(_busy())
        if self._open:
            self._timer = self._loop.call_later(_TICK, self._look)

    def _give(self, line: _Line) -> None:
        """A worker for who has waited longest, or for later."""
        while self._waiting:
            _, waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(line)
                return
        self._idle.append(line)

    async def _free(self) -> _Line:
        if not self._open or len(self._waiting) >= _WAITING * self.size:
            raise _busy()
        waiter: asyncio.Future[_Line] = self._loop.create_future()
        self._waiting.append((self._loop.time() + max(self.limits.seconds, _PATIENCE), waiter))
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self._give(waiter.result())  # it came too late
            raise

    def _lose(self, line: _Line) -> asyncio.Task[tuple[int, str]]:
        """End a worker and start another; the task brings its exit code and last words."""
        if line.burial is None:
            self._all.discard(line)
            if line in self._idle:
                self._idle.remove(line)
            line.burial = self._task(line.buried())
            if self._open:
                self._task(self._replace())
        return line.burial

    def _task(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _replace(self) -> None:
        while self._open:
            try:
                line = await self._start()
            except (OSError, QueryError):
                _log.exception("a worker could not be started")
                await asyncio.sleep(_AGAIN)
            else:
                self._give(line)
                return

    async def _start(self) -> _Line:
        process = await asyncio.to_thread(start, self.graph, self.limits, self._prefixes)
        line = _Line(process, self._gone)
        self._all.add(line)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_unix_connection(lambda: line, sock=process.line)
            async with asyncio.timeout(_START):
                what, _, _, body = await line.told
            self.sealed &= ready(self.graph, what, body)
        except BaseException:
            self._all.discard(line)
            await line.buried()
            raise
        return line

    def _gone(self, line: _Line) -> None:
        if line in self._all:
            self._lose(line)

    async def __aenter__(self) -> Self:
        """The pool, with its workers started."""
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End what was started."""
        await self.close()


def _busy() -> BusyError:
    return BusyError(
        "正在处理的查询太多，请稍后再试。", "Too many queries wait already; try again later."
    )
