"""A sound thesaurus, and what each change to it must lead to."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from opendata.checks import skos
from opendata.checks.constraint import constraints
from opendata.checks.rules import sentence
from opendata.checks.skos import check_skos, circles, walks
from opendata.terms import SKOS

from ..conftest import EXAMPLE

PREFIXES = """
@prefix : <https://example.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""
SOUND = """
:food a skos:ConceptScheme ; skos:hasTopConcept :plant .
:other a skos:ConceptScheme .
:plant a skos:Concept ; skos:topConceptOf :food ; skos:prefLabel "plant"@en, "植物"@zh .
:fruit a skos:Concept ; skos:inScheme :food ; skos:broader :plant ; skos:prefLabel "fruit"@en ; skos:altLabel "fruits"@en .
:apple a skos:Concept ; skos:inScheme :food ; skos:broader :fruit ; skos:related :juice ; skos:prefLabel "apple"@en, "apple"@fr .
:juice a skos:Concept ; skos:inScheme :food ; skos:broader :plant ; skos:exactMatch :saft .
:saft a skos:Concept ; skos:inScheme :other ; skos:broadMatch :drink ; skos:exactMatch :jus .
:drink a skos:Concept ; skos:inScheme :other .
:jus a skos:Concept ; skos:inScheme :other .
:set a skos:Collection ; skos:member :apple .
"""

# What is added -> the findings: rule, severity, record, column.
BROKEN = {
    ":food a skos:Concept ; skos:inScheme :other .": [("s9", "error", "food", None)],
    ":set a skos:ConceptScheme .": [("s37", "error", "set", None)],
    ":set a skos:Concept ; skos:inScheme :food .": [("s37", "error", "set", None)],
    ':fruit skos:altLabel "fruit"@en .': [("s13", "error", "fruit", "pref_label")],
    ':fruit skos:hiddenLabel "fruits"@en .': [("s13", "error", "fruit", "alt_label")],
    ':apple skos:prefLabel "apfel"@EN .': [("s14", "error", "apple", "pref_label")],
    ':apple skos:prefLabel "1", "2" .': [("s14", "error", "apple", "pref_label")],
    ":lost a skos:Concept .": [("without-scheme", "warning", "lost", "in_scheme")],
    ":drink skos:narrower :jus .": [("without-top", "note", "other", "has_top_concept")],
    ":fruit skos:broader :drink .": [("across-schemes", "warning", "fruit", "broader")],
    ":drink skos:narrower :fruit .": [("across-schemes", "warning", "fruit", "broader")],
    ":plant skos:broader :apple .": [
        ("broader-circle", "error", "apple", "broader"),
        ("s27", "error", "juice", "related"),
    ],
    ":plant skos:broader :plant .": [("broader-circle", "error", "plant", "broader")],
    ":apple skos:narrower :plant .": [
        ("broader-circle", "error", "apple", "broader"),
        ("s27", "error", "juice", "related"),
    ],
    ":apple skos:related :plant .": [("s27", "error", "apple", "related")],
    ":plant skos:related :apple .": [("s27", "error", "apple", "related")],
    ":saft skos:relatedMatch :drink .": [("s27", "error", "saft", "related")],
    ":jus skos:broadMatch :juice .": [("s46", "error", "jus", "exact_match")],
    ":saft skos:relatedMatch :juice .": [("s46", "error", "saft", "exact_match")],
}

STILL_SOUND = (
    ':apple skos:altLabel "apple"@de .',
    ':apple skos:prefLabel "apple" .',
    ":juice skos:broader :fruit .",  # two broader concepts make no circle
    ":apple skos:related :fruit2 . :fruit2 a skos:Concept ; skos:inScheme :food ; skos:broader :fruit .",
    ":lost a skos:Concept ; skos:topConceptOf :other .",
    ":both a skos:Concept ; skos:inScheme :food, :other ; skos:broader :plant .",
    ":drink skos:exactMatch :getraenk . :getraenk skos:broadMatch :liquid .",
    ":far skos:broader :unknown . :far a skos:Concept ; skos:inScheme :food .",
)


def triples(text: str) -> list[Triple]:
    return [quad.triple for quad in parse(PREFIXES + text, RdfFormat.TURTLE)]


def told(text: str) -> list[tuple[str, str, str, str | None]]:
    found = check_skos(triples(text))
    return [(f.rule.removeprefix("skos-"), f.severity, f.record, f.column) for f in found]


def test_a_sound_thesaurus_gives_no_finding() -> None:
    assert told(SOUND) == []


@pytest.mark.parametrize("added", BROKEN)
def test_a_broken_thesaurus_gives_what_it_breaks_and_nothing_else(added: str) -> None:
    assert told(SOUND + added) == BROKEN[added]


@pytest.mark.parametrize("added", STILL_SOUND)
def test_what_skos_allows_is_no_finding(added: str) -> None:
    assert told(SOUND + added) == []


def test_every_condition_is_broken_somewhere() -> None:
    rules = {rule for found in BROKEN.values() for rule, *_ in found}
    assert rules == {*(c.name for c in constraints("skos")), "broader-circle", "s27", "s46"}


@pytest.mark.parametrize("walk", walks())
def test_every_walk_has_its_sentence(walk: object) -> None:
    assert all(sentence(walk).values())  # type: ignore[arg-type]


def test_a_graph_without_skos_is_not_checked() -> None:
    assert told(":a :b :c .") == []


def test_a_message_names_both_concepts_in_both_languages() -> None:
    (finding,) = check_skos(triples(SOUND + ":apple skos:related :plant ."))
    for message in (finding.message_zh, finding.message_en):
        assert "https://example.org/apple" in message
        assert "https://example.org/plant" in message


def test_a_long_chain_is_walked() -> None:
    up = {_node(n): {_node(n + 1)} for n in range(100_000)}
    assert list(circles(up)) == []
    up[_node(100_000)] = {_node(0)}
    assert [len(group) for group in circles(up)] == [100_001]


def test_too_many_steps_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skos, "MAX_STEPS", 1)
    assert ("not-applied", "note", "", None) in told(SOUND)


def test_the_theme_of_a_catalogue_needs_no_scheme() -> None:
    text = (EXAMPLE / "dataset.ttl").read_bytes()
    assert list(check_skos([q.triple for q in parse(text, RdfFormat.TURTLE)])) == []


def test_our_own_codes_are_sound() -> None:
    graph = [q.triple for q in parse((EXAMPLE / "budget.nt").read_bytes(), RdfFormat.N_TRIPLES)]
    assert list(check_skos(graph)) == []


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14))
def test_circles_are_those_that_a_search_of_all_paths_finds(edges: set[tuple[int, int]]) -> None:
    reach = set(edges)
    for middle, start, end in itertools.product(range(8), repeat=3):
        if (start, middle) in reach and (middle, end) in reach:
            reach.add((start, end))
    wanted = {
        frozenset(b for b in range(8) if (a, b) in reach and (b, a) in reach)
        for a in range(8)
        if (a, a) in reach
    }
    graph = [Triple(_node(a), NamedNode(SKOS + "broader"), _node(b)) for a, b in edges]
    found = circles(skos.links(graph, ["broader"]))
    assert {frozenset(int(node.value[4:]) for node in group) for group in found} == wanted


def _node(number: int) -> NamedNode:
    return NamedNode(f"urn:{number}")
