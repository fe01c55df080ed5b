"""A version of a package that is no more -> the package again, by the change sets that came after it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from opendata.converters.descriptor import DESCRIPTOR
from opendata.converters.package import is_document, package_files
from opendata.corpus import storage, versions
from opendata.corpus.settings import Corpus
from opendata.corpus.sources import find_documents
from opendata.corpus.state import State
from opendata.corpus.work import content_digest
from opendata.errors import OpendataError, OutputError, PackageError
from opendata.output import replacing, write_json
from opendata.package import Package, inside, open_package


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """A package made again: how many of its `files` are what they were, byte for byte.

    `lost` is the path of the document where that is no more; the descriptor is then another, too.
    """

    package: str
    version: int
    document: str
    folder: str
    files: int
    lost: str = ""


def restore(corpus: Corpus, package: str, version: int, folder: Path) -> Restored:
    """Make a version of a package again in a folder of its own.

    Every file is held against the digest that was told of it then. The document itself comes from
    its source, if that still has it.

    Raises:
        PackageError: there is no such version, or what leads back to it is missing or wrong.
        OutputError: the folder cannot be written, or is where the present packages are.
    """
    if folder.resolve().is_relative_to(corpus.packages.resolve()):
        raise OutputError(
            f"{folder}：这里是现行的数据包；请另选输出文件夹。",
            f"{folder}: here are the present packages; choose another folder.",
        )
    with closing(State(corpus.folder, reading=True)) as state:
        events = {int(event["version"]): event for event in state.events(package=package)}
        names = {known.entry.document for known in state.of_package(package)}
    event = _event(corpus, package, version, events)
    now = open_package(corpus.packages / package)
    files = versions.files_of(now)
    for number in range(versions.version_of_package(now.folder), version, -1):
        files = versions.version_before(
            corpus.folder / versions.CHANGES / package / str(number), files
        )
    try:
        descriptor = json.loads(files[DESCRIPTOR])
        content = content_digest(descriptor)
    except (KeyError, TypeError, ValueError, RecursionError):
        content = ""
    if content != event["content"]:
        raise _unlike(package, version, DESCRIPTOR)
    document = _document(corpus, now, descriptor, names | {str(event["document"])})
    lost = _write(folder, package, version, descriptor, files | document)
    return Restored(
        package=package,
        version=version,
        document=str(event["document"]),
        folder=str(folder),
        files=len(files) + len(document) - bool(lost),
        lost=lost,
    )


def _event(
    corpus: Corpus, package: str, version: int, events: Mapping[int, dict[str, Any]]
) -> dict[str, Any]:
    """What the history tells of a version that can be made again."""
    last = max(events, default=0)
    if not last:
        raise PackageError(
            f"{package}：{corpus.folder} 里没有这个数据包；opendata corpus diff 列出所有版本。",
            f"{package}: {corpus.folder} has no such package; opendata corpus diff lists all versions.",
        )
    if events[last]["action"] == "remove":
        raise PackageError(
            f"{package}：已在版本 {last} 撤下，各版本都没有保留。",
            f"{package}: was taken away in version {last}, and no version of it is kept.",
        )
    first = max(number for number, event in events.items() if event["action"] == "add")
    if version not in events or version < first:
        raise PackageError(
            f"{package}：没有可重建的版本 {version}；可重建 {first} 至 {last}。",
            f"{package}: there is no version {version} to be made again; there are {first} to {last}.",
        )
    return events[version]


def _document(
    corpus: Corpus, now: Package, descriptor: Mapping[str, Any], names: set[str]
) -> dict[str, bytes]:
    """The document of a version, by its path in the package, where it is found as it was."""
    for resource in descriptor["resources"]:
        if is_document(resource["path"]):
            wanted = str(resource["hash"]).removeprefix("sha256:")
            for data in _candidates(corpus, now, names):
                if sha256(data).hexdigest() == wanted:
                    return {resource["path"]: data}
    return {}


def _candidates(corpus: Corpus, now: Package, names: set[str]) -> Iterator[bytes]:
    for name, resource in now.resources.items():
        if is_document(resource["path"]):
            yield now.path(name).read_bytes()
    try:
        for found in find_documents(corpus):
            if found.name in names and not found.problem:
                with TemporaryDirectory(prefix="opendata-") as here:
                    yield storage.localise(found.address, (), Path(here)).read_bytes()
    except (OpendataError, OSError):
        return  # a source that is not there has no document


def _write(
    folder: Path, package: str, version: int, descriptor: dict[str, Any], files: dict[str, bytes]
) -> str:
    """Write a package whose files are what its descriptor says; the path of a document that is lost."""
    lost = ""
    with replacing(folder, package_files) as new:
        for resource in descriptor["resources"]:
            path = str(resource["path"])
            data = files.get(path, b"")
            if path not in files and is_document(path):
                lost = path
            elif f"sha256:{sha256(data).hexdigest()}" != resource["hash"]:
                raise _unlike(package, version, path)
            else:
                target = inside(new, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        if lost:
            kept = [one for one in descriptor["resources"] if one["path"] != lost]
            for source in descriptor["sources"]:
                if source.get("path") == lost:
                    del source["path"]
            write_json(new, DESCRIPTOR, "application/json", {**descriptor, "resources": kept})
        else:
            (new / DESCRIPTOR).write_bytes(files[DESCRIPTOR])
    return lost


def _unlike(package: str, version: int, path: str) -> PackageError:
    return PackageError(
        f"{package}：版本 {version} 的 {path} 与当时记录的摘要不符，没有写出任何内容。",
        f"{package}: {path} of version {version} does not come out as its digest tells, and nothing was "
        "written.",
    )
