"""A CSV file of a package with its Table Schema, read as Frictionless reads it.

`covered` says which tables can be judged by `opendata.checks.tables.rows`: CSV in UTF-8, under a dialect
of one-letter signs with or without a header. Whatever else a descriptor asks for, and whatever
else a file turns out to be, is for Frictionless itself.
"""

import codecs
import csv
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

MAX_CELL = 1024 * 1024
MAX_LINE = 4 * 1024 * 1024
MAX_GUESS = 300_000_000  # quotes times characters: a guess of the dialect may look at each pair
_SAMPLE = 100  # lines, and rows, by which the reference tells what the descriptor leaves open
_BUFFER = 100_000  # bytes by which it tells the encoding

_DIALECT = {"delimiter", "doubleQuote", "header", "lineTerminator", "quoteChar", "skipInitialSpace"}
_SCHEMA = {"$schema", "description", "fields", "foreignKeys", "missingValues", "name", "title"}
_KEYS = {"string", "integer", "number", "boolean", "date", "datetime", "year", "yearmonth", "any"}

Row = list[str]


class UncoveredError(Exception):
    """A file that only the reference can judge."""


@dataclass(frozen=True, slots=True)
class Key:
    """A unique field, the primary key, or a foreign key with the table that it points to."""

    kind: str
    fields: tuple[str, ...]
    reference: str = ""
    reference_fields: tuple[str, ...] = ()
    reference_text: str = ""  # as the descriptor has it: empty for the table itself


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file; `fields` are the reference's own, `described` what the descriptor says of them."""

    name: str
    place: Path
    encoding: str
    dialect: dict[str, Any]
    fields: tuple[Any, ...]
    described: dict[str, dict[str, Any]]
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: its labels, and its rows, of which the first has this number."""

    labels: tuple[str, ...]
    rows: Iterator[Row]
    first: int
    empty: bool


def covered(resource: Any, described: dict[str, Any], place: Path) -> Table | None:
    """A resource of the reference, or None if only the reference can judge it."""
    schema, dialect = described.get("schema"), described.get("dialect", {})
    if not resource.tabular or not isinstance(schema, dict) or not isinstance(dialect, dict):
        return None
    if place.suffix.lower() != ".csv" or not set(schema) <= {*_SCHEMA, "primaryKey"}:
        return None
    signs = [dialect.get("delimiter", ","), dialect.get("quoteChar", '"'), "\r", "\n", " "]
    if not set(dialect) <= _DIALECT or len(set(signs)) < 5 or any(len(s) != 1 for s in signs):
        return None
    keys = tuple(_keys(resource))
    types = {one.name: one.type for one in resource.schema.fields}
    known = all(types.get(name) in _KEYS for key in keys for name in key.fields or [""])
    encoding = _encoding(resource, place)
    if not types or not known or not encoding:
        return None
    names = {str(one["name"]): one for one in schema["fields"]}
    fields = tuple(resource.schema.fields)
    return Table(resource.name, place, encoding, dialect, fields, names, keys)


def _encoding(resource: Any, place: Path) -> str | None:
    """What the reference takes the file to be written in, if that is UTF-8."""
    with place.open("rb") as file:
        buffer = file.read(_BUFFER)
    with suppress(LookupError, UnicodeDecodeError, TypeError):
        told = resource.get_defined("encoding")
        found = codecs.lookup(resource.detector.detect_encoding(buffer, encoding=told)).name
        if found in ("utf-8", "utf-8-sig"):
            return found
    return None


def _keys(resource: Any) -> Iterator[Key]:
    """The keys in the order in which the reference looks at them."""
    schema = resource.schema
    for one in schema.fields:
        if one.constraints.get("unique"):
            yield Key("unique-error", (one.name,))
    if schema.primary_key:
        yield Key("primary-key", tuple(schema.primary_key))
    for key in schema.foreign_keys:
        there = key["reference"]
        name = there["resource"] or resource.name
        yield Key(
            "foreign-key", tuple(key["fields"]), name, tuple(there["fields"]), there["resource"]
        )


def refused(place: Path) -> str | None:
    """Why a file is read by nobody, because of the time or memory it would take; or None."""
    with place.open("rb") as file:
        chunk = file.read(MAX_LINE)
        sample = b"".join(chunk.split(b"\n", _SAMPLE)[:_SAMPLE])
        if len(sample) * (sample.count(b'"') + sample.count(b"'")) > MAX_GUESS:
            return f"the first {_SAMPLE} lines are too long, with too many quotes"
        while len(chunk) == MAX_LINE:
            if b"\n" not in chunk and b"\r" not in chunk:
                return f"a line has more than {MAX_LINE} bytes"
            chunk = file.read(MAX_LINE)
    return None


@contextmanager
def opened(table: Table) -> Iterator[Content]:
    """The labels and the rows below them, read as they are asked for.

    Raises:
        UncoveredError: the header is not the first row.
        ValueError, csv.Error: bytes that are no text, or what a CSV reader refuses; while the
            rows are read, too.
    """
    csv.field_size_limit(MAX_CELL)
    with table.place.open(encoding=table.encoding, newline="") as file:
        lines = list(islice(file, _SAMPLE))
        rows = csv.reader(chain(lines, file), dialect=_dialect(table.dialect, lines))
        sample = list(islice(rows, _SAMPLE))
        if not table.dialect.get("header", True):
            yield Content((), chain(sample, rows), 1, empty=not sample)
            return
        if sample and "header" not in table.dialect:  # it is the first row about as wide as most
            width = round(sum(map(len, sample)) / len(sample))
            if abs(len(sample[0]) - width) > max(round(width * 0.1), 1):
                raise UncoveredError("the header is not the first row")
        labels = tuple(label.strip() for label in sample[0]) if sample else ()
        empty = not labels and not sample[1:]
        yield Content(labels, chain(sample[1:], rows), 2, empty=empty)


def _dialect(told: dict[str, Any], sample: list[str]) -> type[csv.Dialect]:
    """The dialect; what the descriptor leaves open is guessed, as the reference guesses it."""
    text, delimiter = "".join(sample), told.get("delimiter")
    guess: Any = csv.excel
    # Where everything is told but the space after a delimiter, and there is none, there is no guess.
    plain = {"delimiter", "quoteChar"} <= set(told) and sample and str(delimiter) in sample[0]
    if not plain or ("skipInitialSpace" not in told and f"{delimiter} " in text):
        with suppress(csv.Error):
            guess = csv.Sniffer().sniff(text, delimiter or ",\t;|")

    class Told(csv.excel):
        pass

    Told.delimiter = delimiter or guess.delimiter
    quote = '"' if guess.quotechar == "'" else guess.quotechar
    Told.quotechar = told.get("quoteChar", quote)
    Told.skipinitialspace = bool(told.get("skipInitialSpace", guess.skipinitialspace))
    return Told
