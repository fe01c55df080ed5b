"""The rows of a CSV file against its Table Schema, in memory that hardly grows with the rows.

Frictionless is the reference: its cell readers judge every value that is not plainly sound, and
the faults have its codes, rows, fields, notes and order. What makes this fast is that a value is
judged once however often it stands in a column, and that a row is looked at as a row only where
something is wrong with it. Keys are kept as digests, eight bytes for each row; where a digest
repeats, a second pass compares the keys themselves. That a foreign key is found rests on its
digest: among a million keys a wrong one passes once in 10^13 times.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from opendata.checks.tables.cells import Cell, Column, columns_of
from opendata.checks.tables.csvfile import Content, Key, Row, Table, UncoveredError, opened
from opendata.checks.tables.digests import Digests, digests

_BATCH = 512  # more do not stay in the processor's cache
_KNOWN = 20_000  # foreign keys that are remembered as found

Targets = Callable[[str, tuple[str, ...]], Digests]
Values = tuple[object, ...]  # of a key


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a table, in the words of the reference: code, place, cell and note."""

    code: str
    row: int | None = None
    field: str | None = None
    cell: str = ""
    note: str = ""


@dataclass(slots=True)
class _Faults:
    """The faults of a row: of its cells, of its length, and of its keys."""

    cells: dict[str, list[Fault]] = field(default_factory=dict)
    tail: list[Fault] = field(default_factory=list)
    blank: bool = False
    keys: dict[Key, Fault] = field(default_factory=dict)

    def __len__(self) -> int:
        whole = 1 if self.blank else sum(map(len, self.cells.values())) + len(self.tail)
        return whole + len(self.keys)


def check_rows(table: Table, targets: Targets, limit: int) -> list[Fault]:
    """The first faults of a table, in the order of the reference.

    `targets` gives the keys of the table that a foreign key points to.

    Raises:
        UncoveredError, ValueError, csv.Error: only the reference can judge the file.
    """
    rows: dict[int, _Faults] = {}
    with opened(table) as found:
        if found.empty:
            return [Fault("source-error", note="the source is empty")]
        columns = columns_of(table, found.labels)
        names = {column.name for column in columns}
        keys = [key for key in table.keys if set(key.fields) <= names]
        links = [key for key in keys if key.kind == "foreign-key"]
        there = {key: targets(key.reference, key.reference_fields) for key in links}
        own, batches = _scan(columns, keys, there, _batches(found), limit, rows)
    repeated = {fields: many for fields, taken in own.items() if (many := taken.repeated())}
    if repeated:
        _compare(table, [k for k in keys if k.fields in repeated], repeated, batches, limit, rows)
    faults = list(_labels(table, found.labels))
    for number in sorted(rows):
        faults += _in_order(rows[number], columns, keys, number)
        if len(faults) >= limit:
            return faults[:limit]
    return faults


def keys_of(table: Table, fields: tuple[str, ...]) -> Digests:
    """The digests of some fields of every row that has one of them.

    Raises:
        UncoveredError, ValueError, csv.Error: only the reference can judge the file.
    """
    taken = Digests()
    with opened(table) as found:
        columns = columns_of(table, found.labels)
        if not set(fields) <= {column.name for column in columns}:
            raise UncoveredError("the key is not in the header")
        for _, batch in _batches(found):
            values = _values(columns, _transposed(batch, len(columns))[0], fields)
            taken.add(_digests([values[name] for name in fields]))
    return taken


def _scan(  # noqa: PLR0917  # what it reads, and where it puts what it finds
    columns: list[Column],
    keys: list[Key],
    there: dict[Key, Digests],
    batches: Iterable[tuple[int, list[Row]]],
    limit: int,
    rows: dict[int, _Faults],
) -> tuple[dict[tuple[str, ...], Digests], int]:
    """The digests of the table's own keys, and how many batches were read; faults into `rows`."""
    own = {key.fields: Digests() for key in keys if key not in there}
    known: dict[Key, set[Values]] = {key: set() for key in there}
    names = {name for key in keys for name in key.fields}
    read = 0
    for number, batch in batches:
        values = _values(columns, _judge(columns, number, batch, rows), names)
        for fields, taken in own.items():
            taken.add(_digests([values[name] for name in fields]))
        for key in keys:
            cells = [values[name] for name in key.fields]
            wrong: set[Values] = set()
            if key in there:
                wrong = _not_there(cells, there[key], known[key])
            elif key.kind == "primary-key" and all(None in column for column in cells):
                wrong = {(None,) * len(cells)}
            if wrong:
                _note(key, wrong, cells, number, rows)
        read += 1
        if sum(map(len, rows.values())) >= limit:
            break
    return own, read


