"""Packages -> a store in a folder: made beside the old one, then swapped in.

What did not change is not read again: its rows are taken from the old store, its graph is there already.
Graphs that updates wrote go along as they are.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store

from opendata.errors import OutputError, PackageError, StoreError
from opendata.output import replacing
from opendata.package import open_package
from opendata.store.columns import arrow
from opendata.store.disk import (
    MANIFEST,
    SEEN,
    DataStore,
    Entry,
    is_store,
    listed,
    manifest,
    open_store,
    opened,
    store_files,
    vocabulary_digest,
)
from opendata.store.graph import packages, vocabulary_quads
from opendata.store.reading import Reading, entry_of, link, read, stamp
from opendata.store.rows import Rows
from opendata.store.updating import carry, own_graphs

BATCH = 64 * 1024 * 1024  # bytes of N-Quads that are loaded at once
AHEAD = 4  # packages that each process may have read before they are taken

Watch = Callable[[int, int], object]
Action = Literal["add", "change", "keep", "remove"]


@dataclass(frozen=True, slots=True)
class Step:
    """What a build does with a package, which `folder` holds."""

    name: str
    id: str
    action: Action
    folder: Path
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did, or would do. `anew` where nothing of an old store could be used."""

    path: Path
    steps: tuple[Step, ...]
    anew: bool
    applied: bool = False
    rows: Mapping[str, int] | None = None
    triples: int | None = None

    def count(self, action: Action) -> int:
        """How many packages this is done to."""
        return sum(step.action == action for step in self.steps)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return self.count("keep") == len(self.steps) and not self.anew

    @property
    def reads(self) -> list[Step]:
        """The packages that have to be read."""
        return [
            s
            for s in self.steps
            if s.action in ("add", "change") or (self.anew and s.action == "keep")
        ]

    def to_dict(self) -> dict[str, object]:
        """The same, for JSON."""
        return {
            "store": str(self.path),
            "applied": self.applied,
            "anew": self.anew,
            "packages": [{"name": s.name, "id": s.id, "action": s.action} for s in self.steps],
            "rows": self.rows,
            "triples": self.triples,
        }


def build(
    places: Iterable[Path],
    path: Path | str,
    *,
    jobs: int = 1,
    prune: bool = False,
    anew: bool = False,
    dry_run: bool = False,
    watch: Watch | None = None,
) -> Built:
    """Bring packages into a store, which is made where there is none; or say what that would change.

    Packages that the store has and nobody gave stay, unless `prune`. `anew` reads everything again.
    `watch` is told how many packages were read, of how many. On failure the old store stands whole.

    Raises:
        PackageError: a place holds no package, or a package is broken.
        StoreError: two packages have one name or one id, updates have written a graph of such an id,
            or the old store cannot be read.
        OutputError: the folder cannot be written, or holds files that are not a store's.
        SettingsError: pyarrow is not installed.
    """
    folders, path = packages(places), Path(path)
    arrow()
    if dry_run:
        return _plan(folders, path, prune=prune, anew=anew)
    if path.is_dir() and any(path.iterdir()) and not is_store(path):
        raise OutputError(
            f"{path}：文件夹里已有别的东西，不是库；请另选一个文件夹。",
            f"{path}: the folder holds other things and is no store; choose another folder.",
        )
    with replacing(path, store_files) as new:
        plan = _plan(folders, path, prune=prune, anew=anew)
        if plan.idle:
            new.rmdir()
            return plan
        return _make(plan, new, max(1, jobs), watch or (lambda _done, _of: None))


def _plan(folders: list[Path], path: Path, *, prune: bool, anew: bool) -> Built:
    """What has to be done to each package, by name."""
    old = listed(path) if is_store(path) else None
    other = old is not None and old.vocabulary != vocabulary_digest()
    if old and not anew and not other:
        open_store(path)  # what it has is kept, so it has to be whole
    seen = _seen(path) if old else {}
    steps: dict[str, Step] = {}
    for folder in folders:
        step = _step(folder, old, seen)
        same = next((s for s in steps.values() if step.name == s.name or step.id == s.id), None)
        if same and same.folder.resolve() != folder.resolve():
            raise _twice(folder, same.folder, step)
        steps[step.name] = step
    for name, entry in (old.packages if old else {}).items():
        if name in steps:
            continue
        folder = path / "packages" / name
        action: Action = "remove" if prune else "keep"
        same = next((s for s in steps.values() if s.id == entry.id), None)
        if same and not prune:
            raise _twice(same.folder, folder, same)
        steps[name] = Step(name, entry.id, action, folder, seen.get(name, ""))
    if old:
        _refuse_own(own_graphs(old), steps.values())
    found = tuple(steps[name] for name in sorted(steps))
    return Built(path, found, anew=old is None or anew or other)


def _step(folder: Path, old: DataStore | None, seen: Mapping[str, str]) -> Step:
    package = open_package(folder)
    now = stamp(package)
    before = old.packages.get(package.name) if old else None
    if before and now == seen.get(package.name):
        return Step(before.name, before.id, "keep", folder, now)
    entry = entry_of(package)
    action: Action = "add" if before is None else "keep" if before == entry else "change"
    return Step(entry.name, entry.id, action, folder, now)


