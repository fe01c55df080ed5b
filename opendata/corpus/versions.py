"""The versions of a package: what a new one changes, row by row and triple by triple, and its IRIs.

A change set is for readers; beside it stands what leads back to the version before, byte for byte.
"""

import csv
import json
import lzma
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from opendata.converters.descriptor import DESCRIPTOR
from opendata.converters.graph import PREFIXES, Triple, iri, literal, shorten, write_grouped
from opendata.converters.package import is_document
from opendata.corpus.patches import difference, undone
from opendata.errors import PackageError
from opendata.output import describe, replacing, write, write_json
from opendata.package import Package, open_package
from opendata.terms import RDF, tables

CHANGES = "changes"
SUMMARY = "changes.json"
BACK = "package.diff.xz"
_ABOUT = {DESCRIPTOR, "dataset.ttl"}  # tell of licence and publisher too, which make no version


def version_iri(dataset: str, number: int) -> str:
    """The IRI of a version of a data set.

    >>> version_iri("https://example.org/budget/430105-306001-2023", 2)
    'https://example.org/budget/430105-306001-2023/version/2'
    """
    return f"{dataset}/version/{number}"


def version_triples(dataset: str, number: int) -> list[Triple]:
    """What a data set says of its current version, and that of the one before."""
    dcat, dct = PREFIXES["dcat"], PREFIXES["dct"]
    data, node = iri(dataset), iri(version_iri(dataset, number))
    found = [
        (data, f"<{dcat}version>", literal(str(number))),
        (data, f"<{dcat}hasCurrentVersion>", node),
        (node, f"<{RDF}type>", f"<{PREFIXES['prov']}Entity>"),
        (node, f"<{dcat}version>", literal(str(number))),
        (node, f"<{dcat}isVersionOf>", data),
        (node, f"<{dct}isVersionOf>", data),
    ]
    if number > 1:
        before = iri(version_iri(dataset, number - 1))
        found.append((node, f"<{dcat}previousVersion>", before))
        found.append((node, f"<{PREFIXES['prov']}wasRevisionOf>", before))
    return found


def stamp(folder: Path, number: int) -> None:
    """Write the number of the version into a new package: its descriptor and its entry."""
    package = open_package(folder)
    descriptor = {key: v for key, v in package.descriptor.items() if key != "version"}
    entry = package.path("dataset-ttl")
    known = {namespace: prefix for prefix, namespace in PREFIXES.items()}  # declared in every entry
    triples = version_triples(str(descriptor["id"]), number)
    first = f"{shorten(triples[0][0], known)} {shorten(triples[0][1], known)}"
    text = entry.read_text(encoding="utf-8").partition(f"\n{first}")[0].rstrip("\n")
    with entry.open("w", encoding="utf-8", newline="") as file:
        file.write(f"{text}\n\n")
        write_grouped(file, triples, known)
    written = describe(folder, entry.relative_to(folder).as_posix(), "text/turtle")
    for resource in descriptor["resources"]:
        if resource["name"] == "dataset-ttl":
            resource.update(bytes=written.size, hash=f"sha256:{written.sha256}")
    found: dict[str, Any] = {}
    for key, value in descriptor.items():
        found[key] = value
        if key == "id":
            found["version"] = str(number)
    write_json(folder, DESCRIPTOR, "application/json", found)


def version_of_package(folder: Path) -> int:
    """The number of the version that a package says it is; 0 where it says none."""
    told = str(open_package(folder).descriptor.get("version", ""))
    return int(told) if told.isdigit() else 0


def change_set(old: Path, new: Path, target: Path) -> dict[str, Any]:
    """Write what differs between two packages into a folder; how many rows and triples.

    A row is told by the key of its table. `TABLE.csv` has a row for each that was added or
    removed, and two, `before` and `after`, for each that was changed.

    Raises:
        PackageError: a package cannot be read.
        OutputError: the folder cannot be written.
    """
    one, two = open_package(old), open_package(new)
    summary: dict[str, Any] = {"tables": {}}
    with replacing(target, lambda folder: {p.name for p in folder.iterdir()}) as made:
        for name in tables():
            rows = [_rows(package, name) for package in (one, two)]
            lines, counts = _differences(*rows)
            if lines:
                columns = [column.name for column in tables()[name].stored]
                write(made, f"{name}.csv", "text/csv", lambda f, c=columns, n=lines: _fill(f, c, n))  # type: ignore[misc]
                summary["tables"][name] = counts
        triples = [set(_triples(package)) for package in (one, two)]
        summary["triples"] = {}
        for word, found in (
            ("added", triples[1] - triples[0]),
            ("removed", triples[0] - triples[1]),
        ):
            write(made, f"{word}.nt", "", lambda f, found=found: f.writelines(sorted(found)))  # type: ignore[misc]
            summary["triples"][word] = len(found)
        diff = b"".join(difference(files_of(one), files_of(two)))
        (made / BACK).write_bytes(lzma.compress(diff, preset=1))
        write_json(made, SUMMARY, "application/json", summary)
    return summary


