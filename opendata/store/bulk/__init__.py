"""Packages -> the files and commands that load them into another server at once.

A server's own loader takes files far faster than requests; each engine wants them in its own way,
which `engines` says. The data are N-Quads in compressed shards, the same bytes every time.
"""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Self

from opendata.errors import PackageError, SettingsError
from opendata.output import replacing, write_json
from opendata.package import open_package
from opendata.store.bulk.engines import ENGINES, Engine, Setting
from opendata.store.disk import is_store
from opendata.store.graph import graph_name, package_graphs, packages, vocabulary_graphs

MANIFEST = "bulk.json"
SHARDS = "shards"
SHARD_BYTES = 256 * 1024 * 1024
_ALL = "all"
_AHEAD = 16  # packages that processes may have read before they are written

Quads = tuple[bytes, bytes]  # in a named graph, in the default graph
Watch = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Shard:
    """A file of quads; `bytes` are those before compression."""

    path: str
    quads: int
    bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Bulk:
    """What was written. `graphs` are named, `quads` those in named graphs: what a server must count."""

    engine: str
    packages: int
    graphs: int
    quads: int
    partition: str | None
    shards: tuple[Shard, ...] = field(default=())
    files: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)


def write_bulk(
    places: Iterable[Path],
    engine: str,
    target: Path,
    *,
    partition: str | None = None,
    shard_bytes: int = SHARD_BYTES,
    jobs: int = 1,
    watch: Watch = lambda _done, _of: None,
) -> Bulk:
    """Write a folder with the shards of packages, or of a store, and what loads them.

    `partition` is `year` or `province`: shards of each in a folder of its own, for a server each.

    Raises:
        PackageError: a place holds no package, or one of them cannot be read.
        SettingsError: an engine or partition is unknown.
        OutputError: the folder cannot be written, or holds files that are not ours.
    """
    kind = chosen(engine, partition)
    folders = found_packages(places)
    with replacing(target, ours=_ours) as new:
        with _Writer(new / SHARDS, shard_bytes) as writer:
            writer.add_common(_kept(vocabulary_graphs(), kind))
            seen: dict[str, Path] = {}
            read = zip(folders, _read(folders, kind, partition, jobs), strict=True)
            for done, (folder, (name, part, quads)) in enumerate(read, start=1):
                if seen.setdefault(name, folder) != folder:
                    raise _twice(folder, seen[name], name)
                writer.add(part, quads)
                watch(done, len(folders))
        shards = writer.shards()
        setting = Setting(shards=SHARDS, parts=tuple(writer.parts))
        files = kind.files(setting)
        for name, text in files.items():
            (new / name).write_text(text, encoding="utf-8")
            (new / name).chmod(0o755 if name.endswith(".sh") else 0o644)
        bulk = Bulk(
            engine=engine,
            packages=len(folders),
            graphs=(len(folders) + 1) * kind.named,
            quads=writer.named,
            partition=partition,
            shards=shards,
            files=tuple(files),
        )
        write_json(new, MANIFEST, "application/json", bulk.to_dict())
    return bulk


def chosen(engine: str, partition: str | None = None) -> Engine:
    """An engine by its name.

    Raises:
        SettingsError: it, or the partition, is unknown.
    """
    for option, value, known in (
        ("--for", engine, tuple(ENGINES)),
        ("--by", partition, (*PARTITIONS, None)),
    ):
        if value not in known:
            names = ", ".join(filter(None, known))
            raise SettingsError(
                f"{option}：没有 {value}；可用：{names}。",
                f"{option}: there is no {value}; known are {names}.",
            )
    return ENGINES[engine]


def found_packages(places: Iterable[Path]) -> list[Path]:
    """The package folders of places, which may be stores or corpora; a folder named twice once.

    Raises:
        PackageError: a place holds no package.
    """
    return list(dict.fromkeys(packages(map(_inside, places))))


