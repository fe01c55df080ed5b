"""The column types of the Fiscal Data Package: those of its taxonomies, and a package's own."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from opendata.checks.report import found
from opendata.model import Finding
from opendata.terms import HOME

TAXONOMIES = ("budgets", "spending")
_ADDRESS = re.compile(r"https?://.*/(budgets|spending)\.json")
NAME = re.compile(r"[\w-]+(:[\w-]+)*")
_FIELD_TYPES = {
    "any", "array", "boolean", "date", "datetime", "duration", "geojson", "geopoint", "integer",
    "number", "object", "string", "time", "year", "yearmonth",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnType:
    """A fiscal concept that a column may be."""

    name: str
    data_type: str | None = None
    unique: bool = False
    label_of: str | None = None
    prior: str | None = None


Taxonomy = dict[str, ColumnType]


def fields(schema: dict[str, Any], key: str = "fields") -> list[dict[str, Any]]:
    """The fields of a schema that are objects."""
    some = schema.get(key)
    return [f for f in some if isinstance(f, dict)] if isinstance(some, list) else []


@cache
def published(name: str) -> Taxonomy:
    """A taxonomy that the specification comes with."""
    content = json.loads((HOME / f"ontology/fiscal/{name}.json").read_text(encoding="utf-8"))
    return {entry["name"]: _column_type(entry) for entry in content}


def _column_type(entry: dict[str, Any]) -> ColumnType:
    return ColumnType(
        name=entry["name"],
        data_type=entry.get("dataType"),
        unique=entry.get("unique") is True,
        label_of=entry.get("labelOf"),
        prior=entry.get("prior"),
    )


def taxonomy_of(descriptor: dict[str, Any]) -> tuple[Taxonomy, bool, list[Finding]]:
    """The column types that a package may use, whether they are all known, and what is wrong with them."""
    given = descriptor.get(
        "columnTypes", ["https://specs.frictionlessdata.io/taxonomies/fiscal/budgets.json"]
    )
    taxonomy: Taxonomy = {}
    own: list[ColumnType] = []
    findings: list[Finding] = []
    whole = True
    for item in given if isinstance(given, list) else [given]:
        if isinstance(item, str):
            known = _ADDRESS.fullmatch(item)
            taxonomy |= published(known.group(1)) if known else {}
            whole = whole and bool(known)
            findings += [] if known else [_unknown_taxonomy(item)]
            continue
        for entry in item if isinstance(item, list) else [item]:
            if wrong := _wrong_entry(entry):
                findings.append(_wrong_type(str(entry)[:60], *wrong))
            else:
                own.append(_column_type(entry))
    taxonomy |= {one.name: one for one in own}
    findings += chain.from_iterable(_wrong_links(one, taxonomy, whole=whole) for one in own)
    return taxonomy, whole, findings


def _wrong_entry(entry: object) -> tuple[str, str] | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return "应为带 name 的对象或网址", "wanted an object with a name, or an address"
    if not NAME.fullmatch(entry["name"]):
        return "名称应为以冒号相连的词", "wanted a name of words joined by colons"
    if str(entry.get("dataType", "any")) not in _FIELD_TYPES:
        return (
            f"dataType 是 {entry['dataType']!r}，不是字段类型",
            f"its dataType {entry['dataType']!r} is no type of a field",
        )
    if not all(isinstance(entry.get(key, ""), str) for key in ("labelOf", "prior")):
        return "labelOf、prior 应为名称", "wanted names as labelOf and prior"
    return None


def _wrong_links(one: ColumnType, taxonomy: Taxonomy, *, whole: bool) -> Iterator[Finding]:
    for key, name in (("labelOf", one.label_of), ("prior", one.prior)):
        if name and name not in taxonomy and whole:
            yield _wrong_type(
                one.name, f"{key} 指向未知的 {name}", f"its {key} {name!r} is unknown"
            )
    target = taxonomy.get(one.label_of or "")
    if target and not target.unique:
        yield _wrong_type(
            one.name,
            f"labelOf 指向的 {target.name} 不是 unique",
            f"its labelOf {target.name!r} is not unique",
        )
    seen, at = {one.name}, one.prior
    while at and at in taxonomy:
        if at in seen:
            yield _wrong_type(one.name, "prior 绕成一圈", "its prior leads round in a circle")
            return
        seen.add(at)
        at = taxonomy[at].prior


def deduced(name: str, taxonomy: Taxonomy) -> ColumnType | None:
    """A column type, or what its name tells by the known types that it begins with.

    >>> deduced("value", published("budgets")).data_type
    'number'
    >>> deduced("phase:label:localized", published("budgets")).label_of
    'phase:id'
    >>> deduced("phase:nothing", published("budgets")) is None
    True
    """
    if name in taxonomy:
        return taxonomy[name]
    parts = name.split(":")
    above = (":".join(parts[:length]) for length in range(len(parts) - 1, 0, -1))
    return next((taxonomy[one] for one in above if one in taxonomy), None)


def _unknown_taxonomy(address: str) -> Finding:
    return told(
        "taxonomy-unknown",
        "",
        "columnTypes",
        f"不从网上取分类 {address!r}，其中的列类型没有检查；请把定义写在 columnTypes 中",
        f"the taxonomy {address!r} is not fetched and its column types were not checked; write them in columnTypes",
        severity="note",
    )


def _wrong_type(name: str, zh: str, en: str) -> Finding:
    return told(
        "taxonomy", "", "columnTypes", f"列类型 {name}：{zh}", f"the column type {name}: {en}"
    )


def told(
    rule: str, table: str, column: str, zh: str, en: str, *, severity: str = "error"
) -> Finding:
    """A finding of this kind; the message begins with its place."""
    place = ".".join(filter(None, (table, column)))
    return found(
        f"fiscal-{rule}",
        f"{place}：{zh}。",
        f"{place}: {en}.",
        table=table,
        column=column or None,
        severity=severity,
    )
