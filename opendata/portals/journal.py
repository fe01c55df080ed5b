"""What was published, by whom, when and where: a record for each step, and a copy of every file.

A journal is a folder, which may be shared: `journal.jsonl`, a line for each record; `objects/`, the
files under their SHA-256; `locks/`. Everything is on the disk before a portal is asked for anything,
so that a publication can be told, and taken back, after any failure.
"""

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from getpass import getuser
from hashlib import file_digest, sha256
from pathlib import Path
from uuid import uuid4

from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import OutputError, PackageError, PortalError
from opendata.output import Written, describe
from opendata.package import Package, inside

LIVE = ("publish", "rollback")  # after these a package is there


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A step: an `action` on a package at a target, and what became of it.

    `outcome` is `started`, `done`, `unchanged` or `failed`; `run` joins the steps of one
    publication. `number` counts what was done with a package at a target, from 1. `tool` is the
    program whose checks the files passed, `despite` the rules that were waived.
    """

    time: str
    who: str
    run: str
    target: str
    action: str
    package: str
    id: str
    outcome: str
    digest: str = ""
    number: int = 0
    restores: int = 0
    tool: str = ""
    despite: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)
    error: str = ""


_KNOWN = {f.name for f in fields(Record)}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of a package at one moment, in the order of their paths."""

    files: tuple[Written, ...]

    @property
    def digests(self) -> dict[str, str]:
        """Path -> SHA-256."""
        return {file.path: file.sha256 for file in self.files}

    @property
    def digest(self) -> str:
        """One SHA-256 for all."""
        lines = "".join(f"{file.sha256}  {file.path}\n" for file in self.files)
        return sha256(lines.encode()).hexdigest()


def snapshot(package: Package) -> Snapshot:
    """What a package holds: the files that its descriptor lists, and the descriptor.

    Raises:
        PackageError: a file is missing, or its path leads out of the folder.
    """
    paths = {package.path(name) for name in package.resources} | {
        inside(package.folder, DESCRIPTOR)
    }
    found = []
    for path in sorted(paths):
        try:
            found.append(describe(package.folder, path.relative_to(package.folder).as_posix(), ""))
        except OSError as error:
            raise PackageError(
                f"{path}：无法读取（{error.strerror}）；描述文件列出了它。",
                f"{path}: cannot be read ({error.strerror}); the descriptor lists it.",
            ) from error
    return Snapshot(tuple(found))


def now() -> str:
    """The time as records have it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def whoami() -> str:
    """The user and machine that publish."""
    try:
        user = getuser()
    except (KeyError, OSError):  # a user without a name, as in many containers
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the journal is: OPENDATA_STATE, or the user's folder for such things."""
    if given := environment.get("OPENDATA_STATE"):
        return Path(given)
    home = environment.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(home) / "opendata"


@dataclass(frozen=True, slots=True)
class Journal:
    """A folder with records, copies and locks."""

    folder: Path

    def records(self, target: str | None = None, package: str | None = None) -> list[Record]:
        """The records, oldest first; of one target, of one package.

        A line that a crash cut off is passed over: what it told had not begun.

        Raises:
            OutputError: the journal cannot be read.
        """
        try:
            with (self.folder / "journal.jsonl").open(encoding="utf-8", errors="replace") as file:
                found = [record for line in file if (record := _record(line))]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._failed(error) from error
        return [
            record
            for record in found
            if target in (None, record.target) and package in (None, record.package)
        ]

    def runs(self, target: str | None = None, package: str | None = None) -> list[Record]:
        """The last record of each run, oldest first: one still `started` was interrupted."""
        ended = {record.run: record for record in self.records(target, package)}
        return sorted(ended.values(), key=lambda record: record.time)

    def append(self, record: Record) -> None:
        """Write a record, to the disk itself.

        Raises:
            OutputError: it cannot be written.
        """
        line = json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":"))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / "journal.jsonl").open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                end = file.seek(0, os.SEEK_END)
                cut = bool(end) and _last(file.fileno(), end) != b"\n"
                file.write((b"\n" if cut else b"") + line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._failed(error) from error

    def keep(self, folder: Path, files: Iterable[Written]) -> None:
        """Keep a copy of each file under its digest; what is kept already is not copied again.

        Raises:
            OutputError: a copy cannot be written, or a file changed meanwhile.
        """
        for file in files:
            goal = self._object(file.sha256)
            if goal.exists():
                continue
            new = goal.with_name(f".{uuid4().hex}.new")  # others may keep the same file now
            try:
                goal.parent.mkdir(parents=True, exist_ok=True)
                with (folder / file.path).open("rb") as source, new.open("wb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
                    copy.flush()
                    os.fsync(copy.fileno())
                _expect(new, file.sha256, folder / file.path)
                new.replace(goal)
            except OSError as error:
                raise self._failed(error) from error
            finally:
                new.unlink(missing_ok=True)

    def restore(self, record: Record, folder: Path) -> None:
        """Bring back the files of a record into a folder that is empty.

        Raises:
            OutputError: a copy is missing or damaged, or the folder cannot be written.
        """
        for path, digest in record.files.items():
            goal = inside(folder, path)
            try:
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self._object(digest), goal)
                _expect(goal, digest, self._object(digest))
            except OSError as error:
                raise self._failed(error) from error

    @contextmanager
    def locked(self, target: str, package: str) -> Iterator[None]:
        """Only one publisher for a package at a target; the lock goes when the process goes.

        Raises:
            PortalError: another one is at work.
        """
        name = sha256(f"{target}\n{package}".encode()).hexdigest()[:32]
        try:
            (self.folder / "locks").mkdir(parents=True, exist_ok=True)
            file = (self.folder / f"locks/{name}").open("w", encoding="utf-8")
        except OSError as error:
            raise self._failed(error) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise PortalError(
                    f"{package} → {target}：另一个进程正在发布它；请等它结束再试。",
                    f"{package} → {target}: another process is publishing it; wait, then try again.",
                ) from error
            yield

    def _object(self, digest: str) -> Path:
        return self.folder / "objects" / digest[:2] / digest

    def _failed(self, error: OSError) -> OutputError:
        told = error.strerror or str(error)
        return OutputError(
            f"发布日志 {self.folder}：{told}；请检查权限和磁盘空间，或用 OPENDATA_STATE 另指文件夹。",
            f"the journal {self.folder}: {told}; check permissions and disk space, or name another "
            "folder with OPENDATA_STATE.",
        )


def _record(line: str) -> Record | None:
    """A line's record; None for one that a crash cut off, or that is of no known form."""
    try:
        found = json.loads(line)
        known = {key: value for key, value in found.items() if key in _KNOWN}
        return Record(**{**known, "despite": tuple(known.get("despite", ()))})
    except (ValueError, TypeError, AttributeError):
        return None


def _last(descriptor: int, end: int) -> bytes:
    return os.pread(descriptor, 1, end - 1)


def _expect(path: Path, digest: str, named: Path) -> None:
    with path.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise OutputError(
            f"{named}：内容与其校验值不符，文件在读取时变了或已损坏。",
            f"{named}: does not have its digest; it changed while it was read, or is damaged.",
        )
