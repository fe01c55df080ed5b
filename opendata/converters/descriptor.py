"""The descriptor of a data package (Data Package 1.0 and 2.0), with Fiscal column types."""

import re
from collections.abc import Iterable

from opendata.converters import Sheet
from opendata.facts import Facts
from opendata.model import Budget
from opendata.output import Written
from opendata.terms import XSD, Column, Text, key_of, tables

DESCRIPTOR = "datapackage.json"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
TYPES = {
    XSD + "anyURI": "string",
    XSD + "boolean": "boolean",
    XSD + "date": "date",
    XSD + "decimal": "number",
    XSD + "gYear": "year",
    XSD + "integer": "integer",
    XSD + "string": "string",
}


def both(text: Text) -> str:
    """A text in both languages, for places that have room for one.

    >>> both({"en": "project", "zh": "项目"})
    '项目 project'
    """
    return " ".join(filter(None, (text.get("zh"), text.get("en"))))


def descriptor(
    budget: Budget, facts: Facts, sheets: Iterable[Sheet], files: Iterable[Written]
) -> dict[str, object]:
    """The content of `datapackage.json` for the sheets and every other file of the package."""
    sheets = list(sheets)
    written = {file.path: file for file in files}
    names = {sheet.table.name for sheet in sheets}
    resources = [_table(sheet, written.pop(sheet.path), names) for sheet in sheets]
    return {
        "$schema": PROFILE,
        "profile": "data-package",
        "name": budget.id,
        "id": f"{facts.base}budget/{budget.id}",
        "title": budget.title,
        "description": describe(budget)["zh"] + " " + describe(budget)["en"],
        **({"licenses": [_licence(facts)]} if facts.licence else {}),
        "sources": [
            {
                "title": f"{budget.title}（{budget.source_file}）",
                "path": facts.source_url or _source(written) or budget.source_file,
            }
        ],
        **({"contributors": people} if (people := _contributors(facts)) else {}),
        "keywords": [str(budget.year), budget.department, *_keywords()],
        "resources": [*resources, *map(_file, written.values())],
    }


def describe(budget: Budget) -> Text:
    """What the package is, in both languages."""
    counts = {name: len(rows) for name, rows in budget.tables().items()}
    some = [name for name in ("line", "project", "indicator", "statement") if counts[name]]
    zh = "、".join(f"{tables()[n].label['zh']} {counts[n]}" for n in some)
    en = ", ".join(f"{counts[n]} {tables()[n].label['en']}s" for n in some)
    return {
        "zh": f"由《{budget.title}》转换的开放数据：{zh}。",
        "en": f"Open data made from the document {budget.title}: {en}.",
    }


def _keywords() -> list[str]:
    return [tables()["budget"].label["zh"], tables()["budget"].label["en"]]


def _licence(facts: Facts) -> dict[str, str]:
    found = {"name": facts.licence, "title": facts.licence_title, "path": facts.licence_url}
    return {key: value for key, value in found.items() if value}


def _contributors(facts: Facts) -> list[dict[str, object]]:
    """`role` is how version 1.0 says it, from its list of five; `roles` how 2.0 does, in its own words."""
    people = (
        (facts.publisher, facts.publisher_url, None, "publisher", "publisher"),
        (
            facts.contact_name,
            facts.contact_url,
            facts.contact_email,
            "contributor",
            "contactPerson",
        ),
        (facts.contributor, facts.contributor_url, None, "wrangler", "wrangler"),
    )
    return [
        {
            "title": title,
            **({"path": path} if path else {}),
            **({"email": email} if email else {}),
            "role": role,
            "roles": [kind],
        }
        for title, path, email, role, kind in people
        if title
    ]


def _table(sheet: Sheet, file: Written, names: set[str]) -> dict[str, object]:
    table = sheet.table
    links = [column for column in table.stored if column.references in names]
    return {
        "name": table.name,
        "type": "table",
        "profile": "tabular-data-resource",
        "title": both(table.label),
        "description": both(table.definition),
        **_common(file),
        "format": "csv",
        "encoding": "utf-8",
        "dialect": {
            "delimiter": ",",
            "lineTerminator": "\n",
            "quoteChar": '"',
            "doubleQuote": True,
            "header": True,
        },
        "schema": {
            "fields": [_field(column) for column in table.stored],
            "missingValues": [""],
            "primaryKey": [table.key],
            **({"foreignKeys": [_foreign_key(column) for column in links]} if links else {}),
        },
    }


def _field(column: Column) -> dict[str, object]:
    constraints = {
        "required": column.required or None,
        "unique": True if column.name in ("id", "notation") else None,
        "pattern": column.pattern,
        "minimum": _limit(column, column.minimum),
        "maximum": _limit(column, column.maximum),
    }
    field = {
        "name": column.name,
        "type": TYPES[column.datatype],
        "title": both(column.label),
        "description": both(column.definition),
        "constraints": {key: value for key, value in constraints.items() if value is not None},
        "propertyUrl": column.path,
        "columnType": column.column_type,
    }
    return {key: value for key, value in field.items() if value}


def _limit(column: Column, value: str | None) -> int | None:
    return None if value is None or column.datatype == XSD + "gYear" else int(value)


def _foreign_key(column: Column) -> dict[str, object]:
    reference = {"resource": column.references, "fields": [key_of(str(column.references))]}
    return {"fields": [column.name], "reference": reference}


def _file(file: Written) -> dict[str, object]:
    name = re.sub("[^a-z0-9_-]", "-", file.path.lower())
    suffix = file.path.rsplit("/", 1)[-1].rpartition(".")[2]
    return {"name": name, **_common(file), **({"format": suffix} if suffix.isalnum() else {})}


def _source(files: Iterable[str]) -> str | None:
    return next((path for path in files if path.startswith("source/")), None)


def _common(file: Written) -> dict[str, object]:
    return {
        "path": file.path,
        "mediatype": file.media_type,
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }
