"""A good catalogue, and what each change to it must lead to."""

import pytest
from pyoxigraph import RdfFormat, Triple, parse

from opendata.checks.catalogue import MANDATORY, RECOMMENDED, check_catalogue
from opendata.model import Finding
from opendata.terms import HOME, vocabulary_files

from ..conftest import EXAMPLE

SHAPES = HOME / "shapes/external/dcat-ap-3.0.1"
PREFIXES = """
@prefix : <https://example.org/> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix spdx: <http://spdx.org/rdf/terms#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
GOOD = """
:catalog a dcat:Catalog ; dct:title "目录"@zh ; dct:description "预算"@zh ; dct:publisher :bureau ; dcat:dataset :budget .
:catalog dct:language :zh ; dct:license :by ; dct:modified "2024-01-01"^^xsd:date ; foaf:homepage :home .
:bureau a foaf:Agent ; foaf:name "财政局"@zh .
:budget a dcat:Dataset ; dct:title "预算"@zh ; dct:description "部门预算"@zh ; dcat:contactPoint :desk ; dct:publisher :bureau .
:budget dcat:keyword "预算"@zh ; dcat:theme :gove ; dct:spatial :place ; dct:temporal :year ; dcat:distribution :file .
:year a dct:PeriodOfTime ; dcat:startDate "2024-01-01"^^xsd:date ; dcat:endDate "2024-12-31"^^xsd:date .
:file a dcat:Distribution ; dcat:accessURL :download ; dct:format :csv ; dct:license :by ; dcat:byteSize "12"^^xsd:nonNegativeInteger .
"""

# What is taken out, what is put in -> rule, severity, table, record, column.
BROKEN = [
    (
        "dct:publisher :bureau ; dcat:dataset",
        "dcat:dataset",
        ("min-count", "error", "catalog", "catalog", "publisher"),
    ),
    ('foaf:name "财政局"@zh', "dct:title 1", ("min-count", "error", "agent", "bureau", "name")),
    (
        ':budget a dcat:Dataset ; dct:title "预算"@zh ;',
        ":budget a dcat:Dataset ;",
        ("min-count", "error", "dataset", "budget", "title"),
    ),
    (
        "dcat:contactPoint :desk ;",
        'dcat:contactPoint "电话" ;',
        ("node-kind", "error", "dataset", "budget", "contactPoint"),
    ),
    (
        "dcat:contactPoint :desk ; dct:publisher :bureau",
        "dcat:contactPoint :desk ; dct:publisher :bureau, :other",
        ("max-count", "error", "dataset", "budget", "publisher"),
    ),
    (
        "dcat:accessURL :download ;",
        "",
        ("min-count", "error", "distribution", "file", "accessURL"),
    ),
    (
        '"12"^^xsd:nonNegativeInteger',
        '"12"^^xsd:decimal',
        ("datatype", "error", "distribution", "file", "byteSize"),
    ),
    (
        'dct:modified "2024-01-01"^^xsd:date',
        'dct:modified "today"',
        ("node", "error", "catalog", "catalog", "modified"),
    ),
    (
        "dcat:contactPoint :desk ;",
        "",
        ("recommended", "note", "dataset", "budget", "contactPoint"),
    ),
    ("dct:format :csv ;", "", ("recommended", "note", "distribution", "file", "format")),
    (
        "dct:format :csv ; dct:license :by",
        "dct:format :csv",
        ("recommended", "note", "distribution", "file", "license"),
    ),
]


def triples(text: str) -> list[Triple]:
    return [quad.triple for quad in parse(PREFIXES + text, RdfFormat.TURTLE)]


def told(findings: list[Finding]) -> list[tuple[str, str, str, str, str | None]]:
    return [
        (f.rule.removeprefix("dcat-ap-"), f.severity, f.table, f.record, f.column) for f in findings
    ]


def test_a_good_catalogue_gives_no_finding() -> None:
    assert list(check_catalogue(triples(GOOD))) == []


@pytest.mark.parametrize(("out", "put", "finding"), BROKEN, ids=lambda value: str(value)[:30])
def test_a_poor_catalogue_gives_the_one_finding_at_its_property(
    out: str, put: str, finding: tuple[str, str, str, str, str | None]
) -> None:
    assert GOOD.count(out) == 1
    assert told(list(check_catalogue(triples(GOOD.replace(out, put))))) == [finding]


def test_messages_name_node_property_and_what_was_wanted_in_both_languages() -> None:
    text = GOOD.replace('"12"^^xsd:nonNegativeInteger', '"12"^^xsd:decimal')
    (finding,) = check_catalogue(triples(text))
    for message in (finding.message_zh, finding.message_en):
        for part in ("https://example.org/file", "byteSize", "12", "nonNegativeInteger"):
            assert part in message


def test_what_many_nodes_lack_is_told_once() -> None:
    more = "".join(
        f":f{n} a dcat:Distribution ; dcat:accessURL :d ; dct:license :by .\n" for n in range(9)
    )
    (finding,) = check_catalogue(triples(GOOD + more))
    assert told([finding]) == [("recommended", "note", "distribution", "f0", "format")]
    assert "9" in finding.message_zh
    assert "9" in finding.message_en


def test_a_graph_without_dcat_is_not_checked() -> None:
    assert list(check_catalogue(triples(':a a foaf:Agent ; dct:title "a" .'))) == []


def test_a_budget_is_no_catalogue() -> None:
    text = (EXAMPLE / "budget.nt").read_bytes()
    assert list(check_catalogue([q.triple for q in parse(text, RdfFormat.N_TRIPLES)])) == []


def test_a_catalogue_whose_classes_are_missing_does_not_pass_silently() -> None:
    found = list(check_catalogue(triples(":a dcat:distribution :b .")))
    assert told(found) == [("class-absent", "warning", "", "", None)]


def test_values_that_break_a_message_are_shown_as_they_are() -> None:
    text = GOOD.replace(":download", '"{path} {0} %s"')
    (finding,) = check_catalogue(triples(text))
    assert "{path} {0} %s" in finding.message_en


def test_our_own_dataset_conforms_to_what_is_mandatory() -> None:
    text = (EXAMPLE / "dataset.ttl").read_bytes()
    found = list(check_catalogue([q.triple for q in parse(text, RdfFormat.TURTLE)]))
    assert {f.severity for f in found} == {"note"}
    assert {(f.table, f.column) for f in found} == {
        ("dataset", "contactPoint"),  # nobody can be asked about the data
        ("distribution", "format"),  # of a file whose type the EU has no code for
    }


@pytest.mark.parametrize("name", [MANDATORY, RECOMMENDED])
def test_the_shapes_are_carried_beside_their_licence_and_are_no_vocabulary_of_ours(
    name: str,
) -> None:
    assert (SHAPES / name).is_file()
    assert "CC BY 4.0" in (SHAPES / "LICENCE.md").read_text(encoding="utf-8")
    assert SHAPES / name not in vocabulary_files()
    assert all(path.parent in {HOME / "ontology", HOME / "shapes"} for path in vocabulary_files())


def test_the_same_catalogue_is_told_in_the_same_words() -> None:
    text = GOOD.replace("foaf:name", "dct:title").replace("dcat:accessURL", "dct:source")
    first, second = (list(check_catalogue(triples(text))) for _ in range(2))
    assert first == second
    assert len(first) == 2
