import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet
import pytest
from python_calamine import CalamineWorkbook

from opendata.converters.package import to_package
from opendata.errors import PackageError, QueryError, QueryTimeoutError
from opendata.facts import Facts
from opendata.parsers import parse
from opendata.store import ask, ask_graph, graph_of, load, packages, put
from opendata.store.answers import read_results
from opendata.store.formats import FORMATS
from opendata.terms import XSD

from ..conftest import EXAMPLE


@pytest.fixture(scope="module")
def store() -> object:
    return load([EXAMPLE])


def test_expenditure_by_cofog_adds_up_to_the_total(corpus: Path, tmp_path: Path) -> None:
    document = corpus / "sh-putuo-wanli-2024-dept-budget.pdf"
    facts = Facts(division="310107")
    to_package(parse(document, facts), tmp_path / "package", facts=facts)
    answer = ask(load(packages([tmp_path / "package"])), put("cofog", {}))
    assert len(answer) == 19
    assert sum(answer.column("yuan")) == Decimal(156211123)
    assert ("05.1.0", "废物管理", "确定", Decimal(5993300)) in answer.rows


def test_amounts_are_exact(store: object) -> None:
    answer = ask(store, "SELECT (SUM(?a) AS ?sum) { ?p a ob:Project ; ob:amount ?a }")  # type: ignore[arg-type]
    assert answer.rows == ((Decimal(9832800),),)


def test_an_answer_as_csv_and_json(store: object) -> None:
    answer = ask(store, "SELECT ?n { ?p ob:nameText ?n FILTER(?n = '城管工作经费') }")  # type: ignore[arg-type]
    assert answer.to_csv() == "n\n城管工作经费\n"
    assert '"value": "城管工作经费"' in answer.document


def test_ask_and_construct(store: object) -> None:
    assert ask(store, "ASK { ?x a ob:Budget }").rows == ((True,),)  # type: ignore[arg-type]
    query = "CONSTRUCT { ?x a ob:Budget } WHERE { ?x a ob:Budget }"
    assert ask(store, query).rows[0][0].endswith("430105-306001-2023")  # type: ignore[arg-type]


def test_a_limit_cuts(store: object) -> None:
    answer = ask(store, put("indicators", {}), 5)  # type: ignore[arg-type]
    assert (len(answer), answer.truncated) == (5, True)
    whole = ask(store, put("indicators", {}), 106)  # type: ignore[arg-type]
    assert (len(whole), whole.truncated) == (106, False)


def test_a_wrong_query_is_said_to_be_wrong(store: object) -> None:
    with pytest.raises(QueryError, match="The query is wrong"):
        ask(store, "SELECT ?x WHERE {")  # type: ignore[arg-type]


def test_a_folder_of_packages_is_its_packages() -> None:
    assert (
        packages([EXAMPLE.parent])
        == packages([EXAMPLE])
        == packages([EXAMPLE / "datapackage.json"])
    )


def test_a_place_without_packages_is_said(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="holds no data package"):
        packages([tmp_path])


TYPES = """SELECT * { VALUES (?decimal ?whole ?year ?date ?truth ?iri ?text ?mixed ?none) {
  (1.50 7 "2023"^^xsd:gYear "2023-01-02"^^xsd:date true <urn:x> "0201" 1 UNDEF)
  (2 8 "2024"^^xsd:gYear "2024-01-02"^^xsd:date false <urn:y> "0202"@zh "x" UNDEF) } }"""