def files_of(package: Package) -> dict[str, bytes]:
    """The content of every file of a package but its document, by path."""
    paths = {str(one["path"]): name for name, one in package.resources.items()}
    found = {p: package.path(n).read_bytes() for p, n in paths.items() if not is_document(p)}
    return {DESCRIPTOR: (package.folder / DESCRIPTOR).read_bytes(), **found}


def keep_made(folder: Path, changes: Path) -> None:
    """Keep what a package tells of itself as it was when its change set was written, once."""
    for name in _ABOUT:
        if changes.is_dir() and not (changes / f"{name}.xz").exists():
            (changes / f".{name}.xz").write_bytes(lzma.compress((folder / name).read_bytes()))
            (changes / f".{name}.xz").replace(changes / f"{name}.xz")


def version_before(changes: Path, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a package before a change set, from those after it.

    Raises:
        PackageError: what leads back is missing, or leads elsewhere.
    """
    try:
        made = {p: lzma.decompress((changes / f"{p}.xz").read_bytes()) for p in _ABOUT}
    except FileNotFoundError:
        made = {}
    try:
        return undone(lzma.decompress((changes / BACK).read_bytes()), {**files, **made})
    except (OSError, lzma.LZMAError, EOFError, ValueError) as error:
        raise PackageError(
            f"{changes / BACK}：不能由此回到之前的版本（{error}）；这之前的版本都无法重建。",
            f"{changes / BACK}: does not lead back to the version before ({error}); no version before "
            "this one can be made again.",
        ) from error


def read_summary(target: Path) -> dict[str, Any] | None:
    """The summary of a change set that was written before, if it was."""
    try:
        return dict(json.loads((target / SUMMARY).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def all_new(rows: Mapping[str, int], triples: int) -> dict[str, Any]:
    """The summary of a package that had no version before."""
    return {
        "tables": {name: {"added": count} for name, count in rows.items() if count},
        "triples": {"added": triples, "removed": 0},
    }


def changed_rows(folder: Path, events: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The lines of the change sets of some events, each below its package, version and table."""
    for event in events:
        place = folder / CHANGES / event["package"] / str(event["version"])
        for path in sorted(place.glob("*.csv")):
            yield f"# {event['package']} {event['version']} {path.stem}"
            yield from path.read_text(encoding="utf-8").splitlines()


Row = tuple[str, ...]


def _rows(package: Package, table: str) -> dict[str, Row]:
    """The rows of a table, in its present columns, by their key; none where the table is not there."""
    if table not in package.resources:
        return {}
    wanted = [column.name for column in tables()[table].stored]
    csv.field_size_limit(sys.maxsize)  # a section may be one long paragraph
    with package.path(table).open(encoding="utf-8", newline="") as file:
        rows = [tuple(row.get(name) or "" for name in wanted) for row in csv.DictReader(file)]
    return {row[0]: row for row in rows}


def _differences(
    old: dict[str, Row], new: dict[str, Row]
) -> tuple[list[tuple[str, Row]], dict[str, int]]:
    lines: list[tuple[str, Row]] = []
    counts = {"added": 0, "changed": 0, "removed": 0}
    for key in sorted(old.keys() | new.keys()):
        if key not in old:
            counts["added"] += 1
            lines.append(("added", new[key]))
        elif key not in new:
            counts["removed"] += 1
            lines.append(("removed", old[key]))
        elif old[key] != new[key]:
            counts["changed"] += 1
            lines += [("before", old[key]), ("after", new[key])]
    return lines, counts


def _fill(file: IO[str], columns: list[str], lines: Iterable[tuple[str, Row]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["change", *columns])
    writer.writerows((word, *row) for word, row in lines)


def _triples(package: Package) -> Iterable[str]:
    with package.path("budget-nt").open(encoding="utf-8", newline="\n") as file:
        yield from file
