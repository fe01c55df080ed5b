"""Workbooks (xlsx, xls; xlsb and ods without their merged cells) and CSV.

Every sheet is a page, hidden ones too: its name as a paragraph, then its grids. A grid is a
sheet's rectangle in use; one empty row is part of a table, two or more part two tables. A line
is a row's number in the sheet and a cell's number is its column's. A number is written as the
sheet holds it, in the fewest digits that mean the same, never as it is formatted. Of a formula
the result is read that was saved with it.

The library takes as much memory as a sheet's farthest cell asks for, and ends the whole process
if it gets none. So what may be far, and all of the older format, is read in a process of its own.
"""

import csv
import datetime as dt
import marshal
import os
import re
import subprocess
import sys
from bisect import bisect_left
from decimal import Decimal
from io import BytesIO, StringIO
from itertools import count, pairwise, repeat
from pathlib import Path
from typing import Any

from opendata.documents import Cell, Grid, Paragraph, Row
from opendata.documents.html import MAX_CELLS, MAX_ROWS, too_many_cells
from opendata.documents.text import decode
from opendata.documents.word import encrypted, is_encrypted, unzip
from opendata.errors import DocumentError

# A merge of a whole row or column is real; of a whole sheet it is not.
MAX_MERGE = 2_000_000
MEMORY = 4 * 1024**3
SECONDS = 120

# What may be the place of a row or cell beyond column ZZ or row 9,999, or one written with an
# entity. That some other attribute looks like one does no harm.
_FAR = re.compile(rb"""["'](?:[A-Za-z]{0,2}[0-9]{5}|[A-Za-z]{3,}[0-9]|[A-Za-z0-9]*&)""")
# A count (uniqueCount) that room is made for before anything is counted.
_MANY = re.compile(rb"""ount\s*=\s*(?!["'][0-9]{1,7}["'])""")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")

Range = tuple[tuple[int, int], tuple[int, int]]
# A sheet's name, the place of its first cell (from 0), its texts and its merges.
Sheet = tuple[str, tuple[int, int], list[list[str]], list[Range]]


def read_xlsx(path: Path, data: bytes) -> tuple[Paragraph | Grid, ...]:
    """The blocks of an xlsx, xlsb or ods.

    Raises:
        DocumentError: the file is encrypted, broken, or larger than any real one.
    """
    with unzip(path, data) as parts:
        names = [name.lower() for name in parts.names]
        # The binary and the open format have other ways to be far, so both are read apart.
        far = "xl/workbook.xml" not in names or any(
            n.endswith(("workbook.bin", "content.xml")) for n in names
        )
        # Every part is unpacked here first, so that it is as large as it says.
        for name in parts.names:
            part = parts.read(name)
            far = far or (b"sheetData" in part and _FAR.search(part) is not None)
            far = far or _MANY.search(part) is not None
    return _blocks(path, _apart(path, data) if far else _sheets(path, data))


def read_xls(path: Path, data: bytes) -> tuple[Paragraph | Grid, ...]:
    """The blocks of an xls.

    Raises:
        DocumentError: the file is encrypted, broken, or larger than any real one.
    """
    if is_encrypted(data):
        raise encrypted(path)
    return _blocks(path, _apart(path, data))


def read_csv(path: Path, data: bytes) -> tuple[Paragraph | Grid, ...]:
    """The one grid of a text in which commas or tabs part the cells.

    Raises:
        DocumentError: the bytes are no text, its lines are no records, or there are too many.
    """
    found = records(decode(path, data)[0])
    if not found:
        raise DocumentError(
            f"{path}：各行的列数不同，不是 CSV；请另存为 xlsx 或 UTF-8 文本。",
            f"{path}: the lines have different numbers of fields, so this is no CSV; "
            "save it as xlsx or as text.",
        )
    _check_size(path, path.name, len(found), len(found[0][1]))
    return (
        Grid(
            1,
            tuple(
                Row(tuple(Cell(text, line, number) for number, text in enumerate(fields, start=1)))
                for line, fields in found
            ),
        ),
    )


