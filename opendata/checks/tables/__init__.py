"""Are the tables of a package what their schemas say.

Frictionless is the reference, for descriptors too. The tables that `opendata.checks.tables.csvfile` covers
are read by `opendata.checks.tables.rows`, many times faster and with the same faults; all others by
Frictionless itself.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import Any

from opendata.checks.report import found
from opendata.checks.tables import csvfile, patterns, rows
from opendata.checks.tables.cells import TOO_LONG
from opendata.checks.tables.digests import Digests
from opendata.checks.tables.rows import Fault
from opendata.errors import PackageError
from opendata.model import Finding
from opendata.package import Package

MAX_FAULTS = 100  # of a table

# Frictionless tells these of tables; our own check of checksums tells them of every file.
_TOLD = {"hash-count", "byte-count"}

# What a schema that asks for the impossible makes readers raise: a limit that is no number, say.
_REFUSED = (AttributeError, TypeError, ValueError, LookupError, ArithmeticError)

Keys = Callable[[str, tuple[str, ...]], Digests]


def check_tables(package: Package, *, referee: bool = False) -> Iterator[Finding]:
    """The descriptor is one, and the tables are what their schemas say.

    With `referee` every table is read in both ways, and a difference is a finding `referee`.
    """
    from frictionless import FrictionlessException

    content = _local(package.descriptor)
    yield from _bounded(content)
    try:
        reference = _described(content, str(package.folder))
    except FrictionlessException as wrong:
        for error in wrong.to_errors():
            yield _descriptor(error.message)
        return
    except (AttributeError, TypeError, ValueError, LookupError) as wrong:
        yield _descriptor(str(wrong))
        return
    tables = {one.name: _table(package, one, content) for one in reference.resources}
    keys = cache(partial(_keys, tables))
    for resource in reference.resources:
        table = tables[resource.name]
        if not resource.tabular:  # our own check of files has read it
            continue
        quick = [table] if isinstance(table, Fault) else _quick(table, keys)
        faults = quick or []
        if quick is None or (referee and table not in quick):
            yield from _untried(resource, package)
            try:
                faults = _reference(resource)
            except (FrictionlessException, *_REFUSED) as wrong:
                yield _descriptor(f"{resource.path}: {wrong}", resource.name)
                continue
            if quick is not None and quick != faults:
                yield _differing(resource, quick, faults)
        for fault in faults:
            yield _finding(resource.place, resource.name, fault)


def _described(content: dict[str, Any], folder: str) -> Any:
    """A descriptor as the reference takes it.

    Raises:
        FrictionlessException: it is not valid, and what the reference makes of it is not either.
    """
    from frictionless import FrictionlessException, Package

    try:
        return Package.from_descriptor(content, basepath=folder)
    except FrictionlessException:
        found = Package.from_descriptor(content, basepath=folder, allow_invalid=True)
        found.to_descriptor(validate=True)
        return found


def _table(
    package: Package, resource: Any, content: dict[str, Any]
) -> csvfile.Table | Fault | None:
    """A table that is covered, what is wrong with a file that nobody should read, or None."""
    described: dict[str, Any] = next(
        (r for r in content["resources"] if r.get("name") == resource.name), {}
    )
    try:
        place = package.path(resource.name)
        if resource.tabular and (why := csvfile.refused(place)):
            return Fault("source-error", note=why)
        return csvfile.covered(resource, described, place)
    except (PackageError, OSError):
        return None


def _quick(table: csvfile.Table | None, keys: Keys) -> list[Fault] | None:
    """The faults of a table, or None where only the reference can tell."""
    if table is None:
        return None
    try:
        return rows.check_rows(table, keys, MAX_FAULTS)
    except (csvfile.UncoveredError, csv.Error, *_REFUSED):
        return None


def _keys(
    tables: dict[str, csvfile.Table | Fault | None], name: str, fields: tuple[str, ...]
) -> Digests:
    table = tables.get(name)
    if not isinstance(table, csvfile.Table):
        raise csvfile.UncoveredError(name)
    return rows.keys_of(table, fields)


def _untried(resource: Any, package: Package) -> Iterator[Finding]:
    """Take from the reference the patterns that may be slow on a line of the file, and tell them."""
    for one in resource.schema.fields if resource.tabular and resource.schema else ():
        pattern = one.constraints.get("pattern")
        longest = patterns.longest(pattern) if isinstance(pattern, str) else None
        if longest is None:
            continue
        try:
            with package.path(resource.name).open("rb") as file:
                line = max(map(len, file), default=0)
        except (PackageError, OSError):
            continue
        if line > longest:
            del one.constraints["pattern"]
            shown = f"{resource.name}.{one.name}: {pattern[:_LONGEST]!r}: {TOO_LONG} {longest} characters"
            yield replace(_descriptor(shown, resource.name), severity="warning")


def _reference(resource: Any) -> list[Fault]:
    """The faults that Frictionless tells, but those that our own check of files tells."""
    csv.field_size_limit(csvfile.MAX_CELL)  # a quote that is never closed makes one cell of all
    report = resource.validate(limit_errors=MAX_FAULTS)
    found = []
    for wrong in (error for task in report.tasks for error in task.errors):
        if wrong.type not in _TOLD:
            detail = wrong.to_dict()
            place = (detail.get("rowNumber"), detail.get("fieldName"))
            cell = detail.get("cell", detail.get("label", ""))
            found.append(Fault(wrong.type, *place, cell, wrong.note))
    return found


# What the codes of Frictionless mean; it has its words in English only.
_WORDS = {
    "blank-header": ("表头是空的", "the header is blank"),
    "blank-label": ("列名是空的", "the label is blank"),
    "blank-row": ("整行是空的", "the row is blank"),
    "constraint-error": ("“{cell}”不合约束", "{cell!r} breaks a constraint"),
    "duplicate-label": ("列名“{cell}”重复", "the label {cell!r} stands twice"),
    "encoding-error": ("文字编码有误，应为 UTF-8", "is not in its encoding, which should be UTF-8"),
    "extra-cell": ("多出一格“{cell}”", "has an extra cell {cell!r}"),
    "extra-label": ("多出一列“{cell}”，描述文件中没有", "has an extra column {cell!r}"),
    "foreign-key": ("所指的行不存在", "the row that is referred to does not exist"),
    "incorrect-label": ("列名是“{cell}”，与描述文件不符", "the label is {cell!r}, not the field's"),
    "missing-cell": ("缺少一格", "a cell is missing"),
    "missing-label": ("缺少这一列", "the column is missing"),
    "primary-key": ("主键有误", "the primary key is wrong"),
    "source-error": ("读不了", "cannot be read"),
    "type-error": ("“{cell}”不合类型", "{cell!r} is not of its type"),
    "unique-error": ("“{cell}”应当唯一", "{cell!r} must be unique"),
}
_LONGEST = 80


def _finding(place: str, table: str, fault: Fault) -> Finding:
    line, column, cell = fault.row, fault.field or None, fault.cell
    cell = cell if len(cell) <= _LONGEST else f"{cell[:_LONGEST]}…"
    zh, en = (words.format(cell=cell) for words in _WORDS.get(fault.code, (fault.code,) * 2))
    return found(
        f"tabular-{fault.code}",
        f"{place}:{line or ''} {column or ''}：{zh}{f'（{fault.note}）' if fault.note else ''}。",
        f"{place}:{line or ''} {column or ''}: {en}{f' ({fault.note})' if fault.note else ''}.",
        table=table,
        record=str(line or ""),
        column=column,
        line=line,
    )


def _descriptor(message: str, table: str = "") -> Finding:
    return found(
        "descriptor", f"描述文件有误：{message}", f"The descriptor is wrong: {message}", table=table
    )


def _differing(resource: Any, quick: list[Fault], faults: list[Fault]) -> Finding:
    here, there = [
        sorted(map(str, one)) for one in (set(quick) - set(faults), set(faults) - set(quick))
    ]
    first = (here + there + ["order"])[0]
    return found(
        "referee",
        f"{resource.place}：快速检查与 Frictionless 的结果不同（{len(here)} 与 {len(there)} 条），如：{first}。"
        "请报告此问题。",
        f"{resource.place}: the quick check and Frictionless differ (by {len(here)} and {len(there)} "
        f"faults), such as {first}. Please report this.",
        table=resource.name,
    )


def _bounded(content: dict[str, Any]) -> Iterator[Finding]:
    """Take the patterns that must not be run out of the schemas, and tell them."""
    for resource in content["resources"]:
        schema = resource.get("schema")
        fields = schema.get("fields") if isinstance(schema, dict) else None
        if not isinstance(fields, list):
            continue
        for number, one in enumerate(fields):
            limits = one.get("constraints") if isinstance(one, dict) else None
            pattern = limits.get("pattern") if isinstance(limits, dict) else None
            why = patterns.wrong(pattern) if isinstance(pattern, str) else None
            if limits and why:
                name = f"{resource.get('name')}.{one.get('name')}"
                shown = f"{name}: pattern {str(pattern)[:_LONGEST]!r} {why}"
                yield _descriptor(shown, str(resource.get("name")))
                rest = {key: limit for key, limit in limits.items() if key != "pattern"}
                fields = [*fields[:number], {**one, "constraints": rest}, *fields[number + 1 :]]
        resource["schema"] = {**schema, "fields": fields}


# What Frictionless may know of a resource; other words of its could lead to the network.
_KEPT = {
    "name",
    "type",
    "path",
    "title",
    "description",
    "bytes",
    "hash",
    "encoding",
    "dialect",
    "schema",
    "profile",
    "mediatype",
    "licenses",
    "sources",
}


def _local(descriptor: dict[str, Any]) -> dict[str, Any]:
    """The descriptor without what would be fetched."""
    whole = {k: v for k, v in descriptor.items() if k not in ("$schema", "profile", "resources")}
    resources = [
        {k: v for k, v in r.items() if k in _KEPT}
        | ({"format": "csv", "scheme": "file"} if r.get("type") == "table" else {})
        for r in descriptor["resources"]
    ]
    return whole | {"resources": resources}
