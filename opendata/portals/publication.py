"""Packages to a portal and back: checked, locked, told in the journal, many at a time."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from opendata import __version__
from opendata.checks import validate
from opendata.errors import OpendataError, OutputError, PortalError
from opendata.model import Finding
from opendata.package import Package, open_package
from opendata.portals.journal import LIVE, Journal, Record, Snapshot, now, snapshot, whoami
from opendata.portals.plan import Entry, Plan
from opendata.portals.profiles import Profile
from opendata.portals.registry import PORTALS
from opendata.reports.choosing import expect_rules
from opendata.terms import vocabulary_files


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of some packages, which went or failed together."""

    packages: tuple[str, ...]
    plan: Plan | None = None
    error: OpendataError | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A package on its way: where it is, what it holds, how its publication is told."""

    package: Package
    held: Snapshot
    record: Record


def publish_all(
    folders: Iterable[Path],
    profile: Profile,
    *,
    journal: Journal | None = None,
    dry_run: bool = False,
    despite: Iterable[str] = (),
    jobs: int = 1,
) -> Iterator[Outcome]:
    """Publish packages, as many at a time as there are jobs; a failure stops no other.

    `despite` names the rules whose errors do not keep a package back.

    Raises:
        SettingsError: `despite` names no rule.
    """
    profile = replace(profile, despite=tuple(sorted(set(despite))))
    expect_rules(profile.despite)
    told = journal.records() if journal else []

    with _connected(profile) as more:

        def work(some: list[Path]) -> Plan:
            parcels = [_parcel(folder, profile, "publish") for folder in some]
            for parcel in parcels:
                _permit(parcel, told)
            return _send(parcels, profile, journal, told, more, dry_run=dry_run)

        yield from _each(_parts(list(folders), profile), work, jobs)


def verify_all(folders: Iterable[Path], profile: Profile, *, jobs: int = 1) -> Iterator[Outcome]:
    """What would have to change at a target for packages to be there as they are."""
    portal = PORTALS[profile.scheme]

    with _connected(profile) as more:

        def work(some: list[Path]) -> Plan:
            return portal.verify(some, profile.place, **more)

        yield from _each(_parts(list(folders), profile), work, jobs)


def unpublish_all(
    names: Iterable[str],
    profile: Profile,
    *,
    journal: Journal | None = None,
    dry_run: bool = False,
) -> Iterator[Outcome]:
    """Take packages back from a portal, one after the other; each is a folder, or a name."""
    portal = PORTALS[profile.scheme]
    told = journal.records(profile.name) if journal else []
    take_back = portal.unpublish
    if take_back is None:
        raise PortalError(
            f"{profile.scheme}：这类目标还不能撤回。",
            f"{profile.scheme}: nothing can be taken back here.",
        )
    with _connected(profile) as more:
        for name in names:
            try:
                entry = _entry(name, told)
                with ExitStack() as held:
                    if journal and not dry_run:
                        held.enter_context(journal.locked(profile.name, entry.name))
                    record = _record(entry, profile, "unpublish")
                    with _told(journal, [record], told, dry_run=dry_run) as finish:
                        plan = take_back([entry], profile.place, dry_run=dry_run, **more)
                        if plan.idle and not _known_there(entry.name, told):
                            raise _never_there(entry.name, profile, told)
                        finish(plan)
                yield Outcome((entry.name,), plan)
            except OpendataError as error:
                yield Outcome((name,), error=error)


def _known_there(name: str, told: list[Record]) -> bool:
    """Whether a package was at a target once, so that it may have been taken back already."""
    return any(r.package == name and r.outcome == "done" for r in told)


def _never_there(name: str, profile: Profile, told: list[Record]) -> PortalError:
    known = ", ".join(sorted({r.package for r in told if r.outcome == "done"})[:10]) or "—"
    return PortalError(
        f"{name} → {profile.name}：那里没有这个名称的数据包，没有撤回任何内容；发布日志中有：{known}。",
        f"{name} → {profile.name}: no package of this name is there, and nothing was taken back; the "
        f"journal knows: {known}.",
    )


def rollback(
    name: str,
    profile: Profile,
    journal: Journal,
    *,
    version: int | None = None,
    dry_run: bool = False,
) -> tuple[Record, Plan]:
    """Bring back an earlier version of a package; the one before that which is there, or `version`.

    What was let through then is not checked again: it was public.

    Raises:
        PortalError: there is no such version, or the portal does not take it.
        OutputError: a copy in the journal is missing or damaged.
    """
    told = journal.records(profile.name)
    entry = _entry(name, told)
    wanted = _version(entry.name, profile.name, told, version)
    with tempfile.TemporaryDirectory() as elsewhere:
        folder = Path(elsewhere) / entry.name
        folder.mkdir()
        journal.restore(wanted, folder)
        profile = replace(profile, despite=wanted.despite)
        parcel = _parcel(folder, profile, "rollback")
        record = replace(parcel.record, restores=wanted.number, tool=wanted.tool)
        parcel = replace(parcel, record=record)
        with _connected(profile) as more:
            plan = _send([parcel], profile, journal, journal.records(), more, dry_run=dry_run)
    return wanted, plan


def _version(name: str, target: str, told: list[Record], number: int | None) -> Record:
    done = [r for r in told if r.package == name and r.outcome == "done"]
    versions = [r for r in done if r.action in LIVE]
    if number is not None:
        found = [r for r in versions if r.number == number]
    else:
        there = done[-1].digest if done else ""
        found = [r for r in versions if r.digest != there]
    if not found:
        known = ", ".join(str(r.number) for r in versions) or "—"
        raise PortalError(
            f"{name} → {target}：发布日志中没有可以恢复的版本（有：{known}）；"
            f"见 opendata history {name} --to {target}。",
            f"{name} → {target}: the journal has no such version to bring back (there are: {known}); "
            f"see opendata history {name} --to {target}.",
        )
    return found[-1]


def _entry(name: str, told: list[Record]) -> Entry:
    """What a portal knows a package by: of a folder, or of a name that the journal may know."""
    if Path(name).is_dir():
        package = open_package(name)
        return Entry(package.name, str(package.descriptor.get("id") or ""))
    ids = [record.id for record in told if record.package == name]
    return Entry(name, ids[-1] if ids else "")


def _parts(folders: list[Path], profile: Profile) -> list[list[Path]]:
    together = PORTALS[profile.scheme].together
    return [folders] if together else [[folder] for folder in folders]


def _each(
    parts: list[list[Path]], work: Callable[[list[Path]], Plan], jobs: int
) -> Iterator[Outcome]:
    def outcome(some: list[Path]) -> Outcome:
        names = tuple(folder.name for folder in some)
        try:
            return Outcome(names, work(some))
        except OpendataError as error:
            return Outcome(names, error=error)
        except OSError as error:  # a disk that is full, a file that went away
            told = f"{', '.join(names)}: {error.strerror or error}"
            return Outcome(names, error=OutputError(told, told))

    if jobs <= 1 or len(parts) == 1:
        yield from map(outcome, parts)
        return
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for done in as_completed([pool.submit(outcome, some) for some in parts]):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _parcel(folder: Path, profile: Profile, action: str) -> Parcel:
    package = open_package(folder)
    held = snapshot(package)
    entry = Entry(package.name, str(package.descriptor.get("id") or ""))
    record = replace(
        _record(entry, profile, action),
        digest=held.digest,
        files=held.digests,
        despite=profile.despite,
        tool=tool(),
    )
    return Parcel(package, held, record)


def _record(entry: Entry, profile: Profile, action: str) -> Record:
    return Record(
        time=now(),
        who=whoami(),
        run=uuid4().hex,
        target=profile.name,
        action=action,
        package=entry.name,
        id=entry.id,
        outcome="started",
    )


@lru_cache(maxsize=1)
def tool() -> str:
    """The program with its checks and vocabulary: what passed one may not pass another."""
    checks = sorted((Path(__file__).parents[1] / "checks").rglob("*.py"))
    digest = hashlib.sha256()
    for path in (*checks, *vocabulary_files()):
        digest.update(path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def _permit(parcel: Parcel, told: list[Record]) -> None:
    """Stop a package with errors, but for the rules that were waived.

    The very files that this program has let through before are not checked again.
    """
    own, folder = parcel.record, parcel.package.folder
    if any(
        r.digest == own.digest and r.tool == own.tool and set(r.despite) <= set(own.despite)
        for r in told
    ):
        return
    errors = [f for f in validate(folder).findings if f.severity == "error"]
    if kept := [f for f in errors if f.rule not in own.despite]:
        raise _refused(folder, kept)


def _refused(folder: Path, errors: list[Finding]) -> PortalError:
    first, rules = errors[0], sorted({finding.rule for finding in errors})
    waive = " ".join(f"--despite {rule}" for rule in rules)
    return PortalError(
        f"{folder}：有 {len(errors)} 处错误，不予发布；第一处：{first.message_zh} "
        f"请先运行 opendata validate {folder}；确要发布：{waive}。",
        f"{folder}: has {len(errors)} errors and was not published; the first: {first.message_en} "
        f"See: opendata validate {folder}; to publish it all the same: {waive}",
    )


def _send(
    parcels: list[Parcel],
    profile: Profile,
    journal: Journal | None,
    told: list[Record],
    more: dict[str, Any],
    *,
    dry_run: bool,
) -> Plan:
    """Publish parcels that may go out, in one call, and tell it in the journal."""
    portal = PORTALS[profile.scheme]
    with ExitStack() as held:
        if journal and not dry_run:
            names = [""] if portal.together else [parcel.package.name for parcel in parcels]
            for name in names:
                held.enter_context(journal.locked(profile.name, name))
            for parcel in parcels:
                journal.keep(parcel.package.folder, parcel.held.files)
        records = [parcel.record for parcel in parcels]
        with _told(journal, records, told, dry_run=dry_run) as finish:
            plan = portal.publish(
                [parcel.package.folder for parcel in parcels],
                profile.place,
                dry_run=dry_run,
                **more,
            )
            finish(plan)
    return plan


@contextmanager
def _told(
    journal: Journal | None, records: list[Record], told: list[Record], *, dry_run: bool
) -> Iterator[Callable[[Plan], None]]:
    """The start of some steps and their end, in the journal; nothing where nothing is written.

    The files stand only in the record of what was done, or was found done and not known yet.
    """

    def write(outcome: str, **more: Any) -> None:
        if journal is None or dry_run:
            return
        for record in records:
            ended = replace(record, time=now(), outcome=outcome, **more)
            if outcome == "done" or (outcome == "unchanged" and not _known(record, told)):
                earlier = journal.records(record.target, record.package)
                number = max((r.number for r in earlier), default=0) + 1
                journal.append(replace(ended, outcome="done", number=number))
            else:
                journal.append(replace(ended, files={}))

    write("started")
    try:
        yield lambda plan: write("unchanged" if plan.idle else "done", changes=plan.counts)
    except BaseException as error:  # Ctrl-C too is told
        write(
            "failed", error=error.en if isinstance(error, OpendataError) else type(error).__name__
        )
        raise


def _known(record: Record, told: list[Record]) -> bool:
    """Whether the journal knew already that these files are there."""
    mine = (record.target, record.package, "done")
    done = [r for r in told if (r.target, r.package, r.outcome) == mine]
    return bool(done) and done[-1].digest == record.digest


@contextmanager
def _connected(profile: Profile) -> Iterator[dict[str, Any]]:
    """What every call to a target is given beside: the profile, and what all calls share."""
    portal = PORTALS[profile.scheme]
    more: dict[str, Any] = {"profile": profile} if portal.signed else {}
    if portal.connect is None:
        yield more
        return
    with portal.connect(profile) as session:
        yield {**more, "session": session}
