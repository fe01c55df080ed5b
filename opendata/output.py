"""Writing folders whole or not at all: beside the old one, then renamed over it."""

import ctypes
import fcntl
import filecmp
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from opendata.errors import OutputError


@dataclass(frozen=True, slots=True)
class Written:
    """A file of a folder: its path in it, media type, bytes and SHA-256."""

    path: str
    media_type: str
    size: int
    sha256: str


def describe(folder: Path, path: str, media_type: str) -> Written:
    """Size and digest of a file that is there."""
    with (folder / path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Written(path, media_type, (folder / path).stat().st_size, digest)


def write(folder: Path, path: str, media_type: str, fill: Callable[[IO[str]], object]) -> Written:
    """Write a text file, UTF-8 with LF, and describe it."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    with (folder / path).open("w", encoding="utf-8", newline="") as file:
        fill(file)
    return describe(folder, path, media_type)


def write_bytes(
    folder: Path, path: str, media_type: str, fill: Callable[[IO[bytes]], object]
) -> Written:
    """Write a large file that is encoded already, and describe it."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    with (folder / path).open("wb", buffering=1 << 20) as file:
        fill(file)
    return describe(folder, path, media_type)


def write_json(folder: Path, path: str, media_type: str, content: object) -> Written:
    """Write a file of JSON, indented as people read it, and describe it."""
    import orjson  # json's own takes a third of the time of a whole conversion

    data = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return write_bytes(folder, path, media_type, lambda file: file.write(data))


_HEAD = 1024  # bytes in which a file says that it is ours


def write_page(data: bytes, target: Path, mark: bytes) -> None:
    """Write a file whole or not at all; only one that has our mark is replaced, or an empty one.

    Raises:
        OutputError: the file cannot be written, or another one is in its place.
    """
    target = Path(os.path.realpath(target))  # a link stays a link
    new = target.with_name(f".{target.name}.new")
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(data)  # /dev/stdout, a pipe
            return
        if target.is_file() and (head := _head(target)) and mark not in head:
            raise OutputError(
                f"{target}：已有这个文件，而且不是本程序写的，没有改动；请另选文件名。",
                f"{target}: this file is there and is none of ours; it was left as it is. "
                "Choose another name.",
            )
        new.write_bytes(data)
        new.replace(target)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise OutputError(
            f"{target}：无法写入（{error.strerror or error}）；请检查文件夹、权限和磁盘空间。",
            f"{target}: cannot be written ({error.strerror or error}); check the folder, its "
            "permissions and the disk space.",
        ) from error


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


@contextmanager
def replacing(target: Path, ours: Callable[[Path], set[str]] = lambda _: set()) -> Iterator[Path]:
    """A new folder to fill, which takes the place of `target` when the block ends well.

    `ours` tells which files of the old folder may go; any other file there is somebody's, and
    stops the work. After a failure, or where the block takes the new folder away, the old one
    stands as it was.

    Raises:
        OutputError: no permission, no space, a second writer, or files that are not ours.
    """
    target = Path(os.path.realpath(target))  # a link to a folder stays a link
    if not target.name or target == Path.cwd():
        raise OutputError(
            f"{target}：不能整个替换这个文件夹；请指定它下面的一个文件夹。",
            f"{target}: this folder cannot be replaced whole; name a folder in it.",
        )
    new, old = (target.with_name(f".{target.name}.{word}") for word in ("new", "old"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target):
            if old.exists() and not target.exists():
                old.rename(target)  # a run died between its two renames
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            try:
                yield new
                if new.exists():
                    _refuse_strange(target, new, ours)
                    _swap(new, target, old)
            finally:
                shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"{target}：无法写入（{error.strerror or error}）；原有内容未动。请检查权限和磁盘空间。",
            f"{target}: cannot be written ({error.strerror or error}); what was there is "
            "untouched. Check permissions and disk space.",
        ) from error


def _swap(new: Path, target: Path, old: Path) -> None:
    shutil.rmtree(old, ignore_errors=True)
    if target.exists() and _exchanged(new, target):
        return  # `new` is the old folder now, and goes
    try:
        if target.exists():
            target.rename(old)
        new.rename(target)
    except BaseException:  # Ctrl-C too: whatever came between the two renames is undone
        if old.exists() and not target.exists():
            old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders take each other's names in one step, so that neither is ever missing.

    Linux can do that, Python does not offer it; False where it was not done.
    """
    try:
        exchange = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return bool(exchange(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


_HERE, _EXCHANGE = -100, 2  # AT_FDCWD, RENAME_EXCHANGE in linux/fs.h


def _refuse_strange(target: Path, new: Path, ours: Callable[[Path], set[str]]) -> None:
    """Stop at anything that is not ours, nor the very bytes that would stand there anyway."""
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(
            f"{target}：是文件而不是文件夹；请另选输出位置。",
            f"{target}: is a file, not a folder; choose another place for the output.",
        )
    known = ours(target)
    strange = sorted(
        path.relative_to(target).as_posix()
        for path in target.rglob("*")
        if (path.is_symlink() or not path.is_dir() or not any(path.iterdir()))
        and path.relative_to(target).as_posix() not in known
        and not _same(path, new / path.relative_to(target))
    )
    if strange:
        shown = ", ".join(strange[:3]) + ("…" if len(strange) > 3 else "")
        raise OutputError(
            f"{target}：文件夹里有不是本程序写的文件（{shown}），没有改动；请移走它们，或另选文件夹。",
            f"{target}: the folder holds files that are not ours ({shown}) and was left as it is; "
            "move them away, or choose another folder.",
        )


def _same(one: Path, other: Path) -> bool:
    plain = not one.is_symlink() and one.is_file() and other.is_file()
    return plain and filecmp.cmp(one, other, shallow=False)


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Only one writer for a folder; the lock goes when the process goes, however it goes."""
    lock = target.with_name(f".{target.name}.lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = lock.exists() and os.path.samestat(os.fstat(descriptor), lock.stat())
        except BlockingIOError:
            mine = False
        if not mine:  # held by another, or taken away by its owner as we got it
            raise OutputError(
                f"{target}：另一个进程正在写这个文件夹；请等它结束再试。",
                f"{target}: another process is writing this folder; wait for it, then try again.",
            )
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
