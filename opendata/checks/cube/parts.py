"""The observations of data cubes in parts of some thousands, as they come."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import NamedNode, Triple

from opendata.checks.cube.components import Shared
from opendata.checks.cube.index import DATA_SET, OBSERVATION, Graph, Node, Term

SIZE = 5_000  # observations: a store of them, some 50,000 triples, stays in a processor's cache


@dataclass(frozen=True, slots=True)
class Part:
    """Some observations, and what is told of them."""

    nodes: dict[Term, int]
    told: Graph


def parts_of(graph: Graph, properties: set[Node]) -> tuple[list[Part], set[Term]]:
    """The parts, and every observation that is in one: those that are in a data set."""
    place: dict[Term, int] = {}
    for t in graph.get(DATA_SET, ()):
        place.setdefault(t.subject, len(place) // SIZE)
    parts = [Part({}, {}) for _ in range(-(-len(place) // SIZE))]
    for node, number in place.items():
        parts[number].nodes[node] = len(parts[number].nodes)
    for name in (*properties, DATA_SET):
        if isinstance(name, NamedNode):
            _deal(name, ((t.subject, t) for t in graph.get(name, ())), place, parts)
    _deal(OBSERVATION, ((t.object, t) for t in graph.get(OBSERVATION, ())), place, parts)
    return parts, set(place)


def _deal(
    name: NamedNode,
    told: Iterator[tuple[Term, Triple]],
    place: dict[Term, int],
    parts: list[Part],
) -> None:
    """Give each part what is told of its observations."""
    here: list[list[Triple]] = [[] for _ in parts]
    for node, triple in told:
        if (number := place.get(node)) is not None:
            here[number].append(triple)
    for part, triples in zip(parts, here, strict=True):
        if triples:
            part.told[name] = triples


def held(part: Part, name: NamedNode, shared: Shared) -> Iterator[tuple[Term, Term]]:
    """Observations with what they, their data set or their slice say of a property."""
    for t in part.told.get(name, ()):
        yield t.subject, t.object
    for node, found, value in pushed(part.told, shared):
        if found == name:
            yield node, value


def pushed(told: Graph, shared: Shared) -> Iterator[tuple[Term, NamedNode, Term]]:
    """Phase 2: values that stand on a data set, a slice or a measure, on its observations."""
    if shared:
        for t in told.get(DATA_SET, ()):
            yield from ((t.subject, name, value) for name, value in shared.get(t.object, ()))
        for t in told.get(OBSERVATION, ()):
            yield from ((t.object, name, value) for name, value in shared.get(t.subject, ()))
