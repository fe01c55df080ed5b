"""The documents of a corpus, wherever they are: each with its name, address and stamp, in order.

A stamp tells whether a file may have changed without reading it; what a document is, is told by
its digest alone.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from opendata.converters.descriptor import DESCRIPTOR
from opendata.corpus import storage
from opendata.corpus.archives import SUFFIXES as ARCHIVES
from opendata.corpus.archives import unpacked
from opendata.corpus.settings import NAME, Corpus, Source
from opendata.documents.corrections import corrections_file
from opendata.errors import DocumentError, OpendataError, SettingsError
from opendata.fetch import Transport, fetch, file_name

SUFFIXES = (".txt", ".pdf", ".docx", ".doc", ".xlsx", ".xls", ".html", ".htm")
CACHE = ".cache"
_BESIDE = (".toml", ".corrections.csv")
# By object stores, by most file systems, and by HDFS, where a file that is written anew has another id.
_CHANGES = ("ETag", "etag", "mtime", "LastModified", "created", "modificationTime", "fileId")
MAX_LIST = 64 * 1024 * 1024
MAX_ARCHIVE = 16 * 1024**3  # bytes of an archive that is fetched


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A document in its source. `problem` is why it cannot be read, where that is known already.

    `above` says whether the folders above it may say facts of it, `url` where it was fetched from.
    """

    name: str
    source: Source
    address: str
    stamp: str
    beside: tuple[str, ...] = ()
    above: bool = False
    url: str = ""
    problem: OpendataError | None = None


def find_documents(
    corpus: Corpus, *, fetching: bool = False, transport: Transport | None = None
) -> Iterator[Found]:
    """Every document, source by source. With `fetching`, lists of addresses are asked.

    Raises:
        DocumentError: a source is not there, or is an archive that is not read.
        SettingsError: a source wants a library that is missing.
    """
    for source in corpus.sources:
        if source.listed:
            yield from _listed(corpus, source, fetching=fetching, transport=transport)
        elif storage.is_local(source.address):
            yield from _local(corpus, source)
        else:
            yield from _elsewhere(corpus, source)


def sort_key(name: str) -> str:
    """By which documents stand in order: that of their paths as texts, endings last.

    >>> sorted(["a/b.txt", "a-b.txt", "a (1).txt", "a.txt"], key=sort_key)
    ['a.txt', 'a (1).txt', 'a-b.txt', 'a/b.txt']
    """
    stem, _, ending = name.rpartition(".")
    return f"{stem}\0{ending}" if "/" not in ending else name


def names_of(corpus: Corpus, said: Sequence[str]) -> list[str]:
    """The names of documents that are said by name, by path or by the address they came from.

    Raises:
        DocumentError, SettingsError: as `find_documents`; there is no such document.
    """
    names: dict[str, str] = {}
    paths = {str(Path(one).absolute()): one for one in said}
    for found in find_documents(corpus):
        for one in (found.name, found.url, found.address, paths.get(found.address)):
            if one and one in said:
                names[one] = found.name
    if lost := next((one for one in said if one not in names), None):
        raise SettingsError(
            f"{lost}：语料库里没有这份文件；名称见 manifest.jsonl 的 document，也可写路径或网址。",
            f"{lost}: the corpus has no such document; manifest.jsonl lists their names (document), and "
            "a path or an address will do.",
        )
    return [names[one] for one in said]


def stamp_of(path: Path) -> str:
    """What changes when a file is written."""
    told = path.stat()
    return f"{told.st_size}-{told.st_mtime_ns}-{told.st_ctime_ns}-{told.st_ino}"


def _local(corpus: Corpus, source: Source) -> Iterator[Found]:
    place = Path(source.address)
    if place.is_file() and place.name.lower().endswith(ARCHIVES):
        yield from _archive(corpus, source, place, source.name)
    elif place.is_file():
        yield _found(source, place, f"{source.name}/{place.name}")
    elif place.is_dir() and place.resolve() != Path(place.resolve().anchor):
        yield from _folder(corpus, source, place)
    else:
        raise DocumentError(
            f"{place}：来源“{source.name}”不在，或不能作为来源；请检查路径，没有改动任何内容。",
            f"{place}: the source {source.name!r} is not there, or can be none; check the path. Nothing "
            "was changed.",
        )


def _folder(corpus: Corpus, source: Source, place: Path) -> Iterator[Found]:
    for path in _walk(place, corpus.folder.resolve()):
        called = f"{source.name}/{path.relative_to(place).as_posix()}"
        if path.name.lower().endswith(ARCHIVES):
            yield from _archive(corpus, source, path, called)
        else:
            yield _found(source, path, called, above=True)


def _walk(folder: Path, corpus: Path) -> Iterator[Path]:
    """The documents and archives below a folder, in order."""
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if not entry.name.startswith(".")]
    names = {entry.name for entry in found}
    if DESCRIPTOR in names or (NAME in names and folder.resolve() == corpus):
        return  # a package, or what a corpus made
    wanted = (*SUFFIXES, *ARCHIVES)
    keyed = []
    for entry in found:
        below = entry.is_dir(follow_symlinks=False)
        if below or entry.name.lower().endswith(wanted):
            packed = below or entry.name.lower().endswith(ARCHIVES)
            keyed.append((sort_key(f"{entry.name}/" if packed else entry.name), below, entry.path))
    for _, below, path in sorted(keyed):
        if below:
            yield from _walk(Path(path), corpus)
        else:
            yield Path(path)


