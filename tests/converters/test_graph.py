import io
import re
from collections.abc import Iterator
from decimal import Decimal

import pyoxigraph
import rdflib
from hypothesis import given
from hypothesis import strategies as st

import opendata
from opendata.converters.graph import (
    escape,
    iri,
    prefixes,
    triples,
    turtle,
    write_ntriples,
    write_turtle,
)
from opendata.facts import Facts
from opendata.model import Budget
from opendata.terms import tables

BASE = "https://example.org/data/"
QB = "http://purl.org/linked-data/cube#"


def parsed(text: str, syntax: pyoxigraph.RdfFormat) -> set[tuple[str, str, str]]:
    return {
        (str(t.subject), str(t.predicate), str(t.object)) for t in pyoxigraph.parse(text, syntax)
    }


def written(budget: Budget, facts: Facts) -> tuple[str, str]:
    nt, ttl = io.BytesIO(), io.StringIO()
    write_ntriples(nt, budget, facts)
    write_turtle(ttl, budget, facts)
    return nt.getvalue().decode(), ttl.getvalue()


def test_both_syntaxes_hold_the_same_triples_each_once(budget: Budget, facts: Facts) -> None:
    nt, ttl = written(budget, facts)
    triples_ = parsed(nt, pyoxigraph.RdfFormat.N_TRIPLES)
    assert triples_ == parsed(ttl, pyoxigraph.RdfFormat.TURTLE)
    assert len(triples_) == nt.count("\n")


def test_the_graph_of_rdflib_is_the_same(budget: Budget, facts: Facts) -> None:
    nt, _ = written(budget, facts)
    assert len(opendata.to_graph(budget, facts)) == nt.count("\n")


def test_every_observation_has_every_component_of_the_structure_once(
    budget: Budget, facts: Facts
) -> None:
    graph = opendata.to_graph(budget, facts)
    structure = rdflib.Graph().parse("ontology/cube.ttl")
    qb = rdflib.Namespace(QB)
    parts = [qb.dimension, qb.measure, qb.attribute]
    components = [o for part in parts for o in structure.objects(None, part)]
    assert len(components) == 15
    observations = list(graph.subjects(rdflib.RDF.type, qb.Observation))
    assert len(observations) == sum(line.amount is not None for line in budget.lines) == 10
    for node in observations:
        assert [len(list(graph.objects(node, component))) for component in components] == [1] * 15


def test_no_two_observations_share_their_dimensions(budget: Budget, facts: Facts) -> None:
    graph = opendata.to_graph(budget, facts)
    structure = rdflib.Graph().parse("ontology/cube.ttl")
    qb = rdflib.Namespace(QB)
    dimensions = sorted(structure.objects(None, qb.dimension))
    keys = [
        tuple(graph.value(node, dimension) for dimension in dimensions)
        for node in graph.subjects(rdflib.RDF.type, qb.Observation)
    ]
    assert len(keys) == len(set(keys)) == 10


def test_codes_are_concepts_with_labels_in_a_scheme(budget: Budget, facts: Facts) -> None:
    graph = opendata.to_graph(budget, facts)
    skos = rdflib.SKOS
    for concept in graph.subjects(rdflib.RDF.type, skos.Concept):
        scheme = graph.value(concept, skos.inScheme)
        assert (scheme, rdflib.RDF.type, skos.ConceptScheme) in graph
        assert {label.language for label in graph.objects(concept, skos.prefLabel)} >= {"zh"}
    used = {o for o in graph.objects() if str(o).startswith("https://w3id.org/open-budget/code/")}
    known = set(graph.subjects(rdflib.RDF.type, skos.Concept)) | set(
        graph.subjects(rdflib.RDF.type, skos.ConceptScheme)
    )
    assert used <= known


def test_a_record_points_to_its_line_in_the_source(budget: Budget, facts: Facts) -> None:
    graph = opendata.to_graph(budget, facts)
    node = rdflib.URIRef(f"{facts.base}indicator/{budget.indicators[0].id}")
    source = graph.value(node, rdflib.PROV.wasDerivedFrom)
    assert str(source) == f"{facts.base}source/{budget.id}#L163"
    entity = rdflib.URIRef(f"{facts.base}source/{budget.id}")
    assert (entity, rdflib.RDF.type, rdflib.PROV.Entity) in graph


def test_amounts_keep_their_digits(budget: Budget, facts: Facts) -> None:
    nt, ttl = written(budget, facts)
    assert '"16339400.00"^^<http://www.w3.org/2001/XMLSchema#decimal>' in nt
    assert "obeu-measure:amount 16339400.00 ;" in ttl


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
def test_any_text_survives_both_syntaxes(text: str) -> None:
    table = tables()["goal"]
    row = ("g1", "b1", None, 1, None, text, 1, 1)
    known = prefixes(BASE, [table])
    head = "".join(f"@prefix {prefix}: <{namespace}> .\n" for namespace, prefix in known.items())
    nt = parsed(b"".join(triples(table, [row], BASE)).decode(), pyoxigraph.RdfFormat.N_TRIPLES)
    ttl = parsed(head + "".join(turtle(table, [row], BASE, known)), pyoxigraph.RdfFormat.TURTLE)
    assert nt == ttl
    found = [o for _, p, o in nt if p == "<https://w3id.org/open-budget/def/text>"]
    assert found == [str(pyoxigraph.Literal(text, language="zh"))]


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30))
def test_any_key_makes_a_valid_iri(key: str) -> None:
    table = tables()["organization"]
    (text,) = triples(table, [(key, "名", "1", "430105")], BASE)
    assert len(parsed(text.decode(), pyoxigraph.RdfFormat.N_TRIPLES)) == 5


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
def test_any_address_is_a_valid_iri_or_made_one(text: str) -> None:
    term = iri("https://example.org/" + text)
    assert not re.search(r'[\x00-\x20<>"{}|\\^`]', term[1:-1])
    rdflib.Graph().parse(data=f"{term} {term} {term} .", format="nt")


def test_escapes_are_those_of_the_standard() -> None:
    assert escape('a"\\\n\r\t\x00\x7f') == 'a\\"\\\\\\n\\r\\t\\u0000\\u007F'


def test_rows_are_written_a_batch_at_a_time() -> None:
    table = tables()["goal"]

    def rows() -> Iterator[tuple[object, ...]]:
        for number in range(1000):
            yield (f"g{number}", "b1", None, 1, None, "x", 1, 1)
        raise RuntimeError("the row after the first thousand is not asked for yet")

    assert next(triples(table, rows(), BASE)).startswith(f"<{BASE}goal/g0> ".encode())


def test_a_decimal_without_a_point_is_typed_in_turtle() -> None:
    table = tables()["project"]
    row = ("p1", "b1", "t1", 1, "名", None, Decimal(40), None, None, 1, 1)
    (text,) = turtle(table, [row], BASE, prefixes(BASE, [table]))
    assert 'ob:amount "40"^^xsd:decimal ;' in text
