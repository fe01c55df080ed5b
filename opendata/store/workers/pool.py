"""Many workers for a server: each works on one query at a time, those that end are replaced."""

import asyncio
import logging
import signal
from collections import deque
from collections.abc import Callable, Coroutine
from itertools import chain, repeat
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
_TICK = 0.02  # seconds between two looks at what runs
_QUICK = 0.01  # seconds after whose beginning a query may have another behind it
_SLOW = 0.25  # seconds after which a query is slow
_EARLY = 1.0  # seconds in which a query whose worker is killed from outside gets another
_PATIENCE = 10.0  # seconds that a query waits at least for a worker
_WAITING = 64  # queries that wait for each worker at most

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class _AgainError(Exception):
    """A query was not begun, or was taken from a worker that is slow: another gets it."""


class _Asked:
    """A query that a worker was sent; `slow` is called where it takes long."""

    __slots__ = ("slow", "told")

    def __init__(
        self, told: "asyncio.Future[tuple[Told, float]]", slow: Callable[[], object] | None
    ) -> None:
        self.told = told
        self.slow = slow


class _Line(asyncio.Protocol):
    """The frames of one worker, which works on one query and may have the next one there already.

    So it does not wait for this process between two; `load` counts the places that are taken.
    """

    def __init__(
        self,
        process: Process,
        freed: Callable[["_Line"], object],
        lost: Callable[["_Line"], object],
    ) -> None:
        self.process = process
        self.late = False
        self.load = 1
        self.began = 0.0  # when it began what it works on
        self.burial: asyncio.Task[tuple[int, str]] | None = None
        self.asked: deque[_Asked] = deque()
        self._freed, self._lost = freed, lost
        self._loop = asyncio.get_running_loop()
        self._data = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        self._data += data
        while len(self._data) >= child.REPLY.size:
            what, tired, head, body = child.REPLY.unpack_from(self._data)
            middle = child.REPLY.size + head
            if len(self._data) < middle + body:
                return
            words = bytes(self._data[child.REPLY.size : middle])
            told = what, tired, words, bytes(self._data[middle : middle + body])
            del self._data[: middle + body]
            self._tell(told)

    def _tell(self, told: Told) -> None:
        now = self._loop.time()
        asked, took = self.asked.popleft(), now - self.began
        self.began = now if self.asked else 0.0
        if not asked.told.done():  # else who asked has left, or has asked another
            asked.told.set_result((told, took))
        self._freed(self)

    def connection_lost(self, exc: Exception | None) -> None:
        errors = chain((exc or ConnectionResetError(),), repeat(_AgainError()))
        for asked, error in zip(self.asked, errors, strict=False):
            if not asked.told.done():
                asked.told.set_exception(error)
        self.asked.clear()
        self._lost(self)

    def expect(self, slow: Callable[[], object] | None = None) -> _Asked:
        """What the worker is going to say next."""
        asked = _Asked(self._loop.create_future(), slow)
        if not self.asked:
            self.began = self._loop.time()
        self.asked.append(asked)
        return asked

    def send(self, frame: bytes, slow: Callable[[], object] | None) -> _Asked:
        """What becomes of a query.

        Raises:
            _AgainError: the worker was killed while it had nothing to do.
        """
        if not self.lives:
            raise _AgainError
        assert self._transport
        self._transport.write(frame)
        return self.expect(slow)

    def end(self) -> None:
        self.late = True
        self.process.popen.kill()

    @property
    def lives(self) -> bool:
        """Whether it can be sent a query."""
        line = self._transport
        return line is not None and not line.is_closing() and not self.burial

    def works_on(self, asked: _Asked) -> bool:
        """Whether the worker is at this query now."""
        return bool(self.asked) and self.asked[0] is asked

    async def buried(self) -> tuple[int, str]:
        """The exit code and last words; what frees a gigabyte takes its time, so in a thread."""
        if self._transport:
            self._transport.abort()  # who still waits is told by `connection_lost`
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
            self._freed(line)

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
        frame, began = request(ask, self.limits), self._loop.time()
        self._running += 1
        try:
            while True:
                line = self._place() or await self._free()
                try:
                    told, took = await self._told(line, frame, slow)
                except _AgainError:
                    continue
                except OSError as error:
                    buried = self._lose(line)
                    if line.late:
                        raise late(self.limits) from error
                    code, words = await asyncio.shield(buried)
                    if code != -signal.SIGKILL or self._loop.time() - began > _EARLY:
                        raise died(code, words, self.limits) from error
                    continue  # it was killed from outside, while it had hardly begun
                if told[1]:
                    self._lose(line)
                return outcome(told, ask, self.limits, took)
        finally:
            self._running -= 1
            if not self._running and self._quiet and not self._quiet.done():
                self._quiet.set_result(None)

    async def _told(
        self, line: _Line, frame: bytes, slow: Callable[[], object] | None
    ) -> tuple[Told, float]:
        asked = line.send(frame, slow)
        try:
            return await asked.told
        except asyncio.CancelledError:
            if line.works_on(asked):
                self._lose(line)
            raise

    def _look(self) -> None:
        """End what runs too long, and tell who waits too long; again and again, for timers cost more."""
        now = self._loop.time()
        for line in tuple(self._all):
            if line.asked:
                self._look_at(line, now - line.began)
        while self._waiting and self._waiting[0][0] < now:
            _, waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(_busy())
        if self._open:
            self._timer = self._loop.call_later(_TICK, self._look)

    def _look_at(self, line: _Line, took: float) -> None:
        at, *next_ones = line.asked
        if took > _TICK:
            for asked in next_ones:
                if not asked.told.done():
                    asked.told.set_exception(_AgainError())
        if took > self.limits.seconds:
            line.end()
        elif took > _SLOW and at.told.done():
            self._lose(line)  # nobody waits for this any more
        elif took > _SLOW and at.slow:
            at.slow()
            at.slow = None

    def _place(self) -> _Line | None:
        """A worker that does nothing, else one that has begun its query just now."""
        if self._idle:
            line = self._idle.pop()
            line.load += 1
            return line
        soon = self._loop.time() - _QUICK
        for line in self._all:
            if line.load == 1 and line.began > soon and not line.burial:
                line.load += 1
                return line
        return None

    def _freed(self, line: _Line) -> None:
        """A place of a worker is free: for who has waited longest, or for later."""
        line.load -= 1
        if line.burial:
            return
        while self._waiting:
            _, waiter = self._waiting.popleft()
            if not waiter.done():
                line.load += 1
                waiter.set_result(line)
                return
        if not line.load:
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
                self._freed(waiter.result())  # it came too late
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
                self._freed(line)
                return

    async def _start(self) -> _Line:
        process = await asyncio.to_thread(start, self.graph, self.limits, self._prefixes)
        line = _Line(process, self._freed, self._gone)
        hello = line.expect()
        line.load += 1  # one for this word, one until it is known to be ready
        loop = asyncio.get_running_loop()
        try:
            await loop.create_unix_connection(lambda: line, sock=process.line)
            async with asyncio.timeout(_START):
                (what, _, _, body), _ = await hello.told
            self.sealed &= ready(self.graph, what, body)
            if not line.lives:
                raise ConnectionResetError
        except BaseException:
            await line.buried()
            raise
        self._all.add(line)
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
