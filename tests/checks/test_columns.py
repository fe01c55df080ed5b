"""The shapes on columns: what the graph check finds of the same rows, finding by finding."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opendata.checks import columns, shapes
from opendata.checks.columns import constraints
from opendata.converters.graph import write_ntriples
from opendata.facts import Facts
from opendata.model import RECORDS, Budget, Correction, Finding
from opendata.package import Package
from opendata.terms import XSD, tables


@pytest.fixture(scope="module")
def some(budget: Budget) -> Budget:
    """A few records of each table: the graph check takes its time."""
    correction = Correction(
        id=f"{budget.id}-c1", budget=budget.id, reason="r", author="a", source_page=1, source_line=1
    )
    return replace(
        budget,
        lines=budget.lines[:6],
        indicators=budget.indicators[:4],
        goals=budget.goals[:2],
        statements=budget.statements[:3],
        findings=budget.findings[:2],
        corrections=(correction,),
    )


def both(budget: Budget, folder: Path) -> tuple[list[Finding], list[Finding]]:
    """What the columns say, and what the graph check says of the whole graph."""
    graph = folder / "budget.nt"
    with graph.open("wb") as file:
        write_ntriples(file, budget, Facts())
    package = Package(folder, {"resources": []})
    return list(columns.check_columns(package, budget)), list(shapes.check_graph(graph))


def planted(budget: Budget, table: str, place: int = 0, /, **values: object) -> Budget:
    """The budget with other values in a record."""
    if table == "budget":
        return replace(budget, **values)  # type: ignore[arg-type]
    records = list(getattr(budget, f"{table}s"))
    records[place] = replace(records[place], **values)
    return replace(budget, **{f"{table}s": tuple(records)})


def test_a_sound_package_asks_nothing_of_the_graph_check(
    budget: Budget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(shapes, "check_graph")
    assert list(columns.check_columns(Package(tmp_path, {"resources": []}), budget)) == []


OF_LINES = [
    ("income", {"operation": "expenditure"}),
    ("expenditure", {"operation": "revenue"}),
    ("procurement", {"operation": "revenue"}),
    ("income-expenditure", {"economic": "301"}),
    ("appropriation", {"economic": "301"}),
    ("general-expenditure", {"operation": "expenditure", "fund": "_T"}),
    ("general-expenditure", {"operation": "expenditure", "fund": "general", "economic": "301"}),
    ("basic-expenditure", {"operation": "expenditure", "account": "project"}),
    ("basic-expenditure", {"operation": "expenditure", "account": "basic", "function": "212"}),
    ("three-public", {"operation": "expenditure", "item": "appropriation"}),
    ("government-fund", {"operation": "expenditure", "fund": "general"}),
    ("state-capital", {"operation": "expenditure", "fund": "general"}),
]


@pytest.mark.parametrize(("kind", "values"), OF_LINES, ids=str)
def test_a_line_that_its_table_may_not_hold_is_found(
    some: Budget, tmp_path: Path, kind: str, values: dict[str, str]
) -> None:
    here, there = both(planted(some, "line", 1, table_kind=kind, **values), tmp_path)
    assert here == there
    assert "shape-or" in {finding.rule for finding in here}


PLANTED: list[tuple[str, dict[str, Any], str]] = [
    ("budget", {"id": "no id"}, "shape-pattern"),
    ("budget", {"organization": "nowhere"}, "shape-class"),
    ("budget", {"source_sha256": "abc"}, "shape-pattern"),
    ("budget", {"source_size": 0}, "shape-min-inclusive"),
    ("budget", {"title": None}, "shape-min-count"),
    ("organization", {"division": None}, "shape-min-count"),
    ("correction", {"author": None}, "shape-min-count"),
    ("correction", {"source_cell": 0}, "shape-min-inclusive"),
    ("document_table", {"row_count": -1}, "shape-min-inclusive"),
    ("document_table", {"state": None}, "shape-min-count"),
    ("finding", {"message_zh": None}, "shape-qualified-min-count"),
    ("finding", {"rule": "No Rule"}, "shape-pattern"),
    ("finding", {"table": "Ａ"}, "shape-pattern"),
    ("finding", {"severity": None}, "shape-min-count"),
    ("goal", {"project": "nowhere"}, "shape-class"),
    ("indicator", {"weight": Decimal("100.5")}, "shape-max-inclusive"),
    ("indicator", {"name": None, "meaning": None, "target_text": None}, "shape-or"),
    ("line", {"currency": "yuan"}, "shape-pattern"),
    ("line", {"id": "a/b 第一"}, "shape-pattern"),
    ("line", {"amount": None}, "shape-min-count"),
    ("line", {"observation": "Other"}, "shape-in"),
    ("line", {"observation": None}, "shape-qualified-min-count"),
    ("line", {"organization": None}, "shape-min-count"),
    ("line", {"document_table": "nowhere"}, "shape-class"),
    ("line", {"row": 0}, "shape-min-inclusive"),
    ("line", {"year": 99999}, "shape-pattern"),
    ("line", {"data_set": None}, "shape-min-count"),
    ("line", {"source_unit": None}, "shape-min-count"),
    ("line", {"source_decimals": None}, "shape-min-count"),
    ("mapping", {"certainty": None}, "shape-min-count"),
    ("project", {"amount": Decimal(-1)}, "shape-min-inclusive"),
    ("project", {"name": None}, "shape-min-count"),
    ("statement", {"section": "nowhere"}, "shape-class"),
    ("statement", {"kind": None}, "shape-min-count"),
]


@pytest.mark.parametrize(("table", "values", "rule"), PLANTED, ids=str)
def test_a_record_that_its_shape_refuses_is_found(
    some: Budget, tmp_path: Path, table: str, values: dict[str, Any], rule: str
) -> None:
    here, there = both(planted(some, table, **values), tmp_path)
    assert here == there
    assert rule in {finding.rule for finding in here}


def test_an_indicator_of_a_project_in_the_table_of_overall_targets_is_found(
    some: Budget, tmp_path: Path
) -> None:
    place = next(i for i, one in enumerate(some.indicators) if one.project)
    table = next(one for one in some.document_tables if one.kind == "overall-targets")
    here, there = both(planted(some, "indicator", place, document_table=table.id), tmp_path)
    assert here == there
    assert {finding.rule for finding in here} == {"shape-not"}


def test_two_records_of_one_identifier_are_seen_as_the_one_node_that_they_are(
    some: Budget, tmp_path: Path
) -> None:
    here, there = both(planted(some, "line", 1, id=some.lines[0].id), tmp_path)
    assert here == there
    assert "shape-max-count" in {finding.rule for finding in here}


@pytest.mark.parametrize(
    "forget",
    [lambda: constraints.VALUE_TESTS.pop("class"), constraints.TYPED.clear],
    ids=["class", "datatypes"],
)
def test_what_columns_do_not_know_is_asked_of_the_graph(
    some: Budget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget: Callable[[], object]
) -> None:
    monkeypatch.setattr(constraints, "VALUE_TESTS", dict(constraints.VALUE_TESTS))
    monkeypatch.setattr(constraints, "TYPED", set(constraints.TYPED))
    forget()
    assert both(some, tmp_path) == ([], [])
    here, there = both(planted(some, "goal", project="nowhere"), tmp_path)
    assert here == there != []


VALUES: dict[str, list[object]] = {
    XSD + "integer": [None, 0, -1, 10**20, 5],
    XSD + "decimal": [None, Decimal(-1), Decimal("100.01"), Decimal("1E+30"), Decimal(0)],
    XSD + "gYear": [None, 99999, 5, 0, 2023],
    XSD + "date": [None, date(1, 1, 1)],
}
TEXTS: list[object] = [None, "", "a b", "_T", "430105", "nowhere", '"\\\n', "中文", "../x", "CNYX"]
TEXTS += ["Line", "Observation", "Other", "overall-targets", "income", "three-public", "revenue"]
TEXTS += ["basic", "government-fund", "<>", "A-b", "zz_", "%41", "\u2028"]


def spoiled(budget: Budget, draw: random.Random, times: int) -> Budget:
    """The budget with wild values in some cells."""
    for _ in range(times):
        name = draw.choice([*RECORDS, "line", "line", "indicator"])
        column = draw.choice(tables()[name].stored)
        records = budget.tables()[name]
        if column.name == "id" and name == "budget":
            continue
        known = [getattr(record, column.name) for record in records]
        wild = VALUES.get(column.datatype, TEXTS) if column.value_url is None else TEXTS + known
        value = draw.choice(wild)
        if column.name != "id" or value is not None:
            budget = planted(budget, name, draw.randrange(len(records)), **{column.name: value})
    return budget


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.sampled_from([1, 4, 30]))
def test_whatever_stands_in_the_cells_is_found_alike(
    some: Budget, tmp_path: Path, seed: int, times: int
) -> None:
    here, there = both(spoiled(some, random.Random(seed), times), tmp_path)
    assert here == there
