"""A store in a folder: what stands where, and how it is opened.

::

    manifest.json        version of this layout, digest of the vocabulary, the packages, the last update
    graph/               the data set of `store.graph`, for pyoxigraph: what was published
    tables/NAME.parquet  the rows of all packages, under the package's own column names
    packages/NAME/       the files of each package
    seen.json            what the packages' files looked like where they were taken from
    shared/NAME.parquet  rows that packages have in common, with the package they came from
    updates-ID/own.nq    the graphs that updates wrote; ID is in the manifest, where there were any
    updates-ID/graph/    the data set with these graphs

Readers open it read-only, any number at once. Writers never change it: `store.build` makes a new one
beside it and swaps the two; `store.updating` makes a new updates-ID/ in it and swaps the manifest.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from pyoxigraph import Store

from opendata.errors import StoreError
from opendata.package import Package, open_package
from opendata.terms import HOME, code_lists, tables, vocabulary_files

FORMAT = 1
MANIFEST = "manifest.json"
SEEN = "seen.json"
OWN = "own.nq"
MAX_MANIFEST = 256 * 1024 * 1024

_NAME = re.compile(r"\w[\w.-]{0,99}")
_DIGEST = re.compile("[0-9a-f]{64}")
_UPDATES = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A package in a store; `id` names its graph, `digest` is of its descriptor and its files."""

    name: str
    id: str
    title: str
    digest: str


