"""Packages and tables as strangers hand them in: what could harm the checker is refused first."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from opendata.checks import fiscal, tables, tabular
from opendata.checks.report import found
from opendata.checks.subject import TABLES, load_json, schema_beside
from opendata.checks.tables import structure
from opendata.checks.tables.patterns import wrong
from opendata.errors import PackageError
from opendata.model import Finding
from opendata.package import Package, inside, open_package

MAX_FISCAL = 500  # findings about one descriptor


def check_package(path: Path, *, referee: bool = False) -> Iterator[Finding]:
    """Check a data package, and its fiscal model where it has one. `referee` is that of `tabular`.

    Raises:
        PackageError: there is no descriptor to check.
    """
    package = open_package(path)
    refused = [
        finding
        for resource in package.descriptor["resources"]
        for finding in _harmful(package, resource)
    ]
    yield from refused
    if not refused:
        yield from tabular.check_package(path, referee=referee).findings
    if fiscal.is_fiscal(package.descriptor):
        yield from islice(fiscal.check_fiscal(package.descriptor), MAX_FISCAL)


def _harmful(package: Package, resource: dict[str, Any]) -> Iterator[Finding]:
    """What of a resource would harm the engine that reads it; its schema may be a file."""
    table = str(resource.get("name", ""))
    for key in ("schema", "dialect"):
        if isinstance(place := resource.get(key), str) and "://" not in place:
            try:
                content = load_json(inside(package.folder, place))
            except PackageError as error:
                yield found("descriptor", error.zh, error.en, table=table)
                continue
            if key == "schema":
                yield from _patterns(content, table)  # `tables` sees to those of a descriptor
    try:
        file = inside(package.folder, str(resource.get("path") or "."))
        long = file.is_file() and file.suffix.lower() in TABLES and structure.endless(file)
    except (PackageError, OSError):
        return  # the check of the files says so
    if long:
        yield found(
            "tabular-source-error",
            f"{resource['path']}：一行超过 {structure.MAX_LINE:,} 字节，这些表没有检查。",
            f"{resource['path']}: a line has more than {structure.MAX_LINE:,} bytes; the tables were not checked.",
            table=table,
        )


def check_table(path: Path, schema: Path | None = None) -> Iterator[Finding]:
    """Check a CSV against its Table Schema; without one, whether it is a table at all.

    Raises:
        PackageError: the file or the schema cannot be read.
    """
    how = structure.form(path)
    yield from how.findings
    if how.findings:
        return
    schema = schema or schema_beside(path)
    if schema is None:
        yield from structure.check_rows(path, how)
        return
    content = load_json(schema)
    if not isinstance(content, dict) or not isinstance(content.get("fields"), list):
        raise PackageError(
            f"{schema}：不是 Table Schema：应有 fields。",
            f"{schema}: is no Table Schema: wanted an object with fields.",
        )
    yield from _links(content, path)
    yield from tables.check_tables(_package(path, how, content))


def _package(path: Path, how: structure.Form, schema: dict[str, Any]) -> Package:
    """A table and its schema as a package in memory."""
    resource = {
        "name": "table",
        "type": "table",
        "path": path.name,
        "encoding": how.encoding,
        "dialect": {"delimiter": how.delimiter},
        "schema": schema,
    }
    return Package(path.parent, {"name": "table", "resources": [resource]})


def _links(schema: dict[str, Any], path: Path) -> Iterator[Finding]:
    """Take from a schema the foreign keys to tables that are not here, and tell them."""
    keys = schema.get("foreignKeys")
    if not isinstance(keys, list):
        return
    schema["foreignKeys"] = [
        key for key in keys if not isinstance(key, dict) or not _elsewhere(key)
    ]
    for key in keys:
        if key not in schema["foreignKeys"]:
            other = key["reference"]["resource"]
            yield found(
                "foreign-key-unchecked",
                f"{path}：外键 {key.get('fields')} 指向另一张表 {other}，没有检查；请用数据包检查两张表。",
                f"{path}: the foreign key {key.get('fields')} leads to another table, {other}, and was not "
                "checked; check both in a data package.",
                table=path.stem,
                severity="note",
            )


def _elsewhere(key: dict[str, Any]) -> bool:
    reference = key.get("reference")
    return isinstance(reference, dict) and bool(reference.get("resource"))


def _patterns(schema: object, table: str) -> Iterator[Finding]:
    """The patterns of a schema that are not run."""
    fields = schema.get("fields") if isinstance(schema, dict) else None
    for field in fields if isinstance(fields, list) else []:
        constraints = field.get("constraints") if isinstance(field, dict) else None
        pattern = constraints.get("pattern") if isinstance(constraints, dict) else None
        if isinstance(pattern, str) and (why := wrong(pattern)):
            place, shown = f"{table}.{field.get('name')}", pattern[:80]
            yield found(
                "descriptor",
                f"{place}：正则表达式 {shown!r} 可能没完没了（{why}），没有运行，这些表没有检查；请改写。",
                f"{place}: the pattern {shown!r} {why}; it was not run and the tables were not checked. "
                "Write it without repetitions that overlap.",
                table=table,
                column=str(field.get("name")),
            )
