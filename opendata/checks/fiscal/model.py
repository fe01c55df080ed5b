"""The model of a Fiscal Data Package 0.3: measures and dimensions over the fields of its tables."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from opendata.checks.fiscal.types import fields, told
from opendata.model import Finding

_DIMENSIONS = ("datetime", "entity", "classification", "activity", "fact", "location", "other")
_CLASSIFICATIONS = ("functional", "administrative", "economic")
_DIRECTIONS = ("expenditure", "revenue")
_PHASES = ("proposed", "approved", "adjusted", "executed")
_GRANULARITIES = ("aggregated", "transactional")
_COUNTRY, _CURRENCY = re.compile("[A-Z]{2}"), re.compile("[A-Z]{3}")
_DAY = re.compile(r"\d{4}-(0?[1-9]|1[012])-(0?[1-9]|[12]\d|3[01])")

Tables = dict[str, dict[str, str]]  # resource -> field -> type


def check_model(descriptor: dict[str, Any]) -> Iterator[Finding]:
    """What is wrong with a model, and with what the package says beside it."""
    tables: Tables = {
        str(resource.get("name", "")): {
            str(field.get("name", "")): str(field.get("type", "string"))
            for field in fields(resource["schema"])
        }
        for resource in descriptor["resources"]
        if isinstance(resource.get("schema"), dict)
    }
    yield from _about(descriptor)
    model = descriptor["model"]
    for key, check in (("measures", _measure), ("dimensions", _dimension)):
        parts = model.get(key)
        if not isinstance(parts, dict) or not parts:
            yield _wrong(
                "",
                f"model.{key}",
                f"应有 {key}，是按名称列出的对象",
                f"wanted {key}: objects by their names",
            )
            continue
        for name, part in parts.items():
            place = f"model.{key}.{name}"
            if isinstance(part, dict):
                yield from check(place, part, tables)
            else:
                yield _wrong("", place, "应为对象", "wanted an object")


def _about(descriptor: dict[str, Any]) -> Iterator[Finding]:
    countries = descriptor.get("countryCode")
    if countries is not None:
        for code in countries if isinstance(countries, list) else [countries]:
            yield from _fits("countryCode", code, _COUNTRY.fullmatch, "ISO 3166-1 alpha-2")
    yield from _one_of("granularity", descriptor.get("granularity"), _GRANULARITIES)
    period = descriptor.get("fiscalPeriod")
    if period is not None:
        days = period if isinstance(period, dict) else {}
        yield from _fits("fiscalPeriod.start", days.get("start"), _DAY.match, "YYYY-MM-DD")
        if "end" in days:
            yield from _fits("fiscalPeriod.end", days["end"], _DAY.match, "YYYY-MM-DD")


def _measure(place: str, measure: dict[str, Any], tables: Tables) -> Iterator[Finding]:
    yield from _source(place, measure, tables, number=True)
    yield from _fits(f"{place}.currency", measure.get("currency"), _CURRENCY.fullmatch, "ISO 4217")
    factor = measure.get("factor", 1)
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not factor:
        yield _wrong(
            "",
            f"{place}.factor",
            f"是 {factor!r}，应为不是零的数",
            f"is {factor!r}, wanted a number that is not zero",
        )
    yield from _one_of(f"{place}.direction", measure.get("direction"), _DIRECTIONS)
    yield from _one_of(f"{place}.phase", measure.get("phase"), _PHASES)


def _dimension(place: str, dimension: dict[str, Any], tables: Tables) -> Iterator[Finding]:
    yield from _one_of(f"{place}.dimensionType", dimension.get("dimensionType"), _DIMENSIONS)
    yield from _one_of(
        f"{place}.classificationType", dimension.get("classificationType"), _CLASSIFICATIONS
    )
    attributes = dimension.get("attributes")
    if not isinstance(attributes, dict) or not attributes:
        yield _wrong(
            "", f"{place}.attributes", "应有按名称列出的对象", "wanted objects by their names"
        )
        return
    for name, attribute in attributes.items():
        here = f"{place}.attributes.{name}"
        if not isinstance(attribute, dict):
            yield _wrong("", here, "应为对象", "wanted an object")
            continue
        if "constant" not in attribute:
            yield from _source(here, attribute, tables)
        for key in ("parent", "labelfor"):
            other = attribute.get(key, "")
            known = isinstance(other, str) and other in attributes and other != name
            if key in attribute and not known:
                yield _wrong(
                    "",
                    f"{here}.{key}",
                    f"是 {attribute[key]!r}，应为同一维度中的另一项",
                    f"is {attribute[key]!r}, wanted another attribute of the dimension",
                )
    yield from _key(place, dimension.get("primaryKey"), attributes)
    yield from _circles(place, attributes)


def _key(place: str, key: object, attributes: dict[str, Any]) -> Iterator[Finding]:
    names = key if isinstance(key, list) else [key]
    if not names or not all(isinstance(name, str) and name in attributes for name in names):
        known = ", ".join(attributes)
        yield _wrong(
            "",
            f"{place}.primaryKey",
            f"是 {key!r}，应为其中的项：{known}",
            f"is {key!r}, wanted attributes of it: {known}",
        )


def _circles(place: str, attributes: dict[str, Any]) -> Iterator[Finding]:
    """Attributes whose parents lead back to them."""
    parents = {name: one.get("parent") for name, one in attributes.items() if isinstance(one, dict)}
    for name, parent in parents.items():
        seen, at = [name], parent
        while isinstance(at, str) and at in parents and at not in seen:
            seen.append(at)
            at = parents[at]
        if at == name and len(seen) > 1:
            yield _wrong(
                "", f"{place}.attributes.{name}.parent", "绕成一圈", "leads round in a circle"
            )
            return


def _source(
    place: str, part: dict[str, Any], tables: Tables, *, number: bool = False
) -> Iterator[Finding]:
    """Whether a part names a field that a table has."""
    resource, source = part.get("resource"), part.get("source")
    if resource is None and len(tables) > 0:
        resource = next(iter(tables))  # by the specification the first, if none is named
    if not isinstance(resource, str) or resource not in tables:
        yield _wrong(
            "", f"{place}.resource", f"没有资源 {resource!r}", f"there is no resource {resource!r}"
        )
        return
    known = tables[resource]
    if not isinstance(source, str) or source not in known:
        yield _wrong(
            resource,
            f"{place}.source",
            f"是 {source!r}，表中没有这一字段；有：{'、'.join(known)}",
            f"is {source!r}, and the table has no such field; it has {', '.join(known)}",
        )
    elif number and known[source] not in ("number", "integer"):
        yield _wrong(
            resource,
            f"{place}.source",
            f"字段 {source} 的类型是 {known[source]}，应为 number 或 integer",
            f"the field {source} is of type {known[source]}, wanted number or integer",
        )


def _one_of(place: str, value: object, wanted: tuple[str, ...]) -> Iterator[Finding]:
    if value is not None and value not in wanted:
        yield _wrong(
            "",
            place,
            f"是 {value!r}，应为 {'、'.join(wanted)} 之一",
            f"is {value!r}, wanted one of {', '.join(wanted)}",
        )


def _fits(
    place: str, value: object, fits: Callable[[str], object], wanted: str
) -> Iterator[Finding]:
    if not isinstance(value, str) or not fits(value):
        yield _wrong("", place, f"是 {value!r}，应为 {wanted}", f"is {value!r}, wanted {wanted}")


def _wrong(table: str, place: str, zh: str, en: str) -> Finding:
    return told("model", table, place, zh, en)