def _twice(one: Path, other: Path, step: Step) -> StoreError:
    return StoreError(
        f"{one}：与 {other} 的名称或编号相同（{step.name}，{step.id}）；请只给其中一个，或用 --prune 让旧的离开。",
        f"{one}: has the name or the id of {other} ({step.name}, {step.id}); give one of them, or let "
        "the old one leave with --prune.",
    )


def _refuse_own(own: frozenset[str], steps: Iterable[Step]) -> None:
    """Stop at a package whose graph updates have written already: it would be neither's."""
    for step in steps:
        if step.id in own:
            raise StoreError(
                f"{step.folder}：库里已有更新所写的同名图；请先用更新 DROP GRAPH <{step.id}> 删去它。",
                f"{step.folder}: updates have written a graph of its name; remove that first, by the "
                f"update DROP GRAPH <{step.id}>.",
            )


def _make(plan: Built, new: Path, jobs: int, watch: Watch) -> Built:
    """Fill the new folder."""
    before = listed(plan.path) if is_store(plan.path) else None
    old = None if plan.anew else before
    entries = (
        {s.name: old.packages[s.name] for s in plan.steps if s.action == "keep"} if old else {}
    )
    leaving = (
        [old.packages[s.name] for s in plan.steps if s.action in ("change", "remove")]
        if old
        else []
    )
    graph = _graph(new / "graph", old, leaving)
    with Rows(new / ".rows") as rows:
        if old:
            rows.keep(plan.path, [entry.name for entry in leaving])
        waiting = bytearray()
        for number, reading in enumerate(_readings([s.folder for s in plan.reads], jobs)):
            entries[reading.entry.name] = reading.entry
            rows.add(reading.entry.name, reading.rows)
            waiting += reading.quads
            if len(waiting) > BATCH:
                graph.bulk_load(bytes(waiting), RdfFormat.N_QUADS)
                waiting.clear()
            watch(number + 1, len(plan.reads))
        graph.bulk_load(bytes(waiting), RdfFormat.N_QUADS)
        counts = rows.finish(new)
    for file in (new / ".rows").iterdir():
        file.unlink()
    (new / ".rows").rmdir()
    if plan.anew:
        graph.optimize()
    graph.flush()
    updates = carry(before, new, graph) if before else ""
    stays = [step for step in plan.steps if step.action != "remove"]
    for step in stays:
        link(open_package(step.folder), new / "packages" / step.name)
    _write(new / MANIFEST, manifest(vocabulary_digest(), entries, updates))
    _write(new / SEEN, json.dumps({s.name: s.stamp for s in stays}, indent=1) + "\n")
    return replace(plan, applied=True, rows=counts, triples=len(graph))


def _graph(place: Path, old: DataStore | None, leaving: Iterable[Entry]) -> Store:
    """The data set to write into: of the old store without what leaves, or new."""
    if old is None:
        graph = Store(str(place))
        graph.bulk_load(vocabulary_quads(), RdfFormat.N_QUADS)
        return graph
    opened(old.published).backup(str(place))  # links to files that are never changed
    graph = Store(str(place))
    for entry in leaving:
        _take_out(graph, NamedNode(entry.id))
    return graph


def _take_out(graph: Store, name: NamedNode) -> None:
    """Remove a named graph, and from the default graph what no other named graph says."""
    quads = list(graph.quads_for_pattern(None, None, None, name))
    graph.remove_graph(name)
    for quad in quads:
        same = graph.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
        if not any(isinstance(other.graph_name, NamedNode) for other in same):
            graph.remove(Quad(quad.subject, quad.predicate, quad.object, DefaultGraph()))


def _readings(folders: list[Path], jobs: int) -> Iterator[Reading]:
    """Packages read in order, by other processes where there are several."""
    if jobs == 1 or len(folders) < 2:
        yield from map(read, folders)
        return
    # Not forked: this process has the threads of an open data base.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting: deque[tuple[Path, Future[Reading]]] = deque()
        try:
            for folder in folders:
                waiting.append((folder, pool.submit(read, folder)))
                if len(waiting) >= AHEAD * jobs:
                    yield _result(*waiting.popleft())
            while waiting:
                yield _result(*waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def _result(folder: Path, reading: "Future[Reading]") -> Reading:
    try:
        return reading.result()
    except BrokenProcessPool as error:
        raise PackageError(
            f"{folder}：读取它或其后数据包的进程意外结束；请用 --jobs 1 找出是哪一个。",
            f"{folder}: a process that read this package or one after it ended; --jobs 1 tells which.",
        ) from error


def _seen(path: Path) -> dict[str, str]:
    """What the packages' files looked like; where that is not known, they are read."""
    try:
        content = json.loads((path / SEEN).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(place: Path, text: str) -> None:
    place.write_text(text, encoding="utf-8", newline="")