def records(text: str) -> list[tuple[int, list[str]]]:
    r"""The records of a text, each with its line, if all have the same number of fields; else none.

    >>> records('a,"b,c"\nd,e')
    [(1, ['a', 'b,c']), (2, ['d', 'e'])]
    >>> records("甲\n乙")
    []
    """
    sign = "\t" if "\t" in text.partition("\n")[0] else ","
    reader = csv.reader(StringIO(text), delimiter=sign, strict=True)
    found: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for fields in reader:
            if fields:
                found.append((line, [field.strip() for field in fields]))
                if len(fields) < 2 or len(fields) != len(found[0][1]):
                    return []
            line = reader.line_num + 1
    except csv.Error:
        return []
    # Where every first field is empty, the tabs begin cells and do not part them.
    return found if len(found) > 1 and any(fields[0] for _, fields in found) else []


# --- what the library gives ----------------------------------------------------------------------


def _sheets(path: Path, data: bytes) -> list[Sheet]:
    """The sheets of a workbook."""
    import python_calamine as calamine

    try:
        with calamine.load_workbook(BytesIO(data)) as book:
            return [
                _sheet(path, meta.name, book.get_sheet_by_index(index))
                if meta.typ == calamine.SheetTypeEnum.WorkSheet
                else (meta.name, (0, 0), [], [])
                for index, meta in enumerate(book.sheets_metadata)
            ]
    except calamine.PasswordError as error:
        raise encrypted(path) from error
    except (calamine.CalamineError, OSError, ValueError, OverflowError) as error:
        raise _broken(path, error) from error
    except BaseException as error:
        # The library's own panic is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _broken(path, error) from error


def _sheet(path: Path, name: str, sheet: Any) -> Sheet:
    _check_size(path, name, sheet.height, sheet.width)
    rows = [[_text(value) for value in row] for row in sheet.to_python(skip_empty_area=True)]
    return name, sheet.start or (0, 0), rows, list(sheet.merged_cell_ranges or ())


def _text(value: object) -> str:
    r"""The text of a value.

    >>> [_text(v) for v in (3.0, 1633.94, 1e-7, True, dt.datetime(2023, 1, 5), "a\r\nb")]
    ['3', '1633.94', '0.0000001', 'TRUE', '2023-01-05', 'a\nb']
    """
    if isinstance(value, str):
        if not value.isprintable():
            value = _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
        return value.strip()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        # repr() is the shortest decimal that is the same number.
        text = str(int(value)) if value.is_integer() else repr(value)
        return format(Decimal(text), "f") if "e" in text else text
    if isinstance(value, dt.datetime):
        return (value.date() if value.time() == dt.time() else value).isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _check_size(path: Path, name: str, rows: int, columns: int) -> None:
    if rows > MAX_ROWS:
        raise DocumentError(
            f"{path}：工作表“{name}”有 {rows:,} 行，上限为 {MAX_ROWS:,}；请删除多余的行后另存。",
            f"{path}: the sheet {name!r} has {rows:,} rows and the limit is {MAX_ROWS:,}; "
            "remove needless rows and save it again.",
        )
    if rows * columns > MAX_CELLS:
        raise too_many_cells(path, 1)


def _broken(path: Path, found: object) -> DocumentError:
    return DocumentError(
        f"{path}：工作簿已损坏或不完整（{found}）；请重新下载，或打开后另存为 xlsx。",
        f"{path}: the workbook is broken or cut off ({found}); "
        "download it again, or open it and save it as xlsx.",
    )


# --- a process of its own ------------------------------------------------------------------------


def _apart(path: Path, data: bytes) -> list[Sheet]:
    """The sheets, read where a want of memory ends nothing else."""
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", f"from {__name__} import _answer; _answer()", str(path)],
            input=data,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except subprocess.TimeoutExpired as error:
        raise _broken(path, f"> {SECONDS} s") from error
    if done.returncode:
        raise _broken(path, f"单元格过远或内存不足 / a cell too far off, {done.returncode}")
    sheets, wrong = marshal.loads(done.stdout)  # noqa: S302 - written by our own process
    if wrong:
        raise DocumentError(*wrong)
    return [(name, tuple(start), rows, ranges) for name, start, rows, ranges in sheets]


