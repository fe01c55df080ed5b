"""Packages -> an RDF data set: a named graph for each, and all of them together.

The default graph holds every triple of every named graph once. It has to be made, for an engine that
takes the union of named graphs as it reads meets a triple once for each graph that holds it: a sum
over amounts and the label of a code would count an amount as often as packages use the code.

Of the codes that the vocabulary knows, the default graph holds what the vocabulary says: a package
made with an older one would give a code a second label, and count twice again.
"""

from collections.abc import Callable, Iterable
from functools import cache
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from pyoxigraph import NamedNode, RdfFormat, Store

from opendata.converters import code_sheet
from opendata.converters.descriptor import DESCRIPTOR
from opendata.converters.graph import iri, scheme_triples, triples
from opendata.errors import PackageError
from opendata.package import Package, open_package
from opendata.rdf import refuse
from opendata.terms import DEF, code_lists, codes, scheme, vocabulary_files

# What a package's graph is made of: its data and its entry in a catalogue.
PARTS = {"budget-nt": RdfFormat.N_TRIPLES, "dataset-ttl": RdfFormat.TURTLE}


def packages(places: Iterable[Path]) -> list[Path]:
    """The package folders in some places: packages, or folders of packages.

    Raises:
        PackageError: a place holds no package.
    """
    found: list[Path] = []
    for place in places:
        here = place.parent if place.name == DESCRIPTOR else place
        below = sorted(path.parent for path in here.glob(f"*/{DESCRIPTOR}"))
        if (here / DESCRIPTOR).is_file():
            found.append(here)
        elif below:
            found += below
        else:
            raise PackageError(
                f"{place}：没有数据包；数据包由 opendata convert 生成。",
                f"{place}: holds no data package; opendata convert makes packages.",
            )
    return found


def load(folders: Iterable[Path], into: Path | None = None) -> Store:
    """A data set in memory, or in a new folder: the vocabulary, and a named graph for each package.

    Raises:
        PackageError: a package has no readable graph, or is there twice.
    """
    store = Store() if into is None else Store(str(into))
    store.bulk_load(vocabulary_quads(), RdfFormat.N_QUADS)
    seen: dict[str, Path] = {}
    for folder in folders:
        package = open_package(folder)
        name = graph_name(package)
        if seen.setdefault(name, folder) != folder:
            raise PackageError(
                f"{folder}：与 {seen[name]} 是同一个数据包（{name}）；请只给其中一个。",
                f"{folder}: is the same package as {seen[name]} ({name}); give one of them.",
            )
        store.bulk_load(package_quads(package), RdfFormat.N_QUADS)
    return store


def graph_name(package: Package) -> str:
    """The IRI that names a package's graph: its own.

    Raises:
        PackageError: its id is none that can name a graph, or is the vocabulary's.
    """
    name = str(package.descriptor.get("id") or f"urn:package:{package.name}")
    try:
        NamedNode(name)
        fit = urlsplit(name).scheme in ("http", "https", "urn") and name != DEF
    except ValueError:
        fit = False
    if not fit:
        raise PackageError(
            f"{package.folder}：描述文件的 id 是 {name[:200]!r}，不能作图的名称；应为自己的 IRI。",
            f"{package.folder}: the descriptor's id is {name[:200]!r}, which cannot name a graph; "
            "wanted an IRI of its own.",
        )
    return name


def package_quads(package: Package) -> bytes:
    """The N-Quads of a package: in its own graph, and in the default graph.

    Raises:
        PackageError: a part of the graph is missing or no valid RDF.
    """
    return b"".join(package_graphs(package))


def package_graphs(package: Package) -> tuple[bytes, bytes]:
    """The N-Quads of a package in its own graph, and its N-Triples in the default graph.

    Raises:
        PackageError: a part of the graph is missing or no valid RDF.
    """
    name, own = NamedNode(graph_name(package)), Store()
    for part, form in PARTS.items():
        if part != "budget-nt" and part not in package.resources:
            continue  # a package without an entry is found by nobody, yet answers
        place = package.path(part)
        try:
            data = place.read_bytes()
            refuse(place, data, form)
            own.bulk_load(data, form, to_graph=name)
        except (OSError, SyntaxError, ValueError) as error:
            raise PackageError(
                f"{place}：无法读入图（{error}）。",
                f"{place}: the graph cannot be loaded ({error}).",
            ) from error
    known = _known()
    return _quads(own, name, lambda line: line.partition(b" ")[0] not in known)


def _quads(store: Store, graph: NamedNode, fits: Callable[[bytes], bool]) -> tuple[bytes, bytes]:
    """The N-Quads of a graph, and the N-Triples of those that fit in the default graph."""
    named = store.dump(format=RdfFormat.N_QUADS)
    merged = store.dump(format=RdfFormat.N_TRIPLES, from_graph=graph)
    assert named is not None
    assert merged is not None
    lines = (line for line in merged.splitlines(keepends=True) if fits(line))
    return named, b"".join(lines)


def vocabulary_quads() -> bytes:
    """The N-Quads of ontology, shapes and code lists: in the vocabulary's graph, and the default."""
    return b"".join(vocabulary_graphs())


@cache
def vocabulary_graphs() -> tuple[bytes, bytes]:
    """The N-Quads of the vocabulary in its graph, and its N-Triples in the default graph."""
    own, name = Store(), NamedNode(DEF)
    for path in vocabulary_files():
        own.bulk_load(path.read_bytes(), RdfFormat.TURTLE, to_graph=name)
    file = BytesIO()
    lists = [code_sheet(code_list) for code_list in code_lists()]
    for sheet in lists:
        file.writelines(triples(sheet.table, sheet.rows, ""))
    file.writelines(f"{' '.join(triple)} .\n".encode() for triple in scheme_triples(lists))
    own.bulk_load(file.getvalue(), RdfFormat.N_TRIPLES, to_graph=name)
    return _quads(own, name, lambda _: True)


@cache
def _known() -> frozenset[bytes]:
    """Every code and code list of the vocabulary, as N-Triples terms."""
    lists = code_lists().items()
    concepts = (iri(f"{t.space}{notation}") for name, t in lists for notation in codes(name))
    return frozenset(t.encode() for t in (*concepts, *(iri(scheme(t)) for _, t in lists)))
