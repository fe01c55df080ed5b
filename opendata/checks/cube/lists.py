"""The code lists of data cubes: which have codes, and what is reached in them."""

from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from opendata.checks.cube.index import (
    CODE_LIST,
    CONCEPT_SCHEME,
    HAS_TOP,
    IN_SCHEME,
    INVERSE,
    MEMBER,
    PARENT_CHILD,
    ROOT,
    TRUE,
    TYPE,
    Graph,
    Index,
    Node,
    Term,
    led_to,
    norm,
    values,
)

REACHED = (norm("member"), norm("down"), norm("up"))  # from a list to what is in it


def code_list_quads(graph: Graph, index: Index) -> Iterator[Quad]:
    """Which code lists have codes, and what is reached in collections and hierarchies."""
    lists = led_to(index, CODE_LIST)
    schemes = {t.object for predicate in IN_SCHEME for t in graph.get(predicate, ())}
    schemes |= {t.subject for t in graph.get(HAS_TOP, ())}
    steps = _steps(graph, index)
    for node in lists:
        if node in schemes:  # that it is one follows from its concepts
            yield Quad(node, TYPE, CONCEPT_SCHEME)
        members = _reached([node], [index.get(MEMBER, {})]) - {node}
        roots = values(index, ROOT, node)
        if node in schemes or members or roots:
            yield Quad(node, norm("filled"), TRUE)
        yield from (Quad(node, norm("member"), member) for member in members)
        for way, inverse in (("down", False), ("up", True)):
            edges = [steps[p, inverse] for p in _ways(index, node, inverse=inverse)]
            if roots and edges:
                yield Quad(node, norm("walked"), Literal(way))
                reached = _reached(roots, edges)
                yield from (Quad(node, norm(way), value) for value in reached)


def _ways(index: Index, node: Node, *, inverse: bool) -> Iterator[NamedNode]:
    """The properties from parent to child of a list, or those whose inverse it is."""
    for found in values(index, PARENT_CHILD, node):
        if isinstance(found, NamedNode) and not inverse:
            yield found
        elif isinstance(found, BlankNode) and inverse:
            yield from (p for p in values(index, INVERSE, found) if isinstance(p, NamedNode))


def _steps(graph: Graph, index: Index) -> dict[tuple[NamedNode, bool], dict[Node, list[Term]]]:
    """(property, inverse) -> parent -> children, for the properties that a hierarchy names."""
    lists = index.get(PARENT_CHILD, {})
    found: dict[tuple[NamedNode, bool], dict[Node, list[Term]]] = {
        (p, inverse): {}
        for inverse in (False, True)
        for node in lists
        for p in _ways(index, node, inverse=inverse)
    }
    for t in (t for p in {p for p, _ in found} for t in graph.get(p, ())):
        if not isinstance(t.subject, Node):
            continue
        if (t.predicate, False) in found:
            found[t.predicate, False].setdefault(t.subject, []).append(t.object)
        if (t.predicate, True) in found and isinstance(t.object, Node):
            found[t.predicate, True].setdefault(t.object, []).append(t.subject)
    return found


def _reached(start: Iterable[Term], edges: list[dict[Node, list[Term]]]) -> set[Node]:
    """Every node that can be reached, the start included; a circle is walked once."""
    todo = [node for node in start if isinstance(node, Node)]
    found = set(todo)
    while todo:
        node = todo.pop()
        for step in edges:
            for below in step.get(node, ()):
                if isinstance(below, Node) and below not in found:
                    found.add(below)
                    todo.append(below)
    return found
