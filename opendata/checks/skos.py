"""Are concept schemes sound: the integrity conditions of SKOS, and levels without circles.

Conditions on one node are queries of `shapes/skos/`; those that follow links upwards are walks
here, so that their time grows with the links and not with the paths.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from pyoxigraph import BlankNode, NamedNode, Quad, Store, Triple

from opendata.checks.constraint import answers, breaches, constraints, shown
from opendata.checks.report import found
from opendata.model import Finding
from opendata.terms import RDF, SKOS

MAX_STEPS = 5_000_000  # of all walks upwards for S27; a thesaurus of 100,000 terms needs far fewer
_SHOWN = 5

Node = NamedNode | BlankNode
Links = dict[Node, set[Node]]
_TYPE, _THEME = NamedNode(RDF + "type"), NamedNode("http://www.w3.org/ns/dcat#theme")


def check_skos(data: Sequence[Triple]) -> Iterator[Finding]:
    """What SKOS says of a graph; nothing where it has no word of SKOS."""
    ours = [t for t in data if _of_skos(t)]
    if not ours:
        return
    store = Store()
    store.bulk_extend(Quad(t.subject, t.predicate, t.object) for t in ours)
    answered = [(c, answers(store, c.text, {})) for c in constraints("skos")]
    yield from breaches(ours, answered)
    for walk in walks():
        yield from walk(ours)


def walks() -> tuple[Callable[[Sequence[Triple]], Iterator[Finding]], ...]:
    """The conditions that follow links; each docstring is its sentence in both languages."""
    return broader_circle, s27, s46


def _of_skos(triple: Triple) -> bool:
    term = triple.object if triple.predicate == _TYPE else triple.predicate
    return isinstance(term, NamedNode) and (term.value.startswith(SKOS) or term == _THEME)


def links(data: Iterable[Triple], forward: Sequence[str], backward: Sequence[str] = ()) -> Links:
    """Node -> the nodes that some properties lead to, or whose inverse does."""
    ahead = {NamedNode(SKOS + name) for name in forward}
    back = {NamedNode(SKOS + name) for name in backward}
    found_links: Links = {}
    for t in data:
        start, end = t.subject, t.object
        if isinstance(start, Node) and isinstance(end, Node):
            if t.predicate in ahead:
                found_links.setdefault(start, set()).add(end)
            if t.predicate in back:
                found_links.setdefault(end, set()).add(start)
    return found_links


def broader_circle(data: Sequence[Triple]) -> Iterator[Finding]:
    """上下位关系不成环。

    No concept is broader than itself, by however many steps.
    """
    up = links(data, ["broader"], ["narrower"])
    for circle in sorted(sorted(map(shown, group)) for group in circles(up)):
        named = ", ".join(circle[:_SHOWN]) + (" …" if len(circle) > _SHOWN else "")
        yield _told(
            "skos-broader-circle",
            circle[0],
            "broader",
            f"上下位关系成环，{len(circle)} 个概念互为上位：{named}",
            f"the broader links run in a circle through {len(circle)} concepts: {named}",
        )


def s27(data: Sequence[Triple]) -> Iterator[Finding]:
    """相关的概念不能同时是上下位（SKOS S27）。

    Related concepts are not above one another (SKOS S27).
    """
    related = links(data, ["related", "relatedMatch"], ["related", "relatedMatch"])
    up = links(
        data,
        ["broader", "broaderTransitive", "broadMatch"],
        ["narrower", "narrowerTransitive", "narrowMatch"],
    )
    steps = 0
    for node in sorted(related, key=shown):
        above, walked = _above(node, up, MAX_STEPS - steps)
        steps += walked
        for other in sorted(related[node] & above, key=shown):
            yield _told(
                "skos-s27",
                shown(node),
                "related",
                f"与 {shown(other)} 相关（skos:related），而后者又是它的上位概念。",
                f"is related to {shown(other)}, which is also above it.",
            )
        if steps >= MAX_STEPS:
            yield found(
                "skos-not-applied",
                f"S27 只检查到 {shown(node)}：上位关系超过 {MAX_STEPS} 步。",
                f"S27 was applied up to {shown(node)} only: more than {MAX_STEPS} steps upwards.",
                severity="note",
            )
            return


def s46(data: Sequence[Triple]) -> Iterator[Finding]:
    """完全对应的概念不能同时是上下位对应或相关对应（SKOS S46）。

    Concepts that match exactly, by however many steps, are no broad, narrow or related match
    (SKOS S46).
    """
    same = links(data, ["exactMatch"], ["exactMatch"])
    classes = {node: number for number, group in enumerate(circles(same)) for node in group}
    for name in ("broadMatch", "narrowMatch", "relatedMatch"):
        matched = links(data, [name])
        for node in sorted(matched, key=shown):
            for other in sorted(matched[node], key=shown):
                if node in classes and classes[node] == classes.get(other):
                    yield _told(
                        "skos-s46",
                        shown(node),
                        "exact_match",
                        f"与 {shown(other)} 既是 skos:{name}，又（直接或间接）是 skos:exactMatch。",
                        f"is skos:{name} of {shown(other)}, and, directly or by others, also "
                        "skos:exactMatch.",
                    )


def _told(rule: str, node: str, column: str, zh: str, en: str) -> Finding:
    record = node.rpartition("/")[2]
    return found(
        rule, f"{node}：{zh}", f"{node}: {en}", table="concept", record=record, column=column
    )


def _above(node: Node, up: Links, most: int) -> tuple[set[Node], int]:
    """Every node above a node, and how many links were followed; no more than are allowed."""
    above: set[Node] = set()
    todo, steps = [node], 0
    while todo and steps < most:
        for higher in up.get(todo.pop(), ()):
            steps += 1
            if higher not in above:
                above.add(higher)
                todo.append(higher)
    return above, steps


def circles(up: Links) -> Iterator[list[Node]]:
    """The groups of nodes that reach each other, of two nodes or of one that links to itself.

    Tarjan's algorithm without recursion: a chain may be longer than Python's stack.
    """
    number: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    stack: list[Node] = []
    waiting: set[Node] = set()
    for root in up:
        if root in number:
            continue
        work = [(root, iter(up[root]))]
        number[root] = lowest[root] = len(number)
        stack.append(root)
        waiting.add(root)
        while work:
            node, further = work[-1]
            for above in further:
                if above not in number:
                    number[above] = lowest[above] = len(number)
                    stack.append(above)
                    waiting.add(above)
                    work.append((above, iter(up.get(above, ()))))
                    break
                if above in waiting:
                    lowest[node] = min(lowest[node], number[above])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                if lowest[node] == number[node]:
                    group = _popped(stack, waiting, node)
                    if len(group) > 1 or node in up.get(node, ()):
                        yield group


def _popped(stack: list[Node], waiting: set[Node], last: Node) -> list[Node]:
    group: list[Node] = []
    while not group or group[-1] != last:
        group.append(stack.pop())
        waiting.discard(group[-1])
    return group
