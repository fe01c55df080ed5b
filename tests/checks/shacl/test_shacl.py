"""What the suite does not ask: shapes that are wrong, hostile, or beyond the engine."""

from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from opendata.checks.shacl import Result, UnsupportedError, validate
from opendata.checks.shacl.graph import graph_of
from opendata.checks.shacl.literals import comparable, order, well_formed
from opendata.checks.shapes import check_graph
from opendata.errors import PackageError
from opendata.terms import XSD

HEAD = """
@prefix : <http://example.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
TARGET = ":S a sh:NodeShape ; sh:targetNode :a ; "


def run(data: str, shapes: str) -> list[Result]:
    wanted = [quad.triple for quad in parse((HEAD + shapes).encode(), RdfFormat.TURTLE)]
    return validate(graph_of(parse((HEAD + data).encode(), RdfFormat.TURTLE)), wanted)


@pytest.mark.parametrize(
    ("shapes", "wanted"),
    [
        (f"{TARGET} sh:node :S .", "leads back to itself"),
        (f"{TARGET} sh:property [ sh:path :p ; sh:node :S ] .", "leads back to itself"),
        (f"{TARGET} sh:not [ sh:or ( :S ) ] .", "leads back to itself"),
        (f"{TARGET} sh:property [ sh:path _:x ] . _:x sh:inversePath _:x .", "is no path"),
        (f"{TARGET} sh:property [ sh:path () ] .", "is no path"),
        (f"{TARGET} sh:property [ sh:path :p, :q ] .", "wanted one"),
        (f'{TARGET} sh:pattern "(" .', "no value of sh:pattern"),
        (f'{TARGET} sh:pattern "x{{1,999999999}}" .', "no value of sh:pattern"),
        (f'{TARGET} sh:property [ sh:path :p ; sh:minCount "many" ] .', "no value of sh:minCount"),
        (f"{TARGET} sh:nodeKind sh:Anything .", "no value of sh:nodeKind"),
        (
            f'{TARGET} sh:sparql [ sh:select "SELECT $this {{ SERVICE <http://localhost/> {{ $this ?p ?o }} }}" ] .',
            "SERVICE",
        ),
        (f'{TARGET} sh:sparql [ sh:select "SELECT $this {{ $this" ] .', "cannot be used"),
        (f"{TARGET} sh:sparql [] .", "sh:select"),
        (f'{TARGET} sh:sparql [ sh:select "CONSTRUCT WHERE {{ ?s ?p ?o }}" ] .', "cannot be used"),
        (f"{TARGET} sh:property [ sh:path [ sh:alternativePath () ] ] .", "is no path"),
    ],
)
def test_shapes_that_are_wrong_stop_the_work(shapes: str, wanted: str) -> None:
    with pytest.raises(PackageError, match=wanted):
        run(":a :p :b .", shapes)


def test_shapes_nested_without_end_stop_the_work() -> None:
    chain = "".join(f":S{n} a sh:NodeShape ; sh:node :S{n + 1} . " for n in range(5_000))
    with pytest.raises(PackageError, match="nested too deep"):
        run(":a :p :b .", f":S0 sh:targetNode :a . {chain} :S5000 sh:class :C .")
    path = ":p"
    for _ in range(1_200):
        path = f"[ sh:inversePath {path} ]"
    with pytest.raises(PackageError, match="nested too deep"):
        run(":a :p :b .", f"{TARGET} sh:property [ sh:path {path} ; sh:minCount 1 ] .")


def test_an_exploding_pattern_takes_no_time() -> None:
    shapes = f'{TARGET} sh:property [ sh:path :p ; sh:pattern "^(a+)+$" ] .'
    assert len(run(f':a :p "{"a" * 50_000}b" .', shapes)) == 1


def test_a_list_that_goes_round_ends() -> None:
    shapes = (
        f"{TARGET} sh:in _:l . "
        "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . _:l rdf:first :b ; rdf:rest _:l ."
    )
    assert [result.component.rpartition("#")[2] for result in run(":a :p :b .", shapes)] == [
        "InConstraintComponent"
    ]


def test_what_is_written_is_judged_and_not_what_a_store_makes_of_it() -> None:
    shapes = f'{TARGET} sh:property [ sh:path :p ; sh:pattern "^[0-9]+[.][0-9]{{2}}$" ] .'
    assert run(":a :p 1.50 .", shapes) == []
    assert len(run(":a :p 1.5 .", shapes)) == 1


def test_blank_nodes_and_literals_may_be_asked_about_in_sparql() -> None:
    shapes = (
        ":S a sh:NodeShape ; sh:targetObjectsOf :p ; sh:sparql [ sh:select "
        '"SELECT $this { { FILTER(isLiteral($this)) } UNION { $this ?p ?o } }" ] .'
    )
    found = run(':a :p "x", [ :q 1 ], :b .', shapes)
    assert sorted(type(result.focus).__name__ for result in found) == ["BlankNode", "Literal"]


def test_a_message_is_filled_with_what_a_query_found() -> None:
    shapes = (
        f'{TARGET} sh:sparql [ sh:message "{{$this}} has {{?value}}"@en ; '
        'sh:select "SELECT $this ?value { $this ?p ?value }" ] .'
    )
    (found,) = run(":a :p 7 .", shapes)
    assert found.messages == {"en": "http://example.org/a has 7"}


RULES = (
    f"{TARGET} sh:property [ sh:path :p ; sh:minCount 1 ] ; "
    "sh:rule [ a sh:TripleRule ; sh:subject sh:this ; sh:predicate :q ; sh:object :b ] ."
)


def test_what_the_engine_does_not_do_is_said() -> None:
    with pytest.raises(UnsupportedError, match="sh:rule"):
        run(":a :q :b .", RULES)
    with pytest.raises(UnsupportedError, match="sh:target"):  # without it, nothing has a target
        run(":a :q :b .", ":S a sh:NodeShape ; sh:target [ sh:select 'SELECT ?this {}' ] .")


def test_the_reference_does_what_the_engine_does_not(tmp_path: Path) -> None:
    (tmp_path / "data.ttl").write_text(f"{HEAD} :a :q :b .", encoding="utf-8")
    (tmp_path / "shapes.ttl").write_text(HEAD + RULES, encoding="utf-8")
    found = list(check_graph(tmp_path / "data.ttl", shapes_file=tmp_path / "shapes.ttl"))
    assert [(f.rule, f.severity) for f in found] == [
        ("shapes-by-reference", "note"), ("shape-min-count", "error"),
    ]  # fmt: skip


REACHING = (
    f"{TARGET} sh:rule [ a sh:SPARQLRule ; sh:construct "
    '"CONSTRUCT { $this :q ?o } WHERE { SERVICE <http://localhost:9/> { $this ?p ?o } }" ] .'
)


@pytest.mark.parametrize(
    ("shapes", "wanted"),
    [
        (f"{TARGET} sh:expression [ :x :y ] .", "cannot be used"),
        (REACHING, "has SERVICE, which is not run"),
    ],
)
def test_broken_and_reaching_extensions_are_refused(
    tmp_path: Path, shapes: str, wanted: str
) -> None:
    (tmp_path / "data.ttl").write_text(f"{HEAD} :a :q :b .", encoding="utf-8")
    (tmp_path / "shapes.ttl").write_text(HEAD + shapes, encoding="utf-8")
    with pytest.raises(PackageError, match=wanted):
        list(check_graph(tmp_path / "data.ttl", shapes_file=tmp_path / "shapes.ttl"))


def test_anybodys_shapes_check_anybodys_graph(tmp_path: Path) -> None:
    (tmp_path / "data.ttl").write_text(f"{HEAD} :a :p 1 .", encoding="utf-8")
    (tmp_path / "shapes.ttl").write_text(
        f"{HEAD}{TARGET} sh:property [ sh:path :p ; sh:datatype xsd:date ] .", encoding="utf-8"
    )
    (found,) = check_graph(tmp_path / "data.ttl", shapes_file=tmp_path / "shapes.ttl")
    assert (found.rule, found.column) == ("shape-datatype", "p")
    assert found.message_en == "http://example.org/a p: '1' is not of the datatype date."
    (tmp_path / "shapes.ttl").write_text("nothing", encoding="utf-8")
    with pytest.raises(PackageError, match="no valid graph of shapes"):
        list(check_graph(tmp_path / "data.ttl", shapes_file=tmp_path / "shapes.ttl"))


def literal(text: str, datatype: str) -> Literal:
    return Literal(text, datatype=NamedNode(XSD + datatype))


@pytest.mark.parametrize(
    ("datatype", "good", "bad"),
    [
        ("integer", ["0", "-12", "+7", "007"], ["", "1.0", "１", "1_000", " 1", "9" * 500]),
        ("byte", ["127", "-128"], ["128", "-129"]),
        ("positiveInteger", ["1"], ["0", "-1"]),
        ("decimal", ["1.50", ".5", "5.", "-0"], ["1e3", "INF", "1,5", ""]),
        ("double", ["1e3", "INF", "NaN", "-1.5E-7"], ["inf", "1e", ""]),
        ("boolean", ["true", "0"], ["TRUE", "yes"]),
        ("date", ["2024-02-29", "2023-01-01Z", "-0001-01-01"], ["2023-02-29", "2023-1-1", "20230101"]),
        ("dateTime", ["2023-01-01T24:00:00", "2023-01-01T00:00:00.5+08:00"], ["2023-01-01", "2023-01-01T25:00:00"]),
        ("gYear", ["2023", "-0044", "12023"], ["23", "02023"]),
        ("duration", ["P1Y", "-PT0.5S", "P1DT2H"], ["P", "PT", "1Y"]),
        ("hexBinary", ["", "0aFF"], ["0", "xy"]),
        ("language", ["zh", "zh-Hans"], ["中文", ""]),
    ],
)  # fmt: skip
def test_a_lexical_form_is_judged_as_the_standard_says(
    datatype: str, good: list[str], bad: list[str]
) -> None:
    assert [text for text in good if not well_formed(literal(text, datatype))] == []
    assert [text for text in bad if well_formed(literal(text, datatype))] == []


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        (("1", "integer"), ("1.0", "decimal"), 0),
        (("0.1", "decimal"), ("0.1", "double"), -1),
        (("INF", "double"), ("1", "integer"), 1),
        (("NaN", "double"), ("1", "integer"), None),
        (("x", "integer"), ("1", "integer"), None),
        (("2", "string"), ("10", "string"), 1),
        (("2", "string"), ("10", "integer"), None),
        (("2023-01-01", "date"), ("2024-01-01", "date"), -1),
        (("2023-01-01T00:00:00Z", "dateTime"), ("2023-01-01T05:00:00", "dateTime"), None),
        (("2023-01-01T00:00:00Z", "dateTime"), ("2023-01-03T05:00:00", "dateTime"), -1),
    ],
)
def test_literals_compare_by_value(
    left: tuple[str, str], right: tuple[str, str], wanted: int | None
) -> None:
    assert order(comparable(literal(*left)), comparable(literal(*right))) == wanted
