"""What a careful clerk finds in the shipped document."""

import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from opendata.documents import Document, Grid, Paragraph, read
from opendata.errors import DocumentError, FactsError
from opendata.facts import Facts
from opendata.model import Budget
from opendata.parsers import parse, parse_document
from opendata.parsers.targets import kind_of

from ..conftest import DOCUMENT


def test_whose_budget_it_is(budget: Budget) -> None:
    assert (budget.id, budget.department, budget.unit_code, budget.division, budget.year, budget.phase) == (
        "430105-306001-2023", "开福区城市管理和综合执法局", "306001", "430105", 2023, "approved",
    )  # fmt: skip


def test_the_ten_tables_and_their_states(budget: Budget) -> None:
    assert [(table.kind, table.state) for table in budget.document_tables] == [
        ("income-expenditure", "cut"),
        ("income", "note-only"),
        ("expenditure", "cut"),
        ("appropriation", "absent"),
        ("general-expenditure", "note-only"),
        ("basic-expenditure", "note-only"),
        ("three-public", "note-only"),
        ("government-fund", "absent"),
        ("project-targets", "cut"),
        ("overall-targets", "whole"),
    ]


def test_thirteen_projects_ten_with_an_amount(budget: Budget) -> None:
    assert len(budget.projects) == 13
    amounts = [project.amount for project in budget.projects if project.amount is not None]
    assert (len(amounts), sum(amounts)) == (10, Decimal("9832800.00"))
    assert [p.name for p in budget.projects if p.amount is None] == [
        "三车三场专项整治经费", "城管执法专项", "城管公安大队专项经费",
    ]  # fmt: skip


def test_indicators_and_placeholders(budget: Budget) -> None:
    of_projects = [indicator for indicator in budget.indicators if indicator.project]
    assert (len(of_projects), len(budget.indicators) - len(of_projects)) == (97, 9)
    assert budget.document_tables[8].placeholder_count == 48
    assert not any(indicator.kind is None for indicator in budget.indicators)


def test_eight_rows_of_the_broken_summary(budget: Budget) -> None:
    lines = [line for line in budget.lines if line.table_kind == "income-expenditure"]
    assert {line.row for line in lines} == set(range(1, 9))
    assert [(line.row, line.name, line.amount) for line in lines if line.amount is not None] == [
        (1, "本级财政拨款收入", Decimal("16339400.00")),
        (1, "基本支出", Decimal("6506500.00")),
        (2, "项目支出", Decimal("9832800.00")),
        (5, "本年收入合计", Decimal("16339400.00")),
        (8, "收入总计", Decimal("16339400.00")),
        (8, "支出总计", Decimal("16339400.00")),
    ]


def test_a_line_without_an_amount_is_no_observation(budget: Budget) -> None:
    for line in budget.lines:
        assert (line.amount is None) == (line.observation is None) == (line.data_set is None)


def test_every_figure_and_every_blank_of_the_prose(budget: Budget) -> None:
    assert len(budget.statements) == 67
    assert Counter(s.kind for s in budget.statements) == {"number": 51, "blank": 12, "words": 4}
    change = budget.statements[4]
    assert (change.label, change.measure, change.value, change.amount, change.text) == (
        "收入", "change", Decimal("-692.22"), Decimal("-6922200.00"), "减少692.22万元",
    )  # fmt: skip


def test_a_target_with_a_unit_of_its_own_stays_text(budget: Budget) -> None:
    training = next(i for i in budget.indicators if i.target_text == "15万元")
    assert (training.name, training.target_value, training.unit_text) == ("协管员培训", None, "元")
    assert any(f.rule == "unit-against-target" and f.record == training.id for f in budget.findings)


def test_the_goals_of_the_department(budget: Budget) -> None:
    own = [goal for goal in budget.goals if goal.project is None]
    assert [goal.number for goal in own] == ["（一）", "（二）", "（三）", "（四）"]
    assert own[0].text.startswith("贯彻落实党的二十大精神。")


def test_what_nobody_understood_is_reported(budget: Budget) -> None:
    unread = [finding.source_line for finding in budget.findings if finding.rule == "unread"]
    assert unread == [318, 324, 337, 830, 836, 849]


