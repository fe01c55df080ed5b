"""The same validation by pyshacl, the reference: for what our engine does not do, and to compare."""

import logging
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Triple, serialize

from opendata.checks.shacl import Result
from opendata.checks.shacl.graph import Graph, Term
from opendata.errors import PackageError
from opendata.terms import SH


def validate_by_reference(data: Graph, shapes: Iterable[Quad | Triple]) -> list[Result]:
    """The results of pyshacl, in the order of ours.

    Raises:
        PackageError: it cannot read the graphs, or refuses the shapes.
    """
    import pyshacl
    import rdflib
    from pyshacl.errors import ReportableRuntimeError, ShapeLoadError

    logging.getLogger("rdflib.term").setLevel(logging.ERROR)  # an ill-typed literal is a finding
    rdflib.NORMALIZE_LITERALS = False  # what is checked is what is written
    try:
        _, report, _ = pyshacl.validate(
            _rdflib(data.triples()), shacl_graph=_rdflib(shapes), inference="none", advanced=True
        )
    except (ReportableRuntimeError, ShapeLoadError, RecursionError, ValueError) as error:
        raise PackageError(
            f"形状图无法使用：{error}", f"The shapes cannot be used: {error}"
        ) from error
    assert isinstance(report, rdflib.Graph)
    nodes = report.objects(None, rdflib.URIRef(SH + "result"))  # details have other links
    return sorted((_result(report, node) for node in nodes), key=Result.order)


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