def _found(source: Source, path: Path, name: str, *, above: bool = False, url: str = "") -> Found:
    try:
        stamp = stamp_of(path)
    except OSError:
        stamp = ""  # the reader says why
    return Found(
        name=name,
        source=source,
        address=str(path.absolute()),
        stamp=stamp,
        above=above,
        url=url,
    )


def _archive(corpus: Corpus, source: Source, path: Path, name: str) -> Iterator[Found]:
    cache = corpus.folder / CACHE / "unpacked"
    try:
        folder = unpacked(path, cache, stamp_of(path), (*SUFFIXES, *_BESIDE))
    except DocumentError as error:
        yield Found(name=name, source=source, address=str(path), stamp="", problem=error)
        return
    paths = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*")}
    found = [path for path in paths if path.lower().endswith(SUFFIXES)]
    for below in sorted(found, key=sort_key):
        yield _found(source, paths[below], f"{name}/{below}")


def _elsewhere(corpus: Corpus, source: Source) -> Iterator[Found]:
    held, root = storage.filesystem(source.address)
    kind = storage.asked(source.address, lambda: storage.kind_of(held, root))
    if kind == "file":
        yield from _remote_archive(corpus, source)
        return
    if not kind:
        raise DocumentError(
            f"{source.address}：来源“{source.name}”不在；请检查地址，没有改动任何内容。",
            f"{source.address}: the source {source.name!r} is not there; check the address. Nothing was "
            "changed.",
        )
    found = storage.asked(source.address, lambda: storage.files_below(held, root))
    files = {path[len(root) :].lstrip("/"): info for path, info in found.items()}
    for below in sorted(files, key=sort_key):
        if not below.lower().endswith(SUFFIXES) or "/." in f"/{below}":
            continue
        stem = below.rpartition(".")[0]
        yield Found(
            name=f"{source.name}/{below}",
            source=source,
            address=_address(source, below),
            stamp=_stamp(files[below]),
            beside=tuple(_address(source, stem + end) for end in _BESIDE if stem + end in files),
        )


def _address(source: Source, below: str) -> str:
    return f"{source.address.rstrip('/')}/{below}"


def _stamp(info: dict[str, object]) -> str:
    """What a storage says of a file that changes with it; nothing where it says no such thing."""
    told = [info[key] for key in _CHANGES if info.get(key)]
    return f"{info.get('size')} {told}" if told else ""


def _remote_archive(corpus: Corpus, source: Source) -> Iterator[Found]:
    name = storage.name_of(source.address)
    folder = corpus.folder / CACHE / "fetched" / source.name
    folder.mkdir(parents=True, exist_ok=True)
    storage.fetch(source.address, folder / f".{name}", MAX_ARCHIVE)
    (folder / f".{name}").replace(folder / name)
    if name.lower().endswith(ARCHIVES):
        yield from _archive(corpus, source, folder / name, source.name)
    else:
        yield _found(source, folder / name, f"{source.name}/{name}")


def _listed(
    corpus: Corpus, source: Source, *, fetching: bool, transport: Transport | None
) -> Iterator[Found]:
    urls = {sha256(url.encode()).hexdigest()[:16]: url for url in _addresses(Path(source.address))}
    for key, url in sorted(urls.items()):
        path = corpus.folder / CACHE / "fetched" / key / file_name(url)
        name = f"{source.name}/{key}/{file_name(url)}"
        problem: OpendataError | None = None
        if fetching:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                new = path.with_name(f".{path.name}")
                fetch(url, new, transport=transport)
                if not path.is_file() or path.read_bytes() != new.read_bytes():
                    new.replace(path)
                else:
                    new.unlink()
            except OpendataError as error:
                problem = error
        if not path.is_file() and not problem:
            problem = DocumentError(
                f"{url}：还没有取过；加 --fetch 才会访问网络。",
                f"{url}: was not fetched yet; only with --fetch is the network asked.",
            )
        if problem and not path.is_file():
            yield Found(name=name, source=source, address=url, stamp="", url=url, problem=problem)
        else:  # a copy of earlier is better than none
            yield _found(source, path, name, url=url)


def _addresses(place: Path) -> Iterator[str]:
    try:
        if place.stat().st_size > MAX_LIST:
            raise ValueError(f"more than {MAX_LIST} bytes")
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise DocumentError(
            f"{place}：网址清单不能读（{error}）。", f"{place}: the list cannot be read ({error})."
        ) from error
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def beside_local(found: Found, here: Path) -> Path:
    """A path in the folder `here`, with nothing at it, beside which is what is beside a document elsewhere."""
    path = here / storage.name_of(found.address)
    for suffix, target in (
        (".toml", path.with_suffix(".toml")),
        (".corrections.csv", corrections_file(path)),
    ):
        target.unlink(missing_ok=True)
        for address in found.beside:
            if address.endswith(suffix):
                storage.fetch(address, target)
    return path
