"""Rows of a CSV file with their neighbours, and lines of a graph file, in one pass each."""

import csv
import re
import sys
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from opendata.package import MAX_CELL

NEAR = 2  # rows shown before and after the one that is meant
_SUBJECT = re.compile(r"\s*(?:<[^>\s]*[/#]|[\w-]*:)([^\s>]+)>?\s")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its number, the header being 1, the line it begins on, and its cells."""

    number: int
    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """A row with those before and after it, under the table's header."""

    header: tuple[str, ...]
    row: Row
    rows: tuple[Row, ...]


def around(path: Path, wanted: Collection[str | int]) -> dict[str | int, Around]:
    """The rows that are wanted, by their number or by the text of their first cell.

    A file that cannot be read to its end gives what was read of it.
    """
    csv.field_size_limit(min(sys.maxsize, MAX_CELL))
    left, found, open_ = set(wanted), dict[str | int, Around](), list[tuple[str | int, Row]]()
    recent: deque[Row] = deque(maxlen=2 * NEAR + 1)
    header: tuple[str, ...] = ()
    begin = 1
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            reader = csv.reader(file)
            for number, cells in enumerate(reader, start=1):
                row, begin = Row(number, begin, tuple(cells)), reader.line_num + 1
                header = header or row.cells
                recent.append(row)
                keys: set[str | int] = {number, *cells[:1]}
                for key in keys & left:
                    left.discard(key)
                    open_.append((key, row))
                open_ = _close(open_, found, header, recent, number)
                if not left and not open_:
                    break
    except (OSError, csv.Error):
        pass
    _close(open_, found, header, recent, None)
    return found


def _close(
    open_: list[tuple[str | int, Row]],
    found: dict[str | int, Around],
    header: tuple[str, ...],
    recent: Collection[Row],
    number: int | None,
) -> list[tuple[str | int, Row]]:
    """Keep the rows whose neighbours were all read; give back those that wait for more."""
    waiting = []
    for key, row in open_:
        if number is None or number == row.number + NEAR:
            rows = (near for near in recent if near.number > 1 and row.number - NEAR <= near.number)
            found[key] = Around(header, row, tuple(rows) if row.number > 1 else ())
        else:
            waiting.append((key, row))
    return waiting


def lines_around(path: Path, wanted: Collection[int]) -> dict[int, tuple[Row, ...]]:
    """The lines of a text file around those that are wanted, each a row of one cell."""
    near = {n for line in wanted for n in range(line - NEAR, line + NEAR + 1)}
    last, kept = max(near, default=0), dict[int, Row]()
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(islice(file, last), start=1):
                if number in near:
                    kept[number] = Row(number, number, (line.rstrip("\r\n"),))
    except OSError:
        pass
    return {
        line: tuple(kept[n] for n in range(line - NEAR, line + NEAR + 1) if n in kept)
        for line in wanted
        if line in kept
    }


def subject_lines(path: Path, wanted: Collection[str]) -> dict[str, int]:
    """The first line of a Turtle or N-Triples file that begins with a node of such a name."""
    left, found = set(wanted), dict[str, int]()
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                named = _SUBJECT.match(line)
                if named and named[1] in left:
                    left.discard(named[1])
                    found[named[1]] = number
                    if not left:
                        break
    except OSError:
        pass
    return found
