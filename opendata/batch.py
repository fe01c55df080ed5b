"""Many documents -> a folder of packages, with an index and a catalogue over the lot.

Documents are read in any number of processes and put in place in their order, so that the
result is the same bytes. A document that did not change is not read again; one that fails, or
ends the process that reads it, does not stop the others.
"""

import csv
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from hashlib import sha256
from pathlib import Path

from opendata import __version__
from opendata.checks.report import Report
from opendata.checks.rules import check
from opendata.converters.catalog import write_triples
from opendata.converters.descriptor import DESCRIPTOR
from opendata.converters.package import package_files, to_package
from opendata.documents import patience
from opendata.documents.corrections import corrections_file
from opendata.errors import DocumentError, OpendataError, OutputError
from opendata.facts import Facts, facts_for
from opendata.output import replacing, write
from opendata.package import catalogue, open_package
from opendata.parsers import parse
from opendata.terms import vocabulary_files

INDEX = "index.csv"
SUFFIXES = (".txt", ".pdf", ".docx", ".doc", ".xlsx", ".xls", ".html", ".htm")


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
    version = _version(options)
    before = {row.document: row for row in _index(out)}
    outcomes: list[Outcome] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        work = out / ".work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        tasks = [
            (path, work / f"{number}", options, version, before.get(str(path)), out)
            for number, path in enumerate(places)
        ]
        for outcome, task in zip(_outcomes(tasks, jobs), tasks, strict=True):
            placed = _place(outcome, task[1], out, outcomes)
            outcomes.append(placed)
            yield placed
        shutil.rmtree(work, ignore_errors=True)
        _write_index(out, outcomes, before.values())
    except OSError as error:
        raise OutputError(
            f"{out}：无法写入（{error.strerror or error}）。",
            f"{out}: cannot be written ({error.strerror or error}).",
        ) from error


Task = tuple[Path, Path, Mapping[str, object], str, Outcome | None, Path]


def _outcomes(tasks: list[Task], jobs: int) -> Iterator[Outcome]:
    """The tasks' outcomes in order; a document that ends its process ends no other's reading."""
    while tasks:
        with ProcessPoolExecutor(max_workers=jobs) as pool:
            futures = [pool.submit(_convert, task) for task in tasks]
            done = 0
            with suppress(BrokenProcessPool):
                for future in futures:
                    yield future.result()
                    done += 1
        if done < len(tasks):  # a process ended; whose doing it was is seen when each runs alone
            with ProcessPoolExecutor(max_workers=1) as pool:
                try:
                    yield pool.submit(_convert, tasks[done]).result()
                except BrokenProcessPool:
                    yield _ended(tasks[done])
        tasks = tasks[done + 1 :]


def _ended(task: Task) -> Outcome:
    """The outcome of a document whose process ended: why is what it left, if it could."""
    path, folder, _, version, *_ = task
    try:
        zh, en = json.loads(_last_words(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        zh = f"{path}：读取它的进程意外结束（内存不足或原生库出错）；请另存为其他格式后再试。"
        en = (
            f"{path}: the process that read it ended (out of memory, or a fault in a native "
            "library); save it in another format and try again."
        )
    return Outcome(str(path), "", version, error_zh=zh, error_en=en)


def _last_words(folder: Path) -> Path:
    return folder.with_suffix(".ended")


def _convert(task: Task) -> Outcome:
    path, folder, options, version, before, out = task

    def give_up(error: DocumentError) -> None:
        _last_words(folder).write_text(json.dumps((error.zh, error.en)), encoding="utf-8")
        os._exit(1)

    patience.give_up = give_up
    try:
        digest = sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    except OSError:
        digest = ""  # the reader says why
    try:
        facts = facts_for(path, options)
        version = f"{version}-{_beside(path, facts)}"
        known = before and before.package and (before.sha256, before.version) == (digest, version)
        if before and known and (out / before.package / DESCRIPTOR).is_file():
            return Outcome(**{**_fields(before), "kept": "yes"})  # type: ignore[arg-type]
        budget = check(parse(path, facts))
        to_package(budget, folder, facts=facts, source=path)
    except OpendataError as error:
        return Outcome(str(path), digest, version, error_zh=error.zh, error_en=error.en)
    return Outcome(
        document=str(path),
        sha256=digest,
        version=version,
        package=budget.id,
        tables=len(budget.document_tables),
        lines=len(budget.lines),
        projects=len(budget.projects),
        indicators=len(budget.indicators),
        warnings=Report(budget.id, budget.findings).counts["warning"],
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


def _version(options: Mapping[str, object]) -> str:
    """What besides the document decides the result: the program, its vocabulary, the options."""
    digest = sha256(repr(sorted((k, str(v)) for k, v in options.items() if v)).encode())
    folder = vocabulary_files()[0].parent
    for path in (*vocabulary_files(), *sorted(folder.glob("**/*.csv"))):
        digest.update(path.read_bytes())
    return f"{__version__}-{digest.hexdigest()[:12]}"


def _beside(document: Path, facts: Facts) -> str:
    """What is said beside a document: its facts and its corrections."""
    digest = sha256(repr(facts).encode())
    repairs = corrections_file(document)
    if repairs.is_file():
        digest.update(repairs.read_bytes())
    return digest.hexdigest()[:12]


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
