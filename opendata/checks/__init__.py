"""Checks of a document, a package, a table or a graph, and one report of what they find.

An error is data that is wrong as data; a warning is what the document says wrongly; a note is
worth knowing. Only errors stop a publication.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from opendata.checks.report import Report
from opendata.errors import FetchError, OpendataError
from opendata.facts import Facts
from opendata.model import Finding

if TYPE_CHECKING:
    from opendata.checks.subject import Subject
    from opendata.fetch import Transport


def validate(
    subject: Path | str,
    facts: Facts | None = None,
    *,
    shapes: Path | None = None,
    referee: bool = False,
    fetch: bool = False,
    schema: Path | None = None,
    transport: "Transport | None" = None,
) -> Report:
    """Check anybody's data: a document, a data package (also fiscal, also in a zip), a CSV, CSVW, RDF.

    `subject` is a path, "-" for standard input or, with `fetch`, an address. `schema` is the Table
    Schema of a CSV, `shapes` a file of SHACL for a graph, `referee` asks for the reference engines for a
    package of ours, and `transport` fetches in the network's place.

    Raises:
        DocumentError, FactsError, FetchError, PackageError: there is nothing that can be checked.
    """
    from opendata.checks.subject import identify

    name = str(subject)
    with ExitStack() as held:
        path = Path(subject)
        elsewhere = name == "-" or _is_address(name)
        folder = Path(held.enter_context(TemporaryDirectory())) if elsewhere else None
        base = name if name == "-" else name.rpartition("/")[0]
        try:
            if folder:
                path = _bring(name, folder, fetch=fetch, transport=transport)
                facts = facts or Facts()
            what = identify(path, schema)
            if what.kind == "archive":
                from opendata.checks.remote import unpack

                inner = Path(held.enter_context(TemporaryDirectory()))
                what, base, folder = identify(unpack(path, inner), schema), name, inner
            findings = tuple(_check(what, name, facts, shapes=shapes, referee=referee))
        except OpendataError as error:
            if folder is None:
                raise
            named = (_named(text, folder, path, name, base) for text in (error.zh, error.en))
            raise type(error)(*named) from error
    if folder:
        findings = tuple(_told(finding, folder, path, name, base) for finding in findings)
    return Report(name, findings, kind=what.kind)


def _is_address(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))


def _bring(name: str, folder: Path, *, fetch: bool, transport: "Transport | None") -> Path:
    from opendata.checks import remote

    if name == "-":
        return remote.standard_input(folder)
    if not fetch:
        raise FetchError(
            f"{name}：未经要求不从网上取；请加 --fetch，或先下载。",
            f"{name}: nothing is fetched from the network unless asked; add --fetch, or download it first.",
        )
    return remote.bring(name, folder, transport)


def _check(
    what: "Subject", name: str, facts: Facts | None, *, shapes: Path | None, referee: bool
) -> Iterator[Finding]:
    """The findings of the checks that fit the kind."""
    path = what.files[0]
    if what.kind == "package":
        from opendata.checks.foreign import check_package

        yield from check_package(path, referee=referee)
    elif what.kind == "graph":
        from opendata.checks.graphs import check_graphs

        yield from check_graphs(what.files, name, shapes)
    elif what.kind == "csvw":
        from opendata.checks.csvw import check_csvw

        for file in what.files:
            yield from check_csvw(file)
    elif what.kind == "table":
        from opendata.checks.foreign import check_table

        for file in what.files:
            yield from check_table(file, what.schema)
    else:
        from opendata.checks.rules import check
        from opendata.parsers import parse

        yield from check(parse(path, facts)).findings


def _told(finding: Finding, folder: Path, path: Path, name: str, base: str) -> Finding:
    """A finding that names what was given, and not where it was put meanwhile."""
    return replace(
        finding,
        message_zh=_named(finding.message_zh, folder, path, name, base),
        message_en=_named(finding.message_en, folder, path, name, base),
    )


def _named(text: str, folder: Path, path: Path, name: str, base: str) -> str:
    return text.replace(str(path), name).replace(str(folder), base)
