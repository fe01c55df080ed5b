"""What came of a document -> its place in the corpus: the package, its versions, its event.

Of several documents that would make one package, the first in the corpus' order makes it, whenever
it came; the others stand back, and are asked again when it goes.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from opendata.converters.descriptor import DESCRIPTOR
from opendata.converters.package import package_files
from opendata.corpus import storage, versions
from opendata.corpus.settings import Corpus
from opendata.corpus.sources import Found
from opendata.corpus.state import Known, State
from opendata.corpus.work import Entry, Task, content_digest
from opendata.output import replacing
from opendata.package import open_package

WORK = ".work"
SAME = "SameIdentifier"


@dataclass(slots=True)
class Built:
    """What a build did, counted: documents by state, packages by event, outputs written."""

    documents: dict[str, int] = field(default_factory=dict)
    packages: dict[str, int] = field(default_factory=dict)
    outputs: int = 0
    failures: list[Entry] = field(default_factory=list)  # the first of them

    def count(self, entry: Entry) -> None:
        """Count a document."""
        word = "kept" if entry.kept and not entry.failed else entry.state
        self.documents[word] = self.documents.get(word, 0) + 1
        if entry.failed and len(self.failures) < 100:
            self.failures.append(entry)


@dataclass(frozen=True, slots=True)
class Planned:
    """A document with what is to be done: nothing where it is `kept`, else the task."""

    found: Found
    before: Known | None
    task: Task | None
    kept: Entry | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A corpus while it is built: what it knew, the time that is told, and what was done so far."""

    corpus: Corpus
    state: State
    now: datetime
    built: Built


def place(site: Site, planned: Planned, entry: Entry) -> Entry:
    """Put a new package in its place and commit what came of its document."""
    found, state = planned.found, site.state
    before = state.known(found.name)  # another may have taken its package since it was planned
    order = (found.source.rank, found.name)
    if entry.kept and before:
        entry = replace(before.entry, kept=True)
        if (before.stamp, before.rank) != (found.stamp, order[0]):
            state.note([Known(entry, found.stamp, order[0])])
        return entry
    left = before.entry.package if before and not before.entry.failed else ""
    if not entry.failed:
        owner = state.owner(entry.package)
        if owner and owner.entry.document != found.name and owner.order < order:
            entry = _same(entry, owner.entry.document)
        else:
            entry, event = _swap(site, entry)
            changed = [Known(entry, found.stamp, order[0])]
            if (
                owner and owner.entry.document != found.name
            ):  # what comes first holds, whenever it came
                changed.append(Known(_same(owner.entry, found.name), owner.stamp, owner.rank))
            state.note(changed, event)
            _count(site, event)
    if entry.failed:
        state.note([Known(entry, found.stamp, order[0])])
    if (left and left != entry.package) or (left and entry.failed):
        _remove(site, left, None)
    return entry


def _same(entry: Entry, other: str) -> Entry:
    """The entry of a document whose package another document makes; its package's name stays."""
    name, package = entry.document, entry.package
    return Entry(
        document=name,
        sha256=entry.sha256,
        version=entry.version,
        state="failed",
        package=package,
        reason=SAME,
        error_zh=f"{name}：与 {other} 的编号相同（{package}）；请在 corpus.toml 里用 unit_code 区分。",
        error_en=f"{name}: has the same identifier as {other} ({package}); tell them apart by unit_code in "
        "corpus.toml.",
    )


def _swap(site: Site, entry: Entry) -> tuple[Entry, dict[str, object] | None]:
    """Put a package in the place of its older version; the event that this is, if it is one."""
    corpus, state = site.corpus, site.state
    target = corpus.packages / entry.package
    new = corpus.folder / WORK / f".{entry.package}"
    shutil.rmtree(new, ignore_errors=True)
    storage.take(entry.staged, new)
    old = _content(target)
    number = state.last_version(entry.package)
    there = versions.version_of_package(target) if old else 0
    number = there if old == entry.content else max(number, there) + 1
    told = None
    if not state.has_version(entry.package, number):
        told = _changes(corpus, entry, number, target if old else None, new)
    if entry.dataset != number:
        versions.stamp(new, number)
    with replacing(target, package_files) as made:
        made.rmdir()
        new.rename(made)
    entry = replace(entry, dataset=number, staged="")
    if told is None:
        return entry, None
    action, summary = told
    return entry, {
        **_event(site, action, entry.package, number),
        "document": entry.document,
        "sha256": entry.sha256,
        "content": entry.content,
        "changes": summary,
    }


def _changes(
    corpus: Corpus, entry: Entry, number: int, old: Path | None, new: Path
) -> tuple[str, dict[str, object]]:
    """Whether a version is added or changed, and what it changes."""
    target = corpus.folder / versions.CHANGES / entry.package / str(number)
    summary = None
    if old and versions.version_of_package(old) == number:
        summary = versions.read_summary(target)  # cut off between the swap and the commit
    elif old:
        summary = versions.change_set(old, new, target)
    return ("change", summary) if summary else ("add", versions.all_new(entry.rows, entry.triples))


def _content(folder: Path) -> str:
    """The digest of a package that is there."""
    return (
        content_digest(open_package(folder).descriptor) if (folder / DESCRIPTOR).is_file() else ""
    )


def _event(site: Site, action: str, package: str, number: int) -> dict[str, object]:
    at = site.now.isoformat().replace("+00:00", "Z")
    return {"action": action, "package": package, "version": number, "at": at}


def _remove(site: Site, package: str, name: str | None) -> None:
    """Take a package away which no document makes any more, and forget its document, if named."""
    corpus, state = site.corpus, site.state
    event = None
    owner = state.owner(package)
    if package and (owner is None or owner.entry.document == name):
        folder = corpus.packages / package
        for path in package_files(folder):  # what is somebody's stays
            (folder / path).unlink(missing_ok=True)
        for below in (*sorted(folder.rglob("*"), reverse=True), folder):
            with suppress(OSError):
                below.rmdir()
        event = _event(site, "remove", package, state.last_version(package) + 1)
    if name:
        state.forget(name, event)
    elif event:
        state.note([], event)
    _count(site, event)


def remove_gone(site: Site) -> None:
    """Take away what was made of documents that are no more."""
    for known in site.state.gone():
        entry = known.entry
        _remove(site, "" if entry.failed else entry.package, entry.document)
        site.built.documents["gone"] = site.built.documents.get("gone", 0) + 1


def _count(site: Site, event: dict[str, object] | None) -> None:
    if event:
        action = str(event["action"])
        site.built.packages[action] = site.built.packages.get(action, 0) + 1
