"""Many documents -> a folder of packages, with an index and a catalogue over the lot.

This is the small sister of `corpus`: no settings, no history, the same work. Documents are read in
any number of processes and put in place in their order, so that the result is the same bytes. A
document that did not change is not read again; one that fails, or ends the process that reads it,
does not stop the others.
"""

import csv
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from opendata.converters.catalog import write_triples
from opendata.converters.descriptor import DESCRIPTOR
from opendata.converters.package import package_files
from opendata.corpus.processes import in_order, perform
from opendata.corpus.sources import SUFFIXES
from opendata.corpus.work import Entry, Task, plain_facts, program_version, version_of
from opendata.errors import DocumentError, OpendataError, OutputError
from opendata.facts import facts_for
from opendata.output import replacing, write
from opendata.package import catalogue, open_package

INDEX = "index.csv"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a document: the package made of it, or why there is none."""

    document: str
    sha256: str
    version: str
    package: str = ""
    tables: int = 0
    lines: int = 0
    projects: int = 0
    indicators: int = 0
    warnings: int = 0
    error_zh: str = ""
    error_en: str = ""
    kept: str = ""

    @property
    def failed(self) -> bool:
        """Whether no package was made."""
        return not self.package


def documents(places: Iterable[Path]) -> list[Path]:
    """The documents in some places: files as given, and every readable one below a folder."""
    found: list[Path] = []
    for place in places:
        if not place.is_dir():
            found.append(place)
            continue
        if place.resolve() == Path(place.resolve().anchor):
            raise DocumentError(
                f"{place}：是整个文件系统；请指定存放文件的文件夹。",
                f"{place}: is the whole file system; name the folder that holds the documents.",
            )
        for folder, below, names in os.walk(place):
            below[:] = sorted(name for name in below if not name.startswith("."))
            if DESCRIPTOR in names:
                below.clear()
                continue
            found += [Path(folder) / n for n in sorted(names) if n.lower().endswith(SUFFIXES)]
    return list(dict.fromkeys(found))


def convert_all(
    places: list[Path], out: Path, options: Mapping[str, object], jobs: int = 1
) -> Iterator[Outcome]:
    """Convert documents into packages below `out`; yields an outcome for each, in order.

    Raises:
        OutputError: the folder cannot be written.
    """
    before = {row.document: row for row in _index(out)}
    outcomes: list[Outcome] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        work = out / ".work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        tasks = _tasks(places, out, options, before)
        for task, entry in in_order(perform, tasks, jobs):
            outcome = _outcome(entry, before.get(task.document))
            placed = _place(outcome, Path(entry.staged), out, outcomes)
            outcomes.append(placed)
            yield placed
        shutil.rmtree(work, ignore_errors=True)
        _write_index(out, outcomes, before.values())
    except OSError as error:
        raise OutputError(
            f"{out}：无法写入（{error.strerror or error}）。",
            f"{out}: cannot be written ({error.strerror or error}).",
        ) from error


def _tasks(
    places: list[Path], out: Path, options: Mapping[str, object], before: Mapping[str, Outcome]
) -> Iterator[Task]:
    """What is to be done for each document."""
    work = str((out / ".work").absolute())
    for path in places:
        task = Task(document=str(path), address=str(path), facts={}, version="", into=work)
        try:
            facts = facts_for(path, options)
        except OpendataError as error:
            yield replace(task, problem=(error.zh, error.en), version=program_version())
            continue
        version, known = version_of(facts, path), ""
        old = before.get(str(path))
        if old and old.package and old.version == version:
            known = old.sha256 if (out / old.package / DESCRIPTOR).is_file() else ""
        yield replace(task, facts=plain_facts(facts), version=version, known=known)


def _outcome(entry: Entry, before: Outcome | None) -> Outcome:
    """The row of the index for a document that was done."""
    if entry.kept and before:
        return replace(before, kept="yes")
    return Outcome(
        document=entry.document,
        sha256=entry.sha256,
        version=entry.version,
        package=entry.package,
        tables=entry.rows.get("document_table", 0),
        lines=entry.rows.get("line", 0),
        projects=entry.rows.get("project", 0),
        indicators=entry.rows.get("indicator", 0),
        warnings=entry.warnings,
        error_zh=entry.error_zh,
        error_en=entry.error_en,
    )


def _place(outcome: Outcome, made: Path, out: Path, earlier: list[Outcome]) -> Outcome:
    """Move a package to its name, unless a document before it has the same one."""
    if outcome.failed or outcome.kept:
        return outcome
    same = next((o for o in earlier if o.package == outcome.package), None)
    if same:
        zh = f"{outcome.document}：与 {same.document} 的编号相同（{outcome.package}）；请分开转换，或用 --unit-code 区分。"
        en = (
            f"{outcome.document}: has the same identifier as {same.document} ({outcome.package}); "
            "convert it apart, or tell them apart with --unit-code."
        )
        return Outcome(outcome.document, outcome.sha256, outcome.version, error_zh=zh, error_en=en)
    with replacing(out / outcome.package, package_files) as new:
        new.rmdir()
        made.rename(new)
    return outcome


def _fields(outcome: Outcome) -> dict[str, object]:
    return dict(zip((f.name for f in fields(Outcome)), astuple(outcome), strict=True))


def _index(out: Path) -> list[Outcome]:
    try:
        with (out / INDEX).open(encoding="utf-8", newline="") as file:
            kinds = {f.name: f.type for f in fields(Outcome)}
            return [
                Outcome(**{k: int(v) if kinds[k] in (int, "int") else v for k, v in row.items()})  # type: ignore[arg-type]
                for row in csv.DictReader(file)
            ]
    except (OSError, KeyError, ValueError, TypeError):
        return []  # no index, or one of another version: everything is read anew


def _write_index(out: Path, outcomes: list[Outcome], before: Iterable[Outcome]) -> None:
    """The index of this run and of earlier ones, and the catalogue of every package in it."""
    now = {outcome.document: outcome for outcome in outcomes}
    rows = sorted({**{o.document: o for o in before}, **now}.values(), key=lambda o: o.document)
    names = [field.name for field in fields(Outcome) if field.name != "kept"]
    with (out / f".{INDEX}").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_fields(row)[name] for name in names] for row in rows)
    (out / f".{INDEX}").replace(out / INDEX)
    packages = [open_package(out / row.package) for row in rows if row.package]
    write(out, ".catalog.ttl", "text/turtle", lambda f: write_triples(f, catalogue(packages)))
    (out / ".catalog.ttl").replace(out / "catalog.ttl")
