"""A workbook: a sheet of prose, and a sheet for each table with its merged cells."""

import datetime as dt
from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from opendata.synthetic.layouts.common import Draft
from opendata.synthetic.pages import Box, Table, Text
from opendata.synthetic.writers.grid import chunks, width

_CREATED = dt.datetime(2020, 1, 1)  # noqa: DTZ001  # the library wants none
_LONGEST = 31  # letters in the name of a sheet
_FORBIDDEN = str.maketrans("", "", "[]:*?/\\")


def write(draft: Draft) -> bytes:
    """The workbook's bytes; it bears a fixed time."""
    file = BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": _CREATED})
        sheet: Worksheet | None = None
        line = 0
        names = {""}
        for part in draft.parts:
            if isinstance(part, Table):
                _table(book.add_worksheet(_name(part, names)), part)
                sheet = None
                continue
            if sheet is None or part.new_page:
                sheet, line = book.add_worksheet(_name(part, names)), 0
            sheet.write_string(line, 0, part.text)
            line += 3  # two empty rows part what is no table
    return file.getvalue()


def _name(part: Table | Text, names: set[str]) -> str:
    """A name that no other sheet has."""
    text = (part.title or "填报表") if isinstance(part, Table) else "说明"
    base = text.translate(_FORBIDDEN)
    name, number = base[:_LONGEST], 1
    while name in names:
        number += 1
        name = f"{base[: _LONGEST - 4]}{number}"
    names.add(name)
    return name


def _table(sheet: Worksheet, table: Table) -> None:
    columns = width((*table.head, *table.rows))
    line = 0
    heads = [table.title] if table.title else []
    for text in (*heads, *table.captions):
        _put(sheet, line, 0, Box(text, columns=columns))
        line += 1
    for matrix in chunks(table):
        for row in matrix:
            for x, box in enumerate(row):
                if box is None:
                    continue
                if box.number is not None and box.text:
                    number = box.text.replace(",", "")
                    if box.rows == box.columns == 1:
                        sheet.write_number(line, x, float(number))
                        continue
                _put(sheet, line, x, box)
            line += 1
    if table.note and not table.note_inside:
        _put(sheet, line, 0, Box(table.note, columns=columns))


def _put(sheet: Worksheet, row: int, column: int, box: Box) -> None:
    if box.rows > 1 or box.columns > 1:
        sheet.merge_range(row, column, row + box.rows - 1, column + box.columns - 1, box.text)
    elif box.text:
        sheet.write_string(row, column, box.text)
