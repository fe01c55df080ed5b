"""Which observations may stand at the same point of a cube, or at one that lacks a measure.

IC-12 and IC-17 compare the observations of a data set with each other. Here the point of each is a
number, made of its data set and its values for all dimensions but the measure dimension. Only the
points of which the numbers tell something wrong, or nothing certain, need be asked about. A number
is a digest of 64 bits; of a sound cube it is all that is kept.
"""

import re
from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from pyoxigraph import BlankNode, Literal, NamedNode

from opendata.checks.cube.components import Components, Key, Shared
from opendata.checks.cube.index import (
    DATA_SET,
    MEASURE,
    MEASURE_TYPE,
    OBSERVATION,
    Graph,
    Index,
    Node,
    Term,
    is_a,
)
from opendata.checks.cube.parts import SIZE, Part, held
from opendata.terms import XSD

_NUMBERS = {
    *("integer", "int", "long", "short", "byte", "nonNegativeInteger", "nonPositiveInteger"),
    *("positiveInteger", "negativeInteger"),
    *("unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte"),
}
_TIMES = {"date", "gYear", "gYearMonth"}
_NO_ZONE = re.compile(r"\d+(-\d\d){0,2}")
_ABSENT = "absent"

Mark = int | str | None  # None where equal values may have been written otherwise


@dataclass(frozen=True, slots=True)
class Points:
    """The points of the observations taken in so far; equal positions of the arrays are one."""

    data_sets: dict[Term, tuple[int, Key]]  # those that have dimensions, numbered key by key
    measures: dict[Term, dict[Mark, int]]  # data set -> mark of a measure -> its bit
    parts: "array[int]" = field(default_factory=lambda: array("l"))
    nodes: "array[int]" = field(default_factory=lambda: array("l"))
    of: "array[int]" = field(default_factory=lambda: array("l"))
    places: "array[int]" = field(default_factory=lambda: array("q"))
    seen: set[int] = field(default_factory=set)
    lacking: dict[int, int] = field(default_factory=dict)  # point -> bits of what is not seen
    doubted: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Observations to be compared, each in the data sets named; a point is there whole or not."""

    part: Part
    keys: tuple[Key, ...]
    within: set[tuple[Term, Term]]


def no_points(
    index: Index, components: Components, keys: dict[Key, list[Node]], most: int
) -> Points:
    """Nothing taken in yet; sets of more than so many dimensions are left alone."""
    pairs = [(node, key) for key, nodes in keys.items() for node in nodes]
    data_sets: dict[Term, tuple[int, Key]] = {
        node: (number, key)
        for number, (node, key) in enumerate(pairs)
        if len(key.dimensions) <= most
    }
    known: dict[int, dict[Mark, int]] = {}
    measures: dict[Term, dict[Mark, int]] = {}
    for node, key in pairs:
        names = components[node]
        if MEASURE_TYPE in key.dimensions:
            if id(names) not in known:
                declared = (name for name in names if is_a(index, name, MEASURE))
                known[id(names)] = {hash(name): 1 << bit for bit, name in enumerate(declared)}
            measures[node] = known[id(names)]
    return Points(data_sets, measures)


def take_in(
    points: Points, number: int, part: Part, shared: Shared, left_out: Collection[object]
) -> None:
    """Take in the observations of a part, but those that repeat a dimension."""
    by_key: dict[Key, list[tuple[int, Term]]] = {}
    for t in part.told.get(DATA_SET, ()):
        if t.object in points.data_sets and t.subject not in left_out:
            key = points.data_sets[t.object][1]
            by_key.setdefault(key, []).append((part.nodes[t.subject], t.object))
    columns: dict[NamedNode, list[Mark]] = {}
    for key, told in by_key.items():
        for name in set(key.dimensions) - set(columns):
            columns[name] = _column(part, name, shared)
        others = [columns[name] for name in key.dimensions if name != MEASURE_TYPE]
        rows = list(zip(*others, strict=True)) or [()] * len(part.nodes)
        types = columns[MEASURE_TYPE] if MEASURE_TYPE in key.dimensions else None
        for node, data_set in told:
            if _ABSENT not in rows[node] and not (types and types[node] == _ABSENT):
                place = hash((data_set, rows[node]))
                points.parts.append(number)
                points.nodes.append(node)
                points.of.append(points.data_sets[data_set][0])
                points.places.append(place)
                if None in rows[node] or (types and types[node] is None):
                    points.doubted.add(place)
                else:
                    _see(points, data_set, place, types[node] if types else None)


def _see(points: Points, data_set: Term, place: int, measure: Mark) -> None:
    """Doubt a point that is there twice, and cross the measure off those that it lacks."""
    point = place if measure is None else hash((place, measure))
    if point in points.seen:
        points.doubted.add(place)
    points.seen.add(point)
    if measure is not None:
        wanted = points.measures[data_set]
        lacking = points.lacking.get(place, (1 << len(wanted)) - 1)
        points.lacking[place] = lacking & ~wanted.get(measure, 0)


def doubts(points: Points, parts: list[Part]) -> Iterator[Doubt]:
    """The observations that must be compared, some thousands at a time."""
    doubted = points.doubted | {place for place, lacking in points.lacking.items() if lacking}
    if not doubted:
        return
    names = {of: (node, key) for node, (of, key) in points.data_sets.items()}
    entries = sorted(
        (points.of[n], place, points.parts[n], points.nodes[n])
        for n, place in enumerate(points.places)
        if place in doubted
    )
    group: list[tuple[int, int, int, int]] = []
    for entry in entries:
        if len(group) >= SIZE and entry[:2] != group[-1][:2]:
            yield _doubt(group, names, parts)
            group = []
        group.append(entry)
    yield _doubt(group, names, parts)


def _doubt(
    group: list[tuple[int, int, int, int]], names: dict[int, tuple[Term, Key]], parts: list[Part]
) -> Doubt:
    wanted: dict[int, dict[int, list[Term]]] = {}  # part -> observation -> data sets
    for of, _, number, node in group:
        wanted.setdefault(number, {}).setdefault(node, []).append(names[of][0])
    told: Graph = {}
    within: set[tuple[Term, Term]] = set()
    nodes: dict[Term, int] = {}
    for number, here in wanted.items():
        known = {node: n for node, n in parts[number].nodes.items() if n in here}
        within.update((node, data_set) for node, n in known.items() for data_set in here[n])
        nodes.update((node, len(nodes)) for node in known)
        for name, triples in parts[number].told.items():
            about = (
                t for t in triples if (t.object if name == OBSERVATION else t.subject) in known
            )
            told.setdefault(name, []).extend(about)
    keys = {names[of][1]: None for of, *_ in group}
    return Doubt(Part(nodes, told), tuple(keys), within)


def _column(part: Part, name: NamedNode, shared: Shared) -> list[Mark]:
    """The mark of each observation's value of a dimension."""
    column: list[Mark] = [_ABSENT] * len(part.nodes)
    for node, value in held(part, name, shared):
        column[part.nodes[node]] = _mark(value)
    return column


def _mark(value: Term) -> Mark:
    """A number that a store's equal values have in common, or none."""
    if isinstance(value, NamedNode | BlankNode):
        return hash(value)
    if not isinstance(value, Literal) or not value.datatype.value.startswith(XSD):
        return None
    kind = value.datatype.value.removeprefix(XSD)
    if kind == "string" or (kind in _TIMES and _NO_ZONE.fullmatch(value.value)):
        return hash((kind, value.value))
    try:
        return hash(("integer", int(value.value))) if kind in _NUMBERS else None
    except ValueError:
        return None
