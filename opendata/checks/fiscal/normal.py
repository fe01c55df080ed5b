"""The fields that a fiscal table has beside those of its file: constants, and measures taken apart.

Rules of the Fiscal Data Package 1.0-rc.1, "The extraFields property", "Denormalising Measures" and
"Constant Fields".
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from opendata.checks.fiscal.types import fields, told
from opendata.model import Finding

_SAYS = (
    "name",
    "type",
    "format",
    "decimalChar",
    "groupChar",
    "bareNumber",
    "trueValues",
    "falseValues",
)


def check_extra(table: str, schema: dict[str, Any]) -> Iterator[Finding]:
    """What is wrong with the `extraFields`, `normalize` and `constant` of a schema."""
    extra = {str(field.get("name", "")): field for field in fields(schema, "extraFields")}
    measures = [field for field in fields(schema) if "normalize" in field]
    yield from _names(table, schema)
    targets = [name for name, field in extra.items() if field.get("normalizationTarget") is True]
    if measures and len(targets) != 1:
        yield told(
            "normalization-target",
            table,
            "extraFields",
            f"有 {len(targets)} 个 normalizationTarget，应有一个",
            f"has {len(targets)} fields that are the normalizationTarget, wanted one",
        )
    for name in targets if not measures else []:
        yield told(
            "normalization-target",
            table,
            name,
            "是 normalizationTarget，但没有字段带 normalize",
            "is the normalizationTarget, and no field has normalize",
        )
    reduced = {
        key
        for field in measures
        if isinstance(field["normalize"], dict)
        for key in field["normalize"]
    }
    yield from _measures(table, measures, reduced, extra)
    for name, field in extra.items():
        if "constant" in field:
            yield from _value(table, name, "constant", field, field["constant"])
        elif name not in targets and name not in reduced:
            yield told(
                "extra-field",
                table,
                name,
                "没有值：应有 constant，或是 normalizationTarget，或写在 normalize 中",
                "has no values: wanted a constant, or the normalizationTarget, or a place in normalize",
            )


def _names(table: str, schema: dict[str, Any]) -> Iterator[Finding]:
    names = [str(field.get("name", "")) for field in fields(schema, "extraFields")]
    taken = {str(field.get("name", "")) for field in fields(schema)}
    for name, count in Counter(names).items():
        if name in taken or count > 1 or not name:
            yield told(
                "extra-field",
                table,
                name or "extraFields",
                "名称为空，或与别的字段相同",
                "its name is empty, or that of another field",
            )


def _measures(
    table: str, measures: list[dict[str, Any]], reduced: set[str], extra: dict[str, Any]
) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for field in measures:
        name, values = str(field.get("name", "")), field["normalize"]
        if not isinstance(values, dict) or not values:
            yield told(
                "normalize",
                table,
                name,
                f"normalize 是 {values!r}，应为各列的值",
                f"its normalize is {values!r}, wanted a value for each reduced column",
            )
            continue
        if missing := sorted(reduced - set(values)):
            yield told(
                "normalize",
                table,
                name,
                f"normalize 缺少 {'、'.join(missing)}",
                f"its normalize lacks {', '.join(missing)}, which other measures have",
            )
        for key, value in values.items():
            if key not in extra:
                yield told(
                    "normalize",
                    table,
                    name,
                    f"normalize 中的“{key}”不在 extraFields 中",
                    f"its normalize names {key!r}, which is not in extraFields",
                )
            else:
                yield from _value(table, name, f"normalize.{key}", extra[key], value)
        same = repr(sorted(values.items()))
        if same in seen:
            yield told(
                "normalize",
                table,
                name,
                f"normalize 与“{seen[same]}”相同，两列无法区分",
                f"its normalize is that of {seen[same]!r}, so that the two cannot be told apart",
            )
        seen.setdefault(same, name)


def _value(
    table: str, column: str, key: str, field: dict[str, Any], value: object
) -> Iterator[Finding]:
    """Whether a value is one of a field's type, as it is or as it is written."""
    from frictionless import Field, FrictionlessException

    try:
        said = {k: v for k, v in field.items() if k in _SAYS}
        _, notes = Field.from_descriptor({"type": "string", **said}).read_cell(value)
        wrong = bool(notes)
    except (FrictionlessException, TypeError, ValueError, AttributeError, ArithmeticError):
        wrong = True
    if wrong:
        yield told(
            "value",
            table,
            column,
            f"{key} 是 {value!r}，不是 {field.get('type', 'string')}",
            f"its {key} is {value!r}, which is no {field.get('type', 'string')}",
        )
