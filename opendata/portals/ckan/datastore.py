"""The DataStore of a CKAN: a table read, and brought to what it shall be."""

from collections.abc import Mapping

from opendata.errors import PortalError
from opendata.portals.ckan.api import ConflictError, Refusal, read, table_rows, write
from opendata.portals.ckan.difference import Json, TableState
from opendata.portals.ckan.tables import Column, Row, Table, chunks
from opendata.portals.http import Wire

ROWS, LETTERS = 5_000, 4_000_000  # of one request
_SAME = {"int8": "bigint", "int4": "int", "decimal": "numeric"}


def look(
    wire: Wire, table: Table, resource: Json | None, *, ours: bool, made: bool = False
) -> TableState:
    """A table as the portal holds it; `ours` says that nobody else made it.

    Where it was `made` a moment ago, its columns are as they were sent, and only rows are in doubt.

    Raises:
        PortalError: the portal does not answer.
    """
    columns: tuple[Column, ...] = ()
    keys: set[str] = set()
    if made:
        columns, keys = table.columns, set(table.keys)
    elif resource and resource.get("datastore_active"):
        columns, keys = _columns(wire, str(resource["id"]))
    names = [column.name for column in table.columns]
    held: Mapping[Row, Row] = {}
    if resource and columns:
        held = table.read(table_rows(wire, str(resource["id"])), names)
    want = table.rows
    return TableState(
        table=table,
        columns=columns,
        keyed=keys >= set(table.keys),
        ours=ours,
        added={key: row for key, row in want.items() if key not in held},
        changed={key: row for key, row in want.items() if key in held and held[key] != row},
        removed=tuple(sorted((key for key in held if key not in want), key=str)),
    )


def _columns(wire: Wire, resource: str) -> tuple[tuple[Column, ...], set[str]]:
    """The columns of a table, and those of its key."""
    found = read(wire, "datastore_info", id=resource)
    if isinstance(found, Refusal) and found.status != 404:
        raise ConflictError(
            f"{wire.base}：无法读取数据表 {resource}：{found.told}",
            f"{wire.base}: the table {resource} cannot be read: {found.told}",
        )
    if not isinstance(found, dict):
        return (), set()
    columns, keys = [], set()
    for said in found.get("fields") or ():
        info = said.get("info") or {}
        name = str(said["id"])
        kind = str(said.get("type"))
        columns.append(
            Column(
                name,
                _SAME.get(kind, kind),
                str(info.get("label") or ""),
                str(info.get("notes") or ""),
            )
        )
        if (said.get("schema") or {}).get("is_index"):  # CKAN calls no index unique, even its keys
            keys.add(name)
    return tuple(columns), keys


def bring(wire: Wire, resource: str, state: TableState) -> None:
    """Make a table what it shall be: the fewest rows are sent, each once by its key.

    Raises:
        LostAnswerError, ConflictError: it must be looked at again.
        PortalError: the portal does not take the table.
    """
    table = state.table
    names = [column.name for column in table.columns]
    base: Json = {"resource_id": resource, "force": True}
    anew = not state.there or state.rebuilt
    rows = dict(table.rows) if anew else {**state.added, **state.changed}
    records = [dict(zip(names, row, strict=True)) for _, row in sorted(rows.items(), key=str)]
    parts = list(chunks(records, ROWS, LETTERS))
    if state.rebuilt:
        _done(table, write(wire, "datastore_delete", base))
    if anew:
        made = {**base, "fields": [c.to_field() for c in table.columns], "primary_key": list(table.keys),
                "records": parts.pop(0) if parts else []}  # fmt: skip
        _done(table, write(wire, "datastore_create", made))
    elif state.described:
        _done(table, write(wire, "datastore_create", {**base, "fields": _ordered(state)}))
    for part in parts:
        _done(table, write(wire, "datastore_upsert", {**base, "method": "upsert", "records": part}))
    if not anew:
        for filters in _filters(table, state.removed):
            _done(table, write(wire, "datastore_delete", {**base, "filters": filters}))


def try_rows(wire: Wire, resource: str, state: TableState) -> None:
    """Let the portal try the rows that will change, without keeping them.

    Raises:
        PortalError: it would not take one.
    """
    if (
        not state.there
        or state.rebuilt
        or {c.name for c in state.columns} != {c.name for c in state.table.columns}
    ):
        return
    names = [column.name for column in state.table.columns]
    rows = {**state.added, **state.changed}
    records = [dict(zip(names, row, strict=True)) for _, row in sorted(rows.items(), key=str)]
    for part in chunks(records, ROWS, LETTERS):
        asked = {
            "resource_id": resource,
            "force": True,
            "method": "upsert",
            "records": part,
            "dry_run": True,
        }
        _done(state.table, write(wire, "datastore_upsert", asked))


def _ordered(state: TableState) -> list[dict[str, object]]:
    """The columns that are there in the order that they have, and then the new ones."""
    order = {column.name: place for place, column in enumerate(state.columns)}
    columns = sorted(state.table.columns, key=lambda c: order.get(c.name, len(order)))
    return [column.to_field() for column in columns]


def _filters(table: Table, removed: tuple[Row, ...]) -> list[dict[str, object]]:
    """What names rows to delete, never nothing: without a filter the whole table would go."""
    names = [column.name for column in table.columns if column.name in table.keys]
    if len(names) == 1:
        values = [row[0] for row in removed]
        return [{names[0]: values[n : n + 500]} for n in range(0, len(values), 500)]
    return [dict(zip(names, row, strict=True)) for row in removed]


def _done(table: Table, found: Json | Refusal) -> None:
    if isinstance(found, Refusal):
        raise PortalError(
            f"{table.path}：门户的 DataStore 不接受：{found.told}",
            f"{table.path}: the portal's DataStore does not take it: {found.told}",
        )
