"""Real documents of Shanghai and Jiangsu; the totals were read off pictures of their pages."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from opendata.checks.rules import check
from opendata.documents import read
from opendata.facts import Facts
from opendata.model import Budget
from opendata.parsers import parse_document

TOTALS = {
    "sh-putuo-wanli-2023-dept-budget": "164,978,640",
    "sh-putuo-wanli-2024-dept-budget": "156,211,123",
    "sh-putuo-fuban-2025-dept-budget": "91,016,775.35",
    "sh-putuo-fuban-2025-unit-budget": "91,016,775.35",
    "sh-putuo-caizheng-2025-dept-budget": "31,214,205.80",
    "sh-putuo-fuliyuan-2024-unit-budget": "12,121,164",
    "sh-putuo-caizheng-2024-dept-final": "2,995.39",
    "js-renda-2017-dept-budget": "13,649.07",
    "js-renda-2018-dept-budget": "15897.44",
    "js-swbgt-2018-tables": "24,458.43",
    "js-zhengxie-2017-tables": "9,146.79",
    "js-fayuan-2018-dept-budget": "33,172.15",
    "js-jianchayuan-2017-dept-budget": "17,996.68",
}
# It has no cover; what that would say is given.
FACTS = {
    "js-zhengxie-2017-tables": Facts(
        division="320000", department="江苏省政协办公厅", year=2017, phase="approved"
    )
}


@cache
def budget_of(corpus: Path, name: str) -> Budget:
    division = "310107" if name.startswith("sh") else "320000"
    path = corpus / f"{name}.pdf"
    return check(parse_document(read(path), FACTS.get(name, Facts(division=division)), str(path)))


@pytest.mark.parametrize("name", TOTALS)
def test_total_income_and_expenditure_are_those_printed(corpus: Path, name: str) -> None:
    budget = budget_of(corpus, name)
    table = next(t for t in budget.document_tables if t.kind == "income-expenditure")
    own = [line for line in budget.lines if line.document_table == table.id]
    for item in ("income-total", "expenditure-total"):
        assert next(x.amount_text for x in own if x.item == item) == TOTALS[name]


@pytest.mark.parametrize("name", TOTALS)
def test_no_observation_shares_its_place_in_the_cube(corpus: Path, name: str) -> None:
    keys = Counter(
        (
            x.table_kind,
            x.row,
            x.year,
            x.phase,
            x.operation,
            x.item,
            x.function,
            x.economic,
            x.account,
            x.fund,
        )
        for x in budget_of(corpus, name).lines
        if x.amount is not None
    )
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("name", TOTALS)
def test_ids_are_unique_and_every_table_has_its_unit(corpus: Path, name: str) -> None:
    budget = budget_of(corpus, name)
    for rows in budget.tables().values():
        assert len({row.id for row in rows}) == len(rows)
    assert {f.rule for f in budget.findings} & {"amount-without-unit", "amount-unreadable"} == set()


def test_code_columns_are_joined_and_lost_zeros_come_back(corpus: Path) -> None:
    lines = budget_of(corpus, "sh-putuo-caizheng-2025-dept-budget").lines
    found = {x.economic: x.name for x in lines if x.table_kind == "basic-expenditure"}
    assert found["30102"] == "津贴补贴"
    functions = {x.function: x.name for x in lines if x.table_kind == "expenditure"}
    assert functions["2080505"] == "机关事业单位基本养老保险缴费支出"


def test_yuan_and_wan_yuan_in_one_document(corpus: Path) -> None:
    budget = budget_of(corpus, "sh-putuo-caizheng-2025-dept-budget")
    units = {t.kind: t.amount_unit for t in budget.document_tables}
    assert (units["expenditure"], units["three-public"]) == ("yuan", "ten-thousand-yuan")


def test_final_accounts_are_executed_and_their_budget_column_is_not(corpus: Path) -> None:
    budget = budget_of(corpus, "sh-putuo-caizheng-2024-dept-final")
    assert budget.id.endswith("-2024-executed")
    phases = {
        x.phase for x in budget.lines if x.table_kind == "three-public" and x.amount is not None
    }
    assert phases == {"approved"}  # only the 预算数 are filled
    assert {x.phase for x in budget.lines if x.table_kind == "expenditure"} == {"executed"}


def test_forms_become_projects_with_their_indicators(corpus: Path) -> None:
    budget = budget_of(corpus, "sh-putuo-wanli-2023-dept-budget")
    assert (len(budget.projects), len(budget.indicators)) == (5, 65)
    area = next(i for i in budget.indicators if i.name == "规划建筑面积")
    assert (area.comparison, str(area.target_value), area.unit) == (
        "ge",
        "13459.00",
        "square-metre",
    )


def test_two_halves_of_a_table_are_told_apart(corpus: Path) -> None:
    lines = budget_of(corpus, "sh-putuo-caizheng-2024-dept-final").lines
    basic = {x.economic: x.amount_text for x in lines if x.table_kind == "basic-expenditure"}
    assert (basic["30101"], basic["30201"]) == ("262.33", "21.21")
