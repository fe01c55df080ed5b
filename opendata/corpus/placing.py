"""What came of a document -> its place in the corpus: the package, its versions, its event.

Of several documents that would make one package one makes it (`revisions`); the others stand back,
and are asked again when it goes.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from opendata.converters.descriptor import DESCRIPTOR
from opendata.converters.package import package_files
from opendata.corpus import storage, versions
from opendata.corpus.revisions import SUPERSEDED, aside, settled
from opendata.corpus.settings import Corpus
from opendata.corpus.sources import Found
from opendata.corpus.state import Known, State
from opendata.corpus.work import Entry, Task, content_digest
from opendata.output import replacing
from opendata.package import open_package

WORK = ".work"
FIRST = 100  # documents that a build names
MANY = 50  # documents of one package that are compared as they come, and not at the end


@dataclass(slots=True)
class Built:
    """What a build did, counted: documents by state, packages by event, outputs written.

    `failures` and `aside` are the first of those that failed, and of those that now stand back;
    `idle` is what the settings say of revisions without effect: document and what it replaces.
    """

    documents: dict[str, int] = field(default_factory=dict)
    packages: dict[str, int] = field(default_factory=dict)
    outputs: int = 0
    failures: list[Entry] = field(default_factory=list)
    aside: list[Entry] = field(default_factory=list)
    idle: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, entry: Entry) -> None:
        """Note a document that now stands back for another, and is no failure."""
        if not entry.failed and len(self.aside) < FIRST:
            self.aside.append(entry)


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


def place(site: Site, planned: Planned, entry: Entry, most: int) -> Entry:
    """Put a new package in its place and commit what came of its document.

    Where there are as many documents of one package as `most`, it stands back for now.
    """
    found, state = planned.found, site.state
    before = state.known(found.name)  # another may have taken its package since it was planned
    new = Known(entry, found.stamp, found.source.rank)
    if entry.kept and before:
        entry = replace(before.entry, kept=True)
        if (before.stamp, before.rank) != (new.stamp, new.rank):
            state.note([replace(new, entry=entry)])
        return entry
    if entry.failed:
        state.note([new])
        return entry
    group = state.of_package(entry.package, most)
    if len(group) == most:  # a mistake of the settings, most likely; comparing all takes long
        entry = aside(entry, group[0].entry)
    else:
        rivals = [known for known in group if known.entry.document != found.name]
        first, others = settled(site.corpus, [*rivals, new])
        if first is new:
            return _hold(site, new, others)
        (entry,) = (k.entry for k in others if k.entry.document == found.name)
    entry = replace(entry, dataset=0)  # its package was no version
    state.note([replace(new, entry=entry)])
    site.built.tell(entry)
    return entry


def _hold(site: Site, new: Known, others: list[Known]) -> Entry:
    """Put the package of a document in its place; other documents stand back for it."""
    before = {k.entry.document: k for k in site.state.of_package(new.entry.package)}
    changed = [k for k in others if k != before[k.entry.document]]
    held = next((k for k in before.values() if k.entry.built), None)
    if held:  # who finds it so after a cut reads it again, whatever has become of the new one
        site.state.note([replace(held, stamp="", entry=replace(held.entry, sha256=""))])
    entry, event = _swap(site, new.entry, held.entry if held else None)
    revised = next((k.entry for k in changed if before[k.entry.document] is held), None)
    if event and revised and revised.state == SUPERSEDED:
        event["revises"] = {"document": revised.document, "reason": revised.reason}
    site.state.note([replace(new, entry=entry), *changed], event)
    for one in changed:
        site.built.tell(one.entry)
    _count(site, event)
    return entry


def unsettled(site: Site) -> set[str]:
    """The documents that must make a package which another one made, or none does.

    Those that stand back for another than they did are noted.
    """
    wanted = set()
    for package in site.state.contested():
        group = site.state.of_package(package)
        first, others = settled(site.corpus, group)
        if not first.entry.built:
            wanted.add(first.entry.document)
            continue
        known = {k.entry.document: k.entry for k in group}
        for one in others:
            if known[one.entry.document] != one.entry:
                site.state.note([one])
                site.built.tell(one.entry)
    return wanted


def _swap(site: Site, entry: Entry, held: Entry | None) -> tuple[Entry, dict[str, object] | None]:
    """Put a package in the place of the one `held` there; the event that this is, if it is one."""
    corpus, state = site.corpus, site.state
    target = corpus.packages / entry.package
    new = corpus.folder / WORK / f".{entry.package}"
    shutil.rmtree(new, ignore_errors=True)
    storage.take(entry.staged, new)
    old = _content(target)
    there = versions.version_of_package(target) if old else 0
    if held and held.content == entry.content:
        number = held.dataset
    elif old == entry.content:
        number = there
    else:
        number = max(state.last_version(entry.package), there) + 1
    if entry.dataset != number:
        versions.stamp(new, number)
    told, changes = None, corpus.folder / versions.CHANGES / entry.package
    if not state.has_version(entry.package, number):
        told = _changes(entry, number, target if old else None, new, changes / str(number))
    elif there == number:
        versions.keep_made(target, changes / str(number))
    elif there and not state.has_version(entry.package, there):  # cut off, and no more wanted
        shutil.rmtree(changes / str(there), ignore_errors=True)
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
    entry: Entry, number: int, old: Path | None, new: Path, target: Path
) -> tuple[str, dict[str, object]]:
    """Whether a version is added or changed, and what it changes."""
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


def forget_gone(site: Site) -> None:
    """Forget the documents that are no more."""
    for known in site.state.gone():
        site.state.forget(known.entry.document)
        site.built.documents["gone"] = site.built.documents.get("gone", 0) + 1


def find_idle(site: Site) -> None:
    """Note what is said of revisions by documents that are not there, or make other packages."""
    for replaces, document in site.corpus.revisions.items():
        later, earlier = map(site.state.known, (document, replaces))
        packages = {known.entry.package for known in (later, earlier) if known}
        if not later or len(packages - {""}) > 1:
            site.built.idle.append((document, replaces))


def remove_abandoned(site: Site) -> None:
    """Take away the packages of which no document is left."""
    corpus, state = site.corpus, site.state
    for package in state.abandoned():
        folder = corpus.packages / package
        for path in package_files(folder):  # what is somebody's stays
            (folder / path).unlink(missing_ok=True)
        for below in (*sorted(folder.rglob("*"), reverse=True), folder):
            with suppress(OSError):
                below.rmdir()
        event = _event(site, "remove", package, state.last_version(package) + 1)
        state.note([], event)
        _count(site, event)


def _count(site: Site, event: dict[str, object] | None) -> None:
    if event:
        action = str(event["action"])
        site.built.packages[action] = site.built.packages.get(action, 0) + 1
