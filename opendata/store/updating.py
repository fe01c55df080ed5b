"""A store changed by updates: graphs of its own, beside those that were published.

What a package or the vocabulary says stays as it was published, and so does the default graph, which
is made of them: an update that would write there is refused. A store without packages is its owner's
whole. Each update is worked on in a copy, by a process that can be ended; the store takes what comes
of it in one step, or stays as it was.
"""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from pyoxigraph import NamedNode, RdfFormat, Store, parse

from opendata.errors import BusyError, OutputError, ProtectedGraphError, QueryError, StoreError
from opendata.output import locked
from opendata.store.disk import (
    MANIFEST,
    OWN,
    DataStore,
    listed,
    manifest,
    open_store,
    updates_folder,
)
from opendata.store.workers import Change, Limits, Update, Worker, prefixes
from opendata.store.workers.child import overlay
from opendata.store.workers.updates import ANY, DEFAULT, UNKNOWN, written
from opendata.terms import DEF

_ENGINE = 256 * 1024 * 1024  # bytes of memory that an engine needs to write anything


class Writer:
    """Who changes a store, one update at a time; one that is worked on at the close was never made."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        self._worker: Worker | None = None

    def update(self, asked: Update, keep: Collection[Path] = ()) -> None:
        """Change the store whole or not at all; of the data sets that stood before, those in `keep` stay.

        Raises:
            BusyError: another process is writing the store.
            ProtectedGraphError: it would change what was published.
            QueryError: it is wrong, too long, or takes too much.
            StoreError: the store cannot be read.
            OutputError: the store cannot be written.
        """
        path = Path(os.path.realpath(self.path))
        with _alone(path):
            store = open_store(path)
            new = updates_folder(path, token_hex(8))
            try:
                new.mkdir()
                self._change(store, asked, new)
                _take(store, new)
            except (QueryError, OutputError) as error:
                zh, en = f"{error.zh}库没有变化。", f"{error.en} The store is as it was."
                raise type(error)(zh, en) from error
            finally:
                _tidy(path, (store.data_set, *keep))

    def _change(self, store: DataStore, asked: Update, new: Path) -> None:
        """What comes of an update, in a new folder."""
        published = frozenset(entry.id for entry in store.packages.values())
        published |= {DEF} if published else set()
        graphs = _written(asked) if published else frozenset()
        if UNKNOWN not in graphs:
            _refuse(graphs, published)  # what is understood needs no trying
        if asked.upload:
            (new / "upload").write_bytes(asked.upload.data)
        change = Change(update=asked, graph=store.published, published=published, into=new)
        memory, files = self.limits.memory + _ENGINE, self.limits.memory
        with Worker(store.data_set, replace(self.limits, memory=memory, files=files)) as worker:
            self._worker = worker
            worker.ask(change)
        _refuse(graphs, published)

    def close(self) -> None:
        """End what is worked on."""
        if self._worker:
            self._worker.close()


def own_graphs(store: DataStore) -> frozenset[str]:
    """The names of the graphs that updates wrote.

    Raises:
        StoreError: they cannot be read.
    """
    if store.own is None:
        return frozenset()
    try:
        quads = parse(path=str(store.own), format=RdfFormat.N_QUADS)
        return frozenset(q.graph_name.value for q in quads if isinstance(q.graph_name, NamedNode))
    except (OSError, SyntaxError) as error:
        raise StoreError(
            f"{store.own}：更新所写的图读不了（{error}）；请恢复这个文件，或装入另一个文件夹。",
            f"{store.own}: the graphs that updates wrote cannot be read ({error}); put the file back, or "
            "load into another folder.",
        ) from error


def carry(old: DataStore, new: Path, graph: Store) -> str:
    """Bring what updates wrote from a store to the one that is made in its place; the id of the last of them.

    `graph` is what the new one publishes.
    """
    if old.own:
        folder = updates_folder(new, old.updates)
        folder.mkdir()
        shutil.copyfile(old.own, folder / OWN)
        overlay(graph, str(folder / OWN), str(folder / "graph"))
    return old.updates


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """The only writer of a store."""
    try:
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(path))
            except OutputError as error:
                raise BusyError(error.zh, error.en) from error
            yield
    except OSError as error:
        raise OutputError(
            f"{path}：无法写入（{error.strerror or error}）；库没有变化。请检查权限和磁盘空间。",
            f"{path}: cannot be written ({error.strerror or error}); the store is as it was. Check "
            "permissions and disk space.",
        ) from error


def _written(asked: Update) -> frozenset[str]:
    uploaded = {asked.upload.graph} if asked.upload else set[str]()
    return written(asked.text, asked.base, prefixes()) | uploaded


def _refuse(graphs: frozenset[str], published: frozenset[str]) -> None:
    """Stop an update that may write what was published."""
    if graphs & {ANY, UNKNOWN}:
        raise ProtectedGraphError(
            "看不出这个更新只写自己的图；请写明图名，如 INSERT DATA { GRAPH <urn:notes> { … } }，"
            "不用 GRAPH ?g、ALL、NAMED。",
            "The update may write into graphs that were published; name the graph that it writes, such "
            "as INSERT DATA { GRAPH <urn:notes> { … } }, not GRAPH ?g, ALL or NAMED.",
        )
    if DEFAULT in graphs:
        raise ProtectedGraphError(
            "默认图由已发布的数据包合成，不能更改；请写入自己的图，如 INSERT DATA { GRAPH <urn:notes> { … } }。",
            "The default graph is made of the packages and stays as it is; write into a graph of your "
            "own, such as INSERT DATA { GRAPH <urn:notes> { … } }.",
        )
    for name in graphs & published:
        raise ProtectedGraphError(
            f"<{name}> 是已发布的图，出自文件，不能更改；请写入自己的图。",
            f"<{name}> was published and says what its document says, so it stays as it is; write into "
            "a graph of your own.",
        )


def _take(store: DataStore, new: Path) -> None:
    """Let a store have what an update made: its manifest names it from now on, whatever happens."""
    shutil.rmtree(new / "scratch")
    (new / "upload").unlink(missing_ok=True)
    updates = new.name.removeprefix("updates-")
    text = manifest(store.vocabulary, store.packages, updates)
    (new / MANIFEST).write_text(text, encoding="utf-8", newline="")
    for place in (new / OWN, new / MANIFEST, new):
        _sync(place)
    (new / MANIFEST).replace(store.path / MANIFEST)
    with suppress(OSError):  # there is no way back
        _sync(store.path)


def _tidy(path: Path, keep: Collection[Path]) -> None:
    """Leave a store its data set and those in `keep`; what else updates made goes."""
    stays = {place.parent.name for place in (listed(path).data_set, *keep)}
    for folder in path.glob("updates-*"):
        if folder.name not in stays:
            shutil.rmtree(folder, ignore_errors=True)


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
