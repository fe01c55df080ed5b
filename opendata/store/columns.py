"""Rows of packages -> Arrow tables, with what each column means beside it.

Decimals travel as texts until all rows are there: one scale has to hold every value of a column.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from opendata.converters import lexical
from opendata.errors import PackageError
from opendata.extras import missing
from opendata.terms import XSD, Column, Table, multiplier

if TYPE_CHECKING:
    import pyarrow as pa

DIGITS = 38  # that a decimal can have in Arrow, DuckDB and Parquet
CENTS = 2  # digits that an amount of money has at least after the point


def arrow() -> Any:  # a module without types
    """The module pyarrow.

    Raises:
        SettingsError: it is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.compute
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError as error:
        raise missing("store", "pyarrow") from error
    return pa


def as_texts(table: Table, rows: Iterable[Mapping[str, object]]) -> "pa.Table":
    """Rows as an Arrow table in which decimals are texts.

    Raises:
        PackageError: a number is too large for any table.
    """
    pa = arrow()
    rows = list(rows)
    columns = []
    for column in table.stored:
        values = [row[column.name] for row in rows]
        if column.datatype == XSD + "decimal":
            values = [None if value is None else lexical(value) for value in values]
        try:
            columns.append(pa.array(values, _type(column)))
        except (OverflowError, pa.ArrowException) as error:
            raise PackageError(
                f"{table.name}.{column.name}：有一个值放不进表（{error}）。",
                f"{table.name}.{column.name}: a value fits no table ({error}).",
            ) from error
    return pa.table(columns, names=[column.name for column in table.stored])


def scales(table: Table, rows: "pa.Table") -> dict[str, int]:
    """How many digits after the point the decimals of some rows need, by column."""
    found = {}
    for column in table.stored:
        if column.datatype == XSD + "decimal":
            values = (Decimal(v) for v in rows[column.name].unique().to_pylist() if v is not None)
            needed = (-int(value.normalize().as_tuple().exponent) for value in values)
            money = column.unit is not None and multiplier(column.unit) is not None
            found[column.name] = max(CENTS if money else 0, 0, *needed)
    return found


def schema(table: Table, scale: Mapping[str, int] | None = None) -> "pa.Schema":
    """The Arrow schema of a table; without scales, decimals are texts.

    Every field says its label, definition, term, unit and code list, the schema those of the table.
    """
    pa = arrow()
    fields = [
        pa.field(
            column.name,
            _type(column, None if scale is None else scale.get(column.name)),
            nullable=not column.required,
            metadata=_told(meaning(column)),
        )
        for column in table.stored
    ]
    return pa.schema(
        fields,
        metadata=_told(_texts("label", table.label) | _texts("definition", table.definition)),
    )


def meaning(column: Column) -> dict[str, str]:
    """What a column is, by keys that are the same in Arrow and pandas."""
    more = {
        "property": column.path,
        "unit": column.unit,
        "code_list": column.code_list,
        "references": column.references,
    }
    found = _texts("label", column.label) | _texts("definition", column.definition)
    return found | {key: value for key, value in more.items() if value}


def _texts(key: str, texts: Mapping[str, str]) -> dict[str, str]:
    return {f"{key}_{language}": text for language, text in sorted(texts.items())}


def _told(texts: Mapping[str, str]) -> dict[bytes, bytes]:
    return {key.encode(): text.encode() for key, text in texts.items()}


def _type(column: Column, scale: int | None = None) -> "pa.DataType":
    pa = arrow()
    if column.datatype == XSD + "decimal":
        return pa.string() if scale is None else pa.decimal128(DIGITS, scale)
    kinds = {
        XSD + "integer": pa.int64(),
        XSD + "gYear": pa.int32(),
        XSD + "date": pa.date32(),
        XSD + "boolean": pa.bool_(),
    }
    return kinds.get(column.datatype, pa.string())
