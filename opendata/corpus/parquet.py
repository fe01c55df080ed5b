"""The rows of a table, as CSV has them -> Parquet, with the columns and meanings that a store's tables have.

Every file has the same schema, so that those of all years and divisions are one table: decimals have
one scale, and a value that it does not hold is refused, not rounded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from opendata.errors import PackageError
from opendata.store.columns import arrow, schema
from opendata.terms import XSD, Table

ROWS = 50_000  # of a row group
SCALE = 10  # digits behind the point


@dataclass(frozen=True, slots=True)
class Sink:
    """Where rows, as they are written in CSV, go."""

    add: Callable[[tuple[str, ...]], object]
    close: Callable[[], object]


def parquet_sink(path: Path, table: Table) -> Sink:
    """Where the rows of a table go to become a Parquet file.

    Raises:
        SettingsError: pyarrow is not installed.
        PackageError: a value fits no Parquet file; when rows are added, or at the end.
    """
    pa = arrow()
    fields = schema(table, {c.name: SCALE for c in table.stored if c.datatype == XSD + "decimal"})
    readers = [_READERS.get(column.datatype, str) for column in table.stored]
    writer = pa.parquet.ParquetWriter(path, fields, compression="zstd")
    rows: list[tuple[str, ...]] = []

    def flush() -> None:
        if not rows:
            return
        columns = zip(*rows, strict=True)
        try:
            arrays = [
                pa.array([None if text == "" else read(text) for text in values], field.type)
                for values, read, field in zip(columns, readers, fields, strict=True)
            ]
        except (ValueError, ArithmeticError, pa.ArrowException) as error:
            raise PackageError(
                f"{table.name}：有一个值放不进 Parquet（{error}）。",
                f"{table.name}: a value fits no Parquet file ({error}).",
            ) from error
        writer.write_table(pa.table(arrays, schema=fields))
        rows.clear()

    def add(row: tuple[str, ...]) -> None:
        rows.append(row)
        if len(rows) >= ROWS:
            flush()

    def close() -> None:
        flush()
        writer.close()

    return Sink(add, close)


_READERS: dict[str, Callable[[str], object]] = {
    XSD + "decimal": Decimal,
    XSD + "integer": int,
    XSD + "gYear": int,
    XSD + "date": date.fromisoformat,
    XSD + "boolean": lambda text: text == "true",
}
