"""What CKAN holds against what it shall hold, and the change between them for people to read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opendata.portals.ckan.dataset import DIGEST, KEY, OWN, STAMPS, SUM, TABLES, Dataset, File
from opendata.portals.ckan.tables import Column, Row, Table
from opendata.portals.plan import Change

Json = dict[str, Any]
_AT_UPLOAD = ("hash",)  # the portal may write its own there afterwards


@dataclass(frozen=True, kw_only=True, slots=True)
class TableState:
    """A table as the portal holds it, against what it shall be."""

    table: Table
    columns: tuple[Column, ...]  # as the portal has them; none where there is no table
    keyed: bool
    ours: bool
    added: Mapping[Row, Row]
    changed: Mapping[Row, Row]
    removed: tuple[Row, ...]

    @property
    def there(self) -> bool:
        """Whether the portal has such a table at all."""
        return bool(self.columns)

    @property
    def rebuilt(self) -> bool:
        """Whether the table can only be made anew: a type or key differs, or a column is gone."""
        have = {column.name: column.type for column in self.columns}
        want = {column.name: column.type for column in self.table.columns}
        return self.there and (
            not self.keyed or any(want.get(name) != kind for name, kind in have.items())
        )

    @property
    def described(self) -> bool:
        """Whether columns are new or their dictionary differs."""
        return set(self.columns) != set(self.table.columns)

    @property
    def idle(self) -> bool:
        """Whether the table is what it shall be."""
        return self.there and not (
            self.rebuilt or self.described or self.added or self.changed or self.removed
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What a data set lacks. `fields` are old and new values by name; extras as `extras.NAME`."""

    wanted: Dataset
    current: Json | None
    fields: Mapping[str, tuple[Any, Any]]
    new: tuple[File, ...]
    changed: tuple[tuple[File, Json], ...]
    gone: tuple[Json, ...]
    open_tables: tuple[str, ...]
    complete: bool

    @property
    def idle(self) -> bool:
        """Whether nothing at all is to be done."""
        files = self.new or self.changed or self.gone
        return self.complete and not (self.fields or files or self.open_tables)


def extras_of(current: Json | None) -> dict[str, str]:
    """The extras of a data set by key."""
    found = (current or {}).get("extras") or ()
    return {str(extra["key"]): str(extra["value"]) for extra in found}


def resources_of(current: Json | None) -> dict[str, Json]:
    """Our resources by the file's path; of two with one path the first counts, the other is gone."""
    found: dict[str, Json] = {}
    for resource in (current or {}).get("resources") or ():
        if resource.get(KEY):
            found.setdefault(str(resource[KEY]), resource)
    return found


def stamped(current: Json | None) -> dict[str, str]:
    """The tables that were read back as they are, with their digests."""
    try:
        found = json.loads(extras_of(current).get(TABLES, "{}"))
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def difference(
    current: Json | None,
    wanted: Dataset,
    *,
    organisation: str | None = None,
    spoilt: Mapping[str, str] | None = None,
    thorough: bool = False,
) -> Difference:
    """What is to be done; `spoilt` are files that were read back and are not what they should be."""
    have = resources_of(current)
    known = stamped(current)
    ours = [r for r in (current or {}).get("resources") or () if r.get(KEY)]
    keys = {file.key for file in wanted.files}
    gone = [r for r in ours if r[KEY] not in keys or have[r[KEY]]["id"] != r["id"]]
    changed = [
        (file, have[file.key])
        for file in wanted.files
        if file.key in have and (resource_fields(file, have[file.key]) or file.key in (spoilt or {})
                                 or uploads(file, have[file.key]))
    ]  # fmt: skip
    complete = extras_of(current).get(DIGEST) == wanted.digest and not thorough
    tables = [
        key
        for key, table in wanted.tables.items()
        if (not complete and (thorough or known.get(key) != table.digest))
        or ((key in known or not complete) and not have.get(key, {}).get("datastore_active"))
    ]
    return Difference(
        wanted=wanted, current=current, fields=dict(_fields(current, wanted, organisation)),
        new=tuple(file for file in wanted.files if file.key not in have), changed=tuple(changed),
        gone=tuple(gone), open_tables=tuple(tables), complete=complete,
    )  # fmt: skip


