"""A graph's data cubes in normal form: a frame in one store, the observations in parts.

The W3C recommendation lets a cube be written short: types may be left out, and values that
observations share may stand on the data set or the slice. Its normalisation (section 10.2) says
what is meant, and the integrity constraints hold for the outcome. Only what they ask about is
kept. Literals become values in a store (1.50 and 1.5 are one), which is how values are compared.

One store of all observations would outgrow the processor's cache, and its time would grow faster
than the cube. So the observations are asked about some thousands at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap

from pyoxigraph import NamedNode, Quad, Store, Triple

from opendata.checks.cube.beside import our_lists, our_structure
from opendata.checks.cube.components import (
    Components,
    Key,
    Shared,
    close,
    components_of,
    keys_with,
    properties_of,
    shared_values,
)
from opendata.checks.cube.index import (
    A_OBSERVATION,
    CODE_LIST,
    COMPONENT,
    DATA_SET,
    DIMENSION,
    HAS_TOP,
    IN_SCHEME,
    MEASURE,
    MEMBER,
    OBSERVATION,
    PROPERTY,
    QB,
    SLICE,
    SLICE_STRUCTURE,
    STRUCTURE,
    TRUE,
    TYPE,
    Graph,
    Index,
    Node,
    Term,
    by_predicate,
    index_of,
    is_a,
    led_to,
    norm,
    qb,
    values,
)
from opendata.checks.cube.lists import REACHED, code_list_quads
from opendata.checks.cube.parts import Part, parts_of, pushed
from opendata.checks.cube.points import Points, no_points
from opendata.terms import SKOS

MAX_DIMENSIONS = 100  # a query has a pattern for each; no real cube has half as many
_FOLLOWED = {STRUCTURE, COMPONENT, PROPERTY, CODE_LIST}
_OF_OBJECT = {SLICE, HAS_TOP, MEMBER, *REACHED}  # from one node to very many


@dataclass(frozen=True, slots=True)
class Cubes:
    """The data cubes of a graph in normal form; `frame` holds all but what is in the parts."""

    frame: Store
    parts: list[Part]
    points: Points
    keys: tuple[Key, ...]
    shared: Shared
    coded: frozenset[NamedNode]
    about: dict[Term, list[Quad]]  # of the frame, by subject; or by object, where a node has many


def normal_form(data: Iterable[Triple]) -> Cubes | None:
    """The cubes of a graph, or None where it has none: no word of the vocabulary is used."""
    graph = by_predicate(data)
    if not any(map(_of_cube, graph)) and not any(_of_cube(t.object) for t in graph.get(TYPE, ())):
        return None
    index = index_of(graph)
    for beside in (our_structure, our_lists):
        if more := list(beside(graph, index)):
            for predicate, told in by_predicate(more).items():
                graph.setdefault(predicate, []).extend(told)
            index = index_of(graph)
    close(index)
    components = components_of(index)
    keys = keys_with(index, components)
    shared = shared_values(graph, index, components)
    properties = properties_of(graph, index)
    parts, placed = parts_of(graph, properties)
    frame = [
        *_indexed(index),
        *_typed(graph, placed),
        *_of_slices(graph, index, properties, shared),
        *_worked_out(graph, index, components, keys),
    ]
    store = Store()
    store.bulk_extend(frame)
    coded = frozenset(name for name in index.get(CODE_LIST, {}) if isinstance(name, NamedNode))
    points = no_points(index, components, keys, MAX_DIMENSIONS)
    return Cubes(store, parts, points, tuple(keys), shared, coded, _about(frame))


def _of_cube(term: Term) -> bool:
    return isinstance(term, NamedNode) and term.value.startswith(QB)


def _of_standard(term: Term) -> bool:
    return isinstance(term, NamedNode) and term.value.startswith((QB, SKOS))


def _about(frame: Sequence[Quad]) -> dict[Term, list[Quad]]:
    found: dict[Term, list[Quad]] = {}
    for quad in frame:
        if quad.predicate == OBSERVATION or quad.object == A_OBSERVATION:
            continue  # of no data set: told once, by the frame
        known = quad.object if quad.predicate in _OF_OBJECT else quad.subject
        found.setdefault(known, []).append(quad)
    return found


def store_of(cubes: Cubes, part: Part) -> Store:
    """The observations of a part in a store, with what the frame says of them."""
    store = Store()
    store.bulk_extend([*_observed(part, cubes), *_framed(part, cubes)])
    return store


def _observed(part: Part, cubes: Cubes) -> Iterator[Quad]:
    for name, triples in part.told.items():
        yield from (Quad(t.subject, name, t.object) for t in triples)
    yield from starmap(Quad, pushed(part.told, cubes.shared))


def _framed(part: Part, cubes: Cubes) -> Iterator[Quad]:
    """What the frame says of the data sets, slices and codes that some observations name."""
    seen: set[Term] = {t.object for t in part.told.get(DATA_SET, ())}
    named: set[Term] = {t.subject for t in part.told.get(OBSERVATION, ())}
    common = [pair for node in seen | named for pair in cubes.shared.get(node, ())]
    named.update(value for _, value in common)
    for name in cubes.coded:
        named.update(t.object for t in part.told.get(name, ()))
    todo = list(seen)
    while todo:
        for quad in cubes.about.get(todo.pop(), ()):
            yield quad
            if quad.predicate in _FOLLOWED and quad.object not in seen:
                seen.add(quad.object)
                todo.append(quad.object)
    for node in named - seen:
        yield from cubes.about.get(node, ())


def _typed(graph: Graph, placed: set[Term]) -> Iterator[Quad]:
    """Types and lists of codes, and the observations that are in no data set.

    Phase 1 makes an observation of what is in a data set or a slice.
    """
    loose: set[Node] = set()
    for t in graph.get(TYPE, ()):
        if t.object == A_OBSERVATION:
            if isinstance(t.subject, Node) and t.subject not in placed:
                loose.add(t.subject)
        elif _of_standard(t.object):
            yield Quad(t.subject, TYPE, t.object)
    for t in graph.get(OBSERVATION, ()):
        if t.object not in placed:
            yield Quad(t.subject, OBSERVATION, t.object)
            if isinstance(t.object, Node):
                loose.add(t.object)
    yield from (Quad(node, TYPE, A_OBSERVATION) for node in loose)
    for predicate in (*IN_SCHEME, HAS_TOP):
        yield from (Quad(t.subject, predicate, t.object) for t in graph.get(predicate, ()))


def _of_slices(graph: Graph, index: Index, properties: set[Node], shared: Shared) -> Iterator[Quad]:
    """What a slice says of the components of its key."""
    slices = set(index.get(SLICE_STRUCTURE, ()))
    if not slices:
        return
    for name in properties:
        if isinstance(name, NamedNode):
            told = graph.get(name, ())
            yield from (Quad(t.subject, name, t.object) for t in told if t.subject in slices)
    within = {
        DATA_SET: [t for t in graph.get(DATA_SET, ()) if t.subject in slices],
        OBSERVATION: [t for t in graph.get(OBSERVATION, ()) if t.object in slices],
    }
    yield from starmap(Quad, pushed(within, shared))


def _indexed(index: Index) -> Iterator[Quad]:
    for predicate, found in index.items():
        for node, objects in found.items():
            yield from (Quad(node, predicate, value) for value in objects)
    structures = led_to(index, STRUCTURE) & set(index.get(COMPONENT, {}))
    yield from (Quad(node, TYPE, qb("Slice")) for node in led_to(index, SLICE))
    # By the ranges of the vocabulary; the recommendation's phase 1 takes these two for granted.
    yield from (Quad(node, TYPE, qb("DataStructureDefinition")) for node in structures)
    yield from (Quad(node, TYPE, qb("DataSet")) for node in index.get(STRUCTURE, {}))


def _worked_out(
    graph: Graph, index: Index, components: Components, keys: dict[Key, list[Node]]
) -> Iterator[Quad]:
    """What queries could ask only at a cost that grows faster than the graph."""
    for key, data_sets in keys.items():
        yield from (Quad(node, norm("key"), key.name) for node in data_sets)
    used = {t.object for t in graph.get(DATA_SET, ())}
    for node in used:
        if isinstance(node, Node):
            yield Quad(node, norm("used"), TRUE)
            yield Quad(node, TYPE, qb("DataSet"))
    for data_set, names in components.items():
        for name in names:
            if is_a(index, name, MEASURE):
                yield Quad(data_set, norm("measure"), name)
            if is_a(index, name, DIMENSION):
                yield Quad(data_set, norm("dimension"), name)
    measures = {p for p, kinds in index.get(TYPE, {}).items() if MEASURE in kinds}
    for structure, parts in index.get(COMPONENT, {}).items():
        if any(not measures.isdisjoint(values(index, PROPERTY, part)) for part in parts):
            yield Quad(structure, norm("measured"), TRUE)
    yield from code_list_quads(graph, index)
