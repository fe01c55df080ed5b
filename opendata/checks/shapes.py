"""Is each node of a graph well formed: SHACL, by our own shapes or by anybody's."""

import re
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, QuadParser, RdfFormat, Triple, parse

from opendata.checks.report import found
from opendata.checks.shacl import Result, UnsupportedError, validate
from opendata.checks.shacl.graph import Graph, Term, graph_of
from opendata.checks.shacl.wording import component_name, default_messages
from opendata.errors import PackageError
from opendata.model import Finding
from opendata.rdf import quads
from opendata.terms import CSVW, RDF, code_lists, snake, tables, vocabulary_files

MAX_BYTES = 512 * 1024 * 1024
CATALOG = "catalog.ttl"
_SEVERITIES = {"Violation": "error", "Warning": "warning", "Info": "note"}

Triples = list[Triple]


def check_graph(
    path: Path, shapes: str | None = None, shapes_file: Path | None = None
) -> Iterator[Finding]:
    """What shapes say of a graph file: somebody's, one file of ours, or all but the catalogue's.

    Raises:
        PackageError: a file cannot be read, or the shapes are not well formed.
    """
    graph = yield from parsed(path)
    if graph is None:
        return
    name = CATALOG if shapes is None and path.name == "dataset.ttl" else shapes
    if name is None and shapes_file is None and not is_ours(graph):
        yield unknown(path)
        return
    yield from check_with(read_shapes(shapes_file) if shapes_file else our_shapes(name), graph)


def parsed(path: Path) -> Generator[Finding, None, Graph | None]:
    """The graph of a file; or None, and a finding that says what is wrong with it.

    Raises:
        PackageError: the file cannot be read.
    """
    try:
        graph = read_graph(path)
    except SyntaxError as error:
        yield found(
            "syntax",
            f"{path}:{error.lineno}：不是合法的 RDF：{error.msg}",
            f"{path}:{error.lineno}: is no valid RDF: {error.msg}",
            line=error.lineno,
        )
        return None
    if not graph.forward:
        yield found("graph-empty", f"{path}：图是空的。", f"{path}: the graph is empty.")
        return None
    return graph


def unknown(path: Path) -> Finding:
    """That nothing was checked, for there is no word of a vocabulary that we know."""
    return found(
        "graph-unknown",
        f"{path}：图中没有本词表、数据立方体、SKOS 或 DCAT 的类，没有可检查的内容；可用 --shapes 给出形状。",
        f"{path}: holds no class of this vocabulary, of Data Cube, SKOS or DCAT, so nothing was "
        "checked; --shapes gives shapes of your own.",
    )


def check_with(shapes: Triples, graph: Graph) -> Iterator[Finding]:
    """What shapes say of a graph.

    Raises:
        PackageError: the shapes are not well formed.
    """
    try:
        results = validate(graph, shapes)
    except UnsupportedError as error:
        from opendata.checks.shacl.reference import validate_by_reference

        yield found(
            "shapes-by-reference",
            f"形状使用了 {error}，改由 pyshacl 检查，较慢。",
            f"The shapes use {error}, so pyshacl checked them, which is slower.",
            severity="note",
        )
        results = validate_by_reference(graph, shapes)
    if results:
        classes = _classes(graph, {result.focus for result in results})
        columns: dict[Term, str] = {
            t.subject: t.object.value
            for t in shapes
            if t.predicate.value == CSVW + "name" and isinstance(t.object, Literal)
        }
        for result in results:
            yield _finding(result, classes, columns)


def read_graph(path: Path) -> Graph:
    """The graph of a Turtle or N-Triples file, every literal as it is written.

    Raises:
        PackageError: the file cannot be read.
        SyntaxError: it is no RDF.
    """
    return graph_of(_quads(path))


def _quads(path: Path) -> QuadParser:
    return quads(path, read(path), RdfFormat.from_extension(path.suffix.lstrip(".").lower()))


def read(path: Path) -> bytes:
    """The bytes of a graph file.

    Raises:
        PackageError: it cannot be read, or is too large.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise OSError(27, f"more than {MAX_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise PackageError(
            f"{path}：无法读取（{error.strerror}）。", f"{path}: cannot be read ({error.strerror})."
        ) from error


def read_shapes(path: Path) -> Triples:
    """Somebody's shapes: those that are wrong stop the work, for nothing can be checked."""
    try:
        return [quad.triple for quad in _quads(path)]
    except (SyntaxError, ValueError) as error:
        raise PackageError(
            f"{path}：不是合法的形状图：{error}", f"{path}: is no valid graph of shapes: {error}"
        ) from error


def is_ours(graph: Graph) -> bool:
    """Whether a graph has a node of a class of ours."""
    types = graph.inverse(graph.pool.iri(RDF + "type"))
    return any(_text(graph.pool.terms[cls]) in _known() for cls in types)


@cache
def _known() -> dict[str, str]:
    """Class -> the table or code list of its nodes."""
    return {table.types[0]: name for name, table in (tables() | code_lists()).items()}


@cache
def our_shapes(name: str | None) -> Triples:
    """Our shapes: those of one file, or of all but the catalogue's."""
    triples = [
        quad.triple
        for file in vocabulary_files()
        if file.parent.name == "shapes" and (file.name == name if name else file.name != CATALOG)
        for quad in parse(file.read_bytes(), RdfFormat.TURTLE, rename_blank_nodes=True)
    ]
    assert triples, f"no file of shapes is named {name}"
    return triples


def _classes(graph: Graph, nodes: set[Term]) -> dict[Term, list[str]]:
    """The classes of some nodes, in the order of their names."""
    pool = graph.pool
    types = graph.index(pool.iri(RDF + "type"))
    return {
        node: sorted(_text(pool.terms[cls]) for cls in types.get(pool.number(node), ()))
        for node in nodes
    }


def _finding(
    result: Result,
    classes: dict[Term, list[str]],
    columns: dict[Term, str],
) -> Finding:
    focus = _text(result.focus)
    name = component_name(result.component)
    column = columns.get(result.shape)
    if column is None and result.path is not None:
        column = snake(_text(result.path))
    value = None if result.value is None else _text(result.value)
    usual = default_messages(result.component, value, tuple(map(_text, result.wanted)))
    said = result.messages
    zh = said.get("zh") or said.get("") or usual["zh"]
    en = said.get("en") or said.get("") or usual["en"]
    place = f"{focus} {column or ''}".strip()
    mine = classes[result.focus] or [""]
    return found(
        "shape-" + re.sub("(?<=[a-z])(?=[A-Z])", "-", name).lower(),
        f"{place}：{zh}",
        f"{place}: {en}",
        table=next((_known()[cls] for cls in mine if cls in _known()), snake(mine[0])),
        record=focus.rpartition("/")[2],
        column=column,
        severity=_SEVERITIES.get(result.severity.rpartition("#")[2], "error"),
    )


def _text(term: Term) -> str:
    return term.value if isinstance(term, NamedNode | BlankNode | Literal) else str(term)
