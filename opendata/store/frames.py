"""Tables and answers as Arrow, pandas, polars and DuckDB have them: exact, and with what columns mean."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from opendata.errors import QueryError
from opendata.extras import missing
from opendata.store.columns import DIGITS, arrow

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from opendata.store.answers import Answer


def answer_table(answer: "Answer") -> "pa.Table":
    """An answer as an Arrow table; the metadata of a field says its type.

    Raises:
        QueryError: a number has more digits than an Arrow decimal.
    """
    pa = arrow()
    fields, arrays = [], []
    for number, name in enumerate(answer.columns):
        values = [row[number] for row in answer.rows]
        kind = _type(answer.types[name], values)
        if answer.types[name] == "integer" and not pa.types.is_integer(kind):
            values = [Decimal(value) if isinstance(value, int) else None for value in values]
        try:
            arrays.append(pa.array(values, kind))
        except (OverflowError, pa.ArrowException) as error:
            raise QueryError(
                f"列 {name} 的一个值放不进表（{error}）。",
                f"A value of the column {name} fits no table ({error}).",
            ) from error
        more = {f"label_{key}": text for key, text in answer.labels.get(name, {}).items()}
        fields.append(pa.field(name, kind, metadata={"type": answer.types[name]} | more))
    return pa.table(arrays, schema=pa.schema(fields))


def _type(kind: str, values: list[Any]) -> "pa.DataType":
    pa = arrow()
    if kind == "integer":
        fits = all(value is None or -(2**63) <= value < 2**63 for value in values)
        return pa.int64() if fits else pa.decimal128(DIGITS, 0)
    if kind == "decimal":
        exponents = (int(value.as_tuple().exponent) for value in values if value is not None)
        return pa.decimal128(DIGITS, max(0, *(-e for e in exponents), 0))
    kinds = {
        "year": pa.int32(),
        "date": pa.date32(),
        "boolean": pa.bool_(),
        "double": pa.float64(),
    }
    return kinds.get(kind, pa.string())


def pandas_of(table: "pa.Table", attrs: Mapping[str, object]) -> "pd.DataFrame":
    """A data frame on Arrow's own types: decimals exact, whole numbers whole where one is missing.

    `attrs["columns"]` says what each column means.

    Raises:
        SettingsError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise missing("pandas", "pandas") from error
    frame = table.replace_schema_metadata(None).to_pandas(types_mapper=pd.ArrowDtype)
    frame.attrs = {"columns": {f.name: told(f) for f in table.schema}, **attrs}
    return frame


def polars_of(table: "pa.Table") -> "pl.DataFrame":
    """A data frame of polars; it keeps no metadata of columns.

    Raises:
        SettingsError: polars is not installed.
    """
    try:
        import polars as pl
    except ImportError as error:
        raise missing("polars", "polars") from error
    found = pl.from_arrow(table)
    assert isinstance(found, pl.DataFrame)
    return found


def duckdb_of(table: "pa.Table", name: str) -> "duckdb.DuckDBPyRelation":
    """A relation of DuckDB in a data base of its own, under a name.

    Raises:
        SettingsError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise missing("sql", "duckdb") from error
    connection = duckdb.connect()
    connection.register(name, table)
    return connection.table(name)


def told(field: "pa.Field") -> dict[str, str]:
    """What a field says of itself."""
    return {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
