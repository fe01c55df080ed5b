"""Layouts that synthetic documents brought to light, each in the least document that has it."""

from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from xlsxwriter import Workbook

from opendata.checks.rules import check
from opendata.documents.pdf_text import Line as Printed
from opendata.documents.pdf_text import joint
from opendata.facts import Facts
from opendata.model import Budget
from opendata.parsers import parse
from opendata.parsers.forms import read_target

COVER = "某区财政局2024年部门预算"


def budget_of(folder: Path, name: str, data: bytes) -> Budget:
    (folder / name).write_bytes(data)
    return parse(folder / name, Facts(division="430105"))


def page(*parts: str) -> bytes:
    return f"<html><body><p>{COVER}</p>{''.join(parts)}</body></html>".encode()


def table(title: str, *rows: str, unit: str = "万元") -> str:
    cells = ("".join(f"<td>{cell.strip()}</td>" for cell in row.split("|")) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<p>{title}</p><p>单位：{unit}</p><table>{body}</table>"


def test_a_sheet_of_one_column_is_the_cover(tmp_path: Path) -> None:
    file = BytesIO()
    with Workbook(file, {"in_memory": True}) as book:
        cover, sheet = book.add_worksheet("封面"), book.add_worksheet("部门收入总表")
        cover.write_string(2, 0, COVER)
        sheet.write_string(0, 0, "公开02表")
        sheet.write_string(1, 2, "单位：万元")
        for y, row in enumerate(
            (("科目编码", "科目名称", "合计"), ("201", "一般公共服务支出", "12"))
        ):
            for x, text in enumerate(row):
                sheet.write_string(2 + y, x, text)
    budget = budget_of(tmp_path, "cover.xlsx", file.getvalue())
    assert (budget.department, budget.year) == ("某区财政局", 2024)
    assert [(x.function, x.amount) for x in budget.lines] == [("201", Decimal(120000))]
    assert [f.message_en for f in budget.findings] == []


def test_a_note_in_place_of_a_table_is_its_note(tmp_path: Path) -> None:
    note = "注：本表反映部门本年度的政府性基金预算财政拨款支出情况。"
    empty = f"<p>政府性基金预算支出表</p><p>单位：万元</p><p>{note}</p>"
    income = table("部门收入总表", "科目编码|科目名称|合计", "201|一般公共服务支出|12")
    budget = budget_of(tmp_path, "note.html", page(income, empty, income))
    found = {t.kind: (t.state, t.amount_unit, t.note) for t in budget.document_tables}
    assert found["government-fund"] == ("note-only", "ten-thousand-yuan", note)
    assert found["income"] == ("whole", "ten-thousand-yuan", None)


def test_a_word_reaches_over_empty_cells_under_which_words_stand_further_down(
    tmp_path: Path,
) -> None:
    head = (
        "合计 |  | 公务用车购置及运行费 |  |  |  | 公务接待费 | ",
        " |  | 公务用车购置费 |  | 公务用车运行费 |  |  | ",
        "预算数 | 决算数 | 预算数 | 决算数 | 预算数 | 决算数 | 预算数 | 决算数",
    )
    rows = "一般公共预算“三公”经费支出表", *head, "1 | 2 | 3 | 4 | 5 | 6 | 7 | 8"
    budget = budget_of(tmp_path, "head.html", page(table(*rows)))
    assert [(x.item, x.phase, x.amount_text) for x in budget.lines] == [
        ("_T", "approved", "1"),
        ("_T", "executed", "2"),
        ("vehicle-purchase", "approved", "3"),
        ("vehicle-purchase", "executed", "4"),
        ("vehicle-running", "approved", "5"),
        ("vehicle-running", "executed", "6"),
        ("reception", "approved", "7"),
        ("reception", "executed", "8"),
    ]


@pytest.mark.parametrize("text", ["2024年12月", "2024年12月31日前"])
def test_a_date_is_no_target_in_numbers(text: str) -> None:
    assert read_target(text) == {"target_text": text, "target_value": None}


def test_an_item_of_a_list_begins_a_line_though_the_one_before_is_full() -> None:
    def printed(text: str) -> Printed:
        return Printed(0, 80, 0, 10, text)

    assert joint(printed("（一）规范管理。"), printed("（二）节约开支。"), 80) == "\n"
    assert joint(printed("规范管理，节约开"), printed("（支）出，提高效"), 80) == ""


def test_appropriation_of_one_fund_alone_is_not_held_against_that_of_all(tmp_path: Path) -> None:
    summary = table(
        "收入支出决算总表",
        "项目 | 决算数 | 项目 | 决算数",
        "一、一般公共预算财政拨款收入 | 10 | 一、一般公共服务支出 | 15",
        "二、政府性基金预算财政拨款收入 | 5 |  | ",
        "本年收入合计 | 15 | 本年支出合计 | 15",
    )
    income = table(
        "收入决算表",
        "科目编码 | 科目名称 | 本年收入合计 | 财政拨款收入",
        " | 合计 | 15 | 15",
        "201 | 一般公共服务支出 | 15 | 15",
    )
    fund = table("政府性基金预算支出表", "科目编码 | 科目名称 | 合计", "212 | 城乡社区支出 | 5")
    cover = page(summary, income, fund).replace("部门预算".encode(), "部门决算".encode())
    assert rules(budget_of(tmp_path, "funds.html", cover), "income-against-summary") == 0
    wrong = cover.replace(b"<td>15</td><td>15</td>", b"<td>19</td><td>19</td>")
    assert rules(budget_of(tmp_path, "wrong.html", wrong), "income-against-summary") > 0


def test_what_is_carried_forward_is_part_of_a_row_of_accounts(tmp_path: Path) -> None:
    head = "合计 | 基本支出 | 项目支出 | 结转下年资金"
    sound = page(table("支出预算总表", head, "10 | 6 | 3 | 1"))
    assert rules(budget_of(tmp_path, "sound.html", sound), "accounts-and-row-total") == 0
    wrong = page(table("支出预算总表", head, "10 | 6 | 3 | 9"))
    assert rules(budget_of(tmp_path, "wrong.html", wrong), "accounts-and-row-total") == 1


def rules(budget: Budget, rule: str) -> int:
    return sum(finding.rule == rule for finding in check(budget).findings)


def test_last_year_and_the_change_against_it_are_kept_with_this_year(tmp_path: Path) -> None:
    rows = table(
        "一般公共预算“三公”经费支出表",
        "项目|上年预算数|本年预算数|增减额|增减率（%）",
        "公务接待费|4.00|5.00|1.00|25.00",
        "公务用车运行费|4.00|2.00|-2.00|-50",
        "因公出国（境）费|0|1.00|1.00|上年无此项",
    )
    budget = budget_of(tmp_path, "change.html", page(rows))
    found = [
        (x.item, x.year, x.amount, x.change, x.change_text, x.rate, x.rate_text)
        for x in budget.lines
    ]
    wan = Decimal(10000)
    assert found == [
        ("reception", 2023, 4 * wan, None, None, None, None),
        ("reception", 2024, 5 * wan, wan, "1.00", Decimal(25), "25.00"),
        ("vehicle-running", 2023, 4 * wan, None, None, None, None),
        ("vehicle-running", 2024, 2 * wan, -2 * wan, "-2.00", Decimal(-50), "-50"),
        ("abroad", 2023, 0 * wan, None, None, None, None),
        ("abroad", 2024, wan, wan, "1.00", None, "上年无此项"),
    ]
    assert [
        f.rule for f in check(budget).findings if "unread" in f.rule or "change" in f.rule
    ] == []


def test_a_change_over_two_columns_is_an_amount_and_a_rate(tmp_path: Path) -> None:
    head = (
        "<p>部门收入总表</p><p>单位：万元</p><table>"
        "<tr><td rowspan=2>科目编码</td><td rowspan=2>科目名称</td><td rowspan=2>2023年决算数</td>"
        "<td rowspan=2>2024年预算数</td><td colspan=2>比上年增减</td></tr>"
        "<tr><td>金额</td><td>比例</td></tr>"
        "<tr><td>201</td><td>一般公共服务支出</td><td>10.00</td><td>12.00</td><td>3.00</td><td>20%</td></tr></table>"
    )
    budget = budget_of(tmp_path, "two.html", page(head))
    found = [(x.year, x.phase, x.amount, x.change, x.rate) for x in budget.lines]
    assert found == [
        (2023, "executed", Decimal(100000), None, None),
        (2024, "approved", Decimal(120000), Decimal(30000), Decimal(20)),
    ]
    wrong = [f for f in check(budget).findings if f.rule == "change-and-rate-between-columns"]
    assert [(f.column, f.record) for f in wrong] == [("change", budget.lines[1].id)]


def test_a_year_over_the_only_column_is_not_taken_for_last_year(tmp_path: Path) -> None:
    rows = table("部门收入总表", "科目编码|科目名称|2023年预算数", "201|一般公共服务支出|12")
    budget = budget_of(tmp_path, "stale.html", page(rows))
    assert [x.year for x in budget.lines] == [2024]
