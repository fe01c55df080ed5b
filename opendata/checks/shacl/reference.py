"""The same validation by pyshacl, the reference: for what our engine does not do, and to compare."""

import logging
import re
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Triple, serialize

from opendata.checks.shacl import Result
from opendata.checks.shacl.graph import Graph, Term
from opendata.errors import PackageError
from opendata.terms import SH

_QUERIES = {SH + word for word in ("select", "ask", "construct", "update")}
_REACHING = re.compile(r"\b(?:SERVICE|FROM|LOAD)\b", re.IGNORECASE)
# What it raises over shapes that are not well formed.
_BROKEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)


def validate_by_reference(data: Graph, shapes: Iterable[Quad | Triple]) -> list[Result]:
    """The results of pyshacl, in the order of ours.

    Raises:
        PackageError: it cannot read the graphs, or refuses the shapes.
    """
    import pyshacl
    import rdflib

    shapes = list(shapes)
    _refuse_reaching_out(shapes)
    logging.getLogger("rdflib.term").setLevel(logging.ERROR)  # an ill-typed literal is a finding
    rdflib.NORMALIZE_LITERALS = False  # what is checked is what is written
    try:
        _, report, _ = pyshacl.validate(
            _rdflib(data.triples()), shacl_graph=_rdflib(shapes), inference="none", advanced=True
        )
    except _BROKEN as error:
        told = f"{type(error).__name__} {error}".strip()
        raise PackageError(
            f"形状图无法使用：{told}", f"The shapes cannot be used: {told}"
        ) from error
    assert isinstance(report, rdflib.Graph)
    nodes = report.objects(None, rdflib.URIRef(SH + "result"))  # details have other links
    return sorted((_result(report, node) for node in nodes), key=Result.order)


def _refuse_reaching_out(shapes: list[Quad | Triple]) -> None:
    """Its SPARQL engine would ask the network, or read files, where a query says so."""
    for triple in shapes:
        value = triple.object if triple.predicate.value in _QUERIES else None
        if isinstance(value, Literal) and (found := _REACHING.search(value.value)):
            raise PackageError(
                f"形状图中的查询含有 {found[0]}，不执行。",
                f"A query of the shapes has {found[0]}, which is not run.",
            )


def _rdflib(triples: Iterable[Quad | Triple]) -> Any:
    import rdflib

    plain = (t.triple if isinstance(t, Quad) else t for t in triples)
    file = BytesIO()
    serialize(plain, file, RdfFormat.N_TRIPLES)
    try:
        return rdflib.Graph().parse(data=file.getvalue(), format="nt")
    except rdflib.exceptions.ParserError as error:  # RDF 1.2, say
        raise PackageError(f"读不了的 RDF：{error}", f"This RDF cannot be read: {error}") from error


def _result(report: Any, node: Any) -> Result:
    import rdflib

    def one(name: str) -> Any:
        return report.value(node, rdflib.URIRef(SH + name))

    said = report.objects(node, rdflib.URIRef(SH + "resultMessage"))
    shape = _term(one("sourceShape"))
    focus = _term(one("focusNode"))
    assert shape is not None
    assert focus is not None
    return Result(
        focus=focus,
        path=_term(one("resultPath")),
        value=_term(one("value")),
        component=str(one("sourceConstraintComponent")),
        severity=str(one("resultSeverity")),
        shape=shape,
        messages={message.language or "": str(message) for message in said},
    )


def _term(term: Any) -> Term | None:
    import rdflib

    if term is None:
        return None
    if isinstance(term, rdflib.URIRef):
        return NamedNode(str(term))
    if isinstance(term, rdflib.BNode):
        return BlankNode(str(term))
    if term.language:
        return Literal(str(term), language=term.language)
    return Literal(str(term), datatype=NamedNode(str(term.datatype)) if term.datatype else None)
