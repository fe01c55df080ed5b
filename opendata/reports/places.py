"""Where findings stand: the file and, where it is text, the line."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from opendata.checks.report import Report
from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import PackageError
from opendata.model import Finding
from opendata.package import Package, inside, open_package
from opendata.reports.rows import Around, around, subject_lines

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
        return Subject(name=name, path=path, package=package, document=document_of(package))
    data = path.suffix.lower() in (*_GRAPHS, ".json")
    return Subject(name=name, path=path, document=None if data else path)


def document_of(package: Package) -> Path | None:
    """The document in the package that it was made of, where it went along."""
    from opendata.converters.package import source_name

    try:
        path = inside(package.folder, f"source/{source_name(package.budget())}")
    except (PackageError, KeyError, TypeError, ArithmeticError):
        return None
    return path if path.is_file() else None


def places(subject: Subject, findings: Sequence[Finding]) -> list[Place]:
    """The place of each finding: in a text document, else in a table, else in the file at large."""
    files = _files(subject, findings)
    rows = _rows(findings, files)
    graph = subject.path if subject.path and subject.path.suffix.lower() in _GRAPHS else None
    lines = subject_lines(graph, {f.record for f in findings if f.record}) if graph else {}
    return [_place(subject, finding, files, rows, lines) for finding in findings]


def _place(
    subject: Subject,
    finding: Finding,
    files: dict[str, Path],
    rows: dict[str, dict[str | int, Around]],
    lines: dict[str, int],
) -> Place:
    document, package = subject.document, subject.package
    table = rows.get(finding.table, {}).get(_key(finding))
    if finding.source_page and document and document.suffix.lower() in TEXTS:
        return Place(file=document, line=finding.source_line, table=table)
    if package:
        file = files.get(finding.table, package.folder / DESCRIPTOR)
        return Place(file=file, line=table.row.line if table else None, table=table)
    if finding.source_page:
        return Place(file=document)
    number = table.row.line if table else lines.get(finding.record)
    return Place(file=subject.path, line=number or finding.source_line, table=table)


def _key(finding: Finding) -> str | int:
    """How a table knows the row: by its number where it has no name but that."""
    own = finding.record == str(finding.source_line)
    return int(finding.record) if own else finding.record


def _files(subject: Subject, findings: Sequence[Finding]) -> dict[str, Path]:
    """The files of the tables that findings are about."""
    if subject.package:
        known = {f.table for f in findings} & set(subject.package.resources)
        return {name: _file(subject.package, name) for name in sorted(known)}
    return {f.table: subject.path for f in findings if subject.path and not f.source_page}


def _file(package: Package, resource: str) -> Path:
    """The file of a resource; of one that is not there, the descriptor that names it."""
    try:
        path = package.path(resource)
    except PackageError:
        return package.folder / DESCRIPTOR
    return path if path.is_file() else package.folder / DESCRIPTOR


def _rows(
    findings: Sequence[Finding], files: dict[str, Path]
) -> dict[str, dict[str | int, Around]]:
    """The rows that findings are about, by table: each file is read once."""
    wanted: dict[str, set[str | int]] = defaultdict(set)
    for finding in findings:
        file = files.get(finding.table)
        if finding.record and file and file.suffix.lower() == ".csv":
            wanted[finding.table].add(_key(finding))
    return {name: around(files[name], keys) for name, keys in wanted.items()}


def uri(path: Path) -> str:
    """A file as an IRI relative to the working directory, or absolute where it is not below it."""
    near = _near(path)
    return quote(os.fsencode(near)) if near else path.absolute().as_uri()


def _near(path: Path) -> str | None:
    """A path relative to the working directory, or None where it leads out of that."""
    near = Path(os.path.relpath(path))
    return None if near.parts[:1] == ("..",) else near.as_posix()


def shown(place: Place, finding: Finding, lang: str, subject: Path | None = None) -> str:
    """A place in words: file and line, or where no line can be shown file, page and line of it.

    The file is left out where it is `subject`, or relative to it where it is a folder.
    """
    zh, file = lang == "zh", ""
    if place.file and place.file != subject:
        inner = subject is not None and place.file.is_relative_to(subject)
        near = str(place.file.relative_to(subject)) if subject and inner else _near(place.file)
        file = near or str(place.file)
    line = place.line or finding.source_line or "–"
    if place.line and file:
        return f"{file}:{line}"
    if place.line:
        return f"第 {line} 行" if zh else f"line {line}"
    if finding.source_page:
        page = finding.source_page
        return (
            f"{file} {f'第 {page} 页第 {line} 行' if zh else f'page {page}, line {line}'}".strip()
        )
    return file or "/".join(filter(None, (finding.table, finding.record, finding.column))) or "–"
