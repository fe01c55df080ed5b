"""Where findings stand: the file and, where it is text, the line."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from opendata.checks.report import Report
from opendata.checks.reports.rows import Around, around, subject_lines
from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import PackageError
from opendata.model import Finding
from opendata.package import Package, inside, open_package

TEXTS = (".txt", ".csv", ".tsv", ".html", ".htm", ".ttl", ".nt", ".json", ".jsonld", ".xml")
_GRAPHS = (".ttl", ".nt")


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a report is about: a file or a folder, with the document that the data came from.

    `path` is None where there is no file: standard input, or an address.
    """

    name: str
    path: Path | None = None
    package: Package | None = None
    document: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The file that a finding is about, the line of it, and the row of a table with its neighbours."""

    file: Path | None = None
    line: int | None = None
    table: Around | None = None


def subject_of(report: Report) -> Subject:
    """The files of what a report is about."""
    name = report.subject
    path = Path(name)
    if name == "-" or "://" in name or not path.exists():
        return Subject(name=name)
    if path.is_dir() or path.name.endswith(DESCRIPTOR):
        try:
            package = open_package(path)
        except PackageError:
            return Subject(name=name, path=path)
        return Subject(name=name, path=path, package=package, document=_document(package))
    data = path.suffix.lower() in (*_GRAPHS, ".json")
    return Subject(name=name, path=path, document=None if data else path)


def _document(package: Package) -> Path | None:
    """The document in the package that it was made of, where it went along."""
    from opendata.converters.package import source_name

    try:
        path = inside(package.folder, f"source/{source_name(package.budget())}")
    except (PackageError, KeyError, TypeError, ArithmeticError):
        return None
    return path if path.is_file() else None


def places(subject: Subject, findings: Sequence[Finding]) -> list[Place]:
    """The place of each finding: in a text document, else in a table, else in the file at large."""
    rows = _tables(subject, findings)
    graph = subject.path if subject.path and subject.path.suffix.lower() in _GRAPHS else None
    lines = subject_lines(graph, {f.record for f in findings if f.record}) if graph else {}
    return [_place(subject, finding, rows, lines) for finding in findings]


def _place(
    subject: Subject,
    finding: Finding,
    rows: dict[str, dict[str | int, Around]],
    lines: dict[str, int],
) -> Place:
    document, package = subject.document, subject.package
    line = finding.source_line
    table = rows.get(finding.table, {}).get(_key(finding))
    if finding.source_page and document and document.suffix.lower() in TEXTS:
        return Place(file=document, line=line, table=table)
    if package and finding.table in package.resources:
        number = table.row.line if table else None
        return Place(file=_file(package, finding.table), line=number, table=table)
    if package:
        return Place(file=package.folder / DESCRIPTOR)
    if finding.source_page:
        return Place(file=document)
    number = table.row.line if table else lines.get(finding.record)
    return Place(file=subject.path, line=number or line, table=table)


def _key(finding: Finding) -> str | int:
    """How a table knows the row: by its number where it has no name but that."""
    own = finding.record == str(finding.source_line)
    return int(finding.record) if own else finding.record


def _tables(subject: Subject, findings: Sequence[Finding]) -> dict[str, dict[str | int, Around]]:
    """The rows that findings are about, by table: each file is read once."""
    wanted: dict[str, set[str | int]] = defaultdict(set)
    for finding in findings:
        if finding.record and _csv(subject, finding):
            wanted[finding.table].add(_key(finding))
    found = {}
    for finding in findings:
        if finding.table in wanted and finding.table not in found:
            file = _csv(subject, finding)
            found[finding.table] = around(file, wanted[finding.table]) if file else {}
    return found


def _csv(subject: Subject, finding: Finding) -> Path | None:
    """The table that a finding is about, if it is a CSV file."""
    file = None if finding.source_page else subject.path
    if subject.package:
        known = finding.table in subject.package.resources
        file = _file(subject.package, finding.table) if known else None
    return file if file and file.suffix.lower() == ".csv" else None


def _file(package: Package, resource: str) -> Path | None:
    try:
        path = package.path(resource)
    except PackageError:
        return None
    return path if path.is_file() else package.folder / DESCRIPTOR


def uri(path: Path) -> str:
    """A file as an IRI relative to the working directory, or absolute where it is not below it."""
    near = os.path.relpath(path)
    return (
        Path(path).absolute().as_uri()
        if near.startswith("..")
        else quote(os.fsencode(Path(near).as_posix()))
    )


def shown(place: Place, finding: Finding, lang: str) -> str:
    """A place in words: file and line, or where no line can be shown file, page and line of it."""
    near = os.path.relpath(place.file) if place.file else ""
    file = str(place.file) if near.startswith("..") else near
    if place.line:
        return f"{file}:{place.line}"
    if finding.source_page:
        page, line = finding.source_page, finding.source_line or "–"
        zh, en = f"第 {page} 页第 {line} 行", f"page {page}, line {line}"
        return f"{file} {zh if lang == 'zh' else en}".strip()
    return file or "/".join(filter(None, (finding.table, finding.record, finding.column))) or "–"
