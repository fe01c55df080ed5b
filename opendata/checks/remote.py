"""What is not a file here, brought here: an address with what it names, a zip, standard input."""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urljoin
from zipfile import BadZipFile, ZipFile, ZipInfo

from opendata.checks.subject import MAX_FILES, MAX_JSON, is_csvw
from opendata.errors import DocumentError, PackageError
from opendata.fetch import MAX_BYTES, SECONDS, Transport, fetch, file_name
from opendata.package import inside

MAX_UNPACKED = 1024 * 1024 * 1024
MAX_RATIO = 1000  # of a file in a zip; a table of zeros comes near it
RATIO_FROM = 16 * 1024 * 1024
_SUFFIXES = {
    "application/json": ".json",
    "application/ld+json": ".jsonld",
    "application/n-quads": ".nq",
    "application/n-triples": ".nt",
    "application/rdf+xml": ".rdf",
    "application/trig": ".trig",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/turtle": ".ttl",
}


def bring(url: str, folder: Path, transport: Transport | None = None) -> Path:
    """Fetch an address into a folder and, of a package or CSVW metadata, the tables that it names.

    Raises:
        FetchError: the address, or one that it names, cannot be fetched within the limits.
    """
    end = time.monotonic() + SECONDS
    place = folder / file_name(url)
    found = fetch(url, place, transport=transport)
    if not place.suffix and (suffix := _SUFFIXES.get(found.media_type)):
        place = place.rename(place.with_name(place.name + suffix))
    content = _descriptor(place)
    if content is None:
        return place
    left = MAX_BYTES - found.size
    for number, (holder, key, path) in enumerate(list(_named(content))[:MAX_FILES]):
        remote = path.startswith(("http://", "https://"))
        local = f"fetched/{number}-{file_name(path)}" if remote else path
        try:
            goal = inside(folder, local)
        except PackageError:
            continue  # whoever checks the package says so
        if goal.exists():
            continue
        goal.parent.mkdir(parents=True, exist_ok=True)
        address = path if remote else urljoin(found.url, quote(path))
        seconds = max(0.1, end - time.monotonic())
        left -= fetch(address, goal, limit=left, seconds=seconds, transport=transport).size
        holder[key] = local
    place.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return place


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a zip into a folder; what comes back is the folder in which its data are.

    Raises:
        PackageError: it is broken, encrypted, too large when unpacked, or leads out of the folder.
    """
    try:
        with ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if why := _bad(entries):
                raise _refused(path, why)
            for entry in entries:
                goal = inside(folder, entry.filename)
                goal.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, goal.open("xb") as target:
                    _copy(source, target, entry.file_size)
    except (BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _refused(path, str(error)) from error
    inner = list(folder.iterdir())
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else folder


def standard_input(folder: Path) -> Path:
    """Write standard input into a file.

    Raises:
        DocumentError: it is empty or too large.
    """
    place = folder / "stdin"
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if not data.strip() or len(data) > MAX_BYTES:
        raise DocumentError(
            f"-：标准输入是空的，或超过 {MAX_BYTES:,} 字节。",
            f"-: standard input is empty, or has more than {MAX_BYTES:,} bytes.",
        )
    place.write_bytes(data)
    return place


def _descriptor(place: Path) -> dict[str, Any] | None:
    """The content of a descriptor or of CSVW metadata; None of anything else."""
    if place.stat().st_size > MAX_JSON:
        return None
    with place.open("rb") as file:
        if file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
            return None
    try:
        content = json.loads(place.read_bytes())
    except (ValueError, RecursionError):
        return None  # whoever checks it says so
    if not isinstance(content, dict):
        return None
    return content if is_csvw(content) or isinstance(content.get("resources"), list) else None


def _named(content: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """The files that a descriptor names, each with the place where it does."""
    key = "url" if is_csvw(content) else "path"
    parts = content.get("tables" if key == "url" else "resources", [])
    for part in [content, *parts] if isinstance(parts, list) else [content]:
        if isinstance(part, dict) and isinstance(part.get(key), str):
            yield part, key, part[key]


def _bad(entries: list[ZipInfo]) -> str:
    """What is wrong with a zip, or nothing."""
    if len(entries) > MAX_FILES:
        return f"{len(entries):,} > {MAX_FILES:,} files"
    if (total := sum(entry.file_size for entry in entries)) > MAX_UNPACKED:
        return f"{total:,} > {MAX_UNPACKED:,} bytes"
    return next(filter(None, map(_bad_entry, entries)), "")


def _bad_entry(entry: ZipInfo) -> str:
    why = ""
    if entry.flag_bits & 1:
        why = "encrypted"
    elif (entry.external_attr >> 16) & 0o170000 == 0o120000:
        why = "a link"
    elif entry.file_size > max(RATIO_FROM, MAX_RATIO * entry.compress_size):
        why = f"{entry.compress_size:,} -> {entry.file_size:,} bytes"
    return f"{entry.filename}: {why}" if why else ""


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> None:
    shutil.copyfileobj(source, target)
    if target.tell() > size:
        raise ValueError(f"more than {size:,} bytes")


def _refused(path: Path, why: str) -> PackageError:
    return PackageError(
        f"{path}：不是可以检查的 zip（{why}）；请解压后检查文件夹。",
        f"{path}: is no zip that can be checked ({why}); unpack it and check the folder.",
    )