def _batches(found: Content) -> Iterator[tuple[int, list[Row]]]:
    """Some thousand rows at a time, each with the number of its first."""
    number = found.first
    while batch := list(islice(found.rows, _BATCH)):
        yield number, batch
        number += len(batch)


def _transposed(batch: list[Row], width: int) -> tuple[list[tuple[Cell, ...]], list[int]]:
    """The columns of some rows, and which rows are longer or shorter.

    What a row lacks is None, and what it has too much is left out.
    """
    try:
        columns: list[tuple[Cell, ...]] = list(zip(*batch, strict=True))
    except ValueError:
        columns = []
    if len(columns) == width:
        return columns, []
    even: list[list[Cell]] = [[*row[:width], *[None] * (width - len(row))] for row in batch]
    odd = [number for number, row in enumerate(batch) if len(row) != width]
    return list(zip(*even, strict=True)), odd


def _judge(
    columns: list[Column], number: int, batch: list[Row], rows: dict[int, _Faults]
) -> list[tuple[Cell, ...]]:
    """The columns of a batch; rows that are wrong in a cell or in length are put into `rows`."""
    cells, odd = _transposed(batch, len(columns))
    suspects = set(odd)
    for column, values in zip(columns, cells, strict=True):
        if bad := column.bad(values):
            suspects.update(i for i, value in enumerate(values) if value in bad)
    pairs = list(zip(columns, cells, strict=True))
    if not any(column.missing.isdisjoint(values) for column, values in pairs):
        empty = [column.missing for column in columns]
        suspects.update(
            i
            for i, row in enumerate(batch)
            if all(cell in missing for cell, missing in zip(row, empty, strict=False))
        )
    for i in suspects:
        if wrong := _row(columns, number + i, batch[i]):
            rows[number + i] = wrong
    return cells


def _row(columns: list[Column], number: int, row: Row) -> _Faults:
    """The faults of the cells and the length of one row, as the reference's readers see them."""
    found, blank = _Faults(), 0
    for i, column in enumerate(columns):
        cell = row[i] if i < len(row) else None
        value, notes = column.read(cell)
        blank += value is None and "type" not in (notes or {})
        if notes:
            found.cells[column.name] = [
                Fault(
                    "type-error" if name == "type" else "constraint-error",
                    number,
                    column.name,
                    str(cell),
                    note,
                )
                for name, note in notes.items()
            ]
    found.tail += [Fault("extra-cell", number, "", cell) for cell in row[len(columns) :]]
    found.tail += [Fault("missing-cell", number, c.name) for c in columns[len(row) :]]
    found.blank = blank == len(columns)
    return found


def _values(
    columns: list[Column], cells: list[tuple[Cell, ...]], names: Iterable[str]
) -> dict[str, Sequence[object]]:
    """The values of the fields that are of a key, by the field's name."""
    pairs = zip(columns, cells, strict=True)
    return {column.name: column.values(found) for column, found in pairs if column.name in names}


def _digests(values: list[Sequence[object]]) -> Iterator[int]:
    """The digests of the keys that have a value."""
    if all(None in column for column in values):
        kept = [key for key in zip(*values, strict=True) if set(key) != {None}]
        return digests(zip(*kept, strict=True)) if kept else iter(())
    return digests(values)


def _not_there(cells: list[Sequence[object]], there: Digests, known: set[Values]) -> set[Values]:
    """The foreign keys that the other table does not have."""
    if known.issuperset(zip(*cells, strict=True)):
        return set()
    new = list(set(zip(*cells, strict=True)) - known - {(None,) * len(cells)})
    hashed = digests(zip(*new, strict=True)) if new else ()
    wrong = {one for one, digest in zip(new, hashed, strict=True) if digest not in there}
    if len(known) < _KNOWN:
        known.update(set(new) - wrong)
    return wrong