def _inside(place: Path) -> Path:
    """Where the packages of a store or of a corpus are; any other place is as it is."""
    if is_store(place):
        return place / "packages"
    return place / "package" if (place / "corpus.toml").is_file() else place


def _twice(folder: Path, other: Path, name: str) -> PackageError:
    return PackageError(
        f"{folder}：与 {other} 是同一个数据包（{name}）；请只给其中一个。",
        f"{folder}: is the same package as {other} ({name}); give one of them.",
    )


def _year(row: dict[str, object]) -> str:
    return str(row["year"])


def _province(row: dict[str, object]) -> str:
    return str(row["division"])[:2]


PARTITIONS: dict[str, Callable[[dict[str, object]], str]] = {"year": _year, "province": _province}


def _read(
    folders: list[Path], kind: Engine, partition: str | None, jobs: int
) -> Iterator[tuple[str, str, Quads]]:
    read = partial(_quads_of, kind=kind.name, partition=partition)
    if jobs == 1:
        yield from map(read, folders)
        return
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        for start in range(0, len(folders), _AHEAD):
            yield from pool.map(read, folders[start : start + _AHEAD])


def _quads_of(folder: Path, kind: str, partition: str | None) -> tuple[str, str, Quads]:
    """A package's graph, the part it belongs to, and its quads in the graphs an engine wants."""
    package = open_package(folder)
    part = PARTITIONS[partition](package.table("budget")[0]) if partition else _ALL
    return graph_name(package), part, _kept(package_graphs(package), ENGINES[kind])


def _kept(graphs: tuple[bytes, bytes], kind: Engine) -> Quads:
    """The quads in a named graph, and the triples, of those that an engine wants."""
    named, merged = graphs
    return named if kind.named else b"", merged if kind.merged else b""


class _Writer:
    """Shards that are being written: each part has one open."""

    def __init__(self, folder: Path, shard_bytes: int) -> None:
        self.folder, self.shard_bytes = folder, shard_bytes
        self.common: Quads = (b"", b"")
        self.named = 0
        self.parts: dict[str, list[Shard]] = {}
        self.open: dict[str, tuple[IO[bytes], IO[bytes], Path]] = {}
        self.counts: dict[str, list[int]] = {}

    def add_common(self, quads: Quads) -> None:
        """What every part begins with: the vocabulary."""
        self.common = quads

    def add(self, part: str, quads: Quads) -> None:
        """Add to a part; its file is closed when it is full."""
        if part not in self.parts:
            self.parts[part] = []
            self.add(part, self.common)
        if part not in self.open:
            self.open[part] = self._begin(part)
            self.counts[part] = [0, 0]
        self.named += quads[0].count(b"\n")
        for data in quads:
            self.open[part][0].write(data)
            self.counts[part][0] += data.count(b"\n")
            self.counts[part][1] += len(data)
        if self.counts[part][1] >= self.shard_bytes:
            self._end(part)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for part in [*self.open]:
            self._end(part)

    def shards(self) -> tuple[Shard, ...]:
        """All shards, in their order."""
        return tuple(shard for part in sorted(self.parts) for shard in self.parts[part])

    def _begin(self, part: str) -> tuple[IO[bytes], IO[bytes], Path]:
        folder = self.folder if part == _ALL else self.folder / part
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{len(self.parts[part]) + 1:04}.nq.gz"
        raw = path.open("wb")
        # No name and no time in the file: the same quads are the same bytes.
        return gzip.GzipFile("", "wb", 6, raw, mtime=0), raw, path  # type: ignore[return-value]

    def _end(self, part: str) -> None:
        packed, raw, path = self.open.pop(part)
        packed.close()
        raw.close()
        quads, size = self.counts.pop(part)
        name = path.relative_to(self.folder.parent).as_posix()
        self.parts[part].append(Shard(name, quads, size))


def _ours(folder: Path) -> set[str]:
    """The files of an older folder that may go: those its manifest lists."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {MANIFEST, *told["files"], *(shard["path"] for shard in told["shards"])}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
