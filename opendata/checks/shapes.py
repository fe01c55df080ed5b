"""Is each node of a graph well formed: SHACL, as pyshacl sees it."""

import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from opendata.checks.report import found
from opendata.errors import PackageError
from opendata.model import Finding
from opendata.terms import CSVW, SH, code_lists, snake, tables, vocabulary_files

MAX_BYTES = 512 * 1024 * 1024
CATALOG = "catalog.ttl"
_FORMATS = {".ttl": "turtle", ".nt": "nt"}
_SEVERITIES = {"Violation": "error", "Warning": "warning", "Info": "note"}


def check_graph(path: Path, shapes: str | None = None) -> Iterator[Finding]:
    """What the shapes say of a graph file; one file of shapes, or all but the catalogue's.

    Raises:
        PackageError: the file cannot be read.
    """
    import rdflib
    from pyoxigraph import RdfFormat, parse

    name = CATALOG if shapes is None and path.name == "dataset.ttl" else shapes
    try:
        if path.stat().st_size > MAX_BYTES:
            raise OSError(27, f"more than {MAX_BYTES} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise PackageError(
            f"{path}：无法读取（{error.strerror}）。", f"{path}: cannot be read ({error.strerror})."
        ) from error
    syntax = RdfFormat.from_extension(path.suffix.lstrip(".").lower())
    try:
        triples = [quad.triple for quad in parse(data, syntax)]
    except SyntaxError as error:
        yield found(
            "syntax",
            f"{path}:{error.lineno}：不是合法的 RDF：{error.msg}",
            f"{path}:{error.lineno}: is no valid RDF: {error.msg}",
            line=error.lineno,
        )
        return
    if not triples:
        yield found("graph-empty", f"{path}：图是空的。", f"{path}: the graph is empty.")
        return
    logging.getLogger("rdflib.term").setLevel(logging.ERROR)  # an ill-typed literal is a finding
    rdflib.NORMALIZE_LITERALS = False  # what is checked is what is written
    try:
        graph = rdflib.Graph().parse(data=data, format=_FORMATS[path.suffix.lower()])
    except (ValueError, SyntaxError, rdflib.exceptions.ParserError) as error:  # RDF 1.2, say
        yield found("syntax", f"{path}：读不了的 RDF：{error}", f"{path}: cannot be read: {error}")
        return
    if name is None and not _has_target(graph):
        yield found(
            "graph-unknown",
            f"{path}：图中没有本词表的类，没有可检查的内容。",
            f"{path}: holds no class of this vocabulary, so nothing was checked.",
        )
        return
    yield from _validate(graph, name)


def _has_target(graph: Any) -> bool:
    import rdflib

    return any((None, rdflib.RDF.type, rdflib.URIRef(cls)) in graph for cls in _known())


def _known() -> dict[str, str]:
    """Class -> the table or code list of its nodes."""
    return {table.types[0]: name for name, table in (tables() | code_lists()).items()}


@cache
def _shapes(name: str | None) -> Any:
    """The shapes of one file, or of all but the catalogue's."""
    import rdflib

    shapes = rdflib.Graph()
    for file in vocabulary_files():
        if file.parent.name == "shapes" and (file.name == name if name else file.name != CATALOG):
            shapes.parse(file)
    assert len(shapes), f"no file of shapes is named {name}"
    return shapes


def _validate(graph: Any, name: str | None) -> Iterator[Finding]:
    import pyshacl
    import rdflib

    conforms, report, _ = pyshacl.validate(
        graph, shacl_graph=_shapes(name), inference="none", advanced=False
    )
    if conforms:
        return
    sh = rdflib.Namespace(SH)
    assert isinstance(report, rdflib.Graph)
    results = sorted(
        report.subjects(rdflib.RDF.type, sh.ValidationResult), key=lambda r: _key(report, r, sh)
    )
    for result in results:
        yield _finding(graph, report, result, sh)


def _key(report: Any, result: Any, sh: Any) -> tuple[str, ...]:
    parts = (sh.focusNode, sh.resultPath, sh.sourceConstraintComponent, sh.value)
    return tuple(str(report.value(result, part)) for part in parts)


def _finding(graph: Any, report: Any, result: Any, sh: Any) -> Finding:
    node = report.value(result, sh.focusNode)
    focus = str(node)
    value = report.value(result, sh.value)
    component = str(report.value(result, sh.sourceConstraintComponent)).rpartition("#")[2]
    component = component.removesuffix("ConstraintComponent")
    severity = str(report.value(result, sh.resultSeverity)).rpartition("#")[2]
    messages = {m.language: str(m) for m in report.objects(result, sh.resultMessage)}
    rule = "shape-" + re.sub("(?<=[a-z])(?=[A-Z])", "-", component).lower()
    table, record = _table(graph, node), focus.rpartition("/")[2]
    column = _column(report, result, sh)
    shown = f"“{value}”" if value is not None else ""
    place = f"{focus} {column or ''}".strip()
    en = messages.get("en") or messages.get(None) or component
    zh = messages.get("zh") or f"不符合形状约束 {component}：{shown}"
    return found(
        rule,
        f"{place}：{zh}",
        f"{place}: {en}",
        table=table,
        record=record,
        column=column,
        severity=_SEVERITIES.get(severity, "error"),
    )


def _table(graph: Any, node: Any) -> str:
    """The table or code list that a node is of, or else the name of its class."""
    import rdflib

    classes = sorted(str(cls) for cls in graph.objects(node, rdflib.RDF.type))
    return next((_known()[cls] for cls in classes if cls in _known()), snake((classes or [""])[0]))


def _column(report: Any, result: Any, sh: Any) -> str | None:
    """The column that a property shape is: two columns may share a path, as labels do."""
    import rdflib

    path = report.value(result, sh.resultPath)
    name = report.value(report.value(result, sh.sourceShape), rdflib.URIRef(CSVW + "name"))
    return str(name) if name else snake(str(path)) if path else None
