"""The metadata document of CSVW: what it may say, and what a checker of rows makes of it.

"Metadata Vocabulary for Tabular Data" (W3C Recommendation). What it calls an error is one here; where it says that a
processor warns and takes the default, there is a warning, and the default is taken.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opendata.checks.csvw.schema import (
    CHOICES,
    COMMON,
    INHERITED,
    PREFIXED,
    Column,
    ForeignKey,
    columns_of,
    foreign_keys_of,
    ignored_part,
    properties,
    references,
    unknown_variables,
    wrong_part,
)
from opendata.checks.report import found
from opendata.checks.subject import is_csvw, load_json
from opendata.errors import PackageError
from opendata.model import Finding
from opendata.package import inside

_DIALECT: dict[str, Any] = {
    "commentPrefix": None, "delimiter": ",", "doubleQuote": True, "encoding": "utf-8", "header": True,
    "headerRowCount": None, "lineTerminators": None, "quoteChar": '"', "skipBlankRows": False,
    "skipColumns": 0, "skipInitialSpace": False, "skipRows": 0, "trim": False,
}  # fmt: skip
_ENCODINGS = (
    "ascii", "big5", "cp125", "cp866", "cp949", "euc_", "gb", "iso8859", "koi8", "mac-roman", "shift_jis",
    "utf-16", "utf-8",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table that the metadata describe."""

    url: str
    path: Path
    columns: tuple[Column, ...]
    described: bool
    dialect: dict[str, Any]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()


def read_metadata(path: Path) -> tuple[list[Table], list[Finding]]:
    """The tables of a metadata document, and what is wrong with the document.

    Raises:
        PackageError: it is no readable JSON.
    """
    content = load_json(path)
    findings = list(_context(content))
    if not isinstance(content, dict):
        return [], findings
    group = "tables" in content
    findings += properties(content, "TableGroup" if group else "Table", path.name)
    parts = content.get("tables") if group else [content]
    if not isinstance(parts, list) or not parts:
        findings.append(
            wrong_part("", "tables 应为不空的列表", "tables is no list, or an empty one")
        )
        parts = []
    tables = []
    for part in parts:
        if not isinstance(part, dict):
            findings.append(
                wrong_part("", "tables 中有一项不是对象", "an entry of tables is no object")
            )
            continue
        if group:
            findings += properties(part, "Table", str(part.get("url", "")))
        table, wrong = _table(path, part, content if group else {})
        findings += wrong
        tables += [table] if table else []
    findings += _targets(tables)
    return tables, findings


def _context(content: object) -> Iterator[Finding]:
    context = content.get("@context") if isinstance(content, dict) else None
    if not is_csvw(content):
        yield wrong_part(
            "",
            "@context 应为 http://www.w3.org/ns/csvw",
            "its @context is not http://www.w3.org/ns/csvw",
        )
    elif isinstance(context, list):
        rest = [part for part in context if isinstance(part, dict)]
        unknown = {key for part in rest for key in part} - {"@language", "@base"}
        if len(context) > 2 or len(rest) != len(context) - 1 or unknown:
            yield wrong_part(
                "",
                "@context 只能再有 @language 和 @base",
                "its @context may hold @language and @base besides, and no more",
            )


def _table(
    path: Path, part: dict[str, Any], group: dict[str, Any]
) -> tuple[Table | None, list[Finding]]:
    url = part.get("url")
    findings: list[Finding] = []
    if not isinstance(url, str):
        return None, [wrong_part("", "表没有 url", "a table has no url")]
    try:
        file = inside(path.parent, url)
    except PackageError as error:
        return None, [found("csvw-url", error.zh, error.en, table=url)]
    parts = {}
    for name in ("tableSchema", "dialect"):
        said = part.get(name, group.get(name, {}))
        try:
            parts[name] = load_json(inside(path.parent, said)) if isinstance(said, str) else said
        except PackageError as error:
            findings.append(found("csvw-url", error.zh, error.en, table=url))
        if not isinstance(parts.get(name, {}), dict):
            findings.append(wrong_part(url, f"{name} 应为对象", f"its {name} is no object"))
    schema, dialect = (
        {} if not isinstance(parts.get(k), dict) else parts[k] for k in ("tableSchema", "dialect")
    )
    findings += properties(schema, "Schema", url)
    above = {k: v for one in (group, part, schema) for k, v in one.items() if k in INHERITED}
    columns, wrong = columns_of(url, schema, above)
    made, odd = _dialect(url, dialect)
    names = {column.name for column in columns}
    key, bad = references(url, "primaryKey", schema.get("primaryKey", []), names)
    links, broken = foreign_keys_of(url, schema.get("foreignKeys", []), names)
    _, rows = references(url, "rowTitles", schema.get("rowTitles", []), names)
    findings += [*wrong, *odd, *bad, *broken, *rows, *unknown_variables(url, above, names)]
    described = isinstance(schema.get("columns"), list) and bool(schema["columns"])
    return Table(
        url=url,
        path=file,
        columns=columns,
        described=described,
        dialect=made,
        primary_key=key,
        foreign_keys=links,
    ), findings


def _dialect(url: str, said: dict[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """The dialect with its defaults, and what of it is not used."""
    made, findings = dict(_DIALECT), []
    for key, value in said.items():
        if key in COMMON or PREFIXED.fullmatch(key):
            continue
        if key not in _DIALECT or not _fits(key, value):
            findings.append(
                ignored_part(
                    url,
                    f"dialect 的 {key} 是 {value!r}，不起作用",
                    f"{key} of its dialect is {value!r} and is ignored",
                )
            )
        else:
            made[key] = value
    if "trim" not in said:
        made["trim"] = "start" if made["skipInitialSpace"] else False
    return made, findings


def _fits(key: str, value: object) -> bool:
    if key in ("doubleQuote", "header", "skipBlankRows", "skipInitialSpace"):
        return isinstance(value, bool)
    if key in ("headerRowCount", "skipColumns", "skipRows"):
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100_000
    if key == "encoding":
        return isinstance(value, str) and _is_encoding(value)
    if key in ("delimiter", "quoteChar", "commentPrefix"):
        one = isinstance(value, str) and len(value) == 1 and value not in "\r\n\0"
        return one or (value is None and key != "delimiter")
    if key == "lineTerminators":
        return isinstance(value, str | list)
    return value in CHOICES["trim"]


def _is_encoding(name: str) -> bool:
    """Whether a name is one of the Encoding Standard's, and no other trick of Python's with bytes."""
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return False
    return known.startswith(_ENCODINGS)


def _targets(tables: list[Table]) -> Iterator[Finding]:
    """Foreign keys that lead to no table, or to columns that it does not have."""
    known = {table.url: {column.name for column in table.columns} for table in tables}
    for table in tables:
        for link in table.foreign_keys:
            if link.resource not in known:
                yield wrong_part(
                    table.url,
                    f"外键指向未描述的表 {link.resource!r}",
                    f"a foreign key leads to {link.resource!r}, which is no table here",
                )
            elif missing := [one for one in link.target if one not in known[link.resource]]:
                yield wrong_part(
                    table.url,
                    f"{link.resource} 没有列 {missing[0]!r}",
                    f"a foreign key leads to {missing[0]!r}, which {link.resource} has not",
                )
            elif len(link.target) != len(link.columns):
                yield wrong_part(
                    table.url, "外键两边的列数不同", "a foreign key has more columns on one side"
                )
