"""What a reader must make of a document that does not exist, and how near one comes to it.

The truth is rows of the budget's tables with those columns that a document alone decides; where a
row stands on its page is no part of it. Texts are compared without their white space.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from opendata.model import Budget
from opendata.synthetic.departments import Department
from opendata.synthetic.layouts.common import Draft, Setting
from opendata.synthetic.pages import Table
from opendata.synthetic.planting import Planted
from opendata.values import plain

Row = tuple[str, ...]

# The columns of each table that the truth knows, in the order in which it writes them.
COLUMNS: dict[str, tuple[str, ...]] = {
    "budget": ("department", "unit_code", "division", "year", "phase"),
    "document_table": ("kind", "state", "amount_unit"),
    "line": (
        "table_kind", "operation", "item", "function", "economic", "account", "fund", "year",
        "phase", "name", "amount",
    ),
    "project": ("position", "name", "amount"),
    "goal": ("project", "text"),
    "indicator": (
        "project", "kind", "name", "target_text", "target_value", "comparison", "unit", "meaning",
        "scoring", "weight",
    ),
    "statement": ("measure", "value", "unit"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """The expected rows of a document by table, and the errors planted in it."""

    name: str
    seed: int
    number: int
    family: str
    phase: str
    format: str
    quirks: tuple[str, ...]
    tables: Mapping[str, tuple[Row, ...]]
    planted: tuple[Planted, ...] = ()

    def to_json(self) -> str:
        """The truth as JSON: for each table its columns once, and its rows."""
        content = {
            "name": self.name,
            "seed": self.seed,
            "number": self.number,
            "family": self.family,
            "phase": self.phase,
            "format": self.format,
            "quirks": list(self.quirks),
            "tables": {
                name: {"columns": COLUMNS[name], "rows": rows} for name, rows in self.tables.items()
            },
            "planted": [
                {f.name: getattr(one, f.name) for f in fields(one)} for one in self.planted
            ],
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


@dataclass(frozen=True, slots=True)
class Score:
    """Of so many rows wanted so many found, and so many that nobody wanted."""

    wanted: int = 0
    found: int = 0
    extra: int = 0
    missing: tuple[Row, ...] = ()
    strange: tuple[Row, ...] = ()

    def __add__(self, other: "Score") -> "Score":
        """Both together."""
        return Score(
            self.wanted + other.wanted,
            self.found + other.found,
            self.extra + other.extra,
            self.missing + other.missing,
            self.strange + other.strange,
        )


def expected(draft: Draft, setting: Setting, owner: Department) -> dict[str, tuple[Row, ...]]:
    """The rows that a reader must make of a document."""
    seen: dict[str, Table] = {}
    for table in draft.tables:  # forms are one table
        seen.setdefault(table.kind, table)
    return {
        "budget": (
            _row((draft.department, draft.unit_code, owner.division, setting.year, setting.phase)),
        ),
        "document_table": tuple(
            _row((t.kind, t.state, t.unit)) for t in seen.values()
        ) + tuple(_row((kind, "absent", None)) for kind, _ in draft.absent),
        "line": tuple(
            _row(getattr(line, name) for name in COLUMNS["line"])
            for table in draft.tables
            for line in table.lines
        ),
        "project": _rows("project", draft.projects),
        "goal": _rows("goal", draft.goals),
        "indicator": _rows("indicator", draft.indicators),
        "statement": _rows("statement", draft.statements),
    }  # fmt: skip


def found(budget: Budget) -> dict[str, tuple[Row, ...]]:
    """The rows of a budget that was read, in the columns that the truth knows."""
    places = {project.id: str(project.position) for project in budget.projects}
    tables = budget.tables()
    read: dict[str, tuple[Row, ...]] = {}
    for name, columns in COLUMNS.items():
        rows = []
        for record in tables[name]:
            if name == "statement" and getattr(record, "kind", "") != "number":
                continue
            values = [getattr(record, column) for column in columns]
            if columns[0] == "project":
                values[0] = places.get(values[0] or "", "0")
            rows.append(_row(values))
        read[name] = tuple(rows)
    return read


def compare(truth: Truth, budget: Budget) -> dict[str, Score]:
    """How much of the truth a budget holds, table by table."""
    return {
        name: _score(rows, found_rows)
        for (name, rows), found_rows in zip(
            truth.tables.items(), found(budget).values(), strict=True
        )
    }


def _score(wanted: tuple[Row, ...], rows: tuple[Row, ...]) -> Score:
    one, two = Counter(wanted), Counter(rows)
    missing, strange = (tuple(sorted(c.elements())) for c in (one - two, two - one))
    return Score(len(wanted), len(wanted) - len(missing), len(strange), missing, strange)


def _rows(name: str, records: Iterable[object]) -> tuple[Row, ...]:
    return tuple(_row(getattr(one, column) for column in COLUMNS[name]) for one in records)


def _row(values: Iterable[object]) -> Row:
    return tuple(map(_text, values))


def _text(value: object) -> str:
    """A value as it is compared; numbers that are equal are written alike."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    text = str(value)
    try:
        return (
            f"{Decimal(text).normalize():f}"
            if text[:1].isdigit() or text[:1] == "-"
            else plain(text)
        )
    except ArithmeticError:
        return plain(text)
