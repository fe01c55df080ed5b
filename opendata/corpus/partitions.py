"""Some packages -> a part of a corpus' outputs: tables, graph, a page of the catalogue, links.

The same packages give the same bytes: rows stand in the order of packages, nothing tells a time.
"""

import csv
import gzip
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

from pyoxigraph import RdfFormat

from opendata.converters import lexical
from opendata.converters.graph import PREFIXES, Triple, iri, literal, write_grouped, write_prefixes
from opendata.corpus.links import write_links
from opendata.corpus.parquet import Sink, parquet_sink
from opendata.package import Package, catalogue, expect_columns, open_package
from opendata.rdf import quads
from opendata.terms import RDF, XSD, Table, code_lists, codes, tables

HYDRA = "http://www.w3.org/ns/hydra/core#"


def write_partition(
    kind: str, packages: list[str], options: dict[str, Any], folder: str, made: str
) -> dict[str, Any]:
    """Write a part; how many packages went into it.

    Raises:
        PackageError: a package cannot be read.
        SettingsError: Parquet is wanted and pyarrow is missing.
    """
    target = Path(made)
    found = (open_package(Path(folder) / name) for name in packages)
    KINDS[kind](found, target, **options)
    return {"packages": len(packages)}


def _write_tables(packages: Iterator[Package], target: Path, formats: list[str]) -> None:
    """Every table of some packages, one below the other; a row that came before comes once."""
    target.mkdir(parents=True)
    sinks = {name: _Sinks(target, table, formats) for name, table in tables().items()}
    seen: dict[str, set[tuple[str, ...]]] = {
        name: set() for name, table in tables().items() if not _of_one_budget(table)
    }
    for package in packages:
        for name, sink in sinks.items():
            for row in _rows(package, name):
                if name in seen:
                    if row in seen[name]:
                        continue
                    seen[name].add(row)
                sink.add(row)
    for sink in sinks.values():
        sink.close()


def _of_one_budget(table: Table) -> bool:
    """Whether a row of a table belongs to one budget, and so to one package."""
    return any(c.name == "budget" for c in table.stored) or table.name == "budget"


def _rows(package: Package, name: str) -> Iterator[tuple[str, ...]]:
    wanted = [column.name for column in tables()[name].stored]
    csv.field_size_limit(sys.maxsize)  # a section may be one long paragraph
    with package.path(name).open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        found = next(reader, [])
        expect_columns(package.path(name), tables()[name], found)
        places = [found.index(column) for column in wanted]
        yield from (tuple(row[place] for place in places) for row in reader)


class _Sinks:
    """A table written in every format that is wanted."""

    def __init__(self, folder: Path, table: Table, formats: list[str]) -> None:
        self.sinks: list[Sink] = []
        if "csv" in formats:
            self.sinks.append(_csv_sink(folder / f"{table.name}.csv", table))
        if "parquet" in formats:
            self.sinks.append(parquet_sink(folder / f"{table.name}.parquet", table))

    def add(self, row: tuple[str, ...]) -> None:
        for sink in self.sinks:
            sink.add(row)

    def close(self) -> None:
        for sink in self.sinks:
            sink.close()


