"""A table of a package in other forms than its CSV; each form where the library for it is there."""

import io
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from opendata.converters.graph import prefixes, turtle, write_prefixes
from opendata.package import Package, expect_columns
from opendata.store.columns import arrow, as_texts, scales, schema
from opendata.terms import tables
from opendata.workbook import fields, table_sheet, write_json, write_workbook

_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Form(NamedTuple):
    """A form: its media type, the library that it needs, whether it is for our tables alone."""

    media_type: str
    write: Callable[[Package, str], bytes]
    needs: str = ""
    ours: bool = False


def _json(package: Package, table: str) -> bytes:
    file = io.StringIO()
    write_json(file, package, table)
    return file.getvalue().encode()


def _workbook(package: Package, table: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.xlsx"
        write_workbook(path, [table_sheet(package, table)])
        return path.read_bytes()


def _rows(package: Package, table: str) -> Sequence[dict[str, object]]:
    """The typed rows of a table of ours.

    Raises:
        PackageError: it has other columns than its shape.
    """
    if found := package.table(table):
        expect_columns(f"{table}.csv", tables()[table], found[0])
    return found


def _parquet(package: Package, table: str) -> bytes:
    pa, shape, file = arrow(), tables()[table], io.BytesIO()
    texts = as_texts(shape, _rows(package, table))
    pa.parquet.write_table(texts.cast(schema(shape, scales(shape, texts))), file)
    return file.getvalue()


def _turtle(package: Package, table: str) -> bytes:
    shape, base, file = tables()[table], package.facts.base, io.StringIO()
    known = prefixes(base, tables().values())
    rows = (tuple(row[column.name] for column in shape.stored) for row in _rows(package, table))
    write_prefixes(file, known)
    file.writelines(turtle(shape, rows, base, known))
    return file.getvalue().encode()


FORMS = {
    "json": Form("application/json", _json),
    "xlsx": Form(_SHEET, _workbook, "xlsxwriter"),
    "parquet": Form("application/vnd.apache.parquet", _parquet, "pyarrow", ours=True),
    "ttl": Form("text/turtle; charset=utf-8", _turtle, ours=True),
}
SURE = ("json", "ttl")  # what is there on every machine: a copy is the same on each


def ready() -> tuple[str, ...]:
    """The forms whose library is installed."""
    return tuple(name for name, form in FORMS.items() if not form.needs or find_spec(form.needs))


def forms_of(package: Package, table: str, wanted: tuple[str, ...]) -> list[str]:
    """The forms in which a table can be had: ours only where it has the columns of its shape."""
    shape = tables().get(table)
    names = [str(field.get("name")) for field in fields(package, table)]
    ours = shape is not None and names == [column.name for column in shape.stored]
    return [name for name in wanted if ours or not FORMS[name].ours]
