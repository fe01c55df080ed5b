"""Are the tables of a CSVW metadata document what it says: header, cells, keys.

Own code, and not the library `csvw`: that one asks the network (for metadata, contexts and remote tables), says much
by Python warnings without a place, and runs any regular expression. Here a table is read once, row by row; only the
keys are held. "Model for Tabular Data and Metadata on the Web", W3C Recommendation.
"""

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from opendata.checks.csvw.datatypes import RAW
from opendata.checks.csvw.metadata import Table, read_metadata
from opendata.checks.csvw.schema import Column
from opendata.checks.report import found
from opendata.checks.tables import structure
from opendata.model import Finding
from opendata.package import MAX_CELL

MAX_FINDINGS = 100  # of one rule in one table
_SPACES = re.compile(r"\s+")
Key = tuple[str, ...]


@dataclass(slots=True)
class _Keys:
    """What is held of a table: primary keys with their lines, the values that others refer to, and those
    that refer, by the number of their foreign key, with a line.
    """

    primary: dict[Key, int] = field(default_factory=dict)
    target: dict[Key, set[Key]] = field(default_factory=dict)
    source: dict[int, dict[Key, int]] = field(default_factory=dict)
    read: bool = False


def check_csvw(path: Path) -> Iterator[Finding]:
    """Check a metadata document and the tables that it describes.

    Raises:
        PackageError: the document is no readable JSON.
    """
    tables, findings = read_metadata(path)
    yield from findings
    broken = any(finding.severity == "error" for finding in findings)
    wanted: dict[str, set[Key]] = {}
    for table in tables if not broken else []:
        for link in table.foreign_keys:
            wanted.setdefault(link.resource, set()).add(link.target)
    keys = {}
    for table in tables:
        keys[table.url] = _Keys(target={key: set() for key in wanted.get(table.url, ())})
        yield from _few(_table(table, keys[table.url]))
    for table in tables if not broken else []:
        yield from _few(_links(table, keys))


