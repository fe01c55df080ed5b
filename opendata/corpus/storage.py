"""Where documents come from and packages go to: a folder here, or any address that fsspec knows."""

import io
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from opendata.corpus.work import Entry
from opendata.errors import DocumentError, OpendataError, OutputError, SettingsError
from opendata.extras import missing
from opendata.fetch import MAX_BYTES

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that a zip can tell
_CHUNK = 1 << 20
_QUERY = re.compile(r"(?<=\S)\?\S+")  # of an address; a token may stand in it

Result = TypeVar("Result")


def is_local(address: str) -> bool:
    """Whether an address is a path here."""
    return "://" not in address


def filesystem(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it.

    Raises:
        SettingsError: fsspec or what it needs for the address is missing, or the address is none.
    """
    scheme, _, rest = address.partition("://")
    if "::" in address or ("@" in rest.partition("/")[0] and scheme != "abfs"):
        raise SettingsError(
            f"{scheme}://…：地址里不能有“::”或用户名、密码；凭证请放在环境变量中。",
            f"{scheme}://…: an address holds no '::' and no name or password; credentials stand in "
            "the environment.",
        )
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise missing("corpus", "fsspec") from error
    try:
        found, path = url_to_fs(address)
    except ImportError as error:
        raise SettingsError(
            f"{address}：fsspec 还需要这种存储的驱动（{error}）。",
            f"{address}: fsspec wants the driver of this kind of storage ({error}).",
        ) from error
    except (TypeError, ValueError) as error:  # a part that it wants is missing, or is none
        raise SettingsError(
            f"{address}：不是可用的地址（{error}）。", f"{address}: is no address ({error})."
        ) from error
    if scheme == "webhdfs":
        found.session.hooks["response"] = _refuse_errors
    return found, str(path)


def _refuse_errors(answer: Any, **_: object) -> None:
    """Raise what a DataNode, or a proxy before it, answers amiss: fsspec takes it for the file's bytes."""
    if "namenoderpcaddress=" in answer.url:
        answer.raise_for_status()


def asked(address: str, work: Callable[[], Result], *, writing: bool = False) -> Result:
    """What a file system answers; whatever it raises becomes an error that names the address.

    Raises:
        DocumentError, OutputError: it did not answer well.
    """
    try:
        return work()
    except OpendataError:
        raise
    except Exception as error:  # every file system has errors of its own; none is lost
        kind = OutputError if writing else DocumentError
        why = _QUERY.sub("?…", str(error).strip())[:300] or type(error).__name__
        raise kind(
            f"{address}：存储没有正常应答（{why}）。",
            f"{address}: the storage did not answer well ({why}).",
        ) from error


def name_of(address: str) -> str:
    """The name of a file in its file system, as it stands there.

    >>> name_of("webhdfs://host:9870/2023/预算（公开）50%.txt")
    '预算（公开）50%.txt'
    """
    return address.rstrip("/").rpartition("/")[2]


def kind_of(found: Any, path: str) -> str:
    """What is at a path: a `file`, a `directory`, or nothing."""
    try:
        return str(found.info(path)["type"])
    except FileNotFoundError:
        return ""


def files_below(found: Any, folder: str) -> dict[str, dict[str, object]]:
    """Path -> what is told of each file below a folder.

    An object store lists them all at once. Elsewhere folders are listed one by one, for fsspec's own
    search leaves out, without a word, those that it cannot list.
    """
    if found.async_impl:
        return dict(found.find(folder, detail=True))
    files, folders = {}, [folder]
    while folders:
        here = folders.pop()
        for info in found.ls(here, detail=True):
            if info["type"] != "directory":
                files[info["name"]] = info
            elif info["name"].rstrip("/") != here.rstrip("/"):
                folders.append(info["name"])
    return files


def localise(address: str, beside: tuple[str, ...], here: Path) -> Path:
    """The path of a document: its own, or that of a copy in the folder `here`, with what is beside it.

    Raises:
        DocumentError: it cannot be fetched, or is too large.
    """
    if is_local(address):
        return Path(address)
    for one in (address, *beside):
        fetch(one, here / name_of(one))
    return here / name_of(address)


def fetch(address: str, into: Path, limit: int = MAX_BYTES) -> None:
    """Copy a file of some file system here, if it is no larger than a limit in bytes.

    Raises:
        DocumentError: it cannot be fetched, or is too large.
    """
    found, path = filesystem(address)

    def copy() -> None:
        size = 0
        with found.open(path, "rb") as source, into.open("wb") as file:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise DocumentError(
                        f"{address}：超过 {limit:,} 字节。",
                        f"{address}: more than {limit:,} bytes.",
                    )
                file.write(chunk)

    asked(address, copy)


def put(entry: Entry, folder: Path, into: str) -> Entry:
    """Put a package away as one object, which is there whole or not at all.

    Raises:
        OutputError: the storage did not take it.
    """
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, path.read_bytes(), compresslevel=1)
    address = f"{into.rstrip('/')}/{folder.name}.zip"
    found, there = filesystem(address)
    asked(address, lambda: found.pipe_file(there, data.getvalue()), writing=True)
    return replace(entry, staged=address)


def take(staged: str, folder: Path) -> None:
    """Bring a package that was put away into a new folder; there it is no more.

    Raises:
        DocumentError: it is not there, or is no package.
    """
    if is_local(staged):
        folder.parent.mkdir(parents=True, exist_ok=True)
        Path(staged).rename(folder)
        return
    found, there = filesystem(staged)
    data = asked(staged, lambda: found.cat_file(there))
    folder.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            parts = PurePosixPath(info.filename).parts
            if ".." in parts or info.filename.startswith("/"):
                raise DocumentError(f"{staged}：不是数据包。", f"{staged}: is no package.")
            target = folder.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
    asked(staged, lambda: found.rm_file(there), writing=True)
