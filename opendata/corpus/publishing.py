"""A corpus -> a portal, or a copy of its outputs elsewhere: only what changed since the last time goes."""

import posixpath
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from opendata.corpus import storage
from opendata.corpus.settings import Corpus
from opendata.corpus.state import STATE, State
from opendata.errors import PortalError
from opendata.portals.journal import Journal
from opendata.portals.plan import Change, Plan
from opendata.portals.profiles import Profile
from opendata.portals.publication import Outcome, publish_all, unpublish_all
from opendata.portals.registry import PORTALS

_CHUNK = 64  # files that are noted as sent together


@dataclass(frozen=True, slots=True)
class Changed:
    """The packages that a target lacks in their present version, and those that it has too many."""

    send: tuple[str, ...]
    take_back: tuple[str, ...]
    kept: int


def changed_since(state: State, target: str, *, everything: bool = False) -> Changed:
    """What has to be sent to a target, by what was sent there before."""
    sent = {} if everything else state.sent(target)
    now = {
        entry.package: _state_of(entry.dataset, entry.content)
        for entry, _ in state.entries("built")
    }
    send = tuple(sorted(name for name, content in now.items() if sent.get(name) != content))
    gone = tuple(sorted(state.sent(target).keys() - now.keys()))
    return Changed(send, gone, len(now) - len(send))


def _state_of(version: int, content: str) -> str:
    return f"{version} {content}"


def publish_corpus(
    corpus: Corpus,
    profile: Profile,
    *,
    journal: Journal | None,
    dry_run: bool = False,
    everything: bool = False,
    jobs: int = 1,
) -> tuple[Changed, Iterator[Outcome]]:
    """What changed, and what becomes of it as it is published; what went out is not sent again.

    Raises:
        PortalError, OutputError: the target is wrong.
    """
    target = f"{profile.scheme}:{profile.place}"
    with closing(State(corpus.folder, reading=dry_run)) as state:
        changed = changed_since(state, target, everything=everything)

    def outcomes() -> Iterator[Outcome]:
        with closing(State(corpus.folder, reading=dry_run)) as state:
            contents = {
                e.package: _state_of(e.dataset, e.content) for e, _ in state.entries("built")
            }
            folders = [corpus.packages / name for name in changed.send]
            done = (
                publish_all(folders, profile, journal=journal, dry_run=dry_run, jobs=jobs)
                if folders
                else ()
            )
            for outcome in done:
                if not outcome.error and not dry_run:
                    state.note_sent(
                        target, {n: contents[n] for n in outcome.packages if n in contents}
                    )
                yield outcome
            if changed.take_back and PORTALS[profile.scheme].unpublish is None:
                yield Outcome(changed.take_back, error=_stays(profile, changed.take_back))
            elif changed.take_back:
                for outcome in unpublish_all(
                    changed.take_back, profile, journal=journal, dry_run=dry_run
                ):
                    if not outcome.error and not dry_run:
                        state.note_sent(target, dict.fromkeys(outcome.packages))
                    yield outcome

    return changed, outcomes()


def _stays(profile: Profile, names: tuple[str, ...]) -> PortalError:
    shown = ", ".join(names[:3]) + ("…" if len(names) > 3 else "")
    return PortalError(
        f"{profile.scheme}：语料库里已没有 {shown}，但这类目标不能撤回；请在门户上删除。",
        f"{profile.scheme}: the corpus has no {shown} any more, and nothing can be taken back from this kind "
        "of target; remove it there.",
    )


def copy_corpus(
    corpus: Corpus,
    address: str,
    *,
    dry_run: bool = False,
    told_of: Callable[[str], object] = lambda _: None,
) -> Plan:
    """Copy a corpus' files to an fsspec address, or a folder: those that changed since the last copy.

    Files that are gone here are taken away there. A copy that was cut off is gone on with.

    Raises:
        OutputError, SettingsError: the address cannot be written.
    """
    if storage.is_local(address):
        address = f"file://{Path(address).absolute()}"
    found, root = storage.filesystem(address)
    changes: list[Change] = []
    with closing(State(corpus.folder, reading=dry_run)) as state:
        sent, seen = state.sent(address), set()
        noted: dict[str, str | None] = {}
        for path in _files(corpus.folder):
            name = path.relative_to(corpus.folder).as_posix()
            seen.add(name)
            with path.open("rb") as file:
                digest = file_digest(file, "sha256").hexdigest()
            action = "keep" if sent.get(name) == digest else "change" if name in sent else "add"
            changes.append(Change(action, name, path.stat().st_size))
            if action == "keep" or dry_run:
                continue
            target = posixpath.join(root, name)
            storage.asked(address, lambda p=path, t=target: _put(found, p, t), writing=True)  # type: ignore[misc]
            told_of(name)
            noted[name] = digest
            if len(noted) >= _CHUNK:
                state.note_sent(address, noted)
                noted = {}
        for name in sorted(sent.keys() - seen):
            changes.append(Change("remove", name, 0))
            if not dry_run:
                target = posixpath.join(root, name)
                storage.asked(address, lambda t=target: _remove(found, t), writing=True)  # type: ignore[misc]
                noted[name] = None
        if not dry_run:
            state.note_sent(address, noted)
    return Plan(address, tuple(changes), applied=not dry_run)


def _put(found, path: Path, target: str) -> None:  # type: ignore[no-untyped-def]  # any file system
    found.makedirs(posixpath.dirname(target), exist_ok=True)
    found.put_file(str(path), target)


def _remove(found, target: str) -> None:  # type: ignore[no-untyped-def]  # any file system
    with suppress(FileNotFoundError):
        found.rm_file(target)


def _files(folder: Path) -> Iterator[Path]:
    """What a corpus publishes: everything but its settings, its state and what it fetched."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "corpus.toml" or path.name.startswith(STATE):
            continue
        if path.is_dir() and path.name in PARTS:
            yield from (p for p in sorted(path.rglob("*")) if p.is_file())
        elif path.name in PARTS:
            yield path


PARTS = (
    "package",
    "changes",
    "tables",
    "graph",
    "catalog",
    "feed",
    "link.csv",
    "links.nq",
    "manifest.jsonl",
    "history.jsonl",
)
