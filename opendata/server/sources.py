"""Where the data come from: a store in a folder, or packages that are loaded into one for the time being."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import RdfFormat, Store

from opendata.errors import PackageError
from opendata.package import Package, open_package
from opendata.store import is_store, open_store, packages
from opendata.store.disk import MANIFEST
from opendata.store.graph import package_quads, vocabulary_quads

Watch = Callable[[int, int], object]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Packages and the graph folder over them; `digest` is of all of it.

    `store` is the folder of a store that may be replaced, `seen` its manifest when this was read.
    """

    graph: Path
    packages: Mapping[str, Package]
    digest: str
    store: Path | None = None
    seen: tuple[int, int] | None = None

    def replaced(self) -> bool:
        """Whether another store stands in its place."""
        return self.store is not None and _stamp(self.store) not in (None, self.seen)

    def again(self) -> "Source":
        """The store that stands there now.

        Raises:
            StoreError: it cannot be read.
        """
        return stored(self.store) if self.store else self


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


def stored(path: Path) -> Source:
    """A store in a folder.

    Raises:
        StoreError: it cannot be read.
    """
    seen = _stamp(path)
    found = open_store(path)
    digest = hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest()
    known = {name: found.package(name) for name in found.packages}
    return Source(graph=path / "graph", packages=known, digest=digest, store=path, seen=seen)


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