@dataclass(frozen=True, slots=True)
class DataStore:
    """A store that was found whole. `packages` are its entries by name.

    `digest` is of its manifest; `updates` is the id of the last update, empty where there was none.
    """

    path: Path
    vocabulary: str
    packages: Mapping[str, Entry]
    digest: str
    updates: str = ""

    @property
    def published(self) -> Path:
        """The data set of the packages."""
        return self.path / "graph"

    @property
    def data_set(self) -> Path:
        """The data set with what updates wrote."""
        return updates_folder(self.path, self.updates) / "graph" if self.updates else self.published

    @property
    def own(self) -> Path | None:
        """The file of the graphs that updates wrote."""
        return updates_folder(self.path, self.updates) / OWN if self.updates else None

    def graph(self) -> Store:
        """The data set, opened read-only.

        Raises:
            StoreError: the engine cannot open it.
        """
        return opened(self.data_set)

    def package(self, name: str) -> Package:
        """A package by its name.

        Raises:
            StoreError: there is none of this name.
            PackageError: it is there and cannot be read.
        """
        if name not in self.packages:
            raise StoreError(
                f"{self.path}：没有数据包 {name}。", f"{self.path}: there is no package {name}."
            )
        return open_package(self.path / "packages" / name)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it has; one made with an older vocabulary may lack some."""
        places = self.path / "tables"
        return tuple(name for name in table_names() if (places / f"{name}.parquet").is_file())

    def parquet(self, table: str) -> Path:
        """The file of a table's rows.

        Raises:
            StoreError: there is no such table.
        """
        if table not in self.tables:
            known = ", ".join(self.tables)
            raise StoreError(
                f"没有名为 {table} 的表；有：{known}。",
                f"there is no table {table}; there are {known}.",
            )
        return self.path / "tables" / f"{table}.parquet"


def opened(place: Path) -> Store:
    """A data set of a store, opened read-only.

    Raises:
        StoreError: the engine cannot open it.
    """
    try:
        return Store.read_only(str(place))
    except (OSError, RuntimeError) as error:
        raise StoreError(
            f"{place}：无法打开（{error}）；请用 opendata load --anew 重建。",
            f"{place}: cannot be opened ({error}); opendata load --anew makes it again.",
        ) from error


def updates_folder(path: Path, updates: str) -> Path:
    """Where a store has what stands after an update."""
    return path / f"updates-{updates}"


def table_names() -> tuple[str, ...]:
    """Every table of a store: those of packages, then the code lists."""
    return (*tables(), *code_lists())


def open_store(path: Path | str) -> DataStore:
    """Open a store, to read it.

    Raises:
        StoreError: it is none, or of a version that we do not know.
    """
    found = listed(Path(path))
    whole = found.vocabulary != vocabulary_digest() or len(found.tables) == len(table_names())
    missing = [] if whole else sorted(set(table_names()) - set(found.tables))
    if missing or not found.data_set.is_dir() or not found.published.is_dir():
        raise StoreError(
            f"{path}：库不完整（缺 {', '.join(missing) or 'graph'}）；请用 opendata load --anew 重建。",
            f"{path}: the store is not whole ({', '.join(missing) or 'graph'} missing); "
            "opendata load --anew makes it again.",
        )
    return found


def listed(path: Path) -> DataStore:
    """A store by its manifest alone.

    Raises:
        StoreError: there is none, or of a version that we do not know.
    """
    try:
        return _read_manifest(path)
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(
            f"{path}：不是可读的库（{error}）；库由 opendata load 生成。",
            f"{path}: is no store that can be read ({error}); opendata load makes stores.",
        ) from error


def is_store(path: Path) -> bool:
    """Whether a folder says that it is a store; opening it may still fail."""
    return (path / MANIFEST).is_file()


def _read_manifest(path: Path) -> DataStore:
    place = path / MANIFEST
    if not place.is_file():
        raise ValueError(f"no {MANIFEST}")
    if place.stat().st_size > MAX_MANIFEST:
        raise ValueError(f"{MANIFEST} has more than {MAX_MANIFEST} bytes")
    data = place.read_bytes()
    content = json.loads(data)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"{MANIFEST} is not of format {FORMAT}")
    entries = content.get("packages")
    if not isinstance(entries, list) or not isinstance(content.get("vocabulary"), str):
        raise ValueError(f"{MANIFEST} lacks its vocabulary or its packages")
    updates = content.get("updates", "")
    if updates != "" and not (isinstance(updates, str) and _UPDATES.fullmatch(updates)):
        raise ValueError(f"{MANIFEST} names an update {str(updates)[:100]!r}")
    found = {entry.name: entry for entry in map(_entry, entries)}
    digest = hashlib.sha256(data).hexdigest()
    return DataStore(path, content["vocabulary"], found, digest, updates)


def _entry(content: object) -> Entry:
    fields = Entry.__dataclass_fields__
    if not isinstance(content, dict) or set(content) != set(fields):
        raise ValueError(f"an entry has not the keys {', '.join(fields)}")
    if not all(isinstance(value, str) for value in content.values()):
        raise ValueError("an entry holds what is no text")
    if not safe_name(content["name"]) or not _DIGEST.fullmatch(content["digest"]):
        raise ValueError(f"an entry is called {content['name'][:100]!r}")
    return Entry(**content)


def manifest(vocabulary: str, entries: Mapping[str, Entry], updates: str = "") -> str:
    """The text of a manifest."""
    content = {
        "format": FORMAT,
        "vocabulary": vocabulary,
        **({"updates": updates} if updates else {}),
        "packages": [asdict(entries[name]) for name in sorted(entries)],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def safe_name(name: str) -> bool:
    """Whether a package's name can be the name of a folder.

    >>> safe_name("430105-306001-2023"), safe_name(".."), safe_name("a/b")
    (True, False, False)
    """
    return bool(_NAME.fullmatch(name)) and ".." not in name


def store_files(path: Path) -> set[str]:
    """Every file of a store, so that it may be replaced; none where there is no store."""
    try:
        found = _read_manifest(path)
    except (OSError, ValueError, RecursionError):
        return set()
    return {MANIFEST, SEEN, *_below(path, found)}


def _below(path: Path, found: DataStore) -> Iterator[str]:
    own = [path / f"packages/{name}" for name in found.packages]
    for folder in (path / "graph", path / "tables", path / "shared", *own):
        for file in folder.rglob("*"):
            if not file.is_dir() or file.is_symlink():
                yield file.relative_to(path).as_posix()
    for folder in path.glob("updates-*"):  # one that ended half-way may be empty
        yield from (place.relative_to(path).as_posix() for place in (folder, *folder.rglob("*")))


@cache
def vocabulary_digest() -> str:
    """The digest of everything that the vocabulary is made of."""
    digest = hashlib.sha256()
    for path in (*vocabulary_files(), *sorted((HOME / "ontology").glob("**/*.csv"))):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
