"""Parameters become terms, whatever is in them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Store

from opendata.errors import QueryError
from opendata.store import put, questions
from opendata.store.binding import bound, prefixed, variables
from opendata.store.parameters import term, value

EMPTY = Store()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(TEXTS)
@example('" } INSERT DATA { <urn:a> <urn:b> <urn:c> } #')
@example("\\u0022 } #")
@example("\\\\u0022")
@example("\\")
@example("\n\r\t\x00\x7f\x85\u2028")
@example("'''\"\"\"")
@example("$x ?x")
def test_any_text_stays_one_text(text: str) -> None:
    query = bound("SELECT (STR($x) AS ?v) { FILTER($x = ?x) } # ?x '", {"x": Literal(text)})
    assert [row["v"].value for row in EMPTY.query(query)] == [text]


@given(TEXTS, st.sampled_from(["zh", "en-GB"]))
def test_a_text_in_a_language_keeps_both(text: str, language: str) -> None:
    query = bound("SELECT ?x (LANG(?x) AS ?l) {}", {"x": Literal(text, language=language)})
    row = next(EMPTY.query(query))
    assert (row["x"].value, row["l"].value) == (text, language.lower())


def test_no_value_is_left_bare_for_an_engine_that_undoes_escapes_first() -> None:
    """Some engines read the six letters of a numbered sign before they know strings."""
    told = bound("ASK { FILTER(?x = 1) }", {"x": Literal('\\u0022 } ; "')})
    assert told == 'ASK { FILTER("\\u005Cu0022 } ; \\"" = 1) }'


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT ?a ?x { ?a ?b ?x }", 'SELECT ?a ("v" AS ?x) { ?a ?b "v" }'),
        (
            "SELECT DISTINCT $x WHERE { $x ?p ?o }",
            'SELECT DISTINCT ("v" AS ?x) WHERE { "v" ?p ?o }',
        ),
        ("SELECT (COUNT(?x) AS ?n) {}", 'SELECT (COUNT("v") AS ?n) {}'),
        (
            "SELECT ?x (SUM(?a) AS ?s) {} GROUP BY ?x HAVING(?x > 1) ORDER BY ?x DESC(?x) LIMIT 1",
            'SELECT ("v" AS ?x) (SUM(?a) AS ?s) {} GROUP BY ("v") HAVING("v" > 1) ORDER BY ("v") DESC("v") LIMIT 1',
        ),
        ("SELECT ?xy { ?xy ?p ?x_ . ?x ?q 1 }", 'SELECT ?xy { ?xy ?p ?x_ . "v" ?q 1 }'),
        ("ASK { <urn:?x> <p> '?x', \"?x\", '''?x''' . ?x ?p 1 } # ?x", None),
        ("SELECT ?n { { SELECT ?n ?x { ?n ?p ?x } ORDER BY ?x } ?n ?q ?x }", None),
    ],
)
def test_a_variable_is_replaced_where_it_stands(query: str, told: str | None) -> None:
    found = bound(query, {"x": Literal("v")})
    assert told is None or found == told
    EMPTY.query(found, base_iri="urn:")
    for kept in ("<urn:?x>", "'?x', \"?x\", '''?x'''", "# ?x"):
        assert (kept in query) == (kept in found)


def test_what_a_query_makes_itself_is_no_parameter() -> None:
    with pytest.raises(QueryError, match="made by the query itself"):
        bound("SELECT (1 AS ?x) {}", {"x": Literal("v")})
    with pytest.raises(QueryError, match="no variable y"):
        bound("SELECT ?x {}", {"y": Literal("v")})
    assert variables("SELECT ?x { ?x $y '?z' }") == {"x", "y"}


def test_prefixes_are_declared_where_a_query_uses_and_does_not_declare_them() -> None:
    known = {"ob": "urn:ob#", "a": "urn:other#", "foaf": "urn:foaf#"}
    query = "prefix a: <urn:a#> SELECT * { ?x a ob:Budget ; a:b 'foaf:x', <foaf:y> }"
    assert prefixed(query, known) == f"PREFIX ob: <urn:ob#> {query}"


@pytest.mark.parametrize(
    ("kind", "given", "found"),
    [
        ("text", "x", Literal("x")),
        ("integer", "007", Literal("7", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#integer"))),
        ("decimal", Decimal("1.50"), Literal("1.50", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#decimal"))),
        ("year", 2023, Literal("2023", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#gYear"))),
        ("date", date(2023, 1, 2), Literal("2023-01-02", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#date"))),
        ("boolean", True, Literal("true", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#boolean"))),
        ("iri", "urn:x", NamedNode("urn:x")),
        ("severity", "warning", NamedNode("https://w3id.org/open-budget/code/severity/warning")),
        ("severity", "警告", NamedNode("https://w3id.org/open-budget/code/severity/warning")),
    ],
)  # fmt: skip
def test_a_parameter_becomes_a_term_of_its_kind(kind: str, given: object, found: object) -> None:
    assert term("p", kind, given) == found


@pytest.mark.parametrize(
    ("kind", "given"),
    [("integer", "1e3"), ("integer", "٣"), ("decimal", "NaN"), ("decimal", "1e5"), ("year", "20233"),
     ("date", "2023-02-31"), ("boolean", "yes"), ("iri", "no iri> . <x"), ("severity", "warnung"),
     ("nonsense", "x"), ("decimal", "9" * 40)],
)  # fmt: skip
def test_what_is_not_of_its_kind_is_refused(kind: str, given: str) -> None:
    with pytest.raises(QueryError, match="parameter p"):
        value("p", kind, given)


def test_a_near_code_is_proposed() -> None:
    with pytest.raises(QueryError, match="did you mean warning"):
        value("p", "severity", "warnin")


def test_declared_parameters_and_others_are_told_apart() -> None:
    assert "function/208>" in put("function", {"function": "社会保障和就业支出"})
    query = "SELECT * { ?b ob:year $y ; ob:severity $s ; ob:text $t }"
    told = put(query, {"y:year": "2023", "s:severity": "error", "t": "x"})
    assert '"2023"^^<http://www.w3.org/2001/XMLSchema#gYear>' in told
    assert "severity/error>" in told
    with pytest.raises(QueryError, match="value of a parameter is a list"):
        put(query, {"t": [1]})
    with pytest.raises(QueryError, match="no variable colour"):
        put("projects", {"colour": "red"})


def test_a_question_says_what_it_is() -> None:
    for question in questions().values():
        assert set(question.title) == set(question.explanation) == {"zh", "en"}, question.name
        used = variables(question.text)
        for one in question.parameters.values():
            assert one.name in used, (question.name, one.name)
            value(one.name, one.kind, one.example)
            if one.default is not None:
                value(one.name, one.kind, one.default)
            assert set(one.label) == {"zh", "en"}
    assert len(questions()) >= 30
