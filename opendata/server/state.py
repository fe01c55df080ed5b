"""What is served: a store as it stood when it was opened, and the next one when it is swapped in."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import Any

from pyoxigraph import Store

from opendata.errors import BusyError, OpendataError, StoreError
from opendata.facts import BASE
from opendata.package import Package
from opendata.server.quota import Quota
from opendata.server.settings import Settings
from opendata.server.sources import Source
from opendata.store.updating import Writer
from opendata.store.workers import Limits, Reply, Update
from opendata.store.workers.pool import Pool

_AGAIN = 5.0  # seconds until a store that could not be opened is tried again
_UPDATES = 16  # updates at most that are worked on or wait
_log = logging.getLogger("opendata.server")


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """One state of the data: its packages by name, its workers, and a digest of all of it.

    `bases` are the IRIs under which the packages name their data, the commonest first.
    """

    source: Source
    pool: Pool
    title: Mapping[str, str]
    kept: dict[str, Any] = field(default_factory=dict)  # what is made once for this state

    @property
    def digest(self) -> str:
        """What a tag of an answer depends on."""
        return self.source.digest

    @property
    def packages(self) -> Mapping[str, Package]:
        """The packages by name."""
        return self.source.packages

    @cached_property
    def graph(self) -> Store:
        """The data set itself, for questions that are ours and short."""
        return Store.read_only(str(self.source.graph))

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """The IRIs under which the packages name their data."""
        found = [package.facts.base for package in self.packages.values()]
        return tuple(sorted(set(found), key=lambda base: (-found.count(base), base))) or (BASE,)


class Served:
    """The state that is served now; a store that was replaced is taken with the next request."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self.source = source
        self.settings = settings
        self.base = settings.base
        self.quota = Quota(settings.client_seconds, settings.client_queries)
        self._snapshot: Snapshot | None = None
        self._next: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._old: dict[asyncio.Task[None], Path] = {}  # what is being left, and its data set
        self._writer = Writer(source.store, self.limits) if source.store else None
        self._writing = asyncio.Lock()
        self._updates = 0

    @property
    def limits(self) -> Limits:
        """What a query may take."""
        return self.settings.limits

    async def open(self) -> None:
        """Start the workers.

        Raises:
            QueryError: they cannot open the graph.
        """
        self._snapshot = await self._opened(self.source)

    async def close(self) -> None:
        """End the workers, and an update that is worked on."""
        self._closing.set()
        if self._writer:
            self._writer.close()
        if self._next:
            await self._next
        await asyncio.gather(*self._old)
        if self._snapshot:
            await self._snapshot.pool.close()

    def now(self) -> Snapshot:
        """The state to answer from; where the store was replaced, the new one is being opened."""
        assert self._snapshot
        if self._next is None and self._snapshot.source.replaced():
            self._next = asyncio.create_task(self._take())
        return self._snapshot

    async def update(self, asked: Update) -> Reply:
        """Change the store and serve what it holds then; one after the other. The reply is empty.

        Raises:
            BusyError: too many wait, or another process is writing the store.
            QueryError, OutputError: it was not made.
            StoreError: it was made, and cannot be served.
        """
        assert self._writer
        if self._updates >= _UPDATES:
            raise BusyError(
                "等待的更新太多，请稍后再试。", "Too many updates wait already; try again later."
            )
        self._updates += 1
        try:
            async with self._writing:
                began, keep = monotonic(), tuple(self._old.values())
                await asyncio.to_thread(self._writer.update, asked, keep)
                await self._renewed()
                return Reply("", b"", monotonic() - began)
        finally:
            self._updates -= 1

    async def _renewed(self) -> None:
        """Come back when what stands in the store is served."""
        while (old := self.now()) and self._next:
            await asyncio.shield(self._next)
            if self._snapshot is old:
                raise StoreError(
                    "更新已写入，但库打不开，网站仍用旧的数据；原因在服务器的日志里。",
                    "The update was made, yet the store cannot be opened and the old one is served on; the "
                    "server's log tells why.",
                )

    async def _opened(self, source: Source) -> Snapshot:
        pool = Pool(source.graph, self.limits, self.settings.workers)
        await pool.open()
        if not pool.sealed:
            _log.warning("workers are not sealed off from the network on this system")
        return Snapshot(source=source, pool=pool, title=self.settings.title)

    async def _take(self) -> None:
        """Put the new state in the place of the old one, which answers what it was asked and ends."""
        old = self._snapshot
        assert old
        try:
            source = await asyncio.to_thread(old.source.again)
            self._snapshot = await self._opened(source)
        except (OpendataError, OSError) as error:
            _log.error("the new store cannot be opened, the old one is served on: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _AGAIN)
        else:
            _log.info("the store was replaced: %d packages", len(source.packages))
            task = asyncio.create_task(_leave(old.pool))
            self._old[task] = old.source.graph
            task.add_done_callback(self._old.pop)
        finally:
            self._next = None


async def _leave(pool: Pool) -> None:
    await pool.drain()
    await pool.close()
