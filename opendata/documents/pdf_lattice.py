"""Ruled lines -> tables: the rows and columns they make, and the areas that are merged.

Pieces of lines that meet are one table. Where the line between two places of its grid is not
drawn, the places are one area. The outer edges need no line: a table that goes on over the page
is often open at its foot.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from opendata.documents.pdf_page import Box, Letter, Segment, Sheet, TooMuchError
from opendata.documents.pdf_text import Line

NEAR = 3.0  # lines nearer than this are one line
MAX_LINES = 4_000  # on a page, level or upright
MAX_PLACES = 200_000  # in the grid of a table

Spans = list[tuple[float, float]]


@dataclass(slots=True)
class Area:
    """A cell of a table, merged or not, and what stands in it."""

    row: int
    column: int
    rows: int
    columns: int
    box: Box
    open: bool = False
    """No line is drawn at its foot, and its foot is the table's."""
    letters: list[Letter] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    text: str = ""


@dataclass(slots=True)
class Table:
    """Columns from left to right, rows from top to bottom, and the areas on them."""

    xs: list[float]
    ys: list[float]
    areas: list[Area]
    owner: list[list[Area]]
    """The area of each place, by row and column."""
    rows: list[int]
    """Which of the page's rows are still here."""

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.xs) - 1

    @property
    def height(self) -> int:
        """The number of rows."""
        return len(self.owner)

    def texts(self, row: int) -> list[str]:
        """The texts that begin in a row."""
        return [area.text if area.row == row else "" for area in self.owner[row]]

    def drop(self, row: int) -> None:
        """Take a row out; merged cells that begin in it begin in the next."""
        gone = self.rows.pop(row)
        for area in {id(area): area for area in self.owner.pop(row)}.values():
            area.rows -= 1
            if area.row == row:
                left, bottom, right, _ = area.box
                area.box = left, bottom, right, self.ys[gone + 1]
        below = {id(area): area for places in self.owner[row:] for area in places}
        for area in below.values():
            area.row -= area.row > row


def find_tables(sheet: Sheet) -> tuple[list[Table], list[Letter]]:
    """The tables of a page, their letters in them, and the letters that stand in none."""
    level, upright = _merged(sheet.level), _merged(sheet.upright)
    tables = [
        table
        for lines in _touching(level, upright)
        if (table := _table(*lines)) and (len(table.areas) > 1)
    ]
    # What stands in a table within a table belongs to the inner one.
    tables.sort(key=lambda t: (t.xs[-1] - t.xs[0]) * (t.ys[0] - t.ys[-1]))
    rest = sheet.letters
    for table in tables:
        rest = _fill(table, rest)
    tables = [table for table in tables if any(area.letters for area in table.areas)]
    tables.sort(key=lambda t: (-t.ys[0], t.xs[0]))
    return tables, rest


def _merged(pieces: list[Segment]) -> list[Segment]:
    """Lines out of their pieces."""
    groups: list[list[Segment]] = []
    last = float("-inf")
    for piece in sorted(pieces, key=lambda p: p.at):
        if piece.at - last > NEAR:
            groups.append([])
        groups[-1].append(piece)
        last = piece.at
    lines = []
    for group in groups:
        at = sum(piece.at for piece in group) / len(group)
        start, end = None, 0.0
        for piece in sorted(group):
            if start is None:
                start, end = piece.start, piece.end
            elif piece.start <= end + NEAR:
                end = max(end, piece.end)
            else:
                lines.append(Segment(start, end, at))
                start, end = piece.start, piece.end
        if start is not None:
            lines.append(Segment(start, end, at))
    if len(lines) > MAX_LINES:
        raise TooMuchError(f"{len(lines):,} 条线", f"{len(lines):,} lines")
    return lines


def _touching(
    level: list[Segment], upright: list[Segment]
) -> list[tuple[list[Segment], list[Segment]]]:
    """Level and upright lines, by the tables they make: those that meet, however far."""
    above = [line.at for line in level]  # `_merged` sorted them
    parents = list(range(len(level) + len(upright)))

    for number, line in enumerate(upright, start=len(level)):
        first = bisect_left(above, line.start - NEAR)
        for other in range(first, bisect_right(above, line.end + NEAR)):
            if level[other].start - NEAR <= line.at <= level[other].end + NEAR:
                parents[_root(parents, other)] = _root(parents, number)
    found: dict[int, tuple[list[Segment], list[Segment]]] = defaultdict(lambda: ([], []))
    for index, line in enumerate(level):
        found[_root(parents, index)][0].append(line)
    for index, line in enumerate(upright, start=len(level)):
        found[_root(parents, index)][1].append(line)
    return [lines for lines in found.values() if all(lines)]


