"""A budget as a data package: CSV tables, descriptors, graph, catalogue entry and source."""

import csv
import json
import re
import shutil
from pathlib import Path
from typing import IO

from opendata.converters import Sheet, lexical, sheets
from opendata.converters.catalog import write_dataset
from opendata.converters.csvw import csvw
from opendata.converters.descriptor import DESCRIPTOR, descriptor
from opendata.converters.graph import write_ntriples, write_turtle
from opendata.documents.corrections import corrections_file
from opendata.facts import Facts
from opendata.model import Budget
from opendata.output import Written, describe, replacing, write, write_bytes, write_json

_OURS = {"budget", "finding", "budget-nt"}  # in every version of the vocabulary
_ASCII_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def to_package(
    budget: Budget, folder: Path | str, *, facts: Facts | None = None, source: Path | None = None
) -> Path:
    """Write the package into `folder` and return its descriptor's path.

    `source` is the document that the budget was read from; it goes along, with the facts beside
    it. An earlier package in the folder is replaced whole, or on failure stays whole.

    Raises:
        OutputError: the folder cannot be written, or holds files that are not a package's.
    """
    folder, facts = Path(folder), facts or Facts()
    with replacing(folder, package_files) as new:
        found = sheets(budget)
        files = [_write_csv(new, sheet) for sheet in found]
        metadata = csvw(budget, facts, found)
        files.append(write_json(new, "csv-metadata.json", "application/csvm+json", metadata))
        files.append(
            write(new, "budget.ttl", "text/turtle", lambda f: write_turtle(f, budget, facts))
        )
        files.append(
            write_bytes(
                new,
                "budget.nt",
                "application/n-triples",
                lambda f: write_ntriples(f, budget, facts),
            )
        )
        if source:
            files += _copy_source(new, budget, source)
        files.append(
            write(
                new, "dataset.ttl", "text/turtle", lambda f: write_dataset(f, budget, facts, files)
            )
        )
        write_json(new, DESCRIPTOR, "application/json", descriptor(budget, facts, found, files))
    return folder / DESCRIPTOR


def package_files(folder: Path) -> set[str]:
    """The files that a package of ours says are its own; none where there is no such package."""
    try:
        content = json.loads((folder / DESCRIPTOR).read_text(encoding="utf-8"))
        paths = {str(resource["name"]): str(resource["path"]) for resource in content["resources"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
    return {DESCRIPTOR, *paths.values()} if set(paths) >= _OURS else set()


def source_name(budget: Budget) -> str:
    """The source document's name in a package; portals mangle names that are not ASCII."""
    name = budget.source_file
    suffix = Path(name).suffix
    safe = suffix if _ASCII_NAME.fullmatch(suffix[1:]) else ""
    return name if _ASCII_NAME.fullmatch(name) else f"document{safe}"


def is_document(path: str) -> bool:
    """Whether a file of a package is the document itself, and not what was said beside it."""
    return path.startswith("source/") and not path.endswith((".toml", ".corrections.csv"))


def _write_csv(folder: Path, sheet: Sheet) -> Written:
    def fill(file: IO[str]) -> None:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in sheet.table.stored])
        writer.writerows([lexical(value) for value in row] for row in sheet.rows)

    return write(folder, sheet.path, "text/csv", fill)


def _copy_source(folder: Path, budget: Budget, source: Path) -> list[Written]:
    """The document, and the facts and corrections said beside it, under `source/`."""
    path = f"source/{source_name(budget)}"
    (folder / "source").mkdir()
    shutil.copyfile(source, folder / path)
    found = [describe(folder, path, budget.source_media_type)]
    facts, repairs = source.with_suffix(".toml"), corrections_file(source)
    stem = Path(path).with_suffix("")
    for beside, name, kind in (
        (facts, f"{stem}.toml", "application/toml"),
        (repairs, f"{stem}.corrections.csv", "text/csv"),
    ):
        if beside.is_file():
            shutil.copyfile(beside, folder / name)
            found.append(describe(folder, name, kind))
    return found
