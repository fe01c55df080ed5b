"""Tables at speed: rows against their schema beside Frictionless, shapes on columns beside pyshacl.

Every figure is processor time of one process, each way in a fresh one; ratios count, seconds do
not. See README.md.
"""

import argparse
import csv
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parent.parent / "datapackages/430105-306001-2023"
DOCUMENT = EXAMPLE / "source/kaifu-chengguan-2023.txt"

ROWS = 200_000
PLANTED = 50

SCHEMA = {
    "fields": [
        {"name": "id", "type": "string", "constraints": {"required": True, "unique": True}},
        {"name": "unit", "type": "string", "constraints": {"pattern": "[0-9]{6}-[0-9]{6}"}},
        {"name": "fund", "type": "string", "constraints": {"enum": ["general", "capital", "_T"]}},
        {"name": "year", "type": "year", "constraints": {"required": True}},
        {"name": "row", "type": "integer", "constraints": {"minimum": 1}},
        {"name": "amount", "type": "number", "constraints": {"minimum": 0}},
        {"name": "approved", "type": "date"},
        {"name": "shared", "type": "boolean"},
        {"name": "code", "type": "string"},
        {"name": "name", "type": "string"},
    ],
    "missingValues": [""],
    "primaryKey": ["id"],
    "foreignKeys": [{"fields": ["code"], "reference": {"resource": "code", "fields": ["id"]}}],
}
DIALECT = {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "header": True}


# What a grown record takes from `rows.py`; the rest is the example's, so that links hold.
FREE = (
    "amount",
    "amount_text",
    "observation",
    "source_decimals",
    "source_unit",
    "name",
    "name_text",
)
FREE += ("target_text", "target_value", "comparison_text", "meaning", "scoring", "weight")
FREE += ("weight_text", "source_page", "source_line", "source_cell", "row", "position", "unit_text")


