"""SHACL, Core and SPARQL constraints, over whole sets of nodes.

Each shape is checked for all of its focus nodes at once: their value nodes are gathered along the
path, and what only the value decides is decided once for each distinct value. Results are those
of the standard, as of pyshacl, the reference; extensions (rules, JavaScript) are left to it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from pyoxigraph import Quad, Store, Triple

from opendata.checks.shacl import sparql
from opendata.checks.shacl.components import COMPONENTS, Bench, Hit
from opendata.checks.shacl.graph import Graph, Term, graph_of
from opendata.checks.shacl.paths import Values, values
from opendata.checks.shacl.shapes import Shape, Target, UnsupportedError, instances, read_shapes
from opendata.errors import PackageError
from opendata.memory import uncollected
from opendata.terms import SH, Text

_NONE: list[int] = []
_PARAMETERS = {f"{SH}{name}ConstraintComponent": word for word, (name, _) in COMPONENTS.items()}

__all__ = ["Result", "UnsupportedError", "validate"]


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a validation; a path that is no predicate is the shapes graph's node for it.

    `wanted` holds the values of the constraint's parameter, those of a list one by one.
    """

    focus: Term
    path: Term | None
    value: Term | None
    component: str
    severity: str
    shape: Term
    messages: Text
    wanted: tuple[Term, ...] = ()

    def order(self) -> tuple[str, ...]:
        """What results are sorted by, so that they come in one order every run."""
        return tuple(map(str, (self.focus, self.path, self.component, self.value, self.shape)))


@dataclass(slots=True)
class _Run:
    """One validation: the shapes, and which nodes are known to fail which."""

    bench: Bench
    components: dict[int, list[tuple[int, bool]]]
    judged: dict[int, tuple[set[int], set[int]]]
    store: Store | None = None


@uncollected()
def validate(data: Graph, shapes: Iterable[Quad | Triple]) -> list[Result]:
    """The results of validating data against shapes, in an order that is the same every run.

    Raises:
        PackageError: the shapes graph is not well formed, or nested deeper than anybody writes.
        UnsupportedError: it uses what this engine does not do.
    """
    try:
        return sorted(_validated(data, graph_of(shapes, data.pool)), key=Result.order)
    except RecursionError as error:
        raise PackageError(
            "形状嵌套过深，无法检查；请写得平一些。",
            "The shapes are nested too deep to be checked; write them flatter.",
        ) from error


def _validated(data: Graph, shapes: Graph) -> Iterator[Result]:
    known, aims = read_shapes(shapes)
    bench = Bench(data, shapes, known, lambda shape, nodes: _failing(run, shape, nodes))
    run = _Run(bench, sparql.custom(shapes), {})
    for node, targets in aims.items():
        yield from _results(run, known[node], _foci(data, targets))


def _foci(data: Graph, targets: list[Target]) -> list[int]:
    found: dict[int, None] = {}
    for target in targets:
        if target.kind == "class":
            found.update(instances(data, target.of))
        elif target.kind == "node":
            found[target.of] = None
        elif target.kind == "subjects":
            found.update(dict.fromkeys(data.index(target.of)))
        else:
            found.update(dict.fromkeys(data.inverse(target.of)))
    return list(found)


def _failing(run: _Run, node: int, nodes: Iterable[int]) -> set[int]:
    """Of the nodes that a shape was asked about, those that do not conform to it."""
    judged, wrong = run.judged.setdefault(node, (set(), set()))
    fresh = [n for n in dict.fromkeys(nodes) if n not in judged]
    shape = run.bench.known[node]
    if fresh and not shape.deactivated:
        pairs = _pairs(run, shape, fresh)
        wrong.update(hit.focus for _, hit in _hits(run, shape, pairs))
        for inner in shape.arguments.get("property", ()):
            bad = _failing(run, inner, chain.from_iterable(pairs.values()))
            wrong.update(f for f, found in pairs.items() if not bad.isdisjoint(found))
    judged.update(fresh)
    return wrong


def _results(run: _Run, shape: Shape, foci: Iterable[int]) -> Iterator[Result]:
    """What is wrong with some focus nodes, and with what property shapes find below them."""
    if shape.deactivated:
        return
    pairs = _pairs(run, shape, foci)
    term = run.bench.term
    for component, hit in _hits(run, shape, pairs):
        path = shape.path_node if hit.path is None else hit.path
        yield Result(
            focus=term(hit.focus),
            path=None if path is None else term(path),
            value=None if hit.value is None else term(hit.value),
            component=component,
            severity=str(getattr(term(shape.severity), "value", "")),
            shape=term(shape.node),
            messages=shape.messages if hit.messages is None else hit.messages,
            wanted=_wanted(run, shape, component),
        )
    for inner in shape.arguments.get("property", ()):
        # A node that is reached from two others is told of twice.
        below = Counter(chain.from_iterable(pairs.values()))
        for times in range(max(below.values(), default=0)):
            often = [node for node, count in below.items() if count > times]
            yield from _results(run, run.bench.known[inner], often)


def _wanted(run: _Run, shape: Shape, component: str) -> tuple[Term, ...]:
    found = shape.arguments.get(_PARAMETERS.get(component, ""), [])
    listed = [item for node in found for item in run.bench.shapes.items(node)]
    return tuple(map(run.bench.term, listed or found))


def _pairs(run: _Run, shape: Shape, foci: Iterable[int]) -> Values:
    """Every focus node with its value nodes; of a node shape that is the node itself."""
    if shape.path is None:
        return {focus: [focus] for focus in foci}
    foci = list(foci)
    found = values(run.bench.data, shape.path, foci)
    return {focus: found.get(focus, _NONE) for focus in foci}


def _hits(run: _Run, shape: Shape, pairs: Values) -> Iterator[tuple[str, Hit]]:
    """Component and hit of everything but the property shapes inside."""
    bench = run.bench
    for parameter, (name, check) in COMPONENTS.items():
        if parameter in shape.arguments:
            for hit in check(bench, shape, shape.arguments[parameter], pairs):
                yield f"{SH}{name}ConstraintComponent", hit
    for component, query in _queries(run, shape):
        for hit in sparql.run(bench, _store(run), query, shape, pairs):
            yield component, hit


def _queries(run: _Run, shape: Shape) -> Iterator[tuple[str, sparql.Query]]:
    shapes = run.bench.shapes
    for node in shape.arguments.get("sparql", ()):
        if query := sparql.constraint(shapes, node, shape):
            yield f"{SH}SPARQLConstraintComponent", query
    for component, parameters in run.components.items():
        for query in sparql.applied(shapes, component, parameters, shape):
            yield str(getattr(run.bench.term(component), "value", "")), query


def _store(run: _Run) -> Store:
    if run.store is None:
        run.store = sparql.store_of(run.bench.data, run.bench.shapes)
    return run.store
