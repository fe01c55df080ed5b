"""The same documents converted by the workers of a Dask cluster, in the same order.

A worker may die at any time: its documents are given to others. One that ends the process that
reads it ends no worker, for workers read in processes of their own (`processes`).
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from opendata.corpus.processes import perform
from opendata.corpus.work import Entry
from opendata.errors import SettingsError
from opendata.extras import missing

if TYPE_CHECKING:
    from opendata.corpus.placing import Planned

AHEAD = 4  # documents given out for each thread of the cluster
SECONDS = 30  # to find the scheduler


def on_cluster(planned: Iterable["Planned"], address: str) -> Iterator[tuple["Planned", Entry]]:
    """Every document with what came of it, in order.

    Raises:
        SettingsError: Dask is missing, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise missing("dask", "distributed") from error
    try:
        client = Client(address, timeout=SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{address}：没有 Dask 调度器应答（{error}）。",
            f"{address}: no Dask scheduler answers ({error}).",
        ) from error
    with client:
        yield from _in_order(client, planned, address)


def _in_order(
    client: Any,  # Dask is imported where it is used
    planned: Iterable["Planned"],
    address: str,
) -> Iterator[tuple["Planned", Entry]]:
    waiting: deque[tuple[Planned, Any]] = deque()
    ahead = max(8, AHEAD * sum(client.nthreads().values()))
    for one in planned:
        if client.status == "closed":
            raise _lost(address)
        future = None if one.kept else client.submit(perform, one.task, pure=False)
        waiting.append((one, future))
        while len(waiting) >= ahead:
            yield _next(waiting)
    while waiting:
        yield _next(waiting)


def _lost(place: str) -> SettingsError:
    return SettingsError(
        f"{place}：与调度器的连接断了；已完成的都已保存，恢复后再次构建会接着做。",
        f"{place}: the scheduler is lost; what was done is kept, and another build goes on from there.",
    )


def _next(waiting: "deque[tuple[Planned, Any]]") -> tuple["Planned", Entry]:
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    planned, future = waiting.popleft()
    if future is None:
        assert planned.kept
        return planned, planned.kept
    assert planned.task
    try:
        return planned, future.result()
    except (KilledWorker, FutureCancelledError):
        # More workers died over it than Dask takes for chance; here it can end one process only.
        return planned, perform(planned.task)
