"""The tables of a package, a page of rows at a time, and each table in other forms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING, Any

from opendata.errors import PackageError
from opendata.pages.context import Context
from opendata.pages.forms import FORMS, forms_of
from opendata.pages.page import Page, View
from opendata.pages.shelf import Dossier
from opendata.pages.views.dataset import Resource, has_rows, resources
from opendata.terms import Column, tables
from opendata.workbook import fields, rows

if TYPE_CHECKING:
    from opendata.pages.site import Site

SHOWN = 200  # rows of a page
SORTED = 50_000  # rows that a server sorts; a longer table stays in its order
_NUMERIC = ("number", "integer", "year")


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """A column of the page: its field, its label, what it means, and how it is shown."""

    number: int
    name: str
    label: str
    meaning: str
    numeric: bool
    column: Column | None


def index(context: Context, name: str) -> View:
    """The tables of a package with their sizes and forms."""
    dossier = context.site.dossier(name)
    found = resources(context, dossier.package)
    shown = [resource for resource in found["tables"] if resource.rows_shown]
    return View(
        "tables.html",
        {
            "d": dossier,
            "name": name,
            "shown": shown,
            "counts": _counts(dossier, shown),
            "meaning": {n: context.words(table.definition) for n, table in tables().items()},
        },
    )


def view(context: Context, name: str, table: str, page: str = "1") -> View | None:
    """A page of a table's rows."""
    dossier = context.site.dossier(name)
    if table not in _names(dossier):
        return None
    found = list(rows(dossier.package, table))
    pages = max(-(-len(found) // SHOWN), 1)
    if not 1 <= int(page) <= pages:
        return None
    heads = _heads(context, dossier, table)
    order = _order(context, heads, len(found))
    if order:
        found.sort(key=_sort_key(*order[0]), reverse=order[1])
        found.sort(key=lambda row: not _cell(row, order[0][0].number))
    varied = [head for head in heads if _varies(found, head.number)]
    constant = [
        (head, found[0][head.number])
        for head in heads
        if head not in varied and found and _cell(found[0], head.number)
    ]
    here = int(page)
    return View(
        "table.html",
        {
            "d": dossier,
            "name": name,
            "table": table,
            "resource": next(r for r in _tables(context, dossier) if r.name == table),
            "heads": varied,
            "constant": constant,
            "empty": [h for h in heads if found and not any(_cell(r, h.number) for r in found)],
            "rows": found[(here - 1) * SHOWN : here * SHOWN],
            "count": len(found),
            "page": here,
            "pages": pages,
            "order": (order[0][0].name, order[1]) if order else None,
            "cell": _cell,
            "key": heads[0].number if heads else 0,
            "sortable": pages == 1 or (context.site.served and len(found) <= SORTED),
        },
    )


def index_places(site: "Site") -> Iterator[str]:
    """A page for each package."""
    return (f"tables/{name}" for name in site.names)


def places(site: "Site") -> Iterator[str]:
    """Every page of every table."""
    for name in site.names:
        dossier = site.dossier(name)
        for table in _names(dossier):
            yield f"tables/{name}/{table}"
            pages = -(-sum(1 for _ in rows(dossier.package, table)) // SHOWN)
            yield from (f"tables/{name}/{table}/{page}" for page in range(2, pages + 1))


def row_place(dossier: Dossier, table: str, row: int) -> str:
    """The page on which a row stands, counted from 0."""
    page = row // SHOWN + 1
    return f"tables/{dossier.name}/{table}" + (f"/{page}" if page > 1 else "")


def download(context: Context, name: str, table: str, form: str) -> Page | None:
    """A table in another form.

    Raises:
        PackageError: its rows cannot be read.
    """
    package = context.site.dossier(name).package
    if table not in _names(context.site.dossier(name)):
        return None
    if form not in forms_of(package, table, context.site.forms_made):
        return None
    body = FORMS[form].write(package, table)
    return Page(media_type=FORMS[form].media_type, body=body)


def downloads(site: "Site") -> Iterator[str]:
    """Every table in the forms of the site."""
    for name in site.names:
        dossier = site.dossier(name)
        for table in _names(dossier):
            forms = forms_of(dossier.package, table, site.forms_made)
            yield from (f"tables/{name}/{table}.{form}" for form in forms)


def _tables(context: Context, dossier: Dossier) -> list[Resource]:
    found = resources(context, dossier.package)
    return [*found["tables"], *found["codes"]]


def _names(dossier: Dossier) -> list[str]:
    """The tables whose rows can be shown: those with fields in CSV that can be read."""
    return [name for name in dossier.package.resources if has_rows(dossier.package, name)]


def _counts(dossier: Dossier, shown: Sequence[Resource]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for resource in shown:
        try:
            found[resource.name] = sum(1 for _ in rows(dossier.package, resource.name))
        except PackageError:  # told on the page of the table
            found[resource.name] = None
    return found


def _heads(context: Context, dossier: Dossier, table: str) -> list[Head]:
    known = {c.name: c for c in tables()[table].stored} if table in tables() else {}
    found = []
    for place, field in enumerate(fields(dossier.package, table)):
        name = str(field.get("name"))
        column = known.get(name)
        found.append(
            Head(
                number=place,
                name=name,
                label=context.title(column.label) if column else str(field.get("title") or name),
                meaning=context.words(column.definition)
                if column
                else str(field.get("description") or ""),
                numeric=field.get("type") in _NUMERIC and not (column and column.code_list),
                column=column,
            )
        )
    return found


def _order(
    context: Context, heads: Sequence[Head], count: int
) -> tuple[tuple[Head, ...], bool] | None:
    wanted = context.query.get("sort", "")
    if not context.site.served or count > SORTED:
        return None
    found = tuple(head for head in heads if head.name == wanted)
    return (found, context.query.get("order") == "down") if found else None


def _sort_key(head: Head) -> Any:
    def key(row: Sequence[str]) -> tuple[Decimal, str]:
        text = _cell(row, head.number)
        try:
            value = Decimal(text) if head.numeric and text else Decimal(0)
        except InvalidOperation:
            return Decimal(0), text
        return (value if value.is_finite() else Decimal(0)), text if not head.numeric else ""

    return key


def _cell(row: Sequence[str], place: int) -> str:
    return row[place] if place < len(row) else ""


def _varies(found: Sequence[Sequence[str]], place: int) -> bool:
    """Whether a column has different values; a column of a single row does not count as one."""
    values = {_cell(row, place) for row in islice(found, None)}
    return len(values) > 1 or (len(found) == 1 and bool(values - {""}))
