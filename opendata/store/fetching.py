"""Tables out of an endpoint: the columns of a table as SPARQL, and its terms back as cells."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from urllib.parse import unquote

from opendata.errors import QueryError
from opendata.store.answers import Answer, Cell
from opendata.store.citing import Work
from opendata.store.tables import Record
from opendata.terms import XSD, Column, Table

PAGE = 5000  # rows asked for at once: less than servers cut at
MAX_ROWS = 2_000_000
_VARIABLE = re.compile(r"\{\+?(\w+)\}")
_NODE = "node__"  # no column is called that
Ask = Callable[[str], Answer]

_WORKS = """SELECT DISTINCT ?dataset ?title ?publisher ?licence ?issued WHERE {
  ?dataset a dcat:Dataset ; dct:title ?title .
  OPTIONAL { ?dataset dct:publisher/foaf:name ?publisher }
  OPTIONAL { ?dataset dct:license ?licence FILTER(ISIRI(?licence)) }
  OPTIONAL { ?dataset dct:issued ?issued }
} ORDER BY ?dataset ?title ?publisher"""


def fetched(table: Table, ask: Ask) -> Iterator[Record]:
    """The rows of a table, a page at a time, in the order of their keys.

    Raises:
        QueryError: the endpoint does not answer, cuts what it sends, or has a row twice.
    """
    seen: set[object] = set()
    start = 0
    while True:
        answer = ask(_query(table, start))
        if answer.truncated:
            raise QueryError(
                f"{table.name}：端点截断了回答，表不会完整。",
                f"{table.name}: the endpoint cuts its answers, and the table would not be whole.",
            )
        for row in answer:
            record = {c.name: _cell(c, row.get(c.name)) for c in table.stored}
            key = record[table.key]
            if key in seen or len(seen) >= MAX_ROWS:
                raise QueryError(
                    f"{table.name}：{key} 出现两次，或超过 {MAX_ROWS:,} 行；端点的数据不是一张表。",
                    f"{table.name}: {key} comes twice, or there are more than {MAX_ROWS:,} rows; what the "
                    "endpoint has is no table.",
                )
            seen.add(key)
            yield record
        if len(answer) < PAGE:
            return
        start += PAGE


def works(ask: Ask) -> list[Work]:
    """The data sets that an endpoint's catalogue lists, each once."""
    found: dict[str, Work] = {}
    for row in ask(_WORKS):
        name, issued = str(row["dataset"]), row["issued"]
        found.setdefault(
            name,
            Work(
                key=name.rstrip("/").rpartition("/")[2] or name,
                title=str(row["title"]),
                publishers=(str(row["publisher"]),) if row["publisher"] else (),
                issued=issued if hasattr(issued, "isoformat") else None,  # type: ignore[arg-type]  # a date has it
                url=name if name.startswith(("http://", "https://")) else "",
                licence=str(row["licence"] or ""),
            ),
        )
    return list(found.values())


def text_table(name: str, columns: list[str]) -> Table:
    """A table of texts of which nothing is known but its columns."""
    made = tuple(Column(name=c, path=f"urn:column:{c}", label={}, definition={}) for c in columns)
    return Table(name=name, types=(), label={}, definition={}, space="", columns=made)


def _query(table: Table, start: int) -> str:
    """A SELECT of the columns; what must be there leads, so that an engine begins with it."""
    parts = [f"?{_NODE} a <{table.types[0]}> ." if table.types else ""]
    for column in sorted(table.stored, key=lambda c: not c.required):
        triple = f"?{_NODE} <{column.path}> ?{column.name} .{_filter(column)}"
        parts.append(triple if column.required else f"OPTIONAL {{ {triple} }}")
    names = " ".join(f"?{column.name}" for column in table.stored)
    body = "\n  ".join(filter(None, parts))
    return (
        f"SELECT {names} WHERE {{\n  {body}\n}} ORDER BY ?{table.key} LIMIT {PAGE} OFFSET {start}"
    )


def _filter(column: Column) -> str:
    """Of several values of a property, those that are this column's."""
    if column.language:
        return f' FILTER(LANG(?{column.name}) = "{column.language}")'
    before = _VARIABLE.split(column.value_url or "")[0]
    return f' FILTER(CONTAINS(STR(?{column.name}), "{before}"))' if before else ""


def _cell(column: Column, value: Cell) -> object:
    if value is None:
        return None
    if column.value_url and isinstance(value, str):
        before = _VARIABLE.split(column.value_url)[0]
        value = unquote(value.rpartition(before)[2]) if before else value
    if column.datatype == XSD + "decimal" and isinstance(value, int):
        return Decimal(value)
    if column.datatype == XSD + "gYear" and isinstance(value, str) and value.isdigit():
        return int(value)
    return value
