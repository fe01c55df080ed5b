"""Every rule of the shapes fires where it should, alone, and in no sound graph.

An invalid graph breaks the one rule that it is named for. Its head says what is wrong, which node
shape says so, and the finding: rule, table, column (`-` where a whole node is at fault).
"""

from functools import cache
from pathlib import Path

import pyshacl
import pytest
import rdflib
from rdflib import RDF, SH

from opendata.checks.shapes import check_graph
from opendata.model import Finding
from opendata.terms import CODE, DEF, HOME, codes, corpus_tables, tables

HERE = Path(__file__).parent
VALID = sorted((HERE / "valid").glob("*.ttl"))
INVALID = sorted((HERE / "invalid").glob("*.ttl"))
SHAPE = "https://w3id.org/open-budget/shape/"

# What may fail, by the parameter that asks for it; the rest of SHACL's words describe a shape.
COMPONENTS = {
    SH["class"]: "shape-class",
    SH.datatype: "shape-datatype",
    SH.hasValue: "shape-has-value",
    SH["in"]: "shape-in",
    SH.languageIn: "shape-language-in",
    SH.maxCount: "shape-max-count",
    SH.maxInclusive: "shape-max-inclusive",
    SH.minCount: "shape-min-count",
    SH.minInclusive: "shape-min-inclusive",
    SH.nodeKind: "shape-node-kind",
    SH["not"]: "shape-not",
    SH["or"]: "shape-or",
    SH.pattern: "shape-pattern",
    SH.qualifiedMaxCount: "shape-qualified-max-count",
    SH.qualifiedMinCount: "shape-qualified-min-count",
    SH.uniqueLang: "shape-unique-lang",
}
DESCRIPTIVE = {
    SH.group,
    SH.message,
    SH.name,
    SH.order,
    SH.path,
    SH.property,
    SH.qualifiedValueShape,
    SH.targetClass,
    SH.targetSubjectsOf,
}


def stem(path: Path) -> str:
    return path.stem


def in_catalogue(path: Path) -> bool:
    return path.stem.startswith("catalog")


def header(path: Path, key: str) -> str:
    """What the head of a file says under a key."""
    mark = f"# {key}: "
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(line.removeprefix(mark) for line in lines if line.startswith(mark))


@cache
def findings(path: Path) -> tuple[Finding, ...]:
    return tuple(check_graph(path, "catalog.ttl" if in_catalogue(path) else None))


def found(path: Path) -> list[tuple[str, str, str | None]]:
    """What `check_graph` says of a file, in the form of its head."""
    return [(f.rule, f.table, f.column) for f in findings(path)]


@cache
def shapes(*, catalogue: bool) -> rdflib.Graph:
    """The shapes that `check_graph` holds a graph against: the catalogue's, or all others."""
    graph = rdflib.Graph()
    for file in sorted(HOME.glob("shapes/*.ttl")):
        if (file.name == "catalog.ttl") == catalogue:
            graph.parse(file)
    return graph


def all_shapes() -> rdflib.Graph:
    return shapes(catalogue=False) + shapes(catalogue=True)


def sources(path: Path) -> set[str]:
    """The node shapes that pyshacl names as the sources of its results."""
    wanted = shapes(catalogue=in_catalogue(path))
    _, report, _ = pyshacl.validate(
        rdflib.Graph().parse(path), shacl_graph=wanted, inference="none", advanced=False
    )
    named = set()
    for shape in report.objects(None, SH.sourceShape):
        node = wanted.value(predicate=SH.property, object=shape, default=shape)
        named.add(str(node).removeprefix(SHAPE))
    return named


@pytest.mark.parametrize("path", VALID, ids=stem)
def test_a_valid_graph_gives_no_finding(path: Path) -> None:
    assert findings(path) == ()


@pytest.mark.parametrize("path", INVALID, ids=stem)
def test_an_invalid_graph_gives_the_one_finding_that_it_states(path: Path) -> None:
    rule, table, column = header(path, "finds").split(" ")
    assert found(path) == [(rule, table, None if column == "-" else column)]


@pytest.mark.parametrize("path", INVALID, ids=stem)
def test_the_finding_comes_from_the_shape_that_the_file_names(path: Path) -> None:
    assert sources(path) == {header(path, "shape")}


def test_a_valid_graph_holds_every_table_and_a_line_of_every_kind_of_money_table() -> None:
    graph = rdflib.Graph()
    for path in VALID:
        graph.parse(path)
    held = {str(cls) for cls in graph.objects(None, RDF.type)}
    assert [
        name for name, table in (tables() | corpus_tables()).items() if table.types[0] not in held
    ] == []
    kinds = {str(kind) for kind in graph.objects(None, rdflib.URIRef(DEF + "tableKind"))}
    money = {kind for kind in codes("table_kind") if not kind.endswith("-targets")}
    assert kinds == {f"{CODE}table_kind/{kind}" for kind in money}


def test_every_kind_of_constraint_fails_somewhere() -> None:
    words = {p for p in all_shapes().predicates() if p in SH} - DESCRIPTIVE
    asked = {COMPONENTS[word] for word in words}
    assert asked == {header(path, "finds").split(" ")[0] for path in INVALID}


def test_every_node_shape_fails_somewhere() -> None:
    named = {str(s).removeprefix(SHAPE) for s in all_shapes().subjects(RDF.type, SH.NodeShape)}
    assert named == {header(path, "shape") for path in INVALID}


def test_every_message_of_a_shape_reaches_the_reader() -> None:
    said = {text for path in INVALID for f in findings(path) for text in messages(f)}
    written = {str(message) for message in all_shapes().objects(None, SH.message)}
    assert sorted(written - said) == []


def messages(finding: Finding) -> tuple[str, str]:
    """The messages of a finding without the place that they begin with."""
    return finding.message_zh.partition("：")[2], finding.message_en.partition(": ")[2]
