"""A sankey diagram: columns of nodes, and between them bands as thick as what flows."""

from collections.abc import Sequence
from dataclasses import dataclass

GAP = 8.0  # between two nodes of a column
SLOT = 32.0  # the least room of a node: its two lines of text


@dataclass(frozen=True, slots=True)
class Node:
    """A node as it is drawn; `value` decides its height."""

    key: str
    column: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Band:
    """A flow between two nodes, as the path of its outline."""

    source: str
    target: str
    path: str


@dataclass(frozen=True, slots=True)
class Flow:
    """So much goes from one node to another."""

    source: str
    target: str
    value: float


def sankey(
    columns: Sequence[Sequence[str]],
    flows: Sequence[Flow],
    width: float,
    height: float,
    *,
    bar: float = 12,
    least: float = 1.5,
) -> tuple[list[Node], list[Band]]:
    """The nodes, column by column from the left, and the bands between them.

    A node is as high as the larger of what comes in and what goes out, and at least `least`.
    """
    into = _sums(flows, "target")
    out = _sums(flows, "source")
    value = {
        key: max(into.get(key, 0.0), out.get(key, 0.0)) for column in columns for key in column
    }
    scale = min(
        (height - (SLOT + GAP) * len(column)) / (sum(value[key] for key in column) or 1.0)
        for column in columns
    )
    step = (width - bar) / max(len(columns) - 1, 1)
    nodes: dict[str, Node] = {}
    for number, column in enumerate(columns):
        heights = [max(value[key] * scale, least) for key in column]
        slots = [max(high, SLOT) for high in heights]
        y = (height - sum(slots) - GAP * (len(column) - 1)) / 2
        for key, high, slot in zip(column, heights, slots, strict=True):
            nodes[key] = Node(key, number, number * step, y + (slot - high) / 2, bar, high)
            y += slot + GAP
    return list(nodes.values()), _bands(nodes, flows, scale, least)


def _sums(flows: Sequence[Flow], end: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for flow in flows:
        key = str(getattr(flow, end))
        found[key] = found.get(key, 0.0) + flow.value
    return found


def _bands(nodes: dict[str, Node], flows: Sequence[Flow], scale: float, least: float) -> list[Band]:
    left = {key: node.y for key, node in nodes.items()}
    right = dict(left)
    found = []
    for flow in flows:
        source, target = nodes[flow.source], nodes[flow.target]
        thick = max(flow.value * scale, least)
        start, end = right[flow.source], left[flow.target]
        right[flow.source] += thick
        left[flow.target] += thick
        found.append(Band(flow.source, flow.target, _outline(source, target, start, end, thick)))
    return found


def _outline(source: Node, target: Node, start: float, end: float, thick: float) -> str:
    x0, x1 = source.x + source.width, target.x
    middle = (x0 + x1) / 2
    numbers = {
        "x0": x0, "x1": x1, "m": middle, "a": start, "b": end, "c": end + thick, "d": start + thick,
    }  # fmt: skip
    r = {name: f"{number:.1f}" for name, number in numbers.items()}
    return (
        f"M{r['x0']} {r['a']}C{r['m']} {r['a']} {r['m']} {r['b']} {r['x1']} {r['b']}"
        f"V{r['c']}C{r['m']} {r['c']} {r['m']} {r['d']} {r['x0']} {r['d']}Z"
    )