def _note(
    key: Key,
    wrong: set[Values],
    cells: list[Sequence[object]],
    number: int,
    rows: dict[int, _Faults],
) -> None:
    """Put the rows that have one of the wrong keys into `rows`."""
    for row, values in enumerate(zip(*cells, strict=True), start=number):
        if values in wrong:
            note = 'cells composing the primary keys are all "None"'
            if key.kind == "foreign-key":
                shown, other = ", ".join(map(str, values)), ", ".join(key.reference_fields)
                note = (
                    f'for "{", ".join(key.fields)}": values "{shown}" not found in the lookup '
                    f'table "{key.reference_text}" as "{other}"'
                )
            rows.setdefault(row, _Faults()).keys[key] = Fault(key.kind, row, note=note)


def _compare(  # noqa: PLR0917  # what it reads, and where it puts what it finds
    table: Table,
    keys: list[Key],
    repeated: dict[tuple[str, ...], set[int]],
    batches: int,
    limit: int,
    rows: dict[int, _Faults],
) -> None:
    """Put into `rows` the keys that stand in an earlier row too."""
    names = {name for key in keys for name in key.fields}
    seen: dict[Key, dict[Values, int]] = {key: {} for key in keys if key.kind != "foreign-key"}
    count = 0
    with opened(table) as found:
        columns = columns_of(table, found.labels)
        for number, batch in islice(_batches(found), batches):
            values = _values(columns, _transposed(batch, len(columns))[0], names)
            for key, before in seen.items():
                cells = [values[name] for name in key.fields]
                for row, one in _among(cells, repeated[key.fields], number):
                    if one in before:
                        fault = _again(key, row, one, before[one])
                        rows.setdefault(row, _Faults()).keys[key] = fault
                        count += 1
                    before[one] = row
            if count >= limit:
                return


def _among(
    cells: list[Sequence[object]], repeated: set[int], number: int
) -> Iterator[tuple[int, Values]]:
    """The keys whose digest repeats, with their rows; no key is one that is empty."""
    pairs = zip(zip(*cells, strict=True), digests(cells), strict=True)
    for row, (one, digest) in enumerate(pairs, start=number):
        if digest in repeated and set(one) != {None}:
            yield row, one


def _again(key: Key, row: int, values: Values, before: int) -> Fault:
    note = f"the same as in the row at position {before}"
    if key.kind == "unique-error":
        return Fault(key.kind, row, key.fields[0], str(values[0]), note)
    return Fault(key.kind, row, note=note)


def _in_order(row: _Faults, columns: list[Column], keys: list[Key], number: int) -> list[Fault]:
    """The faults of a row as the reference lines them up.

    It reads the fields of a key when it looks at the key, and all fields when it finds a first
    fault of a key.
    """
    found: list[Fault] = []
    unread = {column.name: row.cells.get(column.name, []) for column in columns}
    rest = [row.tail]

    def finish() -> None:
        while rest:
            found.extend(fault for faults in unread.values() for fault in faults)
            unread.clear()
            found.extend(rest.pop())
            if row.blank:
                found[:] = [Fault("blank-row", number)]

    for key in keys:
        for name in key.fields:
            found += unread.pop(name, [])
        if key in row.keys:
            finish()
            found.append(row.keys[key])
    finish()
    return found


def _labels(table: Table, labels: tuple[str, ...]) -> Iterator[Fault]:
    """The faults of the header, as the reference tells them."""
    if not labels:
        return
    for label in labels[len(table.fields) :]:
        yield Fault("extra-label", None, "", label)
    for one in table.fields[len(labels) :]:
        yield Fault("missing-label", None, one.name)
    for number, (one, label) in enumerate(zip(table.fields, labels, strict=False)):
        before = [str(place) for place, other in enumerate(labels[:number], 1) if other == label]
        if not label:
            yield Fault("blank-label", None, one.name)
        elif before:
            note = f'at position "{", ".join(before)}"'
            yield Fault("duplicate-label", None, one.name, label, note)
        elif label != one.name:
            yield Fault("incorrect-label", None, one.name, label)
