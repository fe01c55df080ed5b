"""The rows of a table, wherever they come from: as records, and as Arrow, pandas, polars and DuckDB have them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

from opendata.errors import PackageError
from opendata.store.columns import arrow, as_texts, scales, schema
from opendata.store.frames import duckdb_of, pandas_of, polars_of
from opendata.terms import Table

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Record = dict[str, object]


class Rows(Sequence[Record]):
    """The rows of a table: Decimal amounts in yuan, codes as text, None for an empty cell.

    They are read when first asked for, and then once.
    """

    def __init__(
        self,
        table: Table,
        *,
        records: Callable[[], Iterable[Record]] | None = None,
        columns: "Callable[[], pa.Table] | None" = None,
    ) -> None:
        self.table = table
        self._records = records
        self._columns = columns

    @cached_property
    def _rows(self) -> list[Record]:
        return list(self._records()) if self._records else self._arrow.to_pylist()

    @cached_property
    def _arrow(self) -> "pa.Table":
        return self._columns() if self._columns else typed(self.table, self._rows)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._rows) if self._records else len(self._arrow)

    @overload
    def __getitem__(self, place: int) -> Record: ...

    @overload
    def __getitem__(self, place: slice) -> list[Record]: ...

    def __getitem__(self, place: int | slice) -> Record | list[Record]:
        """A row, or some."""
        return self._rows[place]

    def __iter__(self) -> Iterator[Record]:
        """The rows in their order."""
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        """Whether the other holds the same rows."""
        return isinstance(other, Sequence) and self._rows == list(other)

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __repr__(self) -> str:
        """The table and how many rows it has."""
        return f"<{self.table.name}: {len(self)} rows>"

    def to_arrow(self) -> "pa.Table":
        """An Arrow table; each field says its label, definition, term, unit and code list.

        Raises:
            SettingsError: pyarrow is not installed; the message says the command.
        """
        return self._arrow

    def to_pandas(self) -> "pd.DataFrame":
        """A data frame on Arrow's types; `attrs["columns"]` says what each column means.

        Raises:
            SettingsError: pandas or pyarrow is not installed.
        """
        return pandas_of(self._arrow, {"table": self.table.name, "label": dict(self.table.label)})

    def to_polars(self) -> "pl.DataFrame":
        """A data frame of polars.

        Raises:
            SettingsError: polars or pyarrow is not installed.
        """
        return polars_of(self._arrow)

    def to_duckdb(self) -> "duckdb.DuckDBPyRelation":
        """A relation of DuckDB, named as the table, in a data base of its own.

        Raises:
            SettingsError: DuckDB or pyarrow is not installed.
        """
        return duckdb_of(self._arrow, self.table.name)


def typed(table: Table, rows: Iterable[Mapping[str, object]]) -> "pa.Table":
    """Rows as an Arrow table with one scale for all decimals of a column.

    Raises:
        PackageError: a value is not of its column's type, or too large.
    """
    pa, texts = arrow(), as_texts(table, rows)
    try:
        return texts.cast(schema(table, scales(table, texts)))
    except (ValueError, pa.ArrowException) as error:
        raise PackageError(
            f"{table.name}：有的值不合列的类型（{error}）。",
            f"{table.name}: a value is not of its column's type ({error}).",
        ) from error