def test_every_filled_cell_and_paragraph_ends_in_a_row_or_in_a_finding(budget: Budget) -> None:
    """Nothing is dropped: the letters of the document are those of the records."""
    kept = "".join(
        str(value)
        for rows in budget.tables().values()
        for row in rows
        for value in (getattr(row, name) for name in type(row).__slots__)
        if value is not None
    )
    kept = "".join(kept.split())
    reported = {finding.source_line for finding in budget.findings if finding.rule == "unread"}
    structure = {"单位编码", "单位（项目）名称", "资金总额", "绩效目标", "绩效指标"}
    lost = []
    for block in read(DOCUMENT).blocks:
        if isinstance(block, Paragraph):
            cells = [(block.line, block.text)]
        else:
            cells = [
                (c.line, c.text)
                for row in block.rows
                if not is_header(row.texts)
                for c in row.cells
            ]
        for line, text in cells:
            folded = "".join(text.split())
            if folded and folded not in kept and line not in reported and folded not in structure:
                lost.append((line, folded))
    # Levels of indicators are kept as codes, and the goal of many paragraphs as goals.
    goals = {2556, 2788}
    lost = [(line, text) for line, text in lost if not text.endswith("指标") and line not in goals]
    contents = {3, *range(5, 46)}  # the cover's `公开`, the contents, and the note below them
    parts = {47, 106}  # headings of the two parts
    assert [entry for entry in lost if entry[0] not in contents | parts | {48, 75}] == []


def is_header(texts: tuple[str, ...]) -> bool:
    return texts[0] == "单位编码" or "一级指标" in texts or "资金总额" in texts


def test_the_projects_table_is_the_gold_grid(budget: Budget, corpus: Path) -> None:
    gold = json.loads((corpus / "rebuilt/gold_grids.json").read_text(encoding="utf-8"))["perf"][2:]
    own = [i for i in budget.indicators if i.project]
    filled = [row for row in gold if any(row[6:])]
    level_1 = level_2 = ""
    for row, indicator in zip(filled, own, strict=True):
        wanted = [cell or None for cell in row[6:]]
        assert [
            indicator.name, indicator.target_text, indicator.meaning, indicator.scoring,
            indicator.unit_text, indicator.comparison_text, indicator.weight_text,
        ] == wanted  # fmt: skip
    kinds = []
    for row in gold:
        level_1, level_2 = row[4] or level_1, row[5] or ("" if row[4] else level_2)
        if any(row[6:]):
            kinds.append(kind_of(level_1, level_2))
    assert kinds == [indicator.kind for indicator in own]
    names = [row[1] or row[3] for row in gold if row[1] or row[3]]
    assert list(dict.fromkeys(names)) == [project.name for project in budget.projects]


def without_lines(*lines: int) -> Document:
    document = read(DOCUMENT)
    kept = tuple(
        block
        for block in document.blocks
        if not (isinstance(block, Paragraph) and block.line in lines)
    )
    return replace(document, blocks=kept)


def test_a_document_without_a_budget_is_refused() -> None:
    document = replace(read(DOCUMENT), blocks=(Paragraph(1, 1, "关于放假的通知"),))
    with pytest.raises(DocumentError, match="found no budget"):
        parse_document(document, Facts(division="430105"), "x.txt")


def test_a_lost_title_can_be_given() -> None:
    document = without_lines(1, 3)
    with pytest.raises(DocumentError, match="--department, --year and --phase"):
        parse_document(document, Facts(division="430105"), "x.txt")
    given = Facts(division="430105", department="某局", year=2023, phase="approved")
    assert len(parse_document(document, given, "x.txt").indicators) == 106


@pytest.mark.parametrize("division", [None, "999999", "43010"])
def test_a_division_is_needed_and_checked(division: str | None) -> None:
    with pytest.raises(FactsError, match="--division"):
        parse(DOCUMENT, Facts(division=division))


def test_no_grid_is_read_twice(budget: Budget) -> None:
    grids = [block for block in read(DOCUMENT).blocks if isinstance(block, Grid)]
    assert len(grids) == 24
    places = [(line.source_line, line.source_cell) for line in budget.lines]
    assert len(places) == len(set(places))
