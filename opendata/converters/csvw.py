"""CSVW metadata: the same mapping to RDF as the graph's, for processors of the standard."""

from collections.abc import Iterable

from opendata.converters import Sheet
from opendata.facts import Facts
from opendata.model import Budget
from opendata.terms import RDF, XSD, Column, Table, Text, absolute, key_of

CONTEXT = ["http://www.w3.org/ns/csvw", {"@language": "zh"}]


def csvw(budget: Budget, facts: Facts, sheets: Iterable[Sheet]) -> dict[str, object]:
    """The content of `csv-metadata.json` for the sheets of a package."""
    found = list(sheets)
    paths = {sheet.table.name: sheet.path for sheet in found}
    return {
        "@context": CONTEXT,
        "@id": f"{facts.base}budget/{budget.id}",
        "dc:title": {"@value": budget.title, "@language": "zh"},
        **({"dc:license": {"@id": facts.licence_url}} if facts.licence_url else {}),
        "dialect": {"lineTerminators": ["\n"], "encoding": "utf-8", "header": True, "trim": False},
        "tables": [_table(sheet, facts.base, paths) for sheet in found],
    }


def _table(sheet: Sheet, base: str, paths: dict[str, str]) -> dict[str, object]:
    table = sheet.table
    # A foreign key of the standard may not be empty; optional links are in datapackage.json.
    links = [c for c in table.stored if c.required and c.references in paths]
    return {
        "url": sheet.path,
        "dc:title": _texts(table.label),
        "dc:description": _texts(table.definition),
        "tableSchema": {
            "aboutUrl": f"{absolute(table.space, base)}{{{table.key}}}",
            "primaryKey": table.key,
            **({"foreignKeys": [_foreign_key(c, paths) for c in links]} if links else {}),
            "columns": [
                *(_column(column, base) for column in table.stored),
                *_types(table),
                *(_column(column, base) for column in table.columns if column.virtual),
            ],
        },
    }


def _column(column: Column, base: str) -> dict[str, object]:
    """A column; virtual ones come last, as the standard wants."""
    return {
        "name": column.name,
        **({} if column.virtual else {"titles": [column.name]}),
        "dc:title": _texts(column.label),
        "dc:description": _texts(column.definition),
        "propertyUrl": column.path,
        **({"valueUrl": absolute(column.value_url, base)} if column.value_url else {}),
        **({"virtual": True} if column.virtual else {"datatype": _datatype(column)}),
        **({"lang": column.language} if column.language else {}),
        **({"required": True} if column.required and not column.virtual else {}),
    }


def _types(table: Table) -> Iterable[dict[str, object]]:
    for number, cls in enumerate(table.types, start=1):
        yield {
            "name": f"type_{number}",
            "propertyUrl": RDF + "type",
            "valueUrl": cls,
            "virtual": True,
        }


def _datatype(column: Column) -> dict[str, str] | str:
    name = column.datatype.removeprefix(XSD)
    limits = {"format": column.pattern, "minimum": column.minimum, "maximum": column.maximum}
    found = {key: value for key, value in limits.items() if value is not None}
    return {"base": name, **found} if found else name


def _foreign_key(column: Column, paths: dict[str, str]) -> dict[str, object]:
    target = str(column.references)
    return {
        "columnReference": column.name,
        "reference": {"resource": paths[target], "columnReference": key_of(target)},
    }


def _texts(text: Text) -> list[dict[str, str]]:
    return [{"@value": value, "@language": lang} for lang, value in sorted(text.items())]
