"""The schema of a CSVW table: columns with their properties, templates and keys."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from opendata.checks.csvw.datatypes import Datatype, datatype
from opendata.checks.report import found
from opendata.model import Finding

INHERITED = {
    "aboutUrl", "datatype", "default", "lang", "null", "ordered", "propertyUrl", "required", "separator",
    "textDirection", "valueUrl",
}  # fmt: skip
COMMON = {"@id", "@type", "notes"}
_SHARED = {"dialect", "tableDirection", "tableSchema", "transformations"} | COMMON | INHERITED
_PROPERTIES = {
    "TableGroup": _SHARED | {"@context", "tables"},
    "Table": _SHARED | {"@context", "url", "suppressOutput"},
    "Schema": COMMON | INHERITED | {"columns", "foreignKeys", "primaryKey", "rowTitles"},
    "Column": COMMON | INHERITED | {"name", "suppressOutput", "titles", "virtual"},
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "default": str, "lang": str, "ordered": bool, "required": bool, "separator": (str, type(None)),
    "suppressOutput": bool, "virtual": bool, "null": (str, list), "aboutUrl": str, "propertyUrl": str,
    "valueUrl": str, "titles": (str, list, dict), "name": str,
}  # fmt: skip
CHOICES = {
    "tableDirection": ("rtl", "ltr", "auto"),
    "textDirection": ("ltr", "rtl", "auto", "inherit"),
    "trim": (True, False, "true", "false", "start", "end"),
}
_NAME = re.compile(r"(?!_)(?:[\w.]|%[0-9A-Fa-f]{2})+")
_VARIABLE = r"(?:[\w]|%[0-9A-Fa-f]{2})(?:[\w.]|%[0-9A-Fa-f]{2})*(?::[1-9]\d{0,3}|\*)?"
_TEMPLATE = re.compile(rf"(?:[^{{}}]|\{{[+#./;?&]?{_VARIABLE}(?:,{_VARIABLE})*\}})*+")
_VARIABLES = re.compile(r"\{[+#./;?&]?([^}]*)\}")
_ROW = ("_row", "_sourceRow", "_name")
PREFIXED = re.compile(r"[\w-]+:.+", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column: its name, the titles that a header may have, and how its cells are read."""

    name: str
    titles: tuple[str, ...] = ()
    virtual: bool = False
    datatype: Datatype = field(default_factory=lambda: Datatype("string"))
    required: bool = False
    separator: str | None = None
    null: tuple[str, ...] = ("",)
    default: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignKey:
    """Columns whose values stand in columns of a table; which one is told by url or by schema."""

    columns: tuple[str, ...]
    resource: str
    target: tuple[str, ...]


def properties(part: dict[str, Any], kind: str, place: str) -> Iterator[Finding]:
    """What an object says that one of its kind does not say, or in the wrong type."""
    if part.get("@type", kind) != kind:
        yield wrong_part(
            place, f"@type 应为 {kind}", f"its @type is {part['@type']!r}, wanted {kind}"
        )
    if str(part.get("@id", "")).startswith("_:"):
        yield wrong_part(place, "@id 不能以 _: 开头", "its @id begins with _:")
    for key, value in part.items():
        if key not in _PROPERTIES[kind] and not PREFIXED.fullmatch(key):
            yield ignored_part(
                place,
                f"{key} 不是 {kind} 的属性，不起作用",
                f"{key} is no property of a {kind} and is ignored",
            )
        elif key in _TYPES and not isinstance(value, _TYPES[key]):
            yield ignored_part(
                place,
                f"{key} 是 {value!r}，类型不对，不起作用",
                f"its {key} is {value!r}, of a wrong type, and is ignored",
            )
        elif key in CHOICES and value not in CHOICES[key]:
            yield ignored_part(
                place, f"{key} 是 {value!r}，不起作用", f"its {key} is {value!r} and is ignored"
            )
        elif key.endswith("Url") and isinstance(value, str) and not _TEMPLATE.fullmatch(value):
            yield _told(
                "template",
                place,
                f"{key} 的模板 {value!r} 写错了",
                f"its {key} {value!r} is no URI template",
            )


def columns_of(
    url: str, schema: dict[str, Any], above: dict[str, Any]
) -> tuple[tuple[Column, ...], list[Finding]]:
    """The columns of a schema, and what is wrong with them; `above` are properties that they inherit."""
    parts = schema.get("columns", [])
    findings: list[Finding] = []
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        return (), [wrong_part(url, "columns 应为对象的列表", "its columns are no list of objects")]
    columns: list[Column] = []
    names: set[str] = set()
    for number, part in enumerate(parts, start=1):
        column = _column(part, number, above)
        place = f"{url}.{column.name}"
        findings += properties(part, "Column", place)
        findings += [
            _told("datatype", place, f"数据类型有误：{w}", f"its datatype is wrong: {w}")
            for w in column.datatype.wrong
        ]
        if isinstance(part.get("name"), str) and not _NAME.fullmatch(part["name"]):
            findings.append(
                wrong_part(place, "列名不能用作变量", "its name cannot be a variable of a template")
            )
        if column.name in names:
            findings.append(wrong_part(place, "列名重复", "there are two columns of this name"))
        if columns and columns[-1].virtual and not column.virtual:
            findings.append(
                wrong_part(
                    place,
                    "虚拟列应在最后",
                    "it stands behind a virtual column, and those come last",
                )
            )
        columns.append(column)
        names.add(column.name)
    for part, column in zip(parts, columns, strict=True):
        findings += unknown_variables(f"{url}.{column.name}", part, names)
    return tuple(columns), findings


def _column(part: dict[str, Any], number: int, above: dict[str, Any]) -> Column:
    said = {
        key: value
        for key, value in (above | part).items()
        if key not in _TYPES or isinstance(value, _TYPES[key])
    }
    titles = tuple(_texts(said.get("titles")))
    name = said.get("name") or (titles[0] if titles else f"_col.{number}")
    null = said.get("null", "")
    return Column(
        name=name,
        titles=titles or (name,),
        virtual=said.get("virtual", False),
        datatype=datatype(said.get("datatype", "string")),
        required=said.get("required", False),
        separator=said.get("separator"),
        null=tuple(map(str, null)) if isinstance(null, list) else (null,),
        default=said.get("default", ""),
    )


def _texts(titles: object) -> Iterator[str]:
    """The titles of a column in every language."""
    if isinstance(titles, str):
        yield titles
    elif isinstance(titles, list | dict):
        for part in titles.values() if isinstance(titles, dict) else titles:
            yield from _texts(part) if not isinstance(part, dict) else ()


def references(
    url: str, key: str, said: object, names: set[str]
) -> tuple[tuple[str, ...], list[Finding]]:
    """Columns by name, as a text or a list of them."""
    some = said if isinstance(said, list) else [said]
    if unknown := [one for one in some if not isinstance(one, str) or one not in names]:
        return (), [
            wrong_part(
                url,
                f"{key} 中的 {unknown[0]!r} 不是列",
                f"{unknown[0]!r} in its {key} is no column",
            )
        ]
    return tuple(some), []


def foreign_keys_of(
    url: str, said: object, names: set[str]
) -> tuple[tuple[ForeignKey, ...], list[Finding]]:
    """The foreign keys of a schema, and what is wrong with them."""
    links, findings = [], []
    for part in said if isinstance(said, list) else [said]:
        target = part.get("reference") if isinstance(part, dict) else None
        if (
            not isinstance(part, dict)
            or not isinstance(target, dict)
            or ("resource" in target) == ("schemaReference" in target)
        ):
            findings.append(
                wrong_part(
                    url,
                    "foreignKeys 应有 columnReference 和 reference，后者指明 resource 或 schemaReference 之一",
                    "a foreign key wants columnReference and reference, with resource or schemaReference",
                )
            )
            continue
        columns, wrong = references(url, "foreignKeys", part.get("columnReference", []), names)
        findings += wrong
        wanted = target.get("columnReference", [])
        wanted = wanted if isinstance(wanted, list) else [wanted]
        if "resource" in target and columns and all(isinstance(one, str) for one in wanted):
            links.append(
                ForeignKey(columns=columns, resource=str(target["resource"]), target=tuple(wanted))
            )
    return tuple(links), findings


def unknown_variables(place: str, part: dict[str, Any], names: set[str]) -> Iterator[Finding]:
    """Variables of templates that are no column."""
    for key in ("aboutUrl", "propertyUrl", "valueUrl"):
        value = part.get(key)
        if not isinstance(value, str) or not names or not _TEMPLATE.fullmatch(value):
            continue
        used = {
            re.sub(r":\d+$|\*$", "", one)
            for group in _VARIABLES.findall(value)
            for one in group.split(",")
        }
        if unknown := sorted(used - names - {*_ROW}):
            yield _told(
                "template",
                place,
                f"{key} 用了不存在的列 {unknown[0]}",
                f"its {key} uses {unknown[0]!r}, which is no column",
                "warning",
            )


def wrong_part(place: str, zh: str, en: str) -> Finding:
    """An error in a part of the metadata."""
    return _told("metadata", place, zh, en)


def ignored_part(place: str, zh: str, en: str) -> Finding:
    """A part of the metadata that processors of the standard ignore."""
    return _told("metadata", place, zh, en, "warning")


def _told(rule: str, place: str, zh: str, en: str, severity: str = "error") -> Finding:
    shown = place or "csv-metadata"
    return found(
        f"csvw-{rule}",
        f"{shown}：{zh}。",
        f"{shown}: {en}.",
        table=place,
        severity=severity,
    )