def _answer() -> None:
    """What the other process does: a workbook from its input, its sheets to its output."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass  # not on this system, or a lower limit is already set
    sheets: list[Sheet] = []
    wrong = None
    try:
        sheets = _sheets(Path(sys.argv[1]), sys.stdin.buffer.read())
    except DocumentError as error:
        wrong = (error.zh, error.en)
    sys.stdout.buffer.write(marshal.dumps((sheets, wrong)))


# --- sheets to grids -----------------------------------------------------------------------------


def _blocks(path: Path, sheets: list[Sheet]) -> tuple[Paragraph | Grid, ...]:
    blocks: list[Paragraph | Grid] = []
    for page, sheet in enumerate(sheets, start=1):
        blocks.append(Paragraph(page, 1, sheet[0]))
        blocks += _grids(path, page, sheet)
    return tuple(blocks)


def _grids(path: Path, page: int, sheet: Sheet) -> list[Grid]:
    """The grids of a sheet, parted at two or more empty rows that no merge goes over."""
    _, (top, left), rows, _ = sheet
    spans, held = _spans(path, sheet)
    full = [at for at, row in enumerate(rows) if at in held or any(row)]
    parted = [after for before, after in pairwise(full) if after - before > 2]
    grids = []
    for start, stop in pairwise([*full[:1], *parted, len(rows)]):
        end = full[bisect_left(full, stop) - 1]
        made = []
        for at in range(start, end + 1):
            cells = list(map(Cell, rows[at], repeat(top + at + 1), count(left + 1)))
            for across, span in spans.get(at, {}).items():
                cells[across] = cells[across]._replace(span=span)
            made.append(Row(tuple(cells)))
        grids.append(Grid(page, tuple(made)))
    return grids


def _spans(path: Path, sheet: Sheet) -> tuple[dict[int, dict[int, tuple[int, int]]], set[int]]:
    """The spans by row and column (from the first in use), and the rows that a merge goes over.

    A merge ends with the cells in use. One that would hide text is none: the text is kept.
    """
    name, (top, left), rows, ranges = sheet
    width = len(rows[0]) if rows else 0
    spans: dict[int, dict[int, tuple[int, int]]] = {}
    held: set[int] = set()
    places = 0
    for (one_row, one_column), (other_row, other_column) in ranges:
        row, last_row = sorted((one_row, other_row))  # a merge may be told from any corner
        column, last_column = sorted((one_column, other_column))
        if (last_row - row + 1) * (last_column - column + 1) > MAX_MERGE:
            raise _merge(path, name, row, column, last_row, last_column)
        at, across = row - top, column - left
        if not (0 <= at < len(rows) and 0 <= across < width):
            continue  # begins where there is nothing
        end, stop = min(last_row - top + 1, len(rows)), min(last_column - left + 1, width)
        places += (end - at) * (stop - across)
        if places > len(rows) * width:
            raise _merge(path, name, row, column, last_row, last_column)
        texts = [text for line in rows[at:end] for text in line[across:stop]]
        if any(texts[1:]) or not texts[0]:
            continue
        spans.setdefault(at, {})[across] = (end - at, stop - across)
        held.update(range(at, end))
    return spans, held


def _merge(path: Path, name: str, *corners: int) -> DocumentError:
    row, column, last_row, last_column = (corner + 1 for corner in corners)
    place = f"R{row}C{column}:R{last_row}C{last_column}"
    return DocumentError(
        f"{path}：工作表“{name}”的合并区域 {place} 过大或与别的重叠；请取消合并后另存。",
        f"{path}: in the sheet {name!r} the merge {place} is too large or overlaps others; "
        "unmerge it and save the workbook again.",
    )