def _table(level: list[Segment], upright: list[Segment]) -> Table | None:
    """The table that some lines make, if they enclose anything."""
    across, down = _spans(level), _spans(upright)
    ys = _edges(across, [end for line in upright for end in line[:2]])[::-1]
    xs = _edges(down, [end for line in level for end in line[:2]])
    if len(xs) < 2 or len(ys) < 2:
        return None
    if len(xs) * len(ys) > MAX_PLACES:
        raise TooMuchError(f"{len(xs) * len(ys):,} 个单元格", f"{len(xs) * len(ys):,} cells")
    owner = _owners(
        [[_covers(down.get(x), y1, y0) for x in xs[1:-1]] for y0, y1 in pairwise(ys)],
        [[_covers(across.get(y), x0, x1) for x0, x1 in pairwise(xs)] for y in ys[1:-1]],
    )
    areas: dict[tuple[int, int, int, int], Area] = {}
    grid: list[list[Area]] = []
    for places in owner:
        grid.append([])
        for key in places:
            if key not in areas:
                row, column, rows, columns = key
                box = (xs[column], ys[row + rows], xs[column + columns], ys[row])
                is_open = row + rows == len(ys) - 1 and not _covers(
                    across.get(ys[-1]), box[0], box[2]
                )
                areas[key] = Area(*key, box, open=is_open)
            grid[-1].append(areas[key])
    return Table(xs, ys, list(areas.values()), grid, list(range(len(grid))))


def _spans(lines: list[Segment]) -> dict[float, Spans]:
    """Where lines run, by the place that they run at."""
    spans: dict[float, Spans] = defaultdict(list)
    for line in lines:
        spans[line.at].append((line.start, line.end))
    return spans


def _edges(spans: dict[float, Spans], ends: list[float]) -> list[float]:
    """Where the lines are, and how far those that cross them reach."""
    edges = sorted(spans)
    if min(ends) < edges[0] - 2 * NEAR:
        edges.insert(0, min(ends))
    if max(ends) > edges[-1] + 2 * NEAR:
        edges.append(max(ends))
    return edges


def _covers(spans: Spans | None, start: float, end: float) -> bool:
    return bool(spans) and any(a - NEAR <= start and end <= b + NEAR for a, b in spans or ())


def _owners(
    right: list[list[bool]], below: list[list[bool]]
) -> list[list[tuple[int, int, int, int]]]:
    """For each place of the grid the area it is in: row, column, rows, columns.

    `right` says whether a line is drawn between a place and the next, `below` the same for the
    place under it. Places that are joined but make no rectangle are joined along their rows
    only: there a line was forgotten, and the rows are what must be kept.
    """
    rows, columns = len(right), len(right[0]) + 1
    parents = list(range(rows * columns))
    for row in range(rows):
        for column in range(columns):
            here = row * columns + column
            if column + 1 < columns and not right[row][column]:
                parents[_root(parents, here + 1)] = _root(parents, here)
            if row + 1 < rows and not below[row][column]:
                parents[_root(parents, here + columns)] = _root(parents, here)
    places: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for here in range(rows * columns):
        places[_root(parents, here)].append(divmod(here, columns))
    owner = [[(row, column, 1, 1) for column in range(columns)] for row in range(rows)]
    for joined in places.values():
        for key in _rectangles(joined, right):
            for row in range(key[0], key[0] + key[2]):
                owner[row][key[1] : key[1] + key[3]] = [key] * key[3]
    return owner


def _root(parents: list[int], index: int) -> int:
    """The one that stands for all that are joined with it."""
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def _rectangles(
    places: list[tuple[int, int]], right: list[list[bool]]
) -> list[tuple[int, int, int, int]]:
    """One rectangle if the places make one, else one for each run along a row."""
    if len(places) == 1:
        return [(*places[0], 1, 1)]
    top, bottom = places[0][0], places[-1][0]
    left = min(column for _, column in places)
    across = max(column for _, column in places) - left + 1
    if len(places) == (bottom - top + 1) * across:
        return [(top, left, bottom - top + 1, across)]
    runs: list[tuple[int, int, int, int]] = []
    for row, column in places:
        if runs:
            last_row, first, _, length = runs[-1]
            if last_row == row and first + length == column and not right[row][column - 1]:
                runs[-1] = (row, first, 1, length + 1)
                continue
        runs.append((row, column, 1, 1))
    return runs


def _fill(table: Table, letters: list[Letter]) -> list[Letter]:
    """Put letters into the areas they stand in; the others come back."""
    left, right, top, bottom = table.xs[0], table.xs[-1], table.ys[0], table.ys[-1]
    downward = [-y for y in table.ys]
    xs, owner = table.xs, table.owner
    rest = []
    for letter in letters:
        x, y = letter.home or ((letter.left + letter.right) / 2, letter.middle)
        if left < x < right and bottom < y < top:
            owner[bisect_right(downward, -y) - 1][bisect_right(xs, x) - 1].letters.append(letter)
        else:
            rest.append(letter)
    return rest