def _csv_sink(path: Path, table: Table) -> Sink:
    file = path.open("w", encoding="utf-8", newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([column.name for column in table.stored])
    return Sink(writer.writerow, file.close)


def _write_codes(packages: Iterator[Package], target: Path, formats: list[str]) -> None:  # noqa: ARG001
    """Every code list, whole: the rows of all years are held against it."""
    target.mkdir(parents=True)
    for name, table in code_lists().items():
        sink = _Sinks(target, table, formats)
        values = attrgetter(*(column.name for column in table.stored))
        for code in codes(name).values():
            sink.add(tuple(map(lexical, values(code))))
        sink.close()


def _write_graph(packages: Iterator[Package], target: Path, limit: int) -> None:
    """N-Quads of bounded size: a graph for each package, with its entry in the catalogue."""
    target.mkdir(parents=True)
    number, size = 0, 0
    shard: IO[bytes] | None = None
    try:
        for package in packages:
            data = b"".join(_quads(package))
            if shard is None or size + len(data) > limit:
                if shard:
                    shard.close()
                shard = _gzip(target / f"{number:03}.nq.gz")
                number, size = number + 1, 0
            shard.write(data)
            size += len(data)
    finally:
        if shard:
            shard.close()


def _gzip(path: Path) -> IO[bytes]:
    """A packed file that tells neither its name nor its time; who closes it closes the file."""
    return gzip.GzipFile(path, "wb", compresslevel=6, mtime=0)  # type: ignore[return-value]


def _quads(package: Package) -> Iterator[bytes]:
    graph = iri(str(package.descriptor["id"])).encode()
    end = b" " + graph + b" .\n"
    with package.path("budget-nt").open("rb") as file:
        for line in file:
            yield line.removesuffix(b" .\n") + end
    entry = package.path("dataset-ttl")
    for quad in quads(entry, entry.read_bytes(), RdfFormat.TURTLE):
        yield f"{quad.subject} {quad.predicate} {quad.object}".encode() + end


def _write_page(
    packages: Iterator[Package], target: Path, number: int, base: str, *, more: bool
) -> None:
    """A page of the catalogue: some data sets, one after the other, and where the other pages are."""
    catalog, view = iri(f"{base}catalog"), _page(base, number)
    about: dict[Triple, None] = {}
    shared: set[Triple] = set()  # what the entries of many packages say, such as media types
    with _turtle(target) as (file, known):
        for package in packages:
            found = catalogue([package])
            start = found[0][0]
            about.update(((catalog, p, o), None) for s, p, o in found if s == start)
            own = [t for t in found if t[0] != start and t not in shared]
            write_grouped(file, own, known)
            shared.update(t for t in own if package.name not in t[0])
        about.update(dict.fromkeys(_view(catalog, view, _page(base, 1))))
        if number > 1:
            about[view, f"<{HYDRA}previous>", _page(base, number - 1)] = None
        if more:
            about[view, f"<{HYDRA}next>", _page(base, number + 1)] = None
        write_grouped(file, _one_publisher(about), known)


def _one_publisher(about: dict[Triple, None]) -> list[Triple]:
    """What is said of a catalogue, with a publisher only where all data sets have the same."""
    told = [t for t in about if t[1] == f"<{PREFIXES['dct']}publisher>"]
    return [t for t in about if t not in told or len(told) == 1]


def _view(catalog: str, view: str, first: str) -> list[Triple]:
    return [
        (catalog, f"<{RDF}type>", f"<{PREFIXES['dcat']}Catalog>"),
        (catalog, f"<{HYDRA}view>", view),
        (view, f"<{RDF}type>", f"<{HYDRA}PartialCollectionView>"),
        (view, f"<{HYDRA}first>", first),
    ]


def _write_index(
    packages: Iterator[Package],  # noqa: ARG001  # as every kind has them
    target: Path,
    pages: int,
    total: int,
    base: str,
) -> None:
    """The catalogue itself: what it is, how many data sets it has, its first and last page."""
    catalog, index = iri(f"{base}catalog"), _page(base, "index")
    triples = [(catalog, p, o) for _, p, o in catalogue([])]
    triples += [
        *_view(catalog, index, _page(base, 1)),
        (catalog, f"<{RDF}type>", f"<{HYDRA}Collection>"),
        (catalog, f"<{HYDRA}totalItems>", literal(str(total), "", XSD + "integer")),
        (index, f"<{HYDRA}last>", _page(base, pages)),
    ]
    with _turtle(target) as (file, known):
        write_grouped(file, dict.fromkeys(triples), known)


def _page(base: str, number: int | str) -> str:
    return iri(f"{base}catalog/{number}.ttl")


@contextmanager
def _turtle(target: Path) -> Iterator[tuple[IO[str], dict[str, str]]]:
    """A page of Turtle to write into, with its prefixes."""
    known = {namespace: prefix for prefix, namespace in PREFIXES.items()} | {HYDRA: "hydra"}
    with target.open("w", encoding="utf-8", newline="") as file:
        write_prefixes(file, known)
        yield file, known


def _write_links(packages: Iterator[Package], target: Path, base: str) -> None:
    write_links(packages, target, base)


KINDS: dict[str, Callable[..., None]] = {
    "tables": _write_tables,
    "codes": _write_codes,
    "graph": _write_graph,
    "catalogue": _write_page,
    "index": _write_index,
    "links": _write_links,
}
