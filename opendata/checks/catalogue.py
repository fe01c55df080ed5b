"""Is a catalogue good DCAT-AP 3.0.1: the shapes that SEMIC publishes, in words for an officer.

What the profile makes mandatory is an error. What it recommends is a note, told once for all
nodes that lack the same, and only where somebody would act on it.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from opendata.checks import shacl
from opendata.checks.report import found
from opendata.checks.shacl import validate
from opendata.checks.shacl.graph import Graph, Term, graph_of
from opendata.checks.shacl.wording import component_name
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
    graph = graph_of(_described(data))
    for result in _results(graph, MANDATORY):
        yield _finding(result)
    lacking: dict[tuple[str, str], list[Result]] = {}
    for result in _results(graph, RECOMMENDED):
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


def _results(graph: Graph, shapes: str) -> list[Result]:
    """What a file of shapes says of a graph."""
    wanted = _shapes(shapes)
    asked = graph_of(wanted, graph.pool)
    return sorted(_result(graph, asked, result) for result in validate(graph, wanted))


@cache
def _shapes(name: str) -> list[Triple]:
    return [q.triple for q in parse((_FOLDER / name).read_bytes(), RdfFormat.TURTLE)]


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


def _result(graph: Graph, shapes: Graph, result: shacl.Result) -> Result:
    pool = graph.pool
    targets = _targets(shapes, pool.number(result.shape))
    types = graph.objects(pool.number(result.focus), pool.number(_TYPE))
    classes = sorted(_text(pool.terms[cls]) for cls in types)
    cls = next((c for c in classes if c in targets), (classes or [""])[0])
    said = sorted(result.messages.values())
    component = component_name(result.component)
    return Result(
        focus=_text(result.focus),
        cls=_local(cls),
        path=_local(result.path.value) if isinstance(result.path, NamedNode) else "",
        value=_text(result.value),
        component=component,
        wanted=", ".join(_local(_text(term)) for term in result.wanted),
        message=" ".join((said or [component])[0].split())[:200],
    )


def _targets(shapes: Graph, shape: int) -> set[str]:
    """The classes that a shape, or the shape that it is a property of, is about."""
    iri, terms = shapes.pool.iri, shapes.pool.terms
    holders = {shape, *shapes.inverse(iri(SH + "property")).get(shape, ())}
    found = (shapes.objects(holder, iri(SH + "targetClass")) for holder in holders)
    return {_text(terms[cls]) for classes in found for cls in classes}


def _local(iri: str) -> str:
    return re.split("[#/]", iri)[-1]


def _text(term: Term | None) -> str:
    if term is None:
        return ""
    return term.value if isinstance(term, NamedNode | Literal) else "[]"