def table(folder: Path, count: int, planted: int = 0) -> Path:
    """A package of a table with so many rows, of which some are faulty, and its list of codes."""
    codes = [f"{n:07}" for n in range(2_000_000, 2_000_400)]
    with (folder / "code.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["id"], *([code] for code in codes)])
    with (folder / "row.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field["name"] for field in SCHEMA["fields"]])
        writer.writerows(_rows(count, planted, codes))
    descriptor = {
        "name": "benchmark",
        "resources": [
            _resource("row", SCHEMA),
            _resource("code", {"fields": [{"name": "id", "type": "string"}], "primaryKey": ["id"]}),
        ],
    }
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    return folder


def _resource(name: str, schema: dict[str, object]) -> dict[str, object]:
    found = {"name": name, "type": "table", "path": f"{name}.csv", "encoding": "utf-8"}
    return {**found, "dialect": DIALECT, "schema": schema}


def _rows(count: int, planted: int, codes: list[str]) -> Iterator[list[str]]:
    draw = random.Random(20231123)
    wrong = set(draw.sample(range(count), planted))
    start = date(2023, 1, 1)
    for number in range(count):
        row = [
            f"430105-{number:08}",
            f"{430100 + number % 9}-{306000 + number // 500 % 1000:06}",
            draw.choice(("general", "capital", "_T")),
            "2023",
            str(number % 200 + 1),
            f"{draw.randrange(90_000_000) / 100:.2f}",
            (start + timedelta(draw.randrange(365))).isoformat(),
            draw.choice(("true", "false")),
            draw.choice(codes),
            draw.choice(("", "基本工资", "办公费", "维修（护）费")),
        ]
        if number in wrong:
            row[draw.randrange(9)] = draw.choice(("", "x", "一万", row[0]))
        yield row


def package(folder: Path, scale: int, planted: int = 0) -> Path:
    """The shipped example grown to about 236,000 triples times a scale, some lines faulty.

    Links and codes are the example's, over and over; texts and amounts are those of `rows.py`.
    """
    from rows import rows

    import opendata
    from opendata.facts import facts_for
    from opendata.terms import tables

    budget = opendata.parse(DOCUMENT, facts_for(DOCUMENT))
    records: dict[str, list[Any]] = {}
    for name, own in (("line", budget.lines), ("indicator", budget.indicators)):
        names = [column.name for column in tables()[name].stored]
        records[name] = [
            _grown(
                own[number % len(own)],
                f"{budget.id}-{name[0]}{number}",
                dict(zip(names, row, strict=True)),
            )
            for number, row in enumerate(rows(tables()[name], scale))
        ]
    draw = random.Random(20231123)
    for number in draw.sample(range(len(records["line"])), planted):
        wrong = draw.choice(({"currency": "yuan"}, {"row": 0}, {"year": 99999}, {"name": None}))
        records["line"][number] = replace(records["line"][number], **wrong)
    lines, indicators = (tuple(found) for found in records.values())
    grown = replace(budget, lines=lines, indicators=indicators, findings=())
    opendata.to_package(grown, folder, facts=facts_for(DOCUMENT), source=DOCUMENT)
    return folder


def _grown(record: Any, name: str, values: dict[str, object]) -> Any:
    free = {key: values[key] for key in FREE if key in values}
    if "data_set" in values:
        free["data_set"] = record.budget if values["amount"] is not None else None
    return replace(record, id=name, **free)


# What a process of its own does: prepare, then what is timed, then a figure of what it found.


def rows_ours(folder: str) -> Callable[[], int]:
    import frictionless  # noqa: F401  # its import is nobody's work here

    import opendata
    from opendata.checks.tables import check_tables

    return lambda: len(list(check_tables(opendata.open(folder))))


def rows_frictionless(folder: str) -> Callable[[], int]:
    from frictionless import Package

    def check() -> int:
        report = Package(f"{folder}/datapackage.json").validate(limit_errors=100)
        return sum(len(task.errors) for task in report.tasks)

    return check


def shapes_columns(folder: str) -> Callable[[], int]:
    import opendata
    from opendata.checks.columns import check_columns

    return lambda: len(list(check_columns(opendata.open(folder))))


def shapes_pyshacl(folder: str) -> Callable[[], int]:
    import pyshacl
    import rdflib

    from opendata.terms import vocabulary_files

    def check() -> int:
        wanted = rdflib.Graph()
        for file in vocabulary_files():
            if file.parent.name == "shapes" and file.name != "catalog.ttl":
                wanted.parse(file)
        graph = rdflib.Graph().parse(f"{folder}/budget.nt", format="nt")
        _, report, _ = pyshacl.validate(graph, shacl_graph=wanted, inference="none")
        return len(set(report.subjects(rdflib.RDF.type, rdflib.SH.ValidationResult)))

    return check


def validate(folder: str) -> Callable[[], int]:
    from opendata.cli import main

    return lambda: main(["validate", folder, "--json"])


WAYS = {
    one.__name__: one
    for one in (rows_ours, rows_frictionless, shapes_columns, shapes_pyshacl, validate)
}


def run(way: str, folder: Path) -> dict[str, float]:
    """Seconds of processor, peak in MB before and after, and the count of findings of a way."""
    command = [sys.executable, __file__, "--way", way, str(folder)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(told.splitlines()[-1]))


def alone(way: str, folder: str) -> None:
    check = WAYS[way](folder)
    before, start = _peak(), time.process_time()
    count = check()
    seconds = time.process_time() - start
    whole = time.process_time()
    print()
    print(
        json.dumps(
            {"cpu": seconds, "whole": whole, "before": before, "peak": _peak(), "found": count}
        )
    )


def _peak() -> float:
    """The peak of this process in MB; what getrusage tells is that of the parent, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def compare(  # noqa: PLR0917  # a line of the report
    name: str, goal: int, peer: str, ours: str, folder: Path, repeat: int
) -> None:
    """Print the ratio of two ways, one after the other in each repetition."""
    pairs = [(run(peer, folder), run(ours, folder)) for _ in range(repeat)]
    ratios = [there["cpu"] / here["cpu"] for there, here in pairs]
    there, here = pairs[-1]
    assert there["found"] == here["found"], (there, here)
    print(
        f"{name}: {peer} / {ours}: {statistics.median(ratios):.1f} "
        f"({min(ratios):.1f} to {max(ratios):.1f}), goal at least {goal}; "
        f"{there['cpu']:.2f} s and {here['cpu']:.2f} s, {here['found']:.0f} findings"
    )


def memory(way: str, folder: Path, size: str) -> None:
    found = run(way, folder)
    print(
        f"{way}, {size}: peak {found['peak']:.0f} MB, of which {found['before']:.0f} MB before; "
        f"{found['cpu']:.2f} s, {found['found']:.0f} findings"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("folder", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--part", choices=("rows", "memory", "shapes", "validate"))
    args = parser.parse_args()
    if args.way:
        alone(args.way, args.folder)
        return
    parts = {
        "rows": _rows_part,
        "memory": _memory_part,
        "shapes": _shapes_part,
        "validate": _validate_part,
    }
    for name, part in parts.items():
        if args.part in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                part(Path(folder), args.repeat)


def _rows_part(folder: Path, repeat: int) -> None:
    for planted in (0, PLANTED):
        table(folder, ROWS, planted)
        name = f"{ROWS} rows, {planted} faults planted"
        compare(name, 10, "rows_frictionless", "rows_ours", folder, repeat)


def _memory_part(folder: Path, repeat: int) -> None:
    del repeat
    for count in (100, ROWS, ROWS * 10):
        table(folder, count)
        memory("rows_ours", folder, f"{count} rows")


def _shapes_part(folder: Path, repeat: int) -> None:
    for planted in (0, PLANTED):
        place = package(folder / f"small-{planted}", 1, planted)
        triples = (place / "budget.nt").read_bytes().count(b"\n")
        name = f"{triples} triples, {planted} faults planted"
        compare(name, 100, "shapes_pyshacl", "shapes_columns", place, repeat)
    place = package(folder / "large", 10)
    memory("shapes_columns", place, "10 times the triples")


def _validate_part(folder: Path, repeat: int) -> None:
    del folder
    times = [run("validate", EXAMPLE)["whole"] for _ in range(repeat)]
    print(
        f"opendata validate of the example, imports and all: {statistics.median(times):.2f} s of "
        f"processor ({min(times):.2f} to {max(times):.2f}), goal at most 2"
    )


if __name__ == "__main__":
    main()
