"""Tables of a data package for people: one workbook, and JSON. The same bytes every run.

A number of up to fifteen digits is a number in the workbook, as exact as a spreadsheet holds it;
a longer one, and every code, is text. Nothing is ever a formula.
"""

import csv
import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from opendata.errors import OutputError, PackageError
from opendata.package import MAX_CELL, Package

MAX_ROWS = 1_048_575  # of a worksheet, below its header
MAX_TEXT = 32_767  # letters of a cell
_NUMERIC = {"number", "integer", "year"}
_EXACT = 15  # digits that a spreadsheet keeps
_MADE = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook has no zone, and no time of its own here


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name, the titles of its columns and whether each holds numbers, its rows."""

    name: str
    titles: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: Iterable[tuple[str, ...]]


def table_sheet(package: Package, resource: str) -> Sheet:
    """A table of a package, with the titles of its fields."""
    found = fields(package, resource)
    return Sheet(
        name=resource,
        titles=tuple(str(f.get("title") or f.get("name")) for f in found),
        numeric=tuple(f.get("type") in _NUMERIC for f in found),
        rows=rows(package, resource),
    )


def fields(package: Package, resource: str) -> list[dict[str, Any]]:
    """The fields of a table's schema."""
    schema = package.resources[resource].get("schema")
    found = schema.get("fields") if isinstance(schema, dict) else None
    return [field for field in found or () if isinstance(field, dict)]


def write_workbook(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write worksheets into a workbook.

    Raises:
        OutputError: the library is not installed, or a table is longer than a worksheet.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError as error:
        raise OutputError(
            '写 Excel 需要 XlsxWriter：pip install "opendata[xlsx]"',
            'writing Excel needs XlsxWriter: pip install "opendata[xlsx]"',
        ) from error
    with Workbook(path, {"constant_memory": True}) as book:
        book.set_properties({"created": _MADE})
        bold = book.add_format({"bold": True, "bg_color": "#E8EEF4", "text_wrap": True})
        names: set[str] = set()
        for sheet in sheets:
            page = book.add_worksheet(_name(sheet.name, names))
            page.freeze_panes(1, 0)
            page.set_column(0, max(len(sheet.titles) - 1, 0), 18)
            for column, title in enumerate(sheet.titles):
                page.write_string(0, column, title, bold)
            for number, row in enumerate(sheet.rows, start=1):
                if number > MAX_ROWS:
                    raise OutputError(
                        f"{path}：表 {sheet.name} 超过 {MAX_ROWS:,} 行，Excel 放不下；请用 CSV。",
                        f"{path}: the table {sheet.name} has more than {MAX_ROWS:,} rows, which a "
                        "worksheet cannot hold; use the CSV.",
                    )
                _write_row(page, number, row, sheet.numeric)


def _write_row(page: Any, number: int, row: tuple[str, ...], numeric: tuple[bool, ...]) -> None:
    for column, text in enumerate(row):
        if not text:
            continue
        if column < len(numeric) and numeric[column] and _is_exact(text):
            page.write_number(number, column, float(text))
        else:
            page.write_string(number, column, text[:MAX_TEXT])


def _is_exact(text: str) -> bool:
    """Whether a spreadsheet keeps the number as it is.

    >>> [_is_exact(text) for text in ("16339400.00", "1234567890.123456", "1_000", "NaN")]
    [True, False, False, False]
    """
    if not text.isascii() or not text.lstrip("+-").replace(".", "", 1).isdigit():
        return False
    return len(Decimal(text).normalize().as_tuple().digits) <= _EXACT


def _name(name: str, taken: set[str]) -> str:
    """A worksheet's name: up to 31 letters, without the signs that Excel keeps for itself."""
    plain = "".join("_" if letter in "[]:*?/\\'" else letter for letter in name)[:31] or "table"
    found, number = plain, 1
    while found.lower() in taken:
        number += 1
        found = f"{plain[: 30 - len(str(number))]}_{number}"
    taken.add(found.lower())
    return found


def write_json(file: IO[str], package: Package, resource: str) -> None:
    """Write a table as an array of objects, one on a line; numbers with every digit written."""
    found = fields(package, resource)
    names = [json.dumps(str(f.get("name")), ensure_ascii=False) for f in found]
    numeric = [f.get("type") in _NUMERIC for f in found]
    file.write("[")
    for number, row in enumerate(rows(package, resource)):
        cells = (
            f"{name}: {_json(text, number=is_number)}"
            for name, text, is_number in zip(names, row, numeric, strict=False)
        )
        file.write(f"{',' if number else ''}\n{{{', '.join(cells)}}}")
    file.write("\n]\n")


def _json(text: str, *, number: bool) -> str:
    if not text:
        return "null"
    whole, _, part = text.removeprefix("-").partition(".")
    plain = text.isascii() and whole.isdigit() and (part.isdigit() or "." not in text)
    if number and plain and (whole == "0" or not whole.startswith("0")):
        return text
    return json.dumps(text, ensure_ascii=False)


def rows(package: Package, resource: str) -> Iterator[tuple[str, ...]]:
    """The rows of a CSV file as texts, without its header.

    Raises:
        PackageError: the file cannot be read.
    """
    said = package.resources[resource]
    dialect = said.get("dialect")
    delimiter = str(dialect.get("delimiter", ",")) if isinstance(dialect, dict) else ","
    path = package.path(resource)
    csv.field_size_limit(MAX_CELL)
    try:
        with path.open(encoding=str(said.get("encoding") or "utf-8"), newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            next(reader, None)
            yield from map(tuple, reader)
    except (OSError, ValueError, LookupError, TypeError, csv.Error) as error:
        raise PackageError(
            f"{path}：无法读取（{error}）。", f"{path}: cannot be read ({error})."
        ) from error


def texts(rows: Iterable[Iterable[object]]) -> list[tuple[str, ...]]:
    """Rows of any values as texts."""
    return [tuple("" if value is None else str(value) for value in row) for row in rows]
