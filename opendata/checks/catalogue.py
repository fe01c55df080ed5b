"""Is a catalogue good DCAT-AP 3.0.1: the shapes that SEMIC publishes, in words for an officer.

What the profile makes mandatory is an error. What it recommends is a note, told once for all
nodes that lack the same, and only where somebody would act on it.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pyoxigraph import NamedNode, RdfFormat, Triple, serialize

from opendata.checks.report import found
from opendata.model import Finding
from opendata.terms import HOME, RDF, SH, snake

DCAT = "http://www.w3.org/ns/dcat#"
MANDATORY, RECOMMENDED = "shapes.ttl", "shapes_recommended.ttl"
_FOLDER = HOME / "shapes/external/dcat-ap-3.0.1"
_TYPE = NamedNode(RDF + "type")
# Properties that only a catalogue has; others of DCAT, as the size of a file, are used elsewhere.
_ENTRY = {NamedNode(DCAT + p) for p in ("dataset", "distribution", "accessURL", "downloadURL")}
_CHECKED = ("Catalog", "Dataset", "Distribution", "DataService", "DatasetSeries", "CatalogRecord")
_SPACES = (  # of the classes that the shapes are about
    DCAT,
    "http://purl.org/dc/terms/",
    "http://xmlns.com/foaf/0.1/",
    "http://spdx.org/rdf/terms#",
    "http://www.w3.org/ns/adms#",
    "http://www.w3.org/2004/02/skos/core#",
)
# What is recommended and has no place in a budget's catalogue: codes of EU lists for the type of
# an agent or a licence, coordinates beside a code of the division, a text for each of many files.
_LEFT_OUT = {
    ("Agent", "type"),
    ("Catalog", "issued"),
    ("Catalog", "spatial"),
    ("Catalog", "themeTaxonomy"),
    ("CatalogRecord", "conformsTo"),
    ("CatalogRecord", "issued"),
    ("CatalogRecord", "status"),
    ("DataService", "conformsTo"),
    ("DataService", "keyword"),
    ("DataService", "theme"),
    ("Distribution", "availability"),
    ("Distribution", "description"),
    ("LicenseDocument", "type"),
    ("Location", "bbox"),
    ("Location", "centroid"),
}
# Component -> what is said, with what was wanted and what was found.
_SAYS = {
    "MinCount": ("缺少 {path}，至少应有 {wanted} 个。", "has no {path}, wanted {wanted} at least."),
    "MaxCount": (
        "{path} 太多，至多应有 {wanted} 个。",
        "has too many {path}, wanted {wanted} at most.",
    ),
    "NodeKind": (
        "{path} 的值“{value}”应为 {wanted}。",
        "the value “{value}” of {path} should be a node of kind {wanted}.",
    ),
    "Datatype": (
        "{path} 的值“{value}”的数据类型应为 {wanted}。",
        "the value “{value}” of {path} should have the datatype {wanted}.",
    ),
    "Node": (
        "{path} 的值“{value}”不符合要求：{message}",
        "the value “{value}” of {path} is not what it should be: {message}",
    ),
}
_OTHER = ("{path} 不符合 DCAT-AP：{message}", "{path} is not as DCAT-AP has it: {message}")
_LACKS = (
    "DCAT-AP 建议写明 {path}，有 {count} 个 {cls} 没有。",
    "DCAT-AP recommends {path}; nodes of class {cls} without it: {count}.",
)


class Result(NamedTuple):
    """What a shape says of a node, in plain texts."""

    focus: str
    cls: str
    path: str
    value: str
    component: str
    wanted: str
    message: str


def check_catalogue(data: Sequence[Triple]) -> Iterator[Finding]:
    """What DCAT-AP says of a graph; nothing where it has no word of DCAT."""
    classes = {NamedNode(DCAT + name) for name in _CHECKED}
    if not any(t.predicate == _TYPE and t.object in classes for t in data):
        if any(t.predicate in _ENTRY for t in data):
            yield found(
                "dcat-ap-class-absent",
                "图中用了 DCAT 的属性，却没有任何目录、数据集或分发的类，因此未作检查。",
                "The graph uses properties of DCAT and says of no node that it is a catalogue, a "
                "data set or a distribution, so nothing was checked.",
                severity="warning",
            )
        return
    for result in _results(data, MANDATORY):
        yield _finding(result)
    lacking: dict[tuple[str, str], list[Result]] = {}
    for result in _results(data, RECOMMENDED):
        lacking.setdefault((result.cls, result.path), []).append(result)
    for pair, results in sorted(lacking.items()):
        if pair not in _LEFT_OUT:
            yield _note(results)


def _finding(result: Result) -> Finding:
    zh, en = _SAYS.get(result.component, _OTHER)
    filled = {key: value or "?" for key, value in result._asdict().items()}
    return found(
        "dcat-ap-" + re.sub("(?<=[a-z])(?=[A-Z])", "-", result.component).lower(),
        f"{result.focus}：{_filled(zh, filled)}",
        f"{result.focus}: {_filled(en, filled)}",
        table=snake(result.cls),
        record=result.focus.rpartition("/")[2],
        column=result.path or None,
    )


def _note(results: list[Result]) -> Finding:
    """One note for all nodes that lack the same; the first of them is its place."""
    first = results[0]
    filled = {"path": first.path or "dataset / service", "count": str(len(results))}
    zh, en = (_filled(text, filled | {"cls": first.cls}) for text in _LACKS)
    return found(
        "dcat-ap-recommended",
        f"{first.focus}：{zh}",
        f"{first.focus}: {en}",
        table=snake(first.cls),
        record=first.focus.rpartition("/")[2],
        column=first.path or None,
        severity="note",
    )


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: values[m[1]], text)


def _results(data: Sequence[Triple], shapes: str) -> list[Result]:
    """What a file of shapes says of a graph, in an order of its own: pyshacl does the work."""
    import pyshacl
    import rdflib

    logging.getLogger("rdflib.term").setLevel(logging.ERROR)  # an ill-typed literal is a finding
    rdflib.NORMALIZE_LITERALS = False  # what is checked is what is written
    graph = rdflib.Graph()
    graph.parse(data=serialize(_described(data), format=RdfFormat.N_TRIPLES), format="nt")
    wanted = rdflib.Graph().parse(_FOLDER / shapes)
    conforms, report, _ = pyshacl.validate(
        graph, shacl_graph=wanted, inference="none", advanced=False
    )
    if conforms:
        return []
    assert isinstance(report, rdflib.Graph)
    nodes = report.subjects(rdflib.RDF.type, rdflib.URIRef(SH + "ValidationResult"))
    top = set(nodes) - set(report.objects(None, rdflib.URIRef(SH + "detail")))
    return sorted(_result(graph, wanted, report, node) for node in top)


def _described(data: Sequence[Triple]) -> list[Triple]:
    """The triples of nodes that have a class: the shapes look at nothing else.

    Where a catalogue stands in one file with millions of observations, it is told apart by that.
    """
    typed = {
        t.subject
        for t in data
        if t.predicate == _TYPE
        and isinstance(t.object, NamedNode)
        and t.object.value.startswith(_SPACES)
    }
    return [t for t in data if t.subject in typed]


def _result(graph: Any, shapes: Any, report: Any, node: Any) -> Result:
    import rdflib

    sh = rdflib.Namespace(SH)
    focus, shape = report.value(node, sh.focusNode), report.value(node, sh.sourceShape)
    component = str(report.value(node, sh.sourceConstraintComponent)).rpartition("#")[2]
    component = component.removesuffix("ConstraintComponent")
    targets = _targets(shapes, shape)
    classes = sorted(str(cls) for cls in graph.objects(focus, rdflib.RDF.type))
    cls = next((c for c in classes if c in targets), (classes or [""])[0])
    path = report.value(node, sh.resultPath)
    messages = sorted(str(m) for m in report.objects(node, sh.resultMessage))
    return Result(
        focus="[]" if isinstance(focus, rdflib.BNode) else str(focus),
        cls=_local(cls),
        path=_local(str(path)) if isinstance(path, rdflib.URIRef) else "",
        value=_text(report.value(node, sh.value)),
        component=component,
        wanted=_local(_text(shapes.value(shape, sh[component[0].lower() + component[1:]]))),
        message=" ".join((messages or [component])[0].split())[:200],
    )


def _targets(shapes: Any, shape: Any) -> set[str]:
    """The classes that a shape, or the shape that it is a property of, is about."""
    import rdflib

    sh = rdflib.Namespace(SH)
    holders = {shape, *shapes.subjects(sh.property, shape)}
    return {str(cls) for holder in holders for cls in shapes.objects(holder, sh.targetClass)}


def _local(iri: str) -> str:
    return re.split("[#/]", iri)[-1]


def _text(term: Any) -> str:
    import rdflib

    if term is None:
        return ""
    return "[]" if isinstance(term, rdflib.BNode) else str(term)
