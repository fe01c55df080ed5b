"""A graph's data cubes in normal form, in a store of their own; the graph stays as it is.

The W3C recommendation lets a cube be written short: types may be left out, and values that
observations share may stand on the data set or the slice. Its normalisation (section 10.2) says
what is meant, and the integrity constraints hold for the outcome. The store holds only what they
ask about. Literals become values there (1.50 and 1.5 are one), which is how values are compared.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from pyoxigraph import NamedNode, Quad, RdfFormat, Store, Triple, parse

from opendata.checks.cube.index import (
    A_OBSERVATION,
    ATTACHMENT,
    CODE_LIST,
    COMPONENT,
    CONCEPT_SCHEME,
    DATA_SET,
    DIMENSION,
    HAS_TOP,
    IN_SCHEME,
    KINDS,
    MEASURE,
    MEASURE_TYPE,
    OBSERVATION,
    PROPERTY,
    QB,
    RANGE,
    SLICE,
    STRUCTURE,
    TRUE,
    TYPE,
    Index,
    Node,
    Term,
    index_of,
    is_a,
    led_to,
    norm,
    qb,
    values,
)
from opendata.checks.cube.lists import code_list_quads
from opendata.converters.graph import triples
from opendata.facts import BASE
from opendata.terms import HOME, SKOS, code_lists, codes, scheme

KEPT = {DATA_SET, OBSERVATION, *IN_SCHEME, HAS_TOP}


@dataclass(frozen=True, slots=True)
class Key:
    """The dimensions that tell the observations of some data sets apart."""

    name: NamedNode
    dimensions: tuple[NamedNode, ...]


@dataclass(frozen=True, slots=True)
class Cubes:
    """The data cubes of a graph in normal form."""

    store: Store
    keys: tuple[Key, ...]


def normal_form(data: Sequence[Triple]) -> Cubes | None:
    """The cubes of a graph, or None where it has none: no word of the vocabulary is used."""
    if not any(map(_of_cube, data)):
        return None
    index = index_of(data)
    for beside in (_structure, _lists):
        if more := list(beside(data, index)):
            data = [*data, *more]
            index = index_of(data)
    _close(index)
    components = _components(index)
    keys = _keys(index, components)
    store = Store()
    store.bulk_extend(_kept(data, _properties(data, index)))
    store.bulk_extend(_indexed(index))
    store.bulk_extend(_pushed(data, index, components))
    store.extend(_worked_out(data, index, components, keys))
    return Cubes(store, tuple(keys))


def _of_cube(triple: Triple) -> bool:
    term = triple.object if triple.predicate == TYPE else triple.predicate
    return isinstance(term, NamedNode) and term.value.startswith(QB)


def _structure(_data: Sequence[Triple], index: Index) -> Iterator[Triple]:
    """Our own structure, where the graph refers to it and does not hold it."""
    missing = led_to(index, STRUCTURE) - set(index.get(COMPONENT, {}))
    text = (HOME / "ontology/cube.ttl").read_bytes() if missing else b""
    ours = [quad.triple for quad in parse(text, RdfFormat.TURTLE)]
    if missing & {triple.subject for triple in ours}:
        yield from ours


def _lists(data: Sequence[Triple], index: Index) -> Iterator[Triple]:
    """Our own code lists, where a dimension refers to one of which the graph holds no code."""
    wanted: set[Term] = set(led_to(index, CODE_LIST))
    wanted -= {t.object for t in data if t.predicate in IN_SCHEME} if wanted else set()
    for name, table in code_lists().items():
        node = NamedNode(scheme(table))
        if node in wanted:
            fields = attrgetter(*(column.name for column in table.stored))
            lines = b"".join(triples(table, map(fields, codes(name).values()), BASE))
            yield from (quad.triple for quad in parse(lines, RdfFormat.N_TRIPLES))
            yield Triple(node, TYPE, CONCEPT_SCHEME)


def _close(index: Index) -> None:
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


def _components(index: Index) -> dict[Node, dict[NamedNode, set[Term]]]:
    """Data set -> each property of its components, with the levels that it is attached at."""
    of_structure: dict[Term, dict[NamedNode, set[Term]]] = {}
    for structure, specifications in index.get(COMPONENT, {}).items():
        found = of_structure.setdefault(structure, {})
        for node in specifications:
            levels = values(index, ATTACHMENT, node)
            for name in values(index, PROPERTY, node):
                if isinstance(name, NamedNode):
                    found.setdefault(name, set()).update(levels)
    components: dict[Node, dict[NamedNode, set[Term]]] = {}
    for data_set, structures in index.get(STRUCTURE, {}).items():
        known = [of_structure[s] for s in structures if s in of_structure]
        if len(known) == 1:
            components[data_set] = known[0]  # shared: a structure may have thousands of data sets
        for names in known if len(known) > 1 else ():
            for name, found_at in names.items():
                components.setdefault(data_set, {}).setdefault(name, set()).update(found_at)
    return components


def _keys(
    index: Index, components: dict[Node, dict[NamedNode, set[Term]]]
) -> dict[Key, list[Node]]:
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


def _properties(data: Iterable[Triple], index: Index) -> set[Node]:
    """What may hold a value of an observation or a slice: components, and what is said to be one."""
    found = led_to(index, PROPERTY)
    if MEASURE_TYPE in found:
        measures = (t.object for t in data if t.predicate == MEASURE_TYPE)
        found |= {measure for measure in measures if isinstance(measure, Node)}
    return found


def _kept(data: Iterable[Triple], properties: set[Node]) -> Iterator[Quad]:
    """What the constraints ask of observations; their types only where that is all they have.

    Phase 1 makes an observation of what is in a data set or a slice.
    """
    wanted = KEPT | properties
    typed: set[Term] = set()
    placed: set[Term] = set()
    for triple in data:
        predicate = triple.predicate
        if predicate in wanted:
            yield Quad(triple.subject, predicate, triple.object)
        if predicate == DATA_SET:
            placed.add(triple.subject)
        elif predicate == OBSERVATION or (predicate == TYPE and triple.object == A_OBSERVATION):
            typed.add(triple.object if predicate == OBSERVATION else triple.subject)
        elif predicate == TYPE and _of_standard(triple.object):
            yield Quad(triple.subject, TYPE, triple.object)
    loose = (node for node in typed - placed if isinstance(node, Node))
    yield from (Quad(node, TYPE, A_OBSERVATION) for node in loose)


def _of_standard(term: Term) -> bool:
    return isinstance(term, NamedNode) and term.value.startswith((QB, SKOS))


def _indexed(index: Index) -> Iterator[Quad]:
    for predicate, found in index.items():
        for node, objects in found.items():
            yield from (Quad(node, predicate, value) for value in objects)
    structures = led_to(index, STRUCTURE) & set(index.get(COMPONENT, {}))
    yield from (Quad(node, TYPE, qb("Slice")) for node in led_to(index, SLICE))
    # By the ranges of the vocabulary; the recommendation's phase 1 takes these two for granted.
    yield from (Quad(node, TYPE, qb("DataStructureDefinition")) for node in structures)
    yield from (Quad(node, TYPE, qb("DataSet")) for node in index.get(STRUCTURE, {}))


def _pushed(
    data: Sequence[Triple], index: Index, components: dict[Node, dict[NamedNode, set[Term]]]
) -> Iterator[Quad]:
    """Phase 2: values that stand on a data set, a slice or a measure, on its observations."""
    shared = _shared(data, index, components)
    if not shared:
        return
    for triple in data:
        holder: Term = triple.object
        node: Term = triple.subject
        if triple.predicate == OBSERVATION:
            holder, node = node, holder
        elif triple.predicate != DATA_SET:
            continue
        if isinstance(holder, Node) and isinstance(node, Node):
            yield from (Quad(node, name, value) for name, value in shared.get(holder, ()))


def _shared(
    data: Iterable[Triple], index: Index, components: dict[Node, dict[NamedNode, set[Term]]]
) -> dict[Node, set[tuple[NamedNode, Term]]]:
    """Data set or slice -> the values that its observations have from it.

    The recommendation's queries leave out what is attached to a measure, which it allows.
    """
    measures = {m for names in components.values() for m in names if is_a(index, m, MEASURE)}
    slices = led_to(index, SLICE)
    stated: dict[Node, list[tuple[NamedNode, Term]]] = {}
    if slices or index.get(ATTACHMENT):
        for t in data:
            node = t.subject
            if isinstance(node, Node) and (
                node in components or node in slices or node in measures
            ):
                stated.setdefault(node, []).append((t.predicate, t.object))
    found: dict[Node, set[tuple[NamedNode, Term]]] = {}
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


def _worked_out(
    data: Sequence[Triple],
    index: Index,
    components: dict[Node, dict[NamedNode, set[Term]]],
    keys: dict[Key, list[Node]],
) -> Iterator[Quad]:
    """What queries could ask only at a cost that grows faster than the graph."""
    for key, data_sets in keys.items():
        yield from (Quad(node, norm("key"), key.name) for node in data_sets)
    used = {t.object for t in data if t.predicate == DATA_SET}
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
    yield from code_list_quads(data, index)