def resource_fields(file: File, have: Json) -> dict[str, str]:
    """The fields of a resource that differ, but for its sum where the file itself is sent anew."""
    return {
        key: value
        for key, value in file.resource.items()
        if key not in _AT_UPLOAD and (have.get(key) or "") != value
    }


def uploads(file: File, have: Json) -> bool:
    """Whether the file itself has to be sent."""
    sized = have.get("size") in (None, file.size)
    return have.get(SUM) != file.sha256 or have.get("url_type") != "upload" or not sized


def _fields(
    current: Json | None, wanted: Dataset, organisation: str | None
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    have = current or {}
    for key, value in wanted.fields.items():
        old = have.get(key)
        if (old or "") != (value or ""):
            yield key, (old, value)
    old_tags = sorted(str(tag.get("name")) for tag in have.get("tags") or ())
    if old_tags != list(wanted.tags):
        yield "tags", (old_tags, list(wanted.tags))
    old_extras = {k: v for k, v in extras_of(current).items() if k in OWN and k not in STAMPS}
    for key in sorted(old_extras.keys() | wanted.extras.keys()):
        if old_extras.get(key) != wanted.extras.get(key):
            yield f"extras.{key}", (old_extras.get(key), wanted.extras.get(key))
    owner = have.get("organization") or {}
    if organisation and organisation not in (owner.get("name"), owner.get("id")):
        yield "owner_org", (owner.get("name"), organisation)
    if current is not None and have.get("state") != "active":
        yield "state", (have.get("state"), "active")


def changes(
    found: Difference, tables: Mapping[str, TableState], spoilt: Mapping[str, str]
) -> tuple[Change, ...]:
    """The difference as a plan tells it."""
    name = found.wanted.name
    told: list[Change] = []
    if found.current is None:
        told.append(Change("add", name, 0, kind="dataset", new=found.wanted.fields["title"]))
    else:
        for key, (old, new) in found.fields.items():
            told.append(_value(f"{name}#{key}", old, new))
    told += [Change("add", f"{name}/{f.key}", f.size, new=f.sha256) for f in found.new]
    touched = {file.key for file in found.new}
    for file, have in found.changed:
        touched.add(file.key)
        told += _file(name, file, have, spoilt)
    told += [Change("remove", f"{name}/{r[KEY]}", 0, old=r.get(SUM)) for r in found.gone]
    told += [
        Change("keep", f"{name}/{f.key}", f.size)
        for f in found.wanted.files
        if f.key not in touched
    ]
    for key, state in tables.items():
        told += _table(f"{name}/{key}", state)
    if not found.complete and found.current is not None and all(c.action == "keep" for c in told):
        told.append(Change("change", f"{name}#{DIGEST}", 0, kind="field", new=found.wanted.digest))
    return tuple(told)


def _value(path: str, old: Any, new: Any) -> Change:
    action = "change" if old and new else "add" if new else "remove"
    return Change(action, path, 0, kind="field", old=_shown(old), new=_shown(new))


def _shown(value: Any) -> str | None:
    if value in (None, "", []):
        return None
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _file(name: str, file: File, have: Json, spoilt: Mapping[str, str]) -> Iterator[Change]:
    path = f"{name}/{file.key}"
    if uploads(file, have) or file.key in spoilt:
        old = spoilt.get(file.key, str(have.get(SUM) or ""))
        yield Change("change", path, file.size, old=old, new=file.sha256)
    for key, value in resource_fields(file, have).items():
        if key != SUM:
            yield _value(f"{path}#{key}", have.get(key), value)


def _table(path: str, state: TableState) -> Iterator[Change]:
    if state.idle:
        return
    have = {column.name: column for column in state.columns}
    want = {column.name: column for column in state.table.columns}
    yield Change(
        "change" if state.there else "add", path, len(state.table.rows), kind="table",
        added=len(state.added), changed=len(state.changed), removed=len(state.removed),
    )  # fmt: skip
    for name in [*want, *(n for n in have if n not in want)] if state.there else ():
        old, new = have.get(name), want.get(name)
        if old != new:
            action = "change" if old and new else "add" if new else "remove"
            kinds = [f"{c.type} {c.label}".strip() if c else None for c in (old, new)]
            yield Change(action, f"{path}#{name}", 0, kind="column", old=kinds[0], new=kinds[1])
