"""What is made of all packages together, each part anew only where its packages changed.

A part is a file or folder that some packages make: a year and division, a page, a division.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from opendata.corpus.feed import write_feed
from opendata.corpus.links import join_links
from opendata.corpus.processes import EndedError, ask, in_order
from opendata.corpus.settings import Corpus
from opendata.corpus.state import State
from opendata.corpus.work import Entry, program_version
from opendata.errors import OutputError

WORK = ".work"
PARTS = ".cache/links"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part of the outputs. `options` is what else than the packages decides its content."""

    kind: str
    path: str
    packages: tuple[str, ...]
    digest: str
    options: dict[str, Any]


def write_outputs(corpus: Corpus, state: State, jobs: int) -> int:
    """Write the parts that are not what they should be, and take away those that should not be.

    How many were written or taken away.

    Raises:
        OutputError: a part cannot be written.
    """
    seen: set[str] = set()
    written = 0

    def stale() -> Iterator[Part]:
        for part in _parts(corpus, state):
            seen.add(part.path)
            if state.output(part.path) != part.digest or not (corpus.folder / part.path).exists():
                yield part

    links = False
    for part, made in in_order(lambda part: _make(corpus, part), stale(), jobs):
        target = corpus.folder / part.path
        target.parent.mkdir(parents=True, exist_ok=True)
        _take_away(target)
        made.rename(target)
        state.note_output(part.path, part.digest)
        written += 1
        links = links or part.kind == "links"
    for path in state.outputs():
        if path not in seen:
            _take_away(corpus.folder / path)
            state.note_output(path, None)
            written += 1
            links = links or path.startswith(PARTS)
    if links or not (corpus.folder / "link.csv").exists():
        join_links(corpus.folder / PARTS, corpus.folder)
    write_feed(corpus, state)
    return written


def _take_away(target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)


def _make(corpus: Corpus, part: Part) -> Path:
    """Have a part written in another process, beside its place."""
    made = corpus.folder / WORK / f"part-{sha256(part.path.encode()).hexdigest()[:16]}"
    _take_away(made)
    arguments = asdict(part) | {"folder": str(corpus.packages), "made": str(made)}
    del arguments["digest"], arguments["path"]
    try:
        answer = ask("partition", arguments)
    except EndedError as error:
        raise OutputError(
            f"{part.path}：写它的进程意外结束（内存或磁盘不足？）。",
            f"{part.path}: the process that wrote it ended (out of memory or disk?).",
        ) from error
    if "error" in answer:
        raise OutputError(str(answer["zh"]), str(answer["en"]))
    return made


def _parts(corpus: Corpus, state: State) -> Iterator[Part]:
    yield _part("codes", "tables/codes", [], {"formats": corpus.formats})
    yield from _by_division(corpus, state)
    yield from _pages(corpus, state)


def _by_division(corpus: Corpus, state: State) -> Iterator[Part]:
    built = (entry for entry, _ in state.entries("built", "package"))
    for division, group in groupby(built, lambda entry: entry.division):
        own = list(group)
        for year in sorted({entry.year for entry in own}):
            some = [entry for entry in own if entry.year == year]
            place = f"{year}/{division}"
            yield _part("tables", f"tables/{place}", some, {"formats": corpus.formats})
            yield _part("graph", f"graph/{place}", some, {"limit": corpus.shard_bytes})
        yield _part("links", f"{PARTS}/{division}", own, {"base": corpus.base})


def _pages(corpus: Corpus, state: State) -> Iterator[Part]:
    """The pages of the catalogue, and their index; a page is said to be the last by having no next."""
    built = (entry for entry, _ in state.entries("built", "package"))
    number, page = 0, list(islice(built, corpus.page))
    total = 0
    while page or number == 0:
        number += 1
        total += len(page)
        following = list(islice(built, corpus.page))
        options = {"number": number, "more": bool(following), "base": corpus.base}
        yield _part("catalogue", f"catalog/{number}.ttl", page, options)
        page = following
    options = {"pages": number, "total": total, "base": corpus.base}
    yield _part("index", "catalog/index.ttl", [], options)


def _part(kind: str, path: str, entries: list[Entry], options: dict[str, Any]) -> Part:
    digest = sha256(f"{program_version()} {json.dumps(options, sort_keys=True)}\n".encode())
    for entry in entries:
        digest.update(f"{entry.package} {entry.dataset} {entry.content}\n".encode())
    packages = tuple(entry.package for entry in entries)
    return Part(kind=kind, path=path, packages=packages, digest=digest.hexdigest(), options=options)
