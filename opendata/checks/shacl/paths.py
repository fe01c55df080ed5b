"""Property paths: from focus nodes to their value nodes, whole sets at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode

from opendata.checks.shacl.graph import Graph, Index, Pool
from opendata.errors import PackageError
from opendata.terms import RDF, SH

Values = Mapping[int, list[int]]


@dataclass(frozen=True, slots=True)
class Path:
    """A path: a predicate (`of` is its number), or a kind of path over other paths."""

    kind: str
    of: int | tuple["Path", ...]


_OVER_ONE = {
    SH + "inversePath": "inverse",
    SH + "zeroOrMorePath": "zero-or-more",
    SH + "oneOrMorePath": "one-or-more",
    SH + "zeroOrOnePath": "zero-or-one",
}
_SIGNS = {"zero-or-more": "*", "one-or-more": "+", "zero-or-one": "?"}


def read_path(shapes: Graph, node: int, above: tuple[int, ...] = ()) -> Path:
    """The path that a node of a shapes graph is.

    Raises:
        PackageError: it is no path, or holds itself.
    """
    pool = shapes.pool
    term = pool.terms[node]
    if node in above:
        raise _wrong(term)
    here = (*above, node)
    if shapes.objects(node, pool.iri(RDF + "first")):
        parts = tuple(read_path(shapes, item, here) for item in shapes.items(node))
        if len(parts) < 2:
            raise _wrong(term)
        return Path("sequence", parts)
    for word, kind in _OVER_ONE.items():
        if (inner := shapes.one(node, pool.iri(word))) is not None:
            return Path(kind, (read_path(shapes, inner, here),))
    if (head := shapes.one(node, pool.iri(SH + "alternativePath"))) is not None:
        parts = tuple(read_path(shapes, item, here) for item in shapes.items(head))
        if not parts:
            raise _wrong(term)
        return Path("alternative", parts)
    if not isinstance(term, NamedNode) or term.value == RDF + "nil":
        raise _wrong(term)
    return Path("predicate", node)


def _wrong(term: object) -> PackageError:
    return PackageError(f"形状图中的路径 {term} 不成立。", f"{term} is no path of a shapes graph.")


def sparql(path: Path, pool: Pool) -> str:
    """The path as SPARQL writes it."""
    if isinstance(path.of, int):
        return str(pool.terms[path.of])
    parts = [sparql(part, pool) for part in path.of]
    if path.kind == "inverse":
        return f"^{parts[0]}"
    if path.kind in _SIGNS:
        return f"({parts[0]}){_SIGNS[path.kind]}"
    return f"({('/' if path.kind == 'sequence' else '|').join(parts)})"


def values(graph: Graph, path: Path, foci: Iterable[int]) -> Values:
    """The value nodes of each focus node, each once; a focus node without any is left out."""
    if path.kind == "predicate":
        assert isinstance(path.of, int)
        index = graph.index(path.of)
        return {focus: index[focus] for focus in foci if focus in index}
    step = _step(graph, path)
    found = {focus: list(dict.fromkeys(step(focus))) for focus in foci}
    return {focus: reached for focus, reached in found.items() if reached}


Step = Callable[[int], Iterable[int]]


def _step(graph: Graph, path: Path) -> Step:
    """From one node to those that a path leads to; a node may come more than once."""
    if isinstance(path.of, int):
        return _lookup(graph.index(path.of))
    first = path.of[0]
    if path.kind == "inverse":
        known = isinstance(first.of, int)
        return _lookup(graph.inverse(first.of)) if known else _step(graph, _inverted(first))  # type: ignore[arg-type]
    return _JOINED[path.kind]([_step(graph, part) for part in path.of])


def _lookup(index: Index) -> Step:
    return lambda node: index.get(node, ())


def _inverted(path: Path) -> Path:
    """The path backwards."""
    if path.kind == "predicate":
        return Path("inverse", (path,))
    assert isinstance(path.of, tuple)
    if path.kind == "inverse":
        return path.of[0]
    parts = tuple(_inverted(part) for part in path.of)
    return Path(path.kind, parts[::-1] if path.kind == "sequence" else parts)


def _along(steps: list[Step], node: int) -> Iterable[int]:
    reached: Iterable[int] = (node,)
    for step in steps:
        reached = dict.fromkeys(value for here in reached for value in step(here))
    return reached


def _closure(step: Step, start: Iterable[int], found: dict[int, None]) -> Iterable[int]:
    """All that can be reached from some nodes, after what is found already."""
    stack = list(start)
    while stack:
        for reached in step(stack.pop()):
            if reached not in found:
                found[reached] = None
                stack.append(reached)
    return found


_JOINED: dict[str, Callable[[list[Step]], Step]] = {
    "sequence": lambda steps: lambda node: _along(steps, node),
    "alternative": lambda steps: lambda node: [v for step in steps for v in step(node)],
    "zero-or-one": lambda steps: lambda node: [node, *steps[0](node)],
    "zero-or-more": lambda steps: lambda node: _closure(steps[0], [node], {node: None}),
    "one-or-more": lambda steps: lambda node: _closure(steps[0], [node], {}),
}
