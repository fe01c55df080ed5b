"""What came of a query: columns with a type each, and rows of Python values.

An amount is a Decimal, a code is text, a year an int. A column's type is the one that all its values have;
where they differ, or one is not what its type says, it is `string` and every value is text.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from opendata.converters import lexical
from opendata.errors import QueryError
from opendata.terms import XSD

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Cell = str | int | Decimal | bool | float | date | None
Row = tuple[Cell, ...]

_INTEGER = re.compile(r"[+-]?[0-9]{1,100}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,100}(\.[0-9]{0,100})?|\.[0-9]{1,100})")
_WHOLE = (
    *("integer", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger"),
    *("nonPositiveInteger", "negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort"),
)


def _matched(pattern: re.Pattern[str], make: Callable[[str], Cell]) -> Callable[[str], Cell]:
    def read(text: str) -> Cell:
        if not pattern.fullmatch(text):
            raise ValueError(text[:80])
        return make(text)

    return read


# XSD type -> our word for it, and how a text becomes a value
_READERS: dict[str, tuple[str, Callable[[str], Cell]]] = {
    "decimal": ("decimal", _matched(_DECIMAL, Decimal)),
    "boolean": ("boolean", {"true": True, "1": True, "false": False, "0": False}.__getitem__),
    "date": ("date", _matched(re.compile(r"\d{4}-\d\d-\d\d"), date.fromisoformat)),
    "gYear": ("year", _matched(re.compile(r"-?[0-9]{4,9}"), int)),
    "double": ("double", float),
    "float": ("double", float),
} | {name: ("integer", _matched(_INTEGER, int)) for name in _WHOLE}
_DATATYPES = {"decimal": "decimal", "boolean": "boolean", "date": "date", "year": "gYear"} | {
    "double": "double",
    "integer": "integer",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows under named columns; `types` says of each column what its values are.

    A type is decimal, integer, year, date, boolean, double, iri or string. `truncated` tells that there
    were more rows.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    types: Mapping[str, str]
    truncated: bool = False
    content: Callable[[], dict[str, Any]] = field(default=dict, repr=False, compare=False)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Cell]]:
        """The rows, by the names of the columns."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    @property
    def document(self) -> str:
        """The answer in SPARQL 1.1 Query Results JSON."""
        return json.dumps(self.content(), ensure_ascii=False, indent=2)

    @property
    def texts(self) -> list[tuple[str, ...]]:
        """The rows as texts, numbers with every digit, nothing as an empty text."""
        return [tuple(map(_text, row)) for row in self.rows]

    def column(self, name: str) -> list[Cell]:
        """The values of a column."""
        number = self.columns.index(name)
        return [row[number] for row in self.rows]

    def to_csv(self) -> str:
        """The answer as CSV."""
        from opendata.store.formats import delimited

        return delimited(self, ",")

    def to_arrow(self) -> "pa.Table":
        """The answer as an Arrow table: decimals stay decimals, codes text."""
        from opendata.store.frames import answer_table

        return answer_table(self)

    def to_pandas(self) -> "pd.DataFrame":
        """The answer as a data frame whose amounts are exact; `attrs` says the types."""
        from opendata.store.frames import pandas_of

        return pandas_of(self.to_arrow(), {"types": dict(self.types), "truncated": self.truncated})

    def to_polars(self) -> "pl.DataFrame":
        """The answer as a data frame of polars."""
        from opendata.store.frames import polars_of

        return polars_of(self.to_arrow())


def _text(value: Cell) -> str:
    return str(value).lower() if isinstance(value, bool) else lexical(value)


def answer(
    columns: Sequence[str],
    rows: Sequence[Row],
    types: Mapping[str, str],
    *,
    limit: int | None = None,
) -> Answer:
    """An answer from typed rows, cut at a limit."""
    kept = tuple(rows if limit is None else rows[:limit])
    truncated = len(kept) < len(rows)

    def content() -> dict[str, Any]:
        bindings = [_bindings(columns, row, types) for row in kept]
        return {"head": {"vars": list(columns)}, "results": {"bindings": bindings}}

    return Answer(tuple(columns), kept, dict(types), truncated, content)


def _bindings(
    columns: Sequence[str], row: Row, types: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    found = {}
    for name, value in zip(columns, row, strict=True):
        if value is not None:
            kind = types[name]
            told = {"type": "uri" if kind == "iri" else "literal", "value": _text(value)}
            if kind in _DATATYPES:
                told["datatype"] = XSD + _DATATYPES[kind]
            found[name] = told
    return found


def read_results(data: bytes | str, limit: int | None = None) -> Answer:
    """The answer that SPARQL 1.1 Query Results JSON holds, cut at a limit.

    Raises:
        QueryError: it holds none.
    """
    try:
        content = json.loads(data)
        if isinstance(content.get("boolean"), bool):
            found = {
                "answer": {
                    "type": "literal",
                    "value": _text(content["boolean"]),
                    "datatype": XSD + "boolean",
                }
            }
            columns, bindings = ("answer",), [found]
        else:
            columns = tuple(dict.fromkeys(content["head"]["vars"]))
            bindings = content["results"]["bindings"]
        if not all(isinstance(name, str) for name in columns) or not isinstance(bindings, list):
            raise TypeError("its columns or rows are none")
        kept = bindings if limit is None else bindings[:limit]
        cells = [[_cell(row.get(name)) for row in kept] for name in columns]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        told = str(error)[:200]
        raise QueryError(
            f"回答不是 SPARQL 结果（{told}）。", f"The answer is no result of SPARQL ({told})."
        ) from error
    typed = [_typed(column) for column in cells]
    if len(kept) < len(bindings):
        content["results"]["bindings"] = kept
    return Answer(
        columns,
        tuple(zip(*(values for _, values in typed), strict=True)) if columns else (),
        {name: kind for name, (kind, _) in zip(columns, typed, strict=True)},
        len(kept) < len(bindings),
        lambda: content,
    )


def _cell(term: Any) -> tuple[str, Cell, str]:
    """The type, the value and the text of a term; nothing has no type."""
    if term is None:
        return "", None, ""
    kind, text = term["type"], term["value"]
    if not isinstance(text, str):  # a triple
        text = json.dumps(text, ensure_ascii=False)
    if kind in ("uri", "bnode"):
        return "iri", text if kind == "uri" else f"_:{text}", text
    local = str(term.get("datatype", "")).removeprefix(XSD)
    if local in _READERS:
        word, read = _READERS[local]
        with suppress(ValueError, KeyError):
            return word, read(text), text
    return "string", text, text


def _typed(column: list[tuple[str, Cell, str]]) -> tuple[str, list[Cell]]:
    """The type that all values of a column have, and the values."""
    kinds = {kind for kind, _, _ in column if kind}
    if kinds == {"decimal", "integer"}:
        return "decimal", [Decimal(v) if isinstance(v, int) else v for _, v, _ in column]
    if len(kinds) == 1:
        return kinds.pop(), [value for _, value, _ in column]
    return "string", [text if kind else None for kind, _, text in column]
