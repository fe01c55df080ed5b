"""A shapes graph -> shapes, each with its constraints as they are checked."""

from dataclasses import dataclass

from pyoxigraph import Literal

from opendata.checks.shacl.graph import Graph
from opendata.checks.shacl.paths import Path, read_path
from opendata.errors import PackageError
from opendata.terms import RDF, RDFS, SH, Text

# What leads from a shape to another: the value is a shape, or a list of shapes.
ONE = ("property", "node", "not", "qualifiedValueShape")
LISTS = ("and", "or", "xone")

# Words of SHACL's extensions: what only the reference knows how to do.
BEYOND = ("rule", "js", "expression", "target", "values")


@dataclass(frozen=True, slots=True)
class Shape:
    """A node shape, or with a path a property shape. `node` is its number in the pool."""

    node: int
    path: Path | None
    path_node: int | None
    severity: int
    messages: Text
    arguments: dict[str, list[int]]
    """Local name of a parameter in SHACL's namespace -> its values."""
    deactivated: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where a shape looks: `kind` is class, node, subjects or objects."""

    kind: str
    of: int


class UnsupportedError(Exception):
    """The shapes ask for what this engine does not do."""


def read_shape(shapes: Graph, node: int) -> Shape:
    """The shape that a node is.

    Raises:
        PackageError: its path is none, or there are two.
    """
    pool = shapes.pool
    arguments: dict[str, list[int]] = {}
    for predicate, index in shapes.forward.items():
        name = str(getattr(pool.terms[predicate], "value", ""))
        if node in index and name.startswith(SH):
            arguments[name.removeprefix(SH)] = index[node]
    paths = arguments.get("path", [])
    if len(paths) > 1:
        raise PackageError(
            f"形状 {pool.terms[node]} 有 {len(paths)} 条 sh:path，应有一条。",
            f"The shape {pool.terms[node]} has {len(paths)} sh:path, wanted one.",
        )
    severity = arguments.get("severity", [pool.iri(SH + "Violation")])[0]
    return Shape(
        node=node,
        path=read_path(shapes, paths[0]) if paths else None,
        path_node=paths[0] if paths else None,
        severity=severity,
        messages=messages(shapes, node),
        arguments=arguments,
        deactivated=_true(shapes, arguments.get("deactivated")),
    )


def messages(shapes: Graph, node: int) -> Text:
    """What a shape or a constraint says, by language; without one under the empty name."""
    found = [shapes.pool.terms[n] for n in shapes.objects(node, shapes.pool.iri(SH + "message"))]
    return {m.language or "": m.value for m in found if isinstance(m, Literal)}


def _true(shapes: Graph, values: list[int] | None) -> bool:
    term = shapes.pool.terms[values[0]] if values else None
    return isinstance(term, Literal) and term.value in ("true", "1")


def targets(shapes: Graph) -> dict[int, list[Target]]:
    """Every node with a target, and what the targets are."""
    pool = shapes.pool
    found: dict[int, list[Target]] = {}
    for word, kind in (
        ("targetClass", "class"),
        ("targetNode", "node"),
        ("targetSubjectsOf", "subjects"),
        ("targetObjectsOf", "objects"),
    ):
        for node, values in shapes.index(pool.iri(SH + word)).items():
            found.setdefault(node, []).extend(Target(kind, value) for value in values)
    types = shapes.inverse(pool.iri(RDF + "type"))
    classes = {
        node for cls in _subclasses(shapes, pool.iri(RDFS + "Class")) for node in types.get(cls, ())
    }
    for kind in ("NodeShape", "PropertyShape"):
        for node in types.get(pool.iri(SH + kind), ()):
            if node in classes:
                found.setdefault(node, []).append(Target("class", node))
    return found


def _subclasses(graph: Graph, cls: int) -> set[int]:
    below = graph.inverse(graph.pool.iri(RDFS + "subClassOf"))
    found, stack = {cls}, [cls]
    while stack:
        for narrower in below.get(stack.pop(), ()):
            if narrower not in found:
                found.add(narrower)
                stack.append(narrower)
    return found


def instances(graph: Graph, cls: int) -> dict[int, None]:
    """The nodes of a class or of one below it, in the order of the graph."""
    types = graph.inverse(graph.pool.iri(RDF + "type"))
    return dict.fromkeys(n for c in sorted(_subclasses(graph, cls)) for n in types.get(c, ()))


def read_shapes(shapes: Graph) -> tuple[dict[int, Shape], dict[int, list[Target]]]:
    """Every shape that a target leads to, and the targets.

    Raises:
        PackageError: a shape leads back to itself, which SHACL leaves undefined.
        UnsupportedError: an extension is used anywhere: it may be what makes a target.
    """
    if beyond := [word for word in BEYOND if shapes.index(shapes.pool.iri(SH + word))]:
        raise UnsupportedError(", ".join(f"sh:{word}" for word in beyond))
    aims = targets(shapes)
    found: dict[int, Shape] = {}
    closed: set[int] = set()
    for first in aims:
        path: dict[int, None] = {}
        stack = [first]
        while stack:
            node = stack.pop()
            if node < 0:
                closed.add(path.popitem()[0])
                continue
            if node in closed:
                continue
            if node in path:
                raise PackageError(
                    f"形状 {shapes.pool.terms[node]} 引用自身，SHACL 未定义其含义。",
                    f"The shape {shapes.pool.terms[node]} leads back to itself, which SHACL "
                    "leaves undefined.",
                )
            found[node] = found.get(node) or read_shape(shapes, node)
            path[node] = None
            stack += [-1, *inner(shapes, found[node])]
    return found, aims


def inner(shapes: Graph, shape: Shape) -> list[int]:
    """The shapes that a shape is made of."""
    direct = [node for word in ONE for node in shape.arguments.get(word, ())]
    listed = [
        node
        for word in LISTS
        for head in shape.arguments.get(word, ())
        for node in shapes.items(head)
    ]
    return direct + listed
