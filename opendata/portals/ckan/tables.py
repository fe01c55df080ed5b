"""A table of a package as a DataStore table: typed columns with a data dictionary, rows by their key."""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from hashlib import sha256
from typing import Any

from opendata.errors import PackageError
from opendata.package import MAX_CELL, Package
from opendata.portals.ckan.names import column_names
from opendata.workbook import fields, rows

VERSION = 1  # of how a table is made of a file: with another one every table is looked at again
ROW = "row_number"  # the key of a table that has none
_TYPES = {
    "integer": "bigint",
    "year": "bigint",
    "number": "numeric",
    "date": "date",
    "string": "text",
}
_PLAIN = ("default", "any", None)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_LONG = 1 << 63

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name and type in the DataStore, and what the data dictionary says of it."""

    name: str
    type: str
    label: str = ""
    notes: str = ""

    def to_field(self) -> dict[str, object]:
        """The column as `datastore_create` takes it."""
        return {
            "id": self.name,
            "type": self.type,
            "info": {"label": self.label, "notes": self.notes},
        }


@dataclass(frozen=True)
class Table:
    """A table to be: the file that it is made of, and what it will be, read when it is wanted."""

    package: Package
    resource: str
    path: str
    sha256: str

    @property
    def digest(self) -> str:
        """What the table depends on; no row is read for it."""
        said = self.package.resources[self.resource]
        known = {key: said.get(key) for key in ("schema", "dialect", "encoding")}
        text = json.dumps([VERSION, self.sha256, known], ensure_ascii=False, sort_keys=True)
        return sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def _written(self) -> list[tuple[str, ...]]:
        return list(rows(self.package, self.resource))

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The columns of the primary key; a number of the row where the table has no sound one."""
        own = self._primary
        return tuple(column_names([str(f.get("name")) for f in self._fields])[n] for n in own) or (
            ROW,
        )

    @cached_property
    def _fields(self) -> list[dict[str, Any]]:
        return fields(self.package, self.resource)

    @cached_property
    def _primary(self) -> list[int]:
        schema = self.package.resources[self.resource].get("schema") or {}
        named = schema.get("primaryKey") or []
        named = [named] if isinstance(named, str) else named
        names = [str(f.get("name")) for f in self._fields]
        if not named or not set(named) <= set(names):
            return []
        places = [names.index(name) for name in named]
        found = [tuple(row[n] for n in places) for row in self._written if len(row) == len(names)]
        return places if all(map(all, found)) and len(set(found)) == len(found) else []

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns, each of the type that all its cells have; text where they do not agree."""
        names = column_names([str(f.get("name")) for f in self._fields])
        cells = list(zip(*self._written, strict=True)) if self._written else [()] * len(names)
        found = [
            Column(
                name, self._type(f, own), str(f.get("title") or ""), str(f.get("description") or "")
            )
            for name, f, own in zip(names, self._fields, cells, strict=True)
        ]
        return tuple(found) if self._primary else (Column(ROW, "bigint"), *found)

    def _type(self, said: Mapping[str, Any], cells: tuple[str, ...]) -> str:
        kind = _TYPES.get(str(said.get("type")), "text")
        if said.get("format") not in _PLAIN or said.keys() & {
            "groupChar",
            "decimalChar",
            "bareNumber",
        }:
            return "text"
        wanted = [kind, "numeric", "text"] if kind == "bigint" else [kind, "text"]
        own = [cell for cell in cells if cell not in self._missing]
        return next(k for k in wanted if k == "text" or all(_fits(cell, k) for cell in own))

    @cached_property
    def _missing(self) -> frozenset[str]:
        schema = self.package.resources[self.resource].get("schema") or {}
        return frozenset({"", *map(str, schema.get("missingValues") or ())})

    @cached_property
    def rows(self) -> dict[Row, Row]:
        """The rows as the DataStore gives them back, by their key.

        Raises:
            PackageError: a row has too many or too few cells, or a letter that no database takes.
        """
        columns = self.columns
        own = columns if self._primary else columns[1:]
        places = [n for n, column in enumerate(columns) if column.name in self.keys]
        found = {}
        for number, cells in enumerate(self._written, start=1):
            if len(cells) != len(own) or any("\0" in cell for cell in cells):
                raise PackageError(
                    f"{self.path}:{number + 1}：单元格数不对，或含有 NUL。",
                    f"{self.path}:{number + 1}: the number of cells is wrong, or one holds NUL.",
                )
            row = tuple(
                None if cell in self._missing else canonical(cell, column.type)
                for cell, column in zip(cells, own, strict=True)
            )
            row = row if self._primary else (str(number), *row)
            found[tuple(row[n] for n in places)] = row
        return found

    def read(self, found: Iterator[list[str]], names: list[str]) -> dict[Row, Row]:
        """The rows that a portal holds, after their header, by the same key, None for empty.

        They begin with CKAN's own number of the row; their columns may stand in another order.
        """
        csv.field_size_limit(MAX_CELL)
        head = next(found, [])
        places = [head.index(name) if name in head else None for name in names]
        types = {column.name: column.type for column in self.columns}
        key = [n for n, name in enumerate(names) if name in self.keys]
        held: dict[Row, Row] = {}
        for cells in found:
            row = tuple(
                canonical(cells[p], types.get(n, "text"))
                if p is not None and p < len(cells) and cells[p]
                else None
                for n, p in zip(names, places, strict=True)
            )
            held[tuple(row[n] for n in key)] = row
        return held


def _fits(cell: str, kind: str) -> bool:
    """Whether PostgreSQL takes a cell as this type, and gives it back as it was meant."""
    if kind == "date":
        return bool(_DATE.fullmatch(cell)) and cell >= "0001"
    try:
        number = Decimal(cell)
    except InvalidOperation:
        return False
    if not number.is_finite() or "_" in cell or cell.strip() != cell:
        return False
    if kind == "bigint":
        return abs(number) < _LONG and cell.lstrip("+-").isdigit()
    return -1000 < int(number.as_tuple().exponent) < 1000


def canonical(cell: str, kind: str) -> str:
    """A cell as PostgreSQL writes it.

    >>> [canonical(c, "numeric") for c in ("+007.50", "-0.00", "1e3", ".5")], canonical("+7", "bigint")
    (['7.50', '0.00', '1000', '0.5'], '7')
    """
    if kind not in ("bigint", "numeric"):
        return cell
    try:
        number = Decimal(cell)
        return f"{number or abs(number):f}"
    except (InvalidOperation, ValueError):  # what a portal holds may be anything
        return cell


def chunks(
    found: list[dict[str, str | None]], rows: int, size: int
) -> Iterator[list[dict[str, str | None]]]:
    """Records in parts of so many rows and letters at most."""
    part: list[dict[str, str | None]] = []
    letters = 0
    for record in found:
        own = sum(len(value or "") + 8 for value in record.values())
        if part and (len(part) >= rows or letters + own > size):
            yield part
            part, letters = [], 0
        part.append(record)
        letters += own
    if part:
        yield part
