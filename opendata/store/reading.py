"""One package, read for a store: its quads, its rows, and what tells whether it changed."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import PackageError
from opendata.package import Package, expect_columns, open_package
from opendata.store.columns import as_texts
from opendata.store.disk import Entry, safe_name
from opendata.store.graph import graph_name, package_quads
from opendata.store.rows import strange
from opendata.terms import code_lists, tables

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Reading:
    """What a store takes from a package."""

    entry: Entry
    quads: bytes
    rows: "dict[str, pa.Table]"


def read(folder: Path) -> Reading:
    """Read a package whole, every file held against its digest.

    Raises:
        PackageError: it is none of ours, or a file is missing, broken or not what the descriptor says.
    """
    package = open_package(folder)
    if not package.ours:
        lacking = ", ".join(name for name in tables() if name not in package.resources)
        raise PackageError(
            f"{folder}：缺少表（{lacking}），不能放进库；opendata validate 说明缺什么。",
            f"{folder}: lacks tables ({lacking}) and cannot go into a store; opendata validate tells more.",
        )
    entry = entry_of(package)
    known = tables() | code_lists()
    rows = {}
    for name, table in known.items():
        if name in package.resources:
            found = package.table(name)
            if found:
                expect_columns(package.path(name), table, found[0])
            found = strange(name, found) if name in code_lists() else found
            rows[name] = as_texts(table, found)
    return Reading(entry, package_quads(package), rows)


def entry_of(package: Package) -> Entry:
    """A package as a manifest lists it.

    Raises:
        PackageError: its name can name no folder, or a file is not what the descriptor says.
    """
    if not safe_name(package.name):
        raise PackageError(
            f"{package.folder}：包名 {package.name[:100]!r} 不能作文件夹名；应为字母、数字、点和连字符。",
            f"{package.folder}: the name {package.name[:100]!r} cannot name a folder; wanted letters, "
            "digits, points and hyphens.",
        )
    title = str(package.descriptor.get("title") or package.name)
    return Entry(name=package.name, id=graph_name(package), title=title, digest=_digest(package))


def stamp(package: Package) -> str:
    """What the files look like from outside: it changes when a file does, and costs no reading."""
    digest = hashlib.sha256()
    for path in files(package):
        status = (package.folder / path).stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def files(package: Package) -> list[str]:
    """The descriptor and every file that it names.

    Raises:
        PackageError: a path leads out of the folder, or a file is not there.
    """
    paths = [DESCRIPTOR]
    for name, resource in package.resources.items():
        place = package.path(name)
        if not place.is_file():
            raise PackageError(
                f"{place}：描述文件提到它，却没有这个文件。",
                f"{place}: the descriptor names this file, and it is not there.",
            )
        paths.append(str(resource["path"]))
    return list(dict.fromkeys(paths))


def link(package: Package, target: Path) -> None:
    """The files of a package in another folder, as links to the same bytes where that is possible."""
    for path in files(package):
        source, place = (package.folder / path).resolve(), target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, place)
        except OSError:  # another file system, or none with links
            shutil.copy2(source, place)


def _digest(package: Package) -> str:
    """The digest of the descriptor, and of each file, which has to be the one that it says."""
    digest = hashlib.sha256((package.folder / DESCRIPTOR).read_bytes())
    said = {str(r.get("path")): str(r.get("hash", "")) for r in package.resources.values()}
    for path in files(package)[1:]:
        with (package.folder / path).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        wanted = said[path].removeprefix("sha256:")
        if wanted and wanted != found and len(wanted) == len(found):
            raise PackageError(
                f"{package.folder / path}：内容与描述文件所记的 SHA-256 不符；请重新转换，或恢复原文件。",
                f"{package.folder / path}: is not the file whose SHA-256 the descriptor gives; convert "
                "again, or put the file back.",
            )
        digest.update(f"{path}\0{found}\n".encode())
    return digest.hexdigest()
