"""What the structures of data cubes say: components, sets of dimensions, values held in common."""

from dataclasses import dataclass
from operator import attrgetter

from pyoxigraph import NamedNode

from opendata.checks.cube.index import (
    ATTACHMENT,
    COMPONENT,
    DIMENSION,
    KINDS,
    MEASURE,
    MEASURE_TYPE,
    PROPERTY,
    RANGE,
    SLICE,
    STRUCTURE,
    TYPE,
    Graph,
    Index,
    Node,
    Term,
    is_a,
    led_to,
    norm,
    qb,
    values,
)

Components = dict[Node, dict[NamedNode, set[Term]]]
Shared = dict[Term, set[tuple[NamedNode, Term]]]  # data set or slice -> what its observations have


@dataclass(frozen=True, slots=True)
class Key:
    """The dimensions that tell the observations of some data sets apart."""

    name: NamedNode
    dimensions: tuple[NamedNode, ...]


def close(index: Index) -> None:
    """Phase 1: `qb:dimension` and its like say a component's property and its kind.

    The vocabulary's own measure dimension is what the recommendation says, told or not.
    """
    types = index.setdefault(TYPE, {})
    for predicate, kind in KINDS.items():
        for node, objects in index.get(predicate, {}).items():
            index.setdefault(PROPERTY, {}).setdefault(node, []).extend(objects)
            for found in objects:
                if isinstance(found, NamedNode):
                    types.setdefault(found, []).append(kind)
    if MEASURE_TYPE in led_to(index, PROPERTY):
        types.setdefault(MEASURE_TYPE, []).append(DIMENSION)
        index.setdefault(RANGE, {}).setdefault(MEASURE_TYPE, [MEASURE])


def components_of(index: Index) -> Components:
    """Data set -> each property of its components, with the levels that it is attached at."""
    of_structure: dict[Term, dict[NamedNode, set[Term]]] = {}
    for structure, specifications in index.get(COMPONENT, {}).items():
        found = of_structure.setdefault(structure, {})
        for node in specifications:
            levels = values(index, ATTACHMENT, node)
            for name in values(index, PROPERTY, node):
                if isinstance(name, NamedNode):
                    found.setdefault(name, set()).update(levels)
    components: Components = {}
    for data_set, structures in index.get(STRUCTURE, {}).items():
        known = [of_structure[s] for s in structures if s in of_structure]
        if len(known) == 1:
            components[data_set] = known[0]  # shared: a structure may have thousands of data sets
        for names in known if len(known) > 1 else ():
            for name, found_at in names.items():
                components.setdefault(data_set, {}).setdefault(name, set()).update(found_at)
    return components


def keys_with(index: Index, components: Components) -> dict[Key, list[Node]]:
    """Each set of dimensions with the data sets that have it."""
    by_structure: dict[int, tuple[NamedNode, ...]] = {}
    found: dict[tuple[NamedNode, ...], list[Node]] = {}
    for data_set, names in components.items():
        if id(names) not in by_structure:
            dimensions = (name for name in names if is_a(index, name, DIMENSION))
            by_structure[id(names)] = tuple(sorted(dimensions, key=attrgetter("value")))
        found.setdefault(by_structure[id(names)], []).append(data_set)
    return {
        Key(norm(f"key{number}"), dimensions): data_sets
        for number, (dimensions, data_sets) in enumerate(found.items(), start=1)
        if dimensions
    }


def properties_of(graph: Graph, index: Index) -> set[Node]:
    """What may hold a value of an observation or a slice: components, and what is said to be one."""
    found = led_to(index, PROPERTY)
    if MEASURE_TYPE in found:
        measures = (t.object for t in graph.get(MEASURE_TYPE, ()))
        found |= {measure for measure in measures if isinstance(measure, Node)}
    return found


def shared_values(graph: Graph, index: Index, components: Components) -> Shared:
    """Data set or slice -> the values that its observations have from it.

    The recommendation's queries leave out what is attached to a measure, which it allows.
    """
    measures = {m for names in components.values() for m in names if is_a(index, m, MEASURE)}
    slices = led_to(index, SLICE)
    stated: dict[Node, list[tuple[NamedNode, Term]]] = {}
    told = {name for names in components.values() for name in names}
    if slices or index.get(ATTACHMENT):
        for t in (t for name in told for t in graph.get(name, ())):
            node = t.subject
            if isinstance(node, Node) and (
                node in components or node in slices or node in measures
            ):
                stated.setdefault(node, []).append((t.predicate, t.object))
    found: Shared = {}
    for data_set, names in components.items():
        here = found.setdefault(data_set, set())
        for holder, level in ((data_set, qb("DataSet")), *((m, MEASURE) for m in names)):
            pairs = stated.get(holder, ())
            here.update((p, value) for p, value in pairs if level in names.get(p, ()))
        for part in values(index, SLICE, data_set):
            for p, value in stated.get(part, ()) if isinstance(part, Node) else ():
                if p in names and (qb("Slice") in names[p] or is_a(index, p, DIMENSION)):
                    assert isinstance(part, Node)
                    found.setdefault(part, set()).add((p, value))
    return {holder: pairs for holder, pairs in found.items() if pairs}
