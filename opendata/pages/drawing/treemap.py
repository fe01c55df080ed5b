"""A treemap: areas in a rectangle, each as large as its share, as square as they can be."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    def shrunk(self, by: float, top: float = 0) -> "Box":
        """The box without a margin, and without a strip at its top."""
        return Box(
            self.x + by,
            self.y + by + top,
            max(self.width - 2 * by, 0),
            max(self.height - 2 * by - top, 0),
        )


def squarified(shares: Sequence[float], box: Box) -> list[Box]:
    """A box for each share, in their order; shares go from the largest to the smallest.

    After Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000).

    >>> [round(b.width * b.height) for b in squarified([6, 3, 1], Box(0, 0, 10, 10))]
    [60, 30, 10]
    """
    total = sum(shares)
    if total <= 0 or box.width <= 0 or box.height <= 0:
        return [Box(box.x, box.y, 0, 0) for _ in shares]
    areas = [share / total * box.width * box.height for share in shares]
    found: list[Box] = []
    while len(found) < len(areas):
        side = min(box.width, box.height)
        row = _row(areas[len(found) :], side)
        placed, box = _placed(row, box)
        found += placed
    return found


def _row(areas: Sequence[float], side: float) -> Sequence[float]:
    """As many areas as stand along a side before they become less square again."""
    for count in range(1, len(areas)):
        if _worst(areas[: count + 1], side) > _worst(areas[:count], side):
            return areas[:count]
    return areas


def _worst(row: Sequence[float], side: float) -> float:
    total = sum(row)
    if not total or not side or not min(row):
        return 0 if not total else float("inf")
    return max(side**2 * max(row) / total**2, total**2 / (side**2 * min(row)))


def _placed(row: Sequence[float], box: Box) -> tuple[list[Box], Box]:
    """A row along the shorter side of a box, and what of the box is left."""
    total = sum(row)
    found: list[Box] = []
    if box.width >= box.height:
        thick = total / box.height if box.height else 0
        y = box.y
        for area in row:
            height = area / thick if thick else 0
            found.append(Box(box.x, y, thick, height))
            y += height
        return found, Box(box.x + thick, box.y, max(box.width - thick, 0), box.height)
    thick = total / box.width if box.width else 0
    x = box.x
    for area in row:
        width = area / thick if thick else 0
        found.append(Box(x, box.y, width, thick))
        x += width
    return found, Box(box.x, box.y + thick, box.width, max(box.height - thick, 0))
