"""`opendata.open`: packages, a store or an endpoint, read and asked in the same way.

::

    with_tables = opendata.open("store/")
    with_tables.table("indicator").to_pandas()
    with_tables.query("by-function", year=2023).to_pandas()
    with_tables.cite().bibtex
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import StoreError
from opendata.package import Package, open_package
from opendata.store.answers import Answer
from opendata.store.asking import SECONDS, ask_graph, graph_of, put
from opendata.store.citing import Citation, cited, work_of
from opendata.store.columns import arrow
from opendata.store.disk import DataStore, is_store, open_store
from opendata.store.questions import Question
from opendata.store.rows import owner
from opendata.store.tables import Record, Rows
from opendata.terms import Table, code_lists, tables

if TYPE_CHECKING:
    import httpx


class OpenPackage(Package):
    """A package, with its tables as frames and its graph to ask."""

    __slots__ = ()

    def table(self, resource: str) -> Rows:
        """The rows of a table of ours, or of any CSV file, where every cell is text."""
        read = super().table
        self.path(resource)
        return Rows(_known(resource) or _foreign(self, resource), records=lambda: read(resource))

    def query(
        self,
        asked: str | Question,
        *,
        timeout: float = SECONDS,
        limit: int | None = None,
        **parameters: object,
    ) -> Answer:
        """The answer to a named question or to SPARQL; parameters are its variables, as terms.

        Raises:
            QueryError: the query is wrong, or takes longer than `timeout` seconds.
        """
        return ask_graph(
            graph_of([self.folder]), put(asked, parameters), seconds=timeout, limit=limit
        )

    def cite(self, *, retrieved: date | None = None) -> Citation:
        """How to cite it, by its descriptor; a date of retrieval only where it is given."""
        return cited([work_of(self.descriptor)], retrieved)


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """A folder of packages, whose tables are read one after the other."""

    folder: Path
    packages: tuple[OpenPackage, ...]

    def table(self, name: str) -> Rows:
        """The rows of a table in all packages; those had in common, such as codes, once.

        Raises:
            StoreError: there is no such table.
        """
        table = _ours(name)
        return Rows(table, records=lambda: _stacked(self.packages, table))

    def query(
        self,
        asked: str | Question,
        *,
        timeout: float = SECONDS,
        limit: int | None = None,
        **parameters: object,
    ) -> Answer:
        """The answer over all packages; as `OpenPackage.query`."""
        graph = graph_of([package.folder for package in self.packages])
        return ask_graph(graph, put(asked, parameters), seconds=timeout, limit=limit)

    def cite(self, *, retrieved: date | None = None) -> Citation:
        """How to cite each package."""
        return cited((work_of(package.descriptor) for package in self.packages), retrieved)


@dataclass(frozen=True, slots=True)
class OpenStore:
    """A store made by `opendata load`."""

    store: DataStore

    @property
    def packages(self) -> list[str]:
        """The names of its packages."""
        return list(self.store.packages)

    def package(self, name: str) -> OpenPackage:
        """One of its packages.

        Raises:
            StoreError: there is none of this name.
        """
        found = self.store.package(name)
        return OpenPackage(found.folder, found.descriptor)

    def table(self, name: str) -> Rows:
        """The rows of a table in all packages, from Parquet.

        Raises:
            StoreError: there is no such table.
        """
        place = self.store.parquet(name)
        return Rows(_ours(name), columns=lambda: _read_parquet(place))

    def query(
        self,
        asked: str | Question,
        *,
        timeout: float = SECONDS,
        limit: int | None = None,
        **parameters: object,
    ) -> Answer:
        """The answer of its graph; as `OpenPackage.query`."""
        text = put(asked, parameters)
        return ask_graph(self.store.data_set, text, seconds=timeout, limit=limit)

    def sql(
        self,
        asked: str,
        *,
        timeout: float = SECONDS,
        limit: int | None = None,
        **parameters: object,
    ) -> Answer:
        """The answer of its tables to one SELECT, or to the SQL of a named question.

        Raises:
            QueryError: the query is wrong, reaches for more than the tables, or takes too much.
            SettingsError: DuckDB is not installed.
        """
        from opendata.store.sql import ask_sql

        return ask_sql(self.store, asked, parameters, seconds=timeout, limit=limit)

    def cite(self, *, retrieved: date | None = None) -> Citation:
        """How to cite each of its packages."""
        found = (self.store.package(name).descriptor for name in self.store.packages)
        return cited(map(work_of, found), retrieved)


@dataclass(frozen=True, slots=True)
class OpenEndpoint:
    """A SPARQL endpoint of somebody else; every question goes over the network to it."""

    url: str
    transport: "httpx.BaseTransport | None" = field(default=None, repr=False)

    def table(self, name: str) -> Rows:
        """The rows of a table, asked for in SPARQL a few thousand at a time.

        Raises:
            StoreError: there is no such table.
        """
        from opendata.store.fetching import fetched

        table = _ours(name)
        return Rows(table, records=lambda: fetched(table, self._ask))

    def query(
        self,
        asked: str | Question,
        *,
        timeout: float = SECONDS,
        limit: int | None = None,
        **parameters: object,
    ) -> Answer:
        """The endpoint's answer; as `OpenPackage.query`, with what remains of doubt.

        Raises:
            QueryError: it cannot be asked, or what came is no answer.
        """
        return self._ask(put(asked, parameters), timeout, limit)

    def cite(self, *, retrieved: date | None = None) -> Citation:
        """How to cite the data sets that it lists, by their entries in its catalogue."""
        from opendata.store.fetching import works

        return cited(works(self._ask), retrieved)

    def _ask(self, text: str, seconds: float = SECONDS, limit: int | None = None) -> Answer:
        from opendata.store.remote import ask_endpoint

        return ask_endpoint(self.url, text, seconds=seconds, limit=limit, transport=self.transport)


Opened = OpenPackage | OpenFolder | OpenStore | OpenEndpoint


def open_data(place: Path | str) -> Opened:
    """Open a package, a folder of packages, a store, or an endpoint by its address.

    Nothing is asked of an endpoint before its tables or queries are.

    Raises:
        PackageError: there is no package.
        StoreError: the store cannot be read.
        QueryError: the address may not be asked.
    """
    if isinstance(place, str) and "://" in place:
        from opendata.store.remote import check_endpoint

        check_endpoint(place)
        return OpenEndpoint(place)
    path = Path(place)
    if is_store(path):
        return OpenStore(open_store(path))
    below = sorted(p.parent for p in path.glob(f"*/{DESCRIPTOR}")) if path.is_dir() else []
    if below and not (path / DESCRIPTOR).exists():
        return OpenFolder(path, tuple(map(_opened, below)))
    return _opened(path)


def _opened(path: Path) -> OpenPackage:
    found = open_package(path)
    return OpenPackage(found.folder, found.descriptor)


def _known(name: str) -> Table | None:
    return (tables() | code_lists()).get(name)


def _ours(name: str) -> Table:
    found = _known(name)
    if found is None:
        known = ", ".join((*tables(), *code_lists()))
        raise StoreError(
            f"没有名为 {name} 的表；有：{known}。", f"there is no table {name}; there are {known}."
        )
    return found


def _foreign(package: Package, resource: str) -> Table:
    """A table of somebody else's as its schema has it; every cell is text."""
    from opendata.store.fetching import text_table

    schema = package.resources[resource].get("schema")
    fields = schema.get("fields") if isinstance(schema, dict) else None
    names = [str(one.get("name")) for one in fields or () if isinstance(one, dict)]
    return text_table(resource, names)


def _stacked(packages: Iterable[OpenPackage], table: Table) -> Iterator[Record]:
    once: dict[tuple[object, ...], None] = {}
    for package in packages:
        if table.name not in package.resources:
            continue
        for row in package.table(table.name):
            key = tuple(row.values())
            if owner(table) is None and key in once:
                continue
            once[key] = None
            yield row


def _read_parquet(place: Path):  # type: ignore[no-untyped-def]  # pyarrow has no types
    pa = arrow()
    try:
        return pa.parquet.read_table(place)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"{place}：读不了（{error}）；请用 opendata load --anew 重建。",
            f"{place}: cannot be read ({error}); opendata load --anew makes it again.",
        ) from error
