"""The cells of a column: which values break its field, and what they mean in a key.

The reference's own reader judges a value; what is plainly sound is not shown to it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from opendata.checks.tables import patterns
from opendata.checks.tables.csvfile import MAX_CELL, Table, UncoveredError

TOO_LONG = 'constraint "pattern" was not tried: it may be slow on more than'
_KNOWN = 20_000  # values of a column that are remembered as sound

# A field with other words than these is judged by the reference's reader alone.
_FIELD = {"columnType", "constraints", "description", "example", "format", "name"}
_FIELD |= {"propertyUrl", "rdfType", "title", "type"}

Cell = str | None
Reader = Callable[[Cell], tuple[Any, dict[str, str] | None]]
Doubtful = Callable[[set[str]], Iterable[str]]


@dataclass(slots=True)
class Column:
    """A field with what judges its cells, and some values that were found sound."""

    name: str
    read: Reader
    missing: frozenset[str]
    doubtful: Doubtful | None  # None: all is sound but, maybe, nothing
    required: bool
    text: bool
    known: set[str] = field(default_factory=set)

    def bad(self, cells: tuple[Cell, ...]) -> set[Cell]:
        """The values among some cells that break the field's type or constraints."""
        if self.doubtful is None:
            return set(self.missing.intersection(cells)) if self.required else set()
        if self.known.issuperset(cells):
            return set()
        new: Any = set(cells) - self.known
        new.discard(None)
        found = {value for value in self.doubtful(new) if self.read(value)[1]}
        if len(self.known) < _KNOWN:
            self.known |= new - found
        return found  # type: ignore[return-value]

    def values(self, cells: tuple[Cell, ...]) -> Sequence[object]:
        """The cells as keys compare them: texts as they are, others by what they mean."""
        if self.text:
            empty = {*self.missing, None}
            if empty.isdisjoint(cells):
                return cells
            return [None if cell in empty else cell for cell in cells]
        meant = {cell: self.read(cell)[0] for cell in set(cells)}
        if any(value != value for value in meant.values()):  # noqa: PLR0124  # so NaN is told
            raise UncoveredError("no number in a key")
        return list(map(meant.__getitem__, cells))


def columns_of(table: Table, labels: tuple[str, ...]) -> list[Column]:
    """What the reference expects in the rows: a field for each label, or else every field."""
    fields = table.fields[: len(labels)] if labels else table.fields
    columns = [_column(one, table.described.get(one.name, {})) for one in fields]
    names = [column.name for column in columns]
    for label in labels[len(fields) :]:
        name, number = label, 2
        while name in names:
            name, number = f"{label}{number}", number + 1
        names.append(name)
        columns.append(
            Column(
                name, lambda c: (c or None, None), frozenset([""]), None, required=False, text=True
            )
        )
    return columns


def _column(one: Any, described: dict[str, Any]) -> Column:
    missing = one.missing_values
    if not one.has_defined("missing_values") and one.schema:
        missing = one.schema.missing_values
    plain = described and set(described) <= _FIELD and one.format == "default"
    empty, text = frozenset(missing), one.type in ("string", "any") and one.format == "default"
    limits = {key: limit for key, limit in one.constraints.items() if key != "unique"}
    required = bool(limits.pop("required", False))
    doubtful: Doubtful | None = _doubtful(one.type, limits, empty) if plain else iter
    if plain and text and not limits:
        doubtful = None
    return Column(one.name, _reader(one, limits), empty, doubtful, required, text)


def _reader(one: Any, limits: dict[str, Any]) -> Reader:
    """The reference's reader; a cell that is too long for the field's pattern is not shown to it."""
    read: Reader = one.create_cell_reader()
    longest = patterns.longest(limits["pattern"]) if "pattern" in limits else None
    if longest is None:
        return read

    def bounded(cell: Cell) -> tuple[Any, dict[str, str] | None]:
        if cell is not None and len(cell) > longest:
            return cell, {"pattern": f"{TOO_LONG} {longest} characters"}
        return read(cell)

    return bounded


def _doubtful(kind: str, limits: dict[str, Any], missing: frozenset[str]) -> Doubtful:
    """What leaves out, of some values, those that are plainly sound."""
    if kind in ("integer", "number") and set(limits) <= {"minimum", "maximum"}:
        return _plain_number(kind, limits, missing)
    if kind == "date" and not limits:
        return lambda new: [value for value in new if value in missing or not _plain_date(value)]
    if kind == "string" and set(limits) == {"enum"}:
        enum = frozenset(limits["enum"])
        return lambda new: (new - enum) | (new & missing)
    if kind == "string" and set(limits) == {"pattern"}:
        match = re.compile(f"^{limits['pattern']}$").match
        longest = patterns.longest(limits["pattern"]) or MAX_CELL
        return lambda new: [v for v in new if v in missing or len(v) > longest or not match(v)]
    return iter


def _plain_number(kind: str, limits: dict[str, Any], missing: frozenset[str]) -> Doubtful:
    """Numbers of few digits; all of them are read at once, in one text."""
    number = "-?[0-9]{1,15}" if kind == "integer" else r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?"
    one, many = re.compile(number).fullmatch, re.compile(f"(?:{number}\n)*").fullmatch
    if any(type(limit) is not int or abs(limit) > 10**15 for limit in limits.values()):
        return iter
    low, high = limits.get("minimum", -(10**16)), limits.get("maximum", 10**16)

    def doubtful(new: set[str]) -> Iterable[str]:
        sure = new - missing
        text = "\n".join(sure) + "\n"
        if text.count("\n") != len(sure) or not many(text):
            sure = {value for value in sure if one(value)}
        if "-" not in text and low <= 0 and "maximum" not in limits:
            return new - sure
        # A float may be rounded onto a limit, never past it: what lies on one is doubtful.
        if limits and sure and not low < min(map(float, sure)) <= max(map(float, sure)) < high:
            sure = {value for value in sure if low < float(value) < high}
        return new - sure

    return doubtful


def _plain_date(value: str) -> bool:
    if len(value) != 10 or not value.isascii() or value[4] != "-" or value[7] != "-":
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
