"""What stands beside a graph: our own structure and code lists, where it refers to them."""

from collections.abc import Iterator
from operator import attrgetter

from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from opendata.checks.cube.index import (
    CODE_LIST,
    COMPONENT,
    CONCEPT_SCHEME,
    IN_SCHEME,
    STRUCTURE,
    TYPE,
    Graph,
    Index,
    Term,
    led_to,
)
from opendata.converters.graph import triples
from opendata.facts import BASE
from opendata.terms import HOME, code_lists, codes, scheme


def our_structure(_graph: Graph, index: Index) -> Iterator[Triple]:
    """Our own structure, where the graph refers to it and does not hold it."""
    missing = led_to(index, STRUCTURE) - set(index.get(COMPONENT, {}))
    text = (HOME / "ontology/cube.ttl").read_bytes() if missing else b""
    ours = [quad.triple for quad in parse(text, RdfFormat.TURTLE)]
    if missing & {triple.subject for triple in ours}:
        yield from ours


def our_lists(graph: Graph, index: Index) -> Iterator[Triple]:
    """Our own code lists, where a dimension refers to one of which the graph holds no code."""
    wanted: set[Term] = set(led_to(index, CODE_LIST))
    if wanted:
        wanted -= {t.object for predicate in IN_SCHEME for t in graph.get(predicate, ())}
    for name, table in code_lists().items():
        node = NamedNode(scheme(table))
        if node in wanted:
            fields = attrgetter(*(column.name for column in table.stored))
            lines = b"".join(triples(table, map(fields, codes(name).values()), BASE))
            yield from (quad.triple for quad in parse(lines, RdfFormat.N_TRIPLES))
            yield Triple(node, TYPE, CONCEPT_SCHEME)
