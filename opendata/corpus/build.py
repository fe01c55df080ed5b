"""A corpus, built: what changed is converted, put in its place, told in the history; then the outputs.

Whatever the number of processes or machines, and wherever a build was cut off, the same documents
in the same order of builds give the same bytes.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from opendata.converters.descriptor import DESCRIPTOR
from opendata.corpus.outputs import write_outputs
from opendata.corpus.placing import (
    FIRST,
    MANY,
    WORK,
    Built,
    Planned,
    Site,
    find_idle,
    forget_gone,
    place,
    remove_abandoned,
    unsettled,
)
from opendata.corpus.processes import in_order, perform
from opendata.corpus.revisions import settled, turns
from opendata.corpus.settings import Corpus
from opendata.corpus.sources import Found, beside_local, find_documents
from opendata.corpus.state import State
from opendata.corpus.storage import is_local
from opendata.corpus.work import (
    Entry,
    Task,
    plain_facts,
    told,
    version_of,
)
from opendata.errors import OpendataError, OutputError
from opendata.facts import facts_for
from opendata.fetch import Transport
from opendata.output import locked


@dataclass(frozen=True, kw_only=True, slots=True)
class How:
    """How a build is done. `cluster` is the address of a Dask scheduler, `staging` where its workers
    put packages; `retry` tries again what failed; `fetching` asks the lists of addresses.
    """

    jobs: int = 1
    cluster: str | None = None
    staging: str | None = None
    retry: bool = False
    fetching: bool = False
    transport: Transport | None = None
    now: datetime | None = None


def build(corpus: Corpus, how: How, told_of: Callable[[Entry], object] = lambda _: None) -> Built:
    """Bring a corpus up to date; each document is told of as it is done.

    Raises:
        OutputError: the folder cannot be written, or is being written.
        DocumentError, SettingsError: a source is not there, or the settings are not sound.
    """
    built = Built()
    with _writing(corpus), closing(State(corpus.folder)) as state:
        site = Site(corpus, state, how.now or _now(), built)
        work = corpus.folder / WORK
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        with state.listing():
            _place(site, _plan(corpus, state, how), how, told_of, MANY)
            forget_gone(site)
            _settle(site, how, told_of)
            built.documents = state.came() | built.documents
            built.failures = state.failures(FIRST)
        remove_abandoned(site)
        find_idle(site)
        built.outputs = write_outputs(corpus, state, how.jobs)
        state.write(corpus.folder)
        shutil.rmtree(work, ignore_errors=True)
    return built


def survey(corpus: Corpus, how: How) -> Iterator[tuple[str, str]]:
    """What a build would do: every document's name, with new, changed, again, kept, superseded,
    duplicate, failed or gone. One that is kept comes again where it would take another's place.
    """
    with closing(State(corpus.folder, reading=True)) as state, state.listing():
        for planned in _plan(corpus, state, how):
            name = planned.found.name
            if planned.found.problem:
                yield name, "failed"
            elif planned.kept:
                yield name, "kept" if planned.kept.built else planned.kept.state
            elif not planned.before:
                yield name, "new"
            else:
                yield name, "again" if planned.before.entry.failed else "changed"
        gone = {known.entry.document for known in state.gone()}
        for package in state.contested():
            if left := [k for k in state.of_package(package) if k.entry.document not in gone]:
                first = settled(corpus, left)[0].entry
                if not first.built:
                    yield first.document, "again"
        for name in sorted(gone):
            yield name, "gone"


def _plan(corpus: Corpus, state: State, how: How) -> Iterator[Planned]:
    """Every document with what is to be done; those that revise others come after them."""
    turn, later = turns(corpus), []
    for found in find_documents(corpus, fetching=how.fetching, transport=how.transport):
        if found.problem:
            state.list_below(found.name)
        if state.listed(found.name):
            continue
        if number := turn(found.name):
            later.append((number, found))
        else:
            yield _planned(corpus, state, found, how)
    for _, found in sorted(later, key=lambda one: one[0]):
        yield _planned(corpus, state, found, how)


def _planned(
    corpus: Corpus, state: State, found: Found, how: How, *, again: bool = False
) -> Planned:
    before = state.known(found.name)
    into = how.staging or str((corpus.folder / WORK).absolute())
    task = Task(document=found.name, address=found.address, facts={}, version="", into=into)
    if found.problem:
        return Planned(found, before, None, told(task, found.problem, Path(found.address)))
    try:
        with ExitStack() as stack:
            path = Path(found.address)
            if not is_local(found.address):  # what is beside it is looked at here
                here = stack.enter_context(TemporaryDirectory(prefix="opendata-"))
                path = beside_local(found, Path(here))
            common = corpus.facts_of(found.name, found.source)
            if found.url:
                common.setdefault("source_url", found.url)
            facts = facts_for(path, common=common, above=found.above)
            version = version_of(facts, path)
    except OpendataError as error:
        return Planned(found, before, None, told(task, error, Path(found.address)))
    same = before is not None and before.entry.version == version and not again
    known = ""
    if before and same and not (before.entry.failed and how.retry):
        if found.stamp and found.stamp == before.stamp and _is_there(corpus, before.entry):
            return Planned(found, before, None, replace(before.entry, kept=True))
        if _is_there(corpus, before.entry):
            known = before.entry.sha256
    task = replace(
        task,
        facts=plain_facts(facts),
        version=version,
        known=known,
        beside=found.beside,
        version_after=(before.entry.dataset, before.entry.content) if before else (0, ""),
    )
    return Planned(found, before, task)


def _is_there(corpus: Corpus, entry: Entry) -> bool:
    return not entry.built or (corpus.packages / entry.package / DESCRIPTOR).is_file()


def _outcomes(plan: Iterator[Planned], how: How) -> Iterator[tuple[Planned, Entry]]:
    """Documents with what came of them, in order, converted by processes here or by a cluster."""

    def outcome(planned: Planned) -> Entry:
        if planned.kept:
            return planned.kept
        assert planned.task
        return perform(planned.task)

    if how.cluster:
        from opendata.corpus.cluster import on_cluster

        yield from on_cluster(plan, how.cluster)
    else:
        yield from in_order(outcome, plan, how.jobs)


def _place(
    site: Site,
    plan: Iterator[Planned],
    how: How,
    told_of: Callable[[Entry], object],
    most: int,
) -> None:
    for planned, entry in _outcomes(plan, how):
        done = place(site, planned, entry, most)
        if not done.kept:
            site.state.note_done(planned.found.name)
        told_of(done)


def _settle(site: Site, how: How, told_of: Callable[[Entry], object]) -> None:
    """Documents that stood back for another which makes their package no more are converted now."""
    tried: set[str] = set()
    while names := unsettled(site) - tried:
        tried |= names
        found = (f for f in find_documents(site.corpus) if f.name in names)
        plan = (_planned(site.corpus, site.state, f, how, again=True) for f in found)
        _place(site, plan, how, told_of, -1)


def _now() -> datetime:
    """The time that is told of new versions; SOURCE_DATE_EPOCH says it where bytes must come again."""
    said = os.environ.get("SOURCE_DATE_EPOCH", "")
    return (
        datetime.fromtimestamp(int(said), UTC)
        if said.isdigit()
        else datetime.now(UTC).replace(microsecond=0)
    )


@contextmanager
def _writing(corpus: Corpus) -> Iterator[None]:
    """Only one build at a time."""
    try:
        with locked(corpus.folder / "corpus"):
            yield
    except OSError as error:
        raise OutputError(
            f"{corpus.folder}：无法写入（{error.strerror or error}）；再次构建会接着做。",
            f"{corpus.folder}: cannot be written ({error.strerror or error}); another build goes on where "
            "this one stopped.",
        ) from error