def test_a_column_has_the_type_of_its_values(store: object) -> None:
    answer = ask(store, TYPES)  # type: ignore[arg-type]
    assert answer.types == {
        "decimal": "decimal", "whole": "integer", "year": "year", "date": "date", "truth": "boolean",
        "iri": "iri", "text": "string", "mixed": "string", "none": "string",
    }  # fmt: skip
    first = dict(zip(answer.columns, answer.rows[0], strict=True))
    assert first == {
        "decimal": Decimal("1.5"), "whole": 7, "year": 2023, "date": date(2023, 1, 2), "truth": True,
        "iri": "urn:x", "text": "0201", "mixed": "1", "none": None,
    }  # fmt: skip
    assert next(iter(answer)) == first


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ({"datatype": XSD + "decimal", "value": "1e5"}, "1e5"),
        ({"datatype": XSD + "decimal", "value": "NaN"}, "NaN"),
        ({"datatype": XSD + "integer", "value": "9" * 5000}, "9" * 5000),
        ({"datatype": XSD + "integer", "value": "1_000"}, "1_000"),
        ({"datatype": XSD + "integer", "value": "\u0663"}, "\u0663"),
        ({"datatype": XSD + "date", "value": "2023-02-31"}, "2023-02-31"),
        ({"datatype": XSD + "boolean", "value": "yes"}, "yes"),
        ({"datatype": "urn:mine", "value": "1"}, "1"),
    ],
)
def test_what_is_not_of_its_type_is_text(term: dict[str, str], value: str) -> None:
    row = {"x": {"type": "literal"} | term}
    answer = read_results(json.dumps({"head": {"vars": ["x"]}, "results": {"bindings": [row]}}))
    assert (answer.rows, answer.types) == (((value,),), {"x": "string"})


@pytest.mark.parametrize(
    "document",
    ["", "[]", "null", "{}", '{"head": {}, "results": {}}', "[" * 100_000, '{"boolean": 1}',
     '{"head": {"vars": ["x"]}, "results": {"bindings": [7]}}',
     '{"head": {"vars": ["x"]}, "results": {"bindings": [{"x": {}}]}}',
     '{"head": {"vars": [7]}, "results": {"bindings": []}}'],
)  # fmt: skip
def test_a_document_that_is_no_answer_is_told(document: str) -> None:
    with pytest.raises(QueryError, match="no result of SPARQL"):
        read_results(document)


def test_decimals_come_out_exact_in_every_format(store: object, tmp_path: Path) -> None:
    query = 'SELECT ?yuan ?code { VALUES (?yuan ?code) { (12345678901234567890.123456789012345678 "0201") (-0.10 "007") } }'
    answer = ask(store, query)  # type: ignore[arg-type]
    wanted = [Decimal("12345678901234567890.123456789012345678"), Decimal("-0.1")]
    assert answer.column("yuan") == wanted
    assert answer.to_csv() == f"yuan,code\n{wanted[0]},0201\n-0.1,007\n"
    table = pyarrow.parquet.read_table(pyarrow.BufferReader(FORMATS["parquet"](answer)))
    assert table.to_pydict() == {"yuan": wanted, "code": ["0201", "007"]}
    assert table.schema.field("yuan").metadata == {b"type": b"decimal"}


def test_a_workbook_keeps_codes_as_text_and_runs_nothing(store: object, tmp_path: Path) -> None:
    query = """SELECT ?code ?yuan ?big { VALUES (?code ?yuan ?big) { ("0201" 12.50 1234567890123456789.5) ("=1+1" 3 1) } }"""
    place = tmp_path / "answer.xlsx"
    place.write_bytes(FORMATS["xlsx"](ask(store, query)))  # type: ignore[arg-type]
    rows = CalamineWorkbook.from_path(place).get_sheet_by_index(0).to_python()
    assert rows == [
        ["code", "yuan", "big"],
        ["0201", 12.5, "1234567890123456789.5"],
        ["=1+1", 3.0, 1.0],
    ]
    assert FORMATS["xlsx"](ask(store, query)) == place.read_bytes()  # type: ignore[arg-type]


def test_what_is_worked_out_too_long_is_ended(tmp_path: Path) -> None:
    endless = (
        "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c = ?f && ?f = ?i) }"
    )
    graph = graph_of([EXAMPLE])
    with pytest.raises(QueryTimeoutError, match=r"more than 0\.5 s"):
        ask_graph(graph, endless, seconds=0.5)
    assert ask_graph(graph, "ASK { ?x a ob:Budget }").rows == ((True,),)


def test_the_graph_of_packages_is_made_once_and_again_when_they_change(package: Path) -> None:
    graph = graph_of([package])
    assert graph_of([package]) == graph
    os.utime(package / "goal.csv")
    assert graph_of([package]) != graph
