"""A folder of documents that do not exist: documents/ to be read, truth/ to be held against."""

import csv
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import sha256
from itertools import repeat
from pathlib import Path

from opendata.output import replacing
from opendata.synthetic import Order, Synthetic, synthesize

DOCUMENTS, TRUTH, INDEX, ORDER = "documents", "truth", "index.csv", "order.json"
_COLUMNS = ("document", "family", "format", "phase", "year", "division", "department", "lines",
            "projects", "indicators", "planted", "bytes", "sha256")  # fmt: skip
_SHARE = 50  # documents that a process makes at a time
Entry = tuple[str, ...]


def write_documents(order: Order, count: int, target: Path, jobs: int = 1) -> Iterator[str]:
    """Write a folder of `count` documents with their facts and truth; the name of each, in order.

    The folder takes the place of an older one when the last is written; any number of processes
    write the same bytes.

    Raises:
        OutputError: the folder cannot be written, or holds files that are not ours.
    """
    with replacing(target, ours=_ours) as new:
        (new / DOCUMENTS).mkdir()
        (new / TRUTH).mkdir()
        entries = []
        for entry in _entries(order, count, new, jobs):
            entries.append(entry)
            yield entry[0]
        (new / ORDER).write_text(_order(order, count), encoding="utf-8")
        with (new / INDEX).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_COLUMNS)
            writer.writerows(entries)


def _entries(order: Order, count: int, folder: Path, jobs: int) -> Iterator[Entry]:
    if jobs == 1:
        yield from map(partial(_write, order, folder), range(count))
        return
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(_write, repeat(order), repeat(folder), range(count), chunksize=_SHARE)


def _write(order: Order, folder: Path, number: int) -> Entry:
    """Write one document; its line of the index."""
    made = synthesize(order, number)
    path = folder / DOCUMENTS / made.name
    path.write_bytes(made.data)
    path.with_suffix(".toml").write_text(made.facts, encoding="utf-8")
    (folder / TRUTH / f"{path.stem}.json").write_text(made.truth.to_json(), encoding="utf-8")
    return _entry(made)


def _entry(made: Synthetic) -> Entry:
    truth = made.truth
    department, _, division, year, phase = truth.tables["budget"][0]
    counts = (len(truth.tables[name]) for name in ("line", "project", "indicator"))
    return (
        made.name, truth.family, truth.format, phase, year, division, department,
        *map(str, counts), "|".join(one.rule for one in truth.planted),
        str(len(made.data)), sha256(made.data).hexdigest(),
    )  # fmt: skip


def _order(order: Order, count: int) -> str:
    """What was asked for, so that it can be asked again."""
    content = {name: getattr(order, name) for name in order.__dataclass_fields__}
    return json.dumps({**content, "count": count}, ensure_ascii=False, indent=2) + "\n"


def _ours(folder: Path) -> set[str]:
    """The files of an older folder that may go: those its index lists."""
    if not (folder / INDEX).is_file():
        return set()
    with (folder / INDEX).open(encoding="utf-8", newline="") as file:
        found = [Path(row.get("document") or "") for row in csv.DictReader(file)]
    return {INDEX, ORDER, *_names(found)}


def _names(documents: Sequence[Path]) -> Iterator[str]:
    for path in documents:
        yield f"{DOCUMENTS}/{path}"
        yield f"{DOCUMENTS}/{path.with_suffix('.toml')}"
        yield f"{TRUTH}/{path.stem}.json"
