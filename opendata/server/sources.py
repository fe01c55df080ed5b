"""Where the data come from: a store in a folder, or packages that are loaded into one for the time being."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import RdfFormat, Store

from opendata.errors import PackageError, SettingsError
from opendata.package import Package, open_package
from opendata.store import is_store, open_store, packages
from opendata.store.disk import MANIFEST, Entry
from opendata.store.graph import package_quads, vocabulary_quads

Watch = Callable[[int, int], object]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Packages and the graph folder over them; `digest` is of all of it.

    `store` is the folder of a store that may be replaced, `seen` its manifest when this was read and
    `entries` what that lists.
    """

    graph: Path
    packages: Mapping[str, Package]
    digest: str
    store: Path | None = None
    seen: tuple[int, int] | None = None
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def replaced(self) -> bool:
        """Whether another store stands in its place."""
        return self.store is not None and _stamp(self.store) not in (None, self.seen)

    def again(self) -> "Source":
        """The store that stands there now.

        Raises:
            StoreError: it cannot be read.
        """
        return stored(self.store, self) if self.store else self


def source(places: list[Path], folder: Path, watch: Watch | None = None) -> Source:
    """A store, or packages, which are loaded into a folder for the time being.

    `watch` is told how many packages were loaded, of how many.

    Raises:
        StoreError: a store cannot be read.
        PackageError: a place holds no package, or a package has no readable graph.
    """
    if len(places) == 1 and is_store(places[0]):
        return stored(places[0])
    return loaded(places, folder, watch)


def changeable(places: list[Path]) -> None:
    """Stop where updates would have nowhere to stay.

    Raises:
        SettingsError: there is no store, or it cannot be written.
    """
    if len(places) != 1 or not is_store(places[0]):
        raise SettingsError(
            "--updates 要一个库，更新才能留存；请先用 opendata load 由数据包建库。",
            "--updates wants one store, in which updates stay; opendata load makes one of packages.",
        )
    path = places[0].resolve()
    for folder in (path, path.parent):
        if not os.access(folder, os.W_OK):
            raise SettingsError(
                f"{folder}：不能写入，--updates 无法更新其中的库；请改权限，或去掉 --updates。",
                f"{folder}: cannot be written, so that --updates cannot change the store; mend its "
                "permissions, or leave --updates out.",
            )


def stored(path: Path, before: Source | None = None) -> Source:
    """A store in a folder; of one that was read before, packages that did not change are not read again.

    Raises:
        StoreError: it cannot be read.
    """
    seen = _stamp(path)
    found = open_store(path)
    entries = found.packages
    known = {
        name: before.packages[name]
        if before and before.entries.get(name) == entry
        else found.package(name)
        for name, entry in entries.items()
    }
    return Source(
        graph=found.data_set,
        packages=known,
        digest=found.digest,
        store=path,
        seen=seen,
        entries=entries,
    )


def loaded(places: Iterable[Path], folder: Path, watch: Watch | None = None) -> Source:
    """Packages, loaded into a folder.

    Raises:
        PackageError: a place holds no package, two are the same, or one has no readable graph.
    """
    digest, graph = hashlib.sha256(), folder / "graph"
    store = Store(str(graph))
    known: dict[str, Package] = {}
    folders = packages(places)
    for number, package in enumerate(map(open_package, folders)):
        if package.name in known:
            other = known[package.name].folder
            raise PackageError(
                f"{package.folder}：与 {other} 同名（{package.name}）；请只给其中一个。",
                f"{package.folder}: has the name of {other} ({package.name}); give one of them.",
            )
        known[package.name] = package
        quads = package_quads(package)
        digest.update(quads)
        store.bulk_load(quads, RdfFormat.N_QUADS)
        if watch:
            watch(number + 1, len(folders))
    store.bulk_load(vocabulary_quads(), RdfFormat.N_QUADS)
    store.flush()
    return Source(graph=graph, packages=known, digest=digest.hexdigest())


def _stamp(store: Path) -> tuple[int, int] | None:
    try:
        found = (store / MANIFEST).stat()
    except OSError:
        return None  # it is being replaced
    return found.st_ino, found.st_mtime_ns