def _few(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The first findings of each rule, and a note of how many more there are."""
    counts: Counter[str] = Counter()
    last: dict[str, Finding] = {}
    for finding in findings:
        counts[finding.rule] += 1
        last[finding.rule] = finding
        if counts[finding.rule] <= MAX_FINDINGS:
            yield finding
    for rule, count in counts.items():
        if count > MAX_FINDINGS:
            more = count - MAX_FINDINGS
            yield found(
                rule,
                f"{last[rule].table}：还有 {more} 处相同的问题。",
                f"{last[rule].table}: and {more} more of this kind.",
                table=last[rule].table,
                severity=last[rule].severity,
            )


def _table(table: Table, keys: _Keys) -> Iterator[Finding]:
    if not table.path.is_file():
        yield found(
            "file-missing",
            f"{table.url}：没有这个文件。",
            f"{table.url}: there is no such file.",
            table=table.url,
        )
        return
    if wrong := structure.form(table.path, str(table.dialect["encoding"])).findings:
        yield from wrong
        return
    csv.field_size_limit(min(sys.maxsize, MAX_CELL))
    line = 0
    try:
        for line, row in _rows(table):
            if line < 0:
                yield from _header(table, -line, row)
            else:
                yield from _row(table, line, row, keys)
        keys.read = True
    except (csv.Error, UnicodeDecodeError) as error:
        at = abs(line) + 1
        yield _told(table, "source", at, f"无法读取（{error}）", f"cannot be read ({error})")


def _rows(table: Table) -> Iterator[tuple[int, list[str]]]:
    """The rows with their lines; those of the header with their lines below zero."""
    said = table.dialect
    headers = said["headerRowCount"]
    headers = int(bool(said["header"])) if headers is None else headers
    quote = said["quoteChar"]
    with table.path.open(encoding=_encoding(str(said["encoding"])), newline="") as file:
        reader = csv.reader(
            file,
            delimiter=said["delimiter"],
            quotechar=quote,
            quoting=csv.QUOTE_NONE if quote is None else csv.QUOTE_MINIMAL,
            doublequote=said["doubleQuote"],
            escapechar=None if said["doubleQuote"] else "\\",
            skipinitialspace=said["skipInitialSpace"],
            strict=True,
        )
        start = 1
        for number, row in enumerate(reader):
            line, start = start, reader.line_num + 1
            comment = said["commentPrefix"] and row and row[0].startswith(said["commentPrefix"])
            if number < said["skipRows"] or comment or (said["skipBlankRows"] and not any(row)):
                continue
            cells = [_trimmed(cell, said["trim"]) for cell in row[said["skipColumns"] :]]
            yield (-line if headers > 0 else line), cells
            headers -= 1


def _encoding(name: str) -> str:
    return "utf-8-sig" if name.lower().replace("_", "-") in ("utf-8", "utf8") else name


def _trimmed(cell: str, how: object) -> str:
    if how in (True, "true"):
        return cell.strip()
    return cell.lstrip() if how == "start" else cell.rstrip() if how == "end" else cell


def _stored(table: Table) -> list[Column]:
    return [column for column in table.columns if not column.virtual]


def _header(table: Table, line: int, row: list[str]) -> Iterator[Finding]:
    columns = _stored(table)
    if not table.described:
        return
    if len(row) != len(columns):
        yield _told(
            table,
            "header",
            line,
            f"表头有 {len(row)} 列，元数据有 {len(columns)} 列",
            f"the header has {len(row)} columns, the metadata {len(columns)}",
        )
        return
    for cell, column in zip(row, columns, strict=True):
        if cell not in (*column.titles, column.name):
            shown = " / ".join(column.titles)
            yield _told(
                table,
                "header",
                line,
                f"表头是 {cell!r}，应为 {shown}",
                f"the header is {cell!r}, wanted {shown}",
                column=column.name,
            )


def _row(table: Table, line: int, row: list[str], keys: _Keys) -> Iterator[Finding]:
    columns = _stored(table)
    if table.described and len(row) != len(columns):
        yield _told(
            table,
            "row",
            line,
            f"有 {len(row)} 个单元格，应有 {len(columns)}",
            f"has {len(row)} cells, wanted {len(columns)}",
        )
        return
    values: dict[str, str] = {}
    for cell, column in zip(row, columns, strict=False):
        text = _normal(cell, column)
        values[column.name] = text
        wrong = _cell(text, column)
        if wrong:
            yield _told(table, wrong[0], line, wrong[1], wrong[2], column=column.name)
    yield from _key(table, line, values, keys)


def _normal(cell: str, column: Column) -> str:
    """The text of a cell as its datatype is read from it."""
    if column.datatype.base not in RAW:
        cell = _SPACES.sub(" ", cell)
        cell = cell if column.datatype.base == "normalizedString" else cell.strip()
    return cell or column.default


def _cell(text: str, column: Column) -> tuple[str, str, str] | None:
    """The rule that a cell breaks, with what is wrong in both languages."""
    empty = text in column.null or (column.separator is not None and not text)
    if empty:
        return ("required", "不能为空", "must not be empty") if column.required else None
    parts = text.split(column.separator) if column.separator else [text]
    for part in parts:
        if part not in column.null and (why := column.datatype(part)):
            shown = part if len(part) <= 60 else f"{part[:60]}…"
            return "cell", f"{shown!r} 不符合数据类型（{why}）", f"{shown!r} {why}"
    return None


def _key(table: Table, line: int, values: dict[str, str], keys: _Keys) -> Iterator[Finding]:
    if table.primary_key:
        key = tuple(values[name] for name in table.primary_key)
        seen = keys.primary
        if key in seen:
            shown = ", ".join(key)
            yield _told(
                table,
                "primary-key",
                line,
                f"主键 {shown!r} 与第 {seen[key]} 行相同",
                f"the primary key {shown!r} is that of line {seen[key]}",
                column=table.primary_key[0],
            )
        seen.setdefault(key, line)
    for target, known in keys.target.items():
        if all(name in values for name in target):
            known.add(tuple(values[name] for name in target))
    for number, link in enumerate(table.foreign_keys):
        key = tuple(values[name] for name in link.columns if name in values)
        keys.source.setdefault(number, {}).setdefault(key, line)


def _links(table: Table, keys: dict[str, _Keys]) -> Iterator[Finding]:
    """Values of foreign keys that stand nowhere. One that is null refers to nothing."""
    null = {column.name: column.null for column in table.columns}
    for number, link in enumerate(table.foreign_keys):
        if not keys[link.resource].read:
            continue  # that it could not be read is told
        known = keys[link.resource].target[link.target]
        for key, line in keys[table.url].source.get(number, {}).items():
            if all(value in null[name] for name, value in zip(link.columns, key, strict=False)):
                continue
            if key not in known:
                shown = ", ".join(key)
                yield _told(
                    table,
                    "foreign-key",
                    line,
                    f"{link.resource} 中没有 {shown!r}",
                    f"{shown!r} is not in {link.resource}",
                    column=link.columns[0],
                )


def _told(
    table: Table, rule: str, line: int, zh: str, en: str, *, column: str | None = None
) -> Finding:
    place = f"{table.url}:{line}" + (f" {column}" if column else "")
    return found(
        f"csvw-{rule}",
        f"{place}：{zh}。",
        f"{place}: {en}.",
        table=table.url,
        record=str(line),
        column=column,
        line=line,
    )
