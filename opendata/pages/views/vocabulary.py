"""The documentation of the vocabulary: tables and columns, as the ontology and the shapes have them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from opendata.pages.context import Context
from opendata.pages.page import Page, View
from opendata.terms import XSD, Column, tables, vocabulary_files

if TYPE_CHECKING:
    from opendata.pages.site import Site


def view(context: Context) -> View:
    """Every table with its columns."""
    del context
    return View(
        "vocabulary.html",
        {"tables": tables(), "datatype": datatype, "files": _files(), "limits": _limits},
    )


def places(site: "Site") -> Iterator[str]:
    """One page."""
    del site
    yield "vocabulary"


def download(context: Context, name: str, suffix: str = "ttl") -> Page | None:
    """A file of the ontology or the shapes."""
    del context, suffix
    path = _files().get(name)
    return Page(media_type="text/turtle; charset=utf-8", body=path.read_bytes()) if path else None


def downloads(site: "Site") -> Iterator[str]:
    """The files of the ontology and the shapes."""
    del site
    return (f"vocabulary/{name}.ttl" for name in _files())


def _files() -> dict[str, Path]:
    """The files by the names under which they are given out."""
    return {f"{path.parent.name}-{path.stem}": path for path in vocabulary_files()}


def datatype(column: Column) -> str:
    """What a value is: an XSD type, a language, a code, or a row of a table."""
    if column.code_list or column.references or column.value_url:
        return "IRI"
    short = column.datatype.replace(XSD, "xsd:")
    return f"rdf:langString @{column.language}" if column.language else short


def _limits(column: Column) -> list[tuple[str, str]]:
    """What the shape wants beside the datatype."""
    found = {
        "pattern": column.pattern,
        "minimum": column.minimum,
        "maximum": column.maximum,
        "template": column.value_url,
    }
    return [(name, value) for name, value in found.items() if value]
