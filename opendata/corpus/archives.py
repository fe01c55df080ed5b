"""An archive -> a folder of the documents in it; nothing in it can reach any other place."""

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO

from opendata.errors import DocumentError
from opendata.fetch import MAX_BYTES

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MAX_FILES = 200_000
MAX_TOTAL = 64 * 1024**3  # bytes of all files
_CHUNK = 1 << 20


def unpack(archive: Path, folder: Path, wanted: tuple[str, ...]) -> None:
    """Write the files of an archive whose names end in `wanted` into a new folder.

    Raises:
        DocumentError: it is broken, encrypted, too large, or holds a path that leads out of it.
    """
    total = 0
    try:
        for number, (name, file) in enumerate(_files(archive)):
            if number >= MAX_FILES:
                raise _refused(archive, f"> {MAX_FILES:,} files")
            target = folder.joinpath(*_parts(archive, name))
            if file is None or not name.lower().endswith(wanted):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            total += _copy(archive, name, file, target)
            if total > MAX_TOTAL:
                raise _refused(archive, f"> {MAX_TOTAL:,} bytes")
    except (OSError, zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise _refused(archive, str(error) or type(error).__name__) from error
    except (RuntimeError, NotImplementedError, ValueError) as error:  # a password; an odd method
        raise _refused(archive, str(error)) from error


def _files(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Every member's name, with its bytes where it is a plain file."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as held:
            for info in held.infolist():
                mode = info.external_attr >> 16
                plain = not info.is_dir() and (
                    not mode or not stat.S_IFMT(mode) or stat.S_ISREG(mode)
                )
                if not plain:
                    yield _zip_name(info), None
                    continue
                with held.open(info) as file:
                    yield _zip_name(info), file
        return
    with tarfile.open(archive) as packed:
        for member in packed:
            yield member.name, packed.extractfile(member) if member.isreg() else None


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name of a member: without the flag for UTF-8, Chinese programs write GB 18030."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename


def _parts(archive: Path, name: str) -> tuple[str, ...]:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not name.isprintable() or ".." in parts or name.startswith(("/", "\\")) or ":" in name[:3]:
        raise _refused(archive, f"{name!r} leads out of it 路径指向外面")
    return parts


def _copy(archive: Path, name: str, file: IO[bytes], target: Path) -> int:
    size = 0
    with target.open("wb") as copy:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise _refused(archive, f"{name}: > {MAX_BYTES:,} bytes")
            copy.write(chunk)
    return size


def _refused(archive: Path, why: str) -> DocumentError:
    return DocumentError(
        f"{archive}：这个压缩包不能读（{why}）；请解压后以文件夹作为来源。",
        f"{archive}: this archive is not read ({why}); unpack it and name the folder as the source.",
    )


def unpacked(archive: Path, cache: Path, stamp: str, wanted: tuple[str, ...]) -> Path:
    """The folder of an archive's documents, unpacked once for each of its states; the last is kept.

    Raises:
        DocumentError: the archive is not read.
    """
    place = sha256(str(archive.absolute()).encode()).hexdigest()[:16]
    folder = cache / place / sha256(stamp.encode()).hexdigest()[:16]
    if not folder.is_dir():
        new = folder.with_name(f".{folder.name}")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        unpack(archive, new, wanted)
        new.rename(folder)
        for older in (cache / place).iterdir():
            if older != folder:
                shutil.rmtree(older)
    return folder
