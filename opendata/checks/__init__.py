"""Checks of a document, a package or a graph, and one report of what they find.

An error is data that is wrong as data; a warning is what the document says wrongly; a note is
worth knowing. Only errors stop a publication.
"""

from pathlib import Path

from opendata.checks.report import Report
from opendata.facts import Facts

GRAPHS = (".ttl", ".nt")


def validate(path: Path | str, facts: Facts | None = None) -> Report:
    """Check a document, a package folder, a `datapackage.json`, or a graph file.

    Raises:
        DocumentError, FactsError, PackageError: there is nothing that can be checked.
    """
    from opendata.checks import shapes, tabular
    from opendata.checks.rules import check

    path = Path(path)
    if path.is_dir() or path.name.endswith("datapackage.json"):
        return tabular.check_package(path)
    if path.suffix.lower() in GRAPHS:
        return Report(str(path), tuple(shapes.check_graph(path)))
    from opendata.parsers import parse

    return Report(str(path), check(parse(path, facts)).findings)
