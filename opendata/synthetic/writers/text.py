"""Text as it is taken out of a word processor: a tab before a cell, an empty line after a row."""

from collections.abc import Iterator

from opendata.synthetic.layouts.common import Draft
from opendata.synthetic.pages import Matrix, Table
from opendata.synthetic.writers.grid import chunks, origins


def write(draft: Draft) -> bytes:
    """The document in UTF-8."""
    parts = []
    for part in draft.parts:
        if isinstance(part, Table):
            parts.append("\n".join(_table(part)))
        else:
            parts.append(part.text)
    return ("\n\n\n".join(parts) + "\n").encode()


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield table.title
    yield from table.captions
    for number, matrix in enumerate(chunks(table)):
        if number:
            yield "\n"
        yield _rows(matrix, lost=table.lost, new_page=bool(number))
    if table.note and not table.note_inside:
        yield f"\n\n{table.note}"


def _rows(matrix: Matrix, *, lost: bool, new_page: bool) -> str:
    covered = origins(matrix)
    rows = []
    for y, row in enumerate(matrix):
        cells = []
        note = row[0] is not None and row[0].text.startswith("注")
        for x, box in enumerate(row):
            above = covered.get((y, x), (y, x))[0] < y
            if box is None and not above and (lost or note):
                continue  # what a cell covers to its right is no cell
            cells.append(box.text if box else "")
        rows.append("\n".join(f"\t{text}" for text in cells))
    text = "\n\n".join(rows)
    return f" {text}" if new_page else text
