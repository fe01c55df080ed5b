"""Is a Fiscal Data Package what it says: column types against their taxonomy (1.0-rc.1), or the model
against the fields (0.3).

The rules are those of the specification's text; the published profile of it is broken and is never fetched.
The text lets a data set leave out levels of a hierarchy ("missing levels are simply ignored"), so a `prior`
that no column has is no finding.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from opendata.checks.fiscal.model import check_model
from opendata.checks.fiscal.normal import check_extra
from opendata.checks.fiscal.types import (
    NAME,
    TAXONOMIES,
    ColumnType,
    Taxonomy,
    deduced,
    fields,
    published,
    taxonomy_of,
    told,
)
from opendata.model import Finding

# A value of the first is written as one of the second is, so a column of it serves.
_NARROWER = {("integer", "number"), ("year", "integer"), ("year", "number")}


def is_fiscal(descriptor: dict[str, Any]) -> bool:
    """Whether a descriptor says that it is a Fiscal Data Package, or has a part that only these have."""
    profile = descriptor.get("profile")
    said = isinstance(profile, str) and "fiscal-data-package" in profile
    model = isinstance(descriptor.get("model"), dict) or "columnTypes" in descriptor
    return said or model or any("columnType" in field for _, field in _typed(descriptor))


def check_fiscal(descriptor: dict[str, Any]) -> Iterator[Finding]:
    """What a descriptor says of its columns as fiscal concepts, and cannot be."""
    if isinstance(descriptor.get("model"), dict):
        yield from check_model(descriptor)
    taxonomy, whole, findings = taxonomy_of(descriptor)
    yield from findings
    for resource in descriptor["resources"]:
        if isinstance(schema := resource.get("schema"), dict):
            yield from _check_schema(str(resource.get("name", "")), schema, taxonomy, whole=whole)


def _typed(descriptor: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in descriptor["resources"]:
        if isinstance(schema := resource.get("schema"), dict):
            for field in (*fields(schema), *fields(schema, "extraFields")):
                yield str(resource.get("name", "")), field


def _check_schema(
    table: str, schema: dict[str, Any], taxonomy: Taxonomy, *, whole: bool
) -> Iterator[Finding]:
    everything = [*fields(schema), *fields(schema, "extraFields")]
    used: dict[str, str] = {}
    for field in everything:
        if (name := field.get("columnType")) is None:
            continue
        column = str(field.get("name", ""))
        if not isinstance(name, str) or not NAME.fullmatch(name):
            yield told(
                "column-type",
                table,
                column,
                f"columnType 是 {name!r}，应为以冒号相连的词",
                f"its columnType is {name!r}, wanted words joined by colons",
            )
            continue
        known = deduced(name, taxonomy)
        if known is None:
            if whole:
                yield _unknown(table, column, name, taxonomy)
            continue
        yield from _check_type(table, column, field, known)
        if known.unique and known.name == name and name in used:
            yield told(
                "column-type-twice",
                table,
                column,
                f"列类型 {name} 已用于“{used[name]}”，一张表只能有一列",
                f"its column type {name} is that of "
                f"{used[name]!r} already, and a table has one such column",
            )
        used.setdefault(name, column)
    yield from _labels_alone(table, used, taxonomy)
    yield from check_extra(table, schema)


def _check_type(
    table: str, column: str, field: dict[str, Any], known: ColumnType
) -> Iterator[Finding]:
    actual, wanted = str(field.get("type", "string")), known.data_type
    if wanted not in (None, "any", actual) and (actual, wanted) not in _NARROWER:
        yield told(
            "data-type",
            table,
            column,
            f"类型是 {actual}，列类型 {known.name} 要求 {wanted}",
            f"its type is {actual}, and the column type {known.name} wants {wanted}",
        )


def _labels_alone(table: str, used: dict[str, str], taxonomy: Taxonomy) -> Iterator[Finding]:
    for name, column in used.items():
        known = deduced(name, taxonomy)
        if known and known.label_of and known.label_of not in used:
            yield told(
                "label-alone",
                table,
                column,
                f"是 {known.label_of} 的名称，但没有这一代码列",
                f"is the label of {known.label_of}, and no column has that code",
                severity="note",
            )


def _unknown(table: str, column: str, name: str, taxonomy: Taxonomy) -> Finding:
    others = {one for other in TAXONOMIES for one in published(other)} | set(taxonomy)
    near = next(iter(get_close_matches(name[:100], sorted(others), 1, 0.8)), None)
    zh = f"；是否应为 {near}" if near else ""
    en = f"; is it {near}" if near and near in taxonomy else ""
    if near and near not in taxonomy:
        zh, en = (
            f"{zh}（属于 spending.json，请写入 columnTypes）",
            f"; {near} is in spending.json, which columnTypes does not name",
        )
    return told(
        "column-type-unknown",
        table,
        column,
        f"列类型 {name} 不在所用的分类中，含义不明{zh}",
        f"its column type {name} is in no taxonomy of this package, so "
        f"nobody knows what it means{en}",
        severity="warning",
    )
