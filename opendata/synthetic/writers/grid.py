"""Which cell covers which, and where a table is cut into pages."""

from collections.abc import Iterator
from itertools import pairwise

from opendata.synthetic.pages import Box, Matrix, Table

Place = tuple[int, int]


def origins(matrix: Matrix) -> dict[Place, Place]:
    """Row and column of every covered place -> those of the cell that covers it."""
    found: dict[Place, Place] = {}
    for y, row in enumerate(matrix):
        for x, box in enumerate(row):
            if box is None:
                continue
            for down in range(box.rows):
                for right in range(box.columns):
                    if down or right:
                        found[(y + down, x + right)] = (y, x)
    return found


def width(matrix: Matrix) -> int:
    """Columns of a table."""
    return max((len(row) for row in matrix), default=1)


def chunks(table: Table) -> Iterator[Matrix]:
    """The rows of a table, page by page, with the header where it comes again."""
    edges = [0, *table.breaks, len(table.rows)]
    for number, (start, end) in enumerate(pairwise(edges)):
        rows = table.rows[start:end]
        last = number == len(edges) - 2
        if last and table.note and table.note_inside:
            columns = width((*table.head, *table.rows))
            note = (Box(table.note, columns=columns), *(None for _ in range(columns - 1)))
            rows = (*rows, note)
        head = table.head if number == 0 or table.repeats else ()
        if head or rows:
            yield (*head, *rows)
