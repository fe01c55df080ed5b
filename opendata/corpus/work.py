"""One document -> one package in a new folder, and the entry that tells what became of it.

What is done here is done in a process of its own (`processes`), on this machine or another; the
same task done twice gives the same package, so that it may be done again wherever a worker died.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import cache
from hashlib import sha256
from operator import attrgetter
from pathlib import Path
from typing import Any

from opendata import __version__
from opendata.checks.rules import check
from opendata.converters import lexical
from opendata.converters.descriptor import DESCRIPTOR
from opendata.converters.package import to_package
from opendata.corpus import versions
from opendata.documents.corrections import corrections_file
from opendata.errors import OpendataError
from opendata.facts import Facts
from opendata.model import Budget
from opendata.parsers import parse
from opendata.terms import tables, vocabulary_files

_DATASET = "dataset-ttl"  # the entry in the catalogue, which tells of versions
_ABOUT = ("budget", "finding", "correction")  # tell of the document, and not what it says
_PLACE = ("source_page", "source_line", "source_cell")


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A document to convert.

    `address` is a path or, of a document elsewhere, an fsspec address, with the files said
    `beside` it. `into` is where the new package is put: a folder, or an fsspec address of one.
    `known` is the digest for which nothing has to be done, `problem` why nothing can be done.
    `version_after` is the number of the package's version and the digest of its content, if it is
    known: the new package is then numbered here, and not where all packages come together.
    """

    document: str
    address: str
    facts: Mapping[str, Any]
    version: str
    into: str
    beside: tuple[str, ...] = ()
    known: str = ""
    problem: tuple[str, str] | None = None
    version_after: tuple[int, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What became of a document: a line of the manifest.

    `version` is what besides the document decided the result; `dataset` the number of the
    version of the package, `content` the digest of its files, `data` that of what its tables say,
    wherever on the page. `tables` is kind -> state, `rows` table -> rows, `findings` severity ->
    rule -> count. Of a failure, `reason` is its kind; of a document that is superseded or a
    duplicate, why it is, and `instead` names the one that makes the package. `staged` is where the
    new package waits, and `kept` says that none had to be made.
    """

    document: str
    sha256: str = ""
    version: str = ""
    state: str = "built"
    package: str = ""
    dataset: int = 0
    content: str = ""
    data: str = ""
    division: str = ""
    year: int = 0
    phase: str = ""
    department: str = ""
    title: str = ""
    issued: str = ""
    media_type: str = ""
    size: int = 0
    triples: int = 0
    tables: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    findings: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    reason: str = ""
    instead: str = ""
    error_zh: str = ""
    error_en: str = ""
    staged: str = ""
    kept: bool = False

    @property
    def failed(self) -> bool:
        """Whether nothing could be made of it."""
        return self.state == "failed"

    @property
    def built(self) -> bool:
        """Whether there is a package of it."""
        return self.state == "built"

    @property
    def warnings(self) -> int:
        """How many warnings there are."""
        return sum(self.findings.get("warning", {}).values())

    def to_dict(self) -> dict[str, Any]:
        """The entry as the manifest has it."""
        found = asdict(self)
        return {key: found[key] for key in found if key not in ("staged", "kept")}


def entry_of(content: Mapping[str, Any]) -> Entry:
    """An entry read back.

    Raises:
        TypeError: it has other keys than an entry of this version.
    """
    return Entry(**content)


def failure(task: Task, reason: str, zh: str, en: str, digest: str = "") -> Entry:
    """The entry of a document of which nothing could be made."""
    return Entry(
        document=task.document,
        sha256=digest,
        version=task.version,
        state="failed",
        reason=reason,
        error_zh=zh,
        error_en=en,
    )


def convert(task: Task, path: Path, folder: Path) -> Entry:
    """Read a document that is here and write its package into a folder that is not there yet."""
    digest = ""
    try:
        if path.is_file():
            with path.open("rb") as file:
                digest = _digest(file.read())
        if digest and digest == task.known:
            return Entry(document=task.document, sha256=digest, version=task.version, kept=True)
        facts = facts_of(task.facts)
        budget = check(parse(path, facts))
        to_package(budget, folder, facts=facts, source=path)
        entry = _entry(task, digest, budget, folder)
        return _numbered(task, entry, folder) if task.version_after else entry
    except OpendataError as error:
        return told(task, error, path, digest)
    except OSError as error:  # the reader or the writer says no more
        zh, en = f"{path}：{error.strerror or error}。", f"{path}: {error.strerror or error}."
        return told(task, OpendataError(zh, en), path, digest)


def _numbered(task: Task, entry: Entry, folder: Path) -> Entry:
    assert task.version_after
    number, content = task.version_after
    number += entry.content != content
    versions.stamp(folder, number)
    return replace(entry, dataset=number)


def told(task: Task, error: OpendataError, path: Path, digest: str = "") -> Entry:
    """The entry of an error; a document is called by its name, wherever it was read."""
    zh, en = (text.replace(str(path), task.document) for text in (error.zh, error.en))
    return failure(task, type(error).__name__, zh, en, digest)


def _entry(task: Task, digest: str, budget: Budget, folder: Path) -> Entry:
    findings: dict[str, Counter[str]] = {}
    for finding in budget.findings:
        findings.setdefault(finding.severity, Counter())[finding.rule] += 1
    descriptor = json.loads((folder / DESCRIPTOR).read_text(encoding="utf-8"))
    with (folder / "budget.nt").open("rb") as file:
        triples = sum(1 for _ in file)
    return Entry(
        document=task.document,
        sha256=digest,
        version=task.version,
        package=budget.id,
        content=content_digest(descriptor),
        data=_data_digest(budget),
        division=budget.division,
        year=budget.year,
        phase=budget.phase,
        department=budget.department,
        title=budget.title,
        issued=lexical(budget.issued),
        media_type=budget.source_media_type,
        size=budget.source_size,
        triples=triples,
        tables={table.kind: table.state for table in budget.document_tables},
        rows={name: len(rows) for name, rows in budget.tables().items()},
        findings={key: dict(sorted(own.items())) for key, own in sorted(findings.items())},
        staged=str(folder),
    )


def content_digest(descriptor: Mapping[str, Any]) -> str:
    """A digest of the files of a package, but for its own entry in a catalogue."""
    digest = sha256()
    for resource in descriptor["resources"]:
        if resource["name"] != _DATASET:
            digest.update(f"{resource['path']} {resource['hash']}\n".encode())
    return digest.hexdigest()


def _data_digest(budget: Budget) -> str:
    """A digest of what a document says: of its tables' rows without their places on its pages."""
    digest = sha256()
    for name, rows in budget.tables().items():
        if name in _ABOUT:
            continue
        values = attrgetter(*(c.name for c in tables()[name].stored if c.name not in _PLACE))
        for row in rows:
            said = [name, *map(lexical, values(row))]
            digest.update(json.dumps(said, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def plain_facts(facts: Facts) -> dict[str, Any]:
    """Facts as JSON has them."""
    return {
        key: value.isoformat() if isinstance(value, date) else value
        for key, value in asdict(facts).items()
        if value is not None
    }


def facts_of(plain: Mapping[str, Any]) -> Facts:
    """Facts read back."""
    known = {f.name for f in fields(Facts)}
    found = {key: value for key, value in plain.items() if key in known}
    if "issued" in found:
        found["issued"] = date.fromisoformat(found["issued"])
    return Facts(**found)


@cache
def program_version() -> str:
    """What besides a document and its facts decides the result: program and vocabulary."""
    digest = sha256()
    folder = vocabulary_files()[0].parent
    for path in (*vocabulary_files(), *sorted(folder.glob("**/*.csv"))):
        digest.update(path.read_bytes())
    return f"{__version__}-{digest.hexdigest()[:12]}"


def version_of(facts: Facts, document: Path) -> str:
    """The version of a result: the program's, and what is said beside the document."""
    digest = sha256(repr(sorted(plain_facts(facts).items())).encode())
    repairs = corrections_file(document)
    if repairs.is_file():
        digest.update(repairs.read_bytes())
    return f"{program_version()}-{digest.hexdigest()[:12]}"


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
