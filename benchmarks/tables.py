"""Tables at speed: rows against their schema beside Frictionless, shapes on columns beside pyshacl.

Every figure is processor time of one process, each way in a fresh one; ratios count, seconds do
not. See README.md.
"""

import argparse
import csv
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

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
